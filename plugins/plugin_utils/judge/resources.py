# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section resources: what is used up, against the contract's limits. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import severity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope

SECTION = "resources"
COMPONENT = "host"

DEFAULTS = dict.fromkeys(("memory", "swap", "disk", "inodes", "load", "clock"), "high")
"""The checks of this section and their severities over the limit ``fail`` where the contract gives none."""

_WARNING = "medium"
_FREE = remedy(
    "free_resources", "Find out what takes it (the report lists the biggest processes), and free or add some."
)
_CLEAN = remedy("free_resources", "Find out what fills the disk, and free or add space before writes fail.")
_SET = remedy("set_clock", "Let a time service (chrony, systemd-timesyncd) set the clock, and look at why none did.")
_CLOCK_COST = "Times in logs, certificates, tokens and the ages that this report shows are wrong by as much."


class _Measured(t.NamedTuple):
    """One value against its limits; ``text`` says it with its unit and what it is."""

    check: str
    subject: str
    value: float
    unit: str
    text: str
    observed: Details
    cure: Details


def judge(contract: Details, evidence: Details, context: Context) -> Judgement:
    """Judge the resources of one host. ``evidence`` is the ``data`` of resources.json (docs/design.md)."""
    scope = Scope(context, SECTION, COMPONENT, contract, "system")
    rules = _Rules(scope, contract, evidence)
    made = Judgement(checks=rules.judge(), facts=_facts(evidence))
    made.cover()
    made.cells[COMPONENT] = "in_sync" if made.checks else "not_asked"
    if evidence["os"] is not None:
        made.marks[COMPONENT] = f"{evidence['os']['pretty']}, time zone {evidence['clock']['zone']}"
    return made


