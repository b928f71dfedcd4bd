# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each thing of a run stands by all checks about it: those of the audit, of the window, of a comparison and of test
messages. Private to the collection. Pure.

The tables of a report are made of a run's findings. Those of a verification are made of what is returned here, so that
a row says what verify.json says.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import repeating, verdicts

OUTCOMES = ("fail", "unknown", "not_exercised", "observation", "pass")
"""How a thing can stand, the worst first. What a waiver accepts is an observation."""

_OWN = ("watch", "regression")
_CALLED = {"memory": "resources"}
"""What a watch calls otherwise than the contract."""
_TABLES = (
    *("endpoints", "processes", "units", "ports", "containers", "compose", "streams", "logs", "resources"),
    "commands",
)
"""The sections whose rows the checks of a window or of a comparison are about."""

Json = dict[str, t.Any]
Key = tuple[str, str, str]


def about(check: t.Mapping[str, t.Any]) -> Key:
    """Return host, section and component of the thing that a check is about."""
    if check["section"] not in _OWN:
        return check["host"], check["section"], check["component"]
    section, name = repeating.thing(check)
    return check["host"], _CALLED.get(section, section), name


def worst(checks: t.Iterable[t.Mapping[str, t.Any]]) -> dict[Key, str]:
    """Return the worst outcome of the checks about each thing that a row of a table may be about."""
    found: dict[Key, str] = {}
    for one in checks:
        key = about(one)
        if key[1] in _TABLES:
            outcome = "observation" if one["outcome"] == "waived" else one["outcome"]
            found[key] = min(found.get(key, OUTCOMES[-1]), outcome, key=OUTCOMES.index)
    return found


def _verdicts(checks: t.Iterable[t.Mapping[str, t.Any]]) -> dict[Key, str]:
    """Return the worst verdict of the checks about each such thing."""
    found: dict[Key, list[str]] = {}
    for one in checks:
        found.setdefault(about(one), []).append(one["verdict"])
    return {key: verdicts.worst(mine) for key, mine in found.items()}


def told(findings: Json, checks: t.Sequence[Json]) -> Json:
    """Return the findings of a run as the tables of a verification say them: each with all ``checks`` about it."""
    by_id = {one["id"]: one for one in checks}
    sections = {one["section"] for part in ("coverage", "facts", "checks", "findings") for one in findings[part]}
    everything = [_now(one, by_id) for one in (*findings["checks"], *findings["findings"])]
    everything += [_placed(one) for one in checks if one["section"] in _OWN and about(one)[1] in {*_TABLES} & sections]
    stand = worst(checks)
    of_hosts: dict[str, list[Json]] = {}
    for one in checks:
        of_hosts.setdefault(one["host"], []).append(one)
    return {
        **findings,
        "checks": [one for one in everything if one["outcome"] in ("pass", "waived")],
        "findings": [one for one in everything if one["outcome"] not in ("pass", "waived")],
        "facts": [_facts(one, stand, of_hosts.get(one["host"], [])) for one in findings["facts"]],
        "standing": _verdicts(checks),
    }


def _now(one: Json, by_id: t.Mapping[str, Json]) -> Json:
    """Return a check as the verification has it: what came of a test message is in the place of "never sent"."""
    seen = by_id.get(one["id"])
    if seen is None or seen["outcome"] == one["outcome"]:
        return one
    keys = ("outcome", "severity", "summary", "observed", "remedy")
    return {**one, **{key: seen[key] for key in keys}, "state": None, "cause": None}


def _placed(one: Json) -> Json:
    """Return a check of a window or a comparison at the thing that it is about."""
    _host, section, component = about(one)
    return {**one, "section": section, "component": component, "check": f"{one['section']} {one['check']}"}


def _facts(facts: Json, stand: t.Mapping[Key, str], mine: t.Sequence[Json]) -> Json:
    """Return the rows of one section of a host; ``mine`` are the host's checks."""
    host, section, said = facts["host"], facts["section"], facts["facts"]
    if section in ("endpoints", "commands"):
        rows = [{**one, "outcome": stand.get((host, section, one["name"]), one["outcome"])} for one in said[section]]
        said = {**said, section: rows}
    if section == "endpoints" and said.get("webhooks"):
        sent = {one["component"]: one for one in mine if (one["section"], one["check"]) == (section, "sent")}
        said = {**said, "webhooks": [_channel(one, sent.get(one["name"])) for one in said["webhooks"]]}
    if section == "logs":
        window = {(one["check"], one["subject"]): one for one in mine if one["section"] == "watch"}
        logs = [_log(one, window.get(("errors", one["name"]))) for one in said["logs"]]
        paces = [_cycles(one, window.get(("cycles", f"{one['log']}:{one['name']}"))) for one in said["performance"]]
        said = {**said, "logs": logs, "performance": [one for both in paces for one in both]}
    return {**facts, "facts": said}


def _channel(one: Json, sent: Json | None) -> Json:
    if sent is None:
        return one
    tried = "outcome" in sent["observed"]
    return {**one, "sent": sent["outcome"], **({"came": sent["summary"]} if tried else {})}


def _log(one: Json, errors: Json | None) -> Json:
    return one if errors is None else {**one, "window": errors["summary"]}


def _cycles(one: Json, check: Json | None) -> list[Json]:
    """Return what recurs in a log as the window has it, where there was one, and as the audit before it had it."""
    seen = check["observed"] if check is not None and one["kind"] == "interval" else {}
    if not seen.get("count"):
        return [one]
    # The window counts what took too long or came too often, and no shortest time.
    measured = {"min": None, "mean": seen["mean_s"], "max": seen["longest_s"], "beyond": seen["over"]}
    return [{**one, **measured, **{key: seen[key] for key in ("count", "first", "last")}}, one]
