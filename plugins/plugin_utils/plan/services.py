# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on one host, and has to follow: from changed files and findings to steps on units and processes. Private to
the collection. Pure.

Restarted is what a unit of systemd supervises, or reloaded where only files have changed of which the operator says
that it reads them again. A process without a unit is named, with the reason, for whoever started it knows how.
"""

from __future__ import annotations

import re
import types
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns, named
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import SEVERITIES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import services_duplicates
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.services_seen import ByHand, Seen

Json = dict[str, t.Any]

STALE = ("code", "configuration", "unit_file", "environment", "replaced")
"""The checks of the section processes that a restart ends."""
_PID = re.compile(r".*?\[(\d+)\]", re.DOTALL)
_SHOWN = 3
_CONTENT = ("write", "link", "remove")
_RUNNING = ("active", "reloading", "refreshing")
# What is to be done with a unit, the most telling first: a start makes a restart needless, a stop both.
_VERBS = ("stop", "start", "restart", "reload", "daemon_reload")

Reloads = t.Mapping[str, t.Sequence[t.Sequence[t.Any]]]
"""Patterns, as ``compile_lines`` makes them, of the files that a unit reads again when it is reloaded, by unit."""


class Need:
    """What is to be done with one unit, and why."""

    def __init__(self) -> None:
        self.verbs: set[str] = set()
        self.why: list[str] = []
        self.files: set[str] = set()
        self.findings: dict[str, str] = {}
        self.severity = SEVERITIES[-1]

    def add(self, verb: str, why: str, about: Json) -> None:
        """Note that something is to be done. ``about`` is the finding or the action that it follows from."""
        self.verbs.add(verb)
        if why not in self.why:
            self.why.append(why)
        if "check" in about:
            self.findings[about["id"]] = about["summary"]
        self.severity = min(self.severity, about["severity"], key=SEVERITIES.index)


class Planned(t.NamedTuple):
    """The actions, in the order in which they are run, and what is to be restarted by hand."""

    actions: list[Json]
    by_hand: list[ByHand]


def plan_services(
    files: t.Sequence[Json],
    seen: Seen,
    findings: t.Iterable[Json],
    wanted: bool = True,
    kill: bool = False,
    reloads: Reloads = types.MappingProxyType({}),
) -> Planned:
    """Return what follows from the actions on files and from the findings of one host.

    ``wanted`` says whether anything of it may be planned at all, ``kill`` whether a process that does not end may be
    killed. The numbers of the actions are left to the caller.
    """
    rereads = {unit: Patterns(pairs) for unit, pairs in reloads.items()}
    needs: dict[str, Need] = {}
    by_hand: dict[str, ByHand] = {}
    own = [one for one in findings if one["outcome"] == "fail"]
    ended, more = services_duplicates.plan(seen, own, kill)
    seen.end(step["pid"] for action in ended for step in action["steps"])
    for action in files:
        _of_file(action, seen, needs, by_hand, rereads)
    for finding in own:
        if finding["section"] == "processes":
            _of_process(finding, seen, needs, by_hand, rereads)
        elif finding["section"] == "units":
            _of_unit(finding, seen, needs, by_hand)
    order = {name: place for place, name in enumerate(seen.order())}
    names = sorted(needs, key=lambda name: (order.get(name, len(order)), name))
    actions = [unit_action(name, needs[name], seen) for name in names]
    by_hand.update((one.name, one) for one in more if one.name not in by_hand)
    if not wanted:
        told = sorted({*by_hand, *(name for action in files for name in action["restart"]), *needs})
        return Planned([], [ByHand(name, "sync_services is false") for name in told])
    return Planned(actions + ended, [by_hand[name] for name in sorted(by_hand)])


def _of_file(
    action: Json, seen: Seen, needs: dict[str, Need], by_hand: dict[str, ByHand], rereads: t.Mapping[str, Patterns]
) -> None:
    paths = [one["path"] for one in action["operations"] if one["do"] in _CONTENT]
    again = {unit for unit, patterns in rereads.items() if paths and all(named(patterns, path) for path in paths)}
    for name in action["restart"]:
        units, hand = seen.supervisors(name)
        for unit in units:
            if unit not in again:
                _need(needs, unit).add("restart", f"{name} uses {action['path']}", action)
        if hand is not None:
            by_hand[name] = hand
    for unit in sorted(again):
        # What does not run reads its files when it is started.
        if seen.active(unit) in (*_RUNNING, None):
            _need(needs, unit).add("reload", f"it reads {action['path']} again", action)
            _need(needs, unit).files.update(paths)
    for operation in action["operations"]:
        for unit in seen.defined_by(operation["path"]):
            verb = "restart" if seen.active(unit) == "active" else "daemon_reload"
            _need(needs, unit).add(verb, f"{operation['path']} defines it", action)


def _of_process(
    finding: Json, seen: Seen, needs: dict[str, Need], by_hand: dict[str, ByHand], rereads: t.Mapping[str, Patterns]
) -> None:
    name = finding["component"]
    if finding["check"] == "instances" and finding["cause"] == "not_running":
        unit = seen.declared_unit(name)
        if unit is not None and seen.startable(unit):
            _need(needs, unit).add("start", f"{name} does not run", finding)
        return
    pid = _PID.match(finding["subject"])
    if finding["check"] not in STALE or pid is None:
        return
    found, hand = seen.supervisor(name, int(pid[1]))
    path = finding["subject"].partition("]:")[2]
    if found is not None and finding["check"] == "configuration" and _named(rereads.get(found), path):
        _need(needs, found).add("reload", finding["summary"], finding)
        _need(needs, found).files.add(path)
    elif found is not None:
        _need(needs, found).add("restart", finding["summary"], finding)
    elif hand is not None:
        by_hand[name] = hand


def _named(patterns: Patterns | None, path: str) -> bool:
    return patterns is not None and named(patterns, path)


def _of_unit(finding: Json, seen: Seen, needs: dict[str, Need], by_hand: dict[str, ByHand]) -> None:
    name, check, cause = finding["component"], finding["check"], finding["cause"]
    verb = {
        ("active", "not_active"): "start",
        ("active", "only_on_host"): "stop",
        ("enabled", "not_enabled"): "enable",
        ("enabled", "only_on_host"): "disable",
        ("reload", "needs_reload"): "restart" if seen.active(name) == "active" else "daemon_reload",
    }.get((check, cause))
    if verb is None:
        return
    if verb in ("start", "enable") and not seen.startable(name):
        by_hand[name] = ByHand(
            name, f"it is {seen.load(name)}: it cannot be {'started' if verb == 'start' else 'enabled'}"
        )
        return
    _need(needs, name).add(verb, finding["summary"], finding)


def _need(needs: dict[str, Need], unit: str) -> Need:
    return needs.setdefault(unit, Need())


def unit_action(name: str, need: Need, seen: Seen) -> Json:
    """Return the action on one unit."""
    main = next((verb for verb in _VERBS if verb in need.verbs), None)
    switch = next((verb for verb in ("enable", "disable") if verb in need.verbs), None)
    steps: list[Json] = []
    if switch is not None:
        steps.append({"do": switch, "unit": name, "before": {"enabled": seen.enabled(name)}})
    if main == "daemon_reload":
        steps.append({"do": main, "unit": name})
    elif main == "reload":
        active = {"active": seen.active(name)}
        steps.append({"do": main, "unit": name, "before": active, "files": sorted(need.files)})
    elif main is not None:
        steps.append({"do": main, "unit": name, "before": {"active": seen.active(name)}})
    verbs = [verb for verb in (switch, main) if verb is not None]
    return {
        "n": 0,
        "kind": "unit",
        "path": name,
        "summary": f"{_said(verbs, name)}: {_why(need)}",
        "severity": need.severity,
        "findings": sorted(need.findings),
        "steps": steps,
        "undo": _undo(verbs, name),
        "restart": [],
        "bytes": 0,
        "diff": None,
    }


def _said(verbs: t.Sequence[str], name: str) -> str:
    words = ["let systemd read the files of" if verb == "daemon_reload" else verb for verb in verbs]
    return f"{' and '.join(words).capitalize()} {name}"


def _why(need: Need) -> str:
    more = f"; and {number(len(need.why) - _SHOWN, 'other reason')}" if len(need.why) > _SHOWN else ""
    return "; ".join(need.why[:_SHOWN]) + more


def _undo(verbs: t.Sequence[str], name: str) -> str:
    back = {
        "start": "stop it",
        "stop": "start it",
        "enable": "disable it",
        "disable": "enable it",
        "restart": "restart it once its files are the old ones",
        "reload": "restart it once its files are the old ones",
        "daemon_reload": "let systemd read its files once more",
    }
    return ", ".join(back[verb] for verb in verbs)
