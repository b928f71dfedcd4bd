# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section logs: what was logged in the part that was asked for. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import log_pace, severity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import log_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.log_rules import DEFAULTS, LogRules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope

SECTION = "logs"

_START = remedy(
    "start", "Find out where the service logs to and whether it runs; then correct it, or the path in the contract."
)
_KINDS = 10
_ASKED = {"fresh": "fresh_s", "forbid": "forbid", "require": "require", "max": "max", "interval": "interval"}


def judge(contract: t.Sequence[Details], evidence: Details, context: Context) -> Judgement:
    """Judge the logs of one host. ``evidence`` is the ``data`` of logs.json (docs/design.md)."""
    made = Judgement()
    facts: dict[str, list[dict[str, t.Any]]] = {"logs": [], "performance": []}
    for entry, log in sorted(zip(contract, evidence["logs"], strict=True), key=lambda pair: str(pair[0]["name"])):
        component = entry["name"]
        scope = Scope(context, SECTION, component, entry, "operational")
        if log["outcome"] == "ok":
            rules = LogRules(scope, entry, log, evidence["now_s"])
            made.checks += [*rules.judge(), *log_pace.judge(rules)]
        else:
            made.checks.append(_absent(scope, entry, log))
        made.cells[component] = "in_sync"
        facts["logs"].append(_log(entry, log))
        facts["performance"] += _performance(entry, log)
    made.facts = facts
    made.cover()
    return made


def _absent(scope: Scope, entry: Details, log: Details) -> Check:
    """Return the one check of a log that was not read: nothing else can be said of it."""
    given: t.Mapping[str, str] = entry.get("severity") or {}
    asked = ["log", *(check for check, key in {**_ASKED, "numbers": "numbers"}.items() if entry[key])]
    level = severity.worst(given.get(check) or DEFAULTS[check] for check in asked) or DEFAULTS["log"]
    name = f"{words.source(log)} on {scope.context.host}"
    if log["outcome"] != "missing":
        summary = f"{name} was not read: {log['reason']}"
        return scope.unknown("log", scope.component, level, summary)
    return scope.failed(
        "log",
        scope.component,
        level if entry["required"] else "info",
        f"There is no log to read of {scope.component} on {scope.context.host}: {log['reason']}",
        state="missing",
        cause="no_log",
        remedy=_START,
        expected={"required": entry["required"]},
    )


def _log(entry: Details, log: Details) -> dict[str, t.Any]:
    """Return what the report shows of a log."""
    about = {
        "name": entry["name"],
        "kind": log["kind"],
        "source": words.source(log),
        "outcome": log["outcome"],
        "reason": log["reason"],
    }
    if log["outcome"] != "ok":
        return {
            **about,
            "part": None,
            "complete": False,
            "levels": {},
            "exceptions": {},
            "unhandled": {},
            "newest": None,
        }
    often = sorted(log["exceptions"].items(), key=lambda one: (-one[1], one[0]))
    return {
        **about,
        "reason": log["read"]["reason"],
        "part": words.part(log),
        "complete": log["read"]["complete"],
        "levels": log["levels"],
        "exceptions": dict(often[:_KINDS]),
        "exceptions_rest": sum(count for _name, count in often[_KINDS:]) + log["exceptions_rest"],
        "unhandled": log["unhandled"],
        "newest": log["newest"],
    }


def _performance(entry: Details, log: Details) -> list[dict[str, t.Any]]:
    """Return what was expected and observed of each interval and number."""
    if log["outcome"] != "ok":
        return []
    intervals = [
        {
            "log": entry["name"],
            "kind": "interval",
            "name": wanted["name"],
            "expected": {key: wanted[key] for key in ("min_s", "max_s", "min_count") if wanted[key] is not None},
            **{key: seen[key] for key in ("count", "first", "last")},
            "min": seen["min_s"],
            "mean": seen["mean_s"],
            "max": seen["max_s"],
            "beyond": seen["over"] + seen["under"],
        }
        for wanted, seen in zip(entry["interval"], log["intervals"], strict=True)
    ]
    numbers = [
        {
            "log": entry["name"],
            "kind": "number",
            "name": wanted["name"],
            "expected": {key: wanted[key] for key in ("min", "max", "mean_min", "mean_max") if wanted[key] is not None},
            **{key: seen[key] for key in ("count", "min", "mean", "max")},
            "first": log["read"]["first"],
            "last": log["read"]["last"],
            "beyond": seen["over"] + seen["under"],
        }
        for wanted, seen in zip(entry["numbers"], log["numbers"], strict=True)
    ]
    return intervals + numbers
