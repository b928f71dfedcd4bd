# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances beside the supervised one: which of them a plan ends. Private to the collection. Pure.

Only where it is certain which is the right one: as many as must run belong to the unit that the contract declares.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.process_instance import is_supervised
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.services_seen import ByHand, Seen

Json = dict[str, t.Any]

_TICKS = 100
"""The kernel counts the start of a process in hundredths of a second, on every machine that Linux has."""


def plan(seen: Seen, findings: t.Sequence[Json], kill: bool) -> tuple[list[Json], list[ByHand]]:
    """Return the actions that end what runs too often, and what is left to hands."""
    actions, left = [], []
    for finding in findings:
        if (finding["section"], finding["check"], finding["cause"]) != ("processes", "instances", "too_many"):
            continue
        name = finding["component"]
        unit, extra, reason = _extra(seen, name)
        if reason:
            left.append(ByHand(name, reason))
        if unit is not None and extra:
            actions.append(_action(name, unit, extra, finding, seen, kill))
    return actions, left


def _extra(seen: Seen, name: str) -> tuple[str | None, list[Json], str]:
    """Return the unit that stays, the processes that are to end, and why others are not."""
    wanted, unit = seen.contract[name]["instances"], seen.declared_unit(name)
    if unit is None:
        return None, [], "it runs too often, and the contract declares no unit by which the right one is known"
    found = seen.instances(name)
    right = [one for one in found if one["unit_key"] == unit]
    if len(right) != wanted:
        return None, [], f"it runs too often, and {len(right)} of {len(found)} belong to {unit} where {wanted} must run"
    if not (seen.processes or {}).get("boot"):
        return None, [], "it runs too often, and of which boot its processes are is not known: audit again"
    others = [one for one in found if one["unit_key"] != unit]
    held = [one for one in others if _holder(one)]
    extra = [one for one in others if not _holder(one)]
    if held:
        return (
            unit,
            extra,
            f"process {held[0]['pid']} runs too, {_holder(held[0])}, which would start it again: stop that",
        )
    return unit, extra, ""


def _holder(process: Json) -> str:
    """Return what would start a process again, nothing where nothing does."""
    if process["container"] is not None:
        return f"in the container {process['container'][:12]}"
    if "unit" in process["unread"]:
        return "in what could not be read"
    unit = process["unit"]
    return f"in {unit}" if unit is not None and is_supervised(process) else ""


def _action(name: str, unit: str, extra: t.Sequence[Json], finding: Json, seen: Seen, kill: bool) -> Json:
    booted_s = (seen.processes or {})["booted_s"]
    steps = [
        {
            "do": "end",
            "pid": one["pid"],
            "start_s": round((one["started_s"] - booted_s) * _TICKS) / _TICKS,
            "boot": (seen.processes or {})["boot"],
            "command": one["command"],
            "unit": unit,
            "kill": kill,
        }
        for one in extra
    ]
    pids = ", ".join(f"{one['pid']}, started {one['started']}" for one in extra)
    return {
        "n": 0,
        "kind": "process",
        "path": name,
        "summary": f"End {name} beside {unit}, once that is known to run (process {pids})",
        "severity": finding["severity"],
        "findings": [finding["id"]],
        "steps": steps,
        "undo": f"it is not started again; it was: {'; '.join(one['command'] for one in extra)}",
        "restart": [],
        "bytes": 0,
        "diff": None,
    }
