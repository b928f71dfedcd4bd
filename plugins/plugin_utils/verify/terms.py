# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract states about a thing counts for its checks of the window and of comparisons as well: who looks after
it, what drift there means, what to do, how bad it is. Private to the collection. Pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import endpoint_rules, log_rules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import with_terms
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import worst
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import repeating, verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import SECTION

Json = dict[str, t.Any]
Terms = dict[tuple[str, str], Json]

_STATED = ("impact", "owner", "remedy")
_CALLED = {"memory": "resources"}
"""What a watch calls otherwise than the contract."""

_SEVERITY = "severity"
_LIKE = {
    ("processes", "stable"): "instances",
    ("units", "stable"): "active",
    ("containers", "stable"): "running",
    ("endpoints", "available"): "status",
    ("endpoints", "time"): "time",
    ("logs", "log"): "log",
    ("logs", "cycles"): "interval",
    ("logs", "errors"): "max",
    ("logs", "forbid"): "forbid",
    ("streams", "lag"): "lag",
    ("processes", "memory"): "memory",
    ("containers", "memory"): "memory",
}
"""The check of an audit that is about the same as one of the window: both are as bad."""

_HIGH = "high"
_HIDING = frozenset({"answers", "status"})
_USUAL = {
    ("endpoints", "time"): endpoint_rules.DEFAULTS["time"],
    ("logs", "cycles"): log_rules.DEFAULTS["interval"],
}
"""How bad a check of the window is where the contract does not say so, if that is not what it is made with."""


def of_contract(contract: t.Mapping[str, t.Any]) -> Terms:
    """Return what a contract states, by section and name; without a name what it states of all of a section."""
    found: Terms = {}
    for section, part in contract.items():
        # What one of several things without a name states, such as a port, is said of that one alone.
        for one in part if isinstance(part, list) else [part]:
            name = (one.get("name") if isinstance(part, list) else "") if isinstance(one, dict) else None
            if name is not None and any(one.get(key) for key in (*_STATED, _SEVERITY)):
                stated = {key: one.get(key) or "" for key in _STATED}
                found[section, str(name)] = {**stated, _SEVERITY: _severities(section, one)}
    return found


def _severities(section: str, one: Json) -> Json:
    given: Json = one.get(_SEVERITY) or {}
    if section != "endpoints" or not given:
        return given
    # As in an audit: what is not judged without an answer counts with it.
    return {**given, "status": worst(given.get(check) or _HIGH for check in endpoint_rules.hidden(one))}


def applied(check: Json, terms: Terms) -> Json:
    """Return a check that a verification made itself, with what the contract states of the thing that it is about."""
    section, name = repeating.thing(check)
    section = _CALLED.get(section, section)
    stated = terms.get((section, name)) or terms.get((section, ""))
    graded = _graded(check, section, stated or {})
    if not stated:
        return graded
    remedy = check["remedy"]
    if remedy and check["outcome"] == "fail":
        remedy = with_terms(remedy, stated)
    return {**graded, "impact": stated["impact"], "owner": stated["owner"], "remedy": remedy}


def _graded(check: Json, section: str, stated: Json) -> Json:
    """Return a check of the window as bad as the contract says that the same is in an audit.

    What is only told of has no severity.
    """
    place = (section, check["check"])
    if check["section"] != SECTION or place not in _LIKE or check["outcome"] in ("observation", "not_exercised"):
        return check
    given: t.Mapping[str, str] = stated.get(_SEVERITY) or {}
    severity = given.get(_LIKE[place]) or _USUAL.get(place) or str(check["severity"])
    if check["check"] == "available":
        severity = _of_content(check, given) or severity
    return {**check, "severity": severity, "verdict": verdicts.of_check(check["outcome"], severity)}


def _of_content(check: Json, given: t.Mapping[str, str]) -> str | None:
    """Return how bad it is that an endpoint answered, and what it said was not as declared; None where it did not."""
    broken = check["observed"].get("broken") or ["answers"]
    if _HIDING.intersection(broken):
        return None
    return worst(given.get(one) or endpoint_rules.DEFAULTS[one] for one in broken)