class _Rules:
    """The checks of one host."""

    def __init__(self, scope: Scope, contract: Details, evidence: Details) -> None:
        self._scope = scope
        self._contract = contract
        self._evidence = evidence
        self._reasons = {item["what"]: item["reason"] for item in evidence["unread"]}
        self._checks: list[Check] = []

    def judge(self) -> list[Check]:
        self._memory("memory", "memory_percent")
        self._memory("swap", "swap_percent")
        for disk in self._evidence["disks"]:
            self._disk("disk", "disk_percent", disk)
            self._disk("inodes", "inode_percent", disk)
        self._load()
        self._clock()
        return self._checks

    def _limits(self, key: str) -> Details | None:
        """Return the limits under a key of the contract, None when there are none."""
        limits: Details = self._contract.get(key) or {}
        return limits if limits.get("warn") is not None or limits.get("fail") is not None else None

    def _memory(self, kind: str, key: str) -> None:
        limits = self._limits(key)
        if limits is None:
            return
        seen: Details | None = self._evidence[kind]
        if seen is None:
            self._unknown(kind, kind, self._reasons.get("memory", "the answer does not hold it"))
            return
        text = f"{seen['used_percent']:g} % of the {kind} is in use ({_kb(seen['used_kb'])} of {_kb(seen['total_kb'])})"
        if kind == "swap" and not seen["total_kb"]:
            text = "there is no swap"
        self._compare(_Measured(kind, kind, seen["used_percent"], " %", text, dict(seen), _FREE), limits)

    def _disk(self, check: str, key: str, disk: Details) -> None:
        limits = self._limits(key)
        if limits is None:
            return
        subject = f"{check} {disk['path']}"
        if disk["outcome"] != "ok":
            self._unknown(check, subject, disk["reason"])
            return
        used = disk["inodes_used_percent" if check == "inodes" else "used_percent"]
        if used is None:
            summary = f"The file system of {disk['path']} has no fixed number of {check}: nothing can run out"
            self._checks.append(self._scope.passed(check, subject, DEFAULTS[check], summary))
            return
        if check == "inodes":
            text = f"{used} % of the {disk['inodes']} inodes of {disk['path']} are in use"
        else:
            space = f"{_kb(disk['available_kb'])} of {_kb(disk['total_kb'])} left"
            text = f"the disk of {disk['path']} is {used} % full ({space})"
        self._compare(_Measured(check, subject, used, " %", text, dict(disk), _CLEAN), limits)

    def _load(self) -> None:
        limits = self._limits("load_per_core")
        if limits is None:
            return
        load, cores = self._evidence["load"], self._evidence["cores"]
        if load is None or cores is None:
            reason = self._reasons.get("load") or self._reasons.get("cores") or "the answer does not hold it"
            self._unknown("load", "load", reason)
            return
        value = round(load[1] / cores, 2)
        text = f"the load of the last five minutes is {load[1]:g} on {cores} cores, {value:g} for each"
        observed = {"load": load, "cores": cores, "per_core": value}
        self._compare(_Measured("load", "load", value, "", text, observed, _FREE), limits)

    def _clock(self) -> None:
        limits = self._limits("clock_skew_s")
        if limits is None:
            return
        seen: Details = self._evidence["clock"]
        skew, doubt = seen.get("skew_s"), seen.get("uncertainty_s")
        if skew is None or doubt is None:
            self._unknown("clock", "clock", "the control node did not compare it")
            return
        way = "ahead of" if skew > 0 else "behind"
        text = f"the clock is {abs(skew):.1f} s {way} the control node's, give or take {doubt:.1f} s"
        if seen["synchronized"] is False:
            text += "; no time service keeps it"
        last = limits["fail"] if limits.get("fail") is not None else limits["warn"]
        sure = max(abs(skew) - doubt, 0.0)
        first = limits["warn"] if limits.get("warn") is not None else last
        if sure <= first and abs(skew) + doubt > last:
            self._unknown("clock", "clock", f"{text}: more than the limit of {last:g} s cannot be ruled out")
            return
        observed = {key: seen[key] for key in ("skew_s", "uncertainty_s", "synchronized", "zone")}
        self._compare(_Measured("clock", "clock", sure, " s", text, observed, _SET), limits)

    def _compare(self, measured: _Measured, limits: Details) -> None:
        warn, fail = limits.get("warn"), limits.get("fail")
        # A clock is as good as its limit, everything else is used up when it has reached it.
        over = [
            limit
            for limit in (fail, warn)
            if limit is not None and (measured.value > limit if measured.check == "clock" else measured.value >= limit)
        ]
        expected = {name: limit for name, limit in (("warn", warn), ("fail", fail)) if limit is not None}
        named = ", ".join(f"{name} {limit:g}{measured.unit}" for name, limit in expected.items())
        host = self._scope.context.host
        summary = f"On {host} {measured.text}; limits: {named}"
        level = self._level(measured.check, bool(over) and over[0] != fail)
        if not over:
            self._checks.append(
                self._scope.passed(
                    measured.check,
                    measured.subject,
                    level,
                    summary,
                    expected=expected,
                    observed=measured.observed,
                )
            )
            return
        clock = measured.check == "clock"
        self._checks.append(
            self._scope.failed(
                measured.check,
                measured.subject,
                level,
                summary,
                state="differs" if clock else "failed",
                cause="clock_skew" if clock else "over_threshold",
                expected=expected,
                observed=measured.observed,
                remedy=measured.cure,
                impact=_CLOCK_COST if clock else "",
            )
        )

    def _unknown(self, check: str, subject: str, reason: str) -> None:
        summary = f"Whether {subject} of {self._scope.context.host} is within its limits is not known: {reason}"
        self._checks.append(self._scope.unknown(check, subject, self._level(check, False), summary))

    def _level(self, check: str, warning: bool) -> str:
        """Return the severity of a check; what is only a warning is never worse than medium."""
        given: t.Mapping[str, str] = self._contract.get("severity") or {}
        level = given.get(check) or DEFAULTS[check]
        return max(level, _WARNING, key=severity.rank) if warning else level


def _kb(size: int) -> str:
    """Return a size in the unit that people say."""
    value = float(size)
    for unit in ("KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def _facts(evidence: Details) -> dict[str, t.Any]:
    """Return what the report shows of the host's health."""
    names = ("memory", "swap", "disks", "load", "cores", "uptime_s", "booted", "clock", "os", "kernel", "hostname")
    return {name: evidence[name] for name in (*names, "addresses", "consumers", "unread")}
