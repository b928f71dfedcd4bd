# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of a verification: those of the run, and for each tree one that says how much of it is equal. Private to
the collection. Pure.
"""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import finding_id
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import rank
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts

TREES = "trees"
COMPARISON = "comparison"
_RULES = ("forbidden", "imports", "similar", "must_not_contain", "must_contain")
"""The checks of a tree that are no comparison with its reference."""

Json = dict[str, t.Any]


def make(
    environment: str,
    host: str,
    about: tuple[str, str, str, str],
    outcome: str,
    summary: str,
    *,
    severity: str = "high",
    expected: Json | None = None,
    observed: Json | None = None,
    evidence: t.Sequence[str] = (),
    remedy: Json | None = None,
) -> Json:
    """Return a check that a verification makes itself. ``about`` is section, component, check and subject."""
    section, component, check, subject = about
    return {
        "id": finding_id(environment, host, *about),
        "environment": environment,
        "host": host,
        "section": section,
        "component": component,
        "check": check,
        "subject": subject,
        "outcome": outcome,
        "severity": severity,
        "verdict": verdicts.of_check(outcome, severity),
        "summary": summary,
        "expected": expected or {},
        "observed": observed or {},
        "evidence": list(evidence),
        "waiver": None,
        "owner": "",
        "impact": "",
        "remedy": remedy,
    }


def of_run(findings: Json) -> list[Json]:
    """Return all checks of a run, each with its verdict."""
    files = _Files(findings)
    made = [_of_run(one, files) for one in [*findings["checks"], *findings["findings"]]]
    trees: dict[tuple[str, str], list[Json]] = {}
    for one in made:
        if one["section"] == TREES:
            trees.setdefault((one["host"], one["component"]), []).append(one)
    known = {place for place, mine in trees.items() if any(one["check"] == COMPARISON for one in mine)}
    environments = {host: env["name"] for env in findings["environments"] for host in env["hosts"]}
    for facts in findings["facts"]:
        for tree in (facts["facts"].get("trees") or ()) if facts["section"] == TREES else ():
            # A tree that was not seen at all has a check that says so.
            place = (facts["host"], tree["name"])
            if place not in known and tree["outcome"] == "ok":
                made.append(_compared(environments[facts["host"]], facts["host"], tree, trees.get(place, [])))
    return made


class _Files:
    """The evidence of a run, as checks name it."""

    def __init__(self, findings: Json) -> None:
        self._stored = {item["path"] for item in findings["evidence"]}
        self._settings = [item for item in findings["evidence"] if item["section"] == "settings"]

    def of(self, one: Json) -> list[str]:
        """Return what a check rests on. A waiver stands in the settings of the hosts that it may cover.

        What is unknown because there is no evidence of it rests on none.
        """
        if one["component"] == "waivers":
            return [
                f"{item['path']}#waivers" for item in self._settings if fnmatch.fnmatchcase(item["host"], one["host"])
            ]
        if one["outcome"] != "unknown":
            return list(one["evidence"])
        return [path for path in one["evidence"] if self._is_there(path.partition("#")[0])]

    def _is_there(self, path: str) -> bool:
        return path in self._stored or path.startswith("references/")


def _of_run(one: Json, files: _Files) -> Json:
    return {
        **{key: one[key] for key in ("id", "environment", "host", "section", "component", "check", "subject")},
        **{key: one[key] for key in ("outcome", "severity", "summary", "expected", "observed")},
        "evidence": files.of(one),
        "verdict": verdicts.of_check(one["outcome"], one["severity"]),
        **{key: one.get(key) for key in ("waiver", "remedy")},
        **{key: one.get(key) or "" for key in ("owner", "impact")},
    }


def _compared(environment: str, host: str, tree: Json, mine: t.Sequence[Json]) -> Json:
    """Return how much of a tree is equal, where the run has no check of that: it has one where all of it is.

    ``mine`` are the checks of the tree.
    """
    counts = tree["counts"]
    about = (TREES, tree["name"], COMPARISON, tree["path"])
    evidence = sorted({path for one in mine for path in one["evidence"]})[:1]
    if tree.get("reference") is None:
        said = f"{tree['path']} was compared with nothing: {tree.get('reason') or 'no reference is named'}"
        return make(environment, host, about, "not_exercised", said, observed=counts, evidence=evidence)
    compared = [one for one in mine if one["check"] not in _RULES]
    worst = verdicts.worst(one["verdict"] for one in compared)
    grave = [one for one in compared if one["verdict"] == worst]
    outcome, severity = _as_bad_as(grave)
    open_ones = sum(1 for one in compared if one["verdict"] != verdicts.PASS)
    said = (
        f"{counts['equal']} of {number(counts['files'], 'file')} of {tree['path']} equal the reference; "
        f"{number(open_ones, 'check')} of the comparison did not pass"
    )
    return make(environment, host, about, outcome, said, severity=severity, observed=counts, evidence=evidence)


def _as_bad_as(grave: t.Sequence[Json]) -> tuple[str, str]:
    """Return outcome and severity of the worst of some checks, which are of a tree that is not wholly equal."""
    if not grave:
        return "unknown", "high"
    one = min(grave, key=lambda check: rank(check["severity"]))
    outcome = "observation" if one["outcome"] in ("waived", "pass") else str(one["outcome"])
    return outcome, str(one["severity"])
