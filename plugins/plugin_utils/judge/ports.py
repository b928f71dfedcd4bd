# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section ports: the declared ports, ranges where only those may be, and what else listens. Private to
the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import port_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.port_rules import (
    DEFAULTS,
    PortRules,
    conflict,
    pairs,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED

SECTION = "ports"
OTHERS = "listeners"
"""The component of what the contract says nothing about."""

_DECLARE = remedy("declare", "Find out what it is; stop it, or add it to the contract.")
# From here on the kernel gives UDP ports to whoever asks a question: they are of no service.
_PASSING = 32768

Port = tuple[str, int]


def judge(contract: t.Sequence[Details], evidence: Details, context: Context) -> Judgement:
    """Judge the listeners of one host. ``evidence`` is the ``data`` of ports.json (docs/design.md)."""
    return _Ports(contract, evidence, context).judge()


class _Ports:
    """The section of one host."""

    def __init__(self, contract: t.Sequence[Details], evidence: Details, context: Context) -> None:
        self._contract = contract
        self._evidence = evidence
        self._context = context
        self._made = Judgement()
        self._by_port: dict[Port, list[Details]] = {}
        for listener in evidence["listeners"]:
            self._by_port.setdefault((listener["proto"], listener["port"]), []).append(listener)
        self._claimed: set[Port] = {(entry["proto"], entry["port"]) for entry in contract if entry["port"] is not None}
        self._ignored = 0
        self._unmarked: set[str] = set()

    def judge(self) -> Judgement:
        for entry in sorted(self._contract, key=lambda one: (one["proto"], one["port"] or 0, one["range"] or "")):
            if entry["range"] is not None:
                self._range(entry)
            else:
                self._port(entry)
        self._others()
        made = self._made
        for component in self._unmarked:
            # What was not wholly seen tells nothing about how hosts differ.
            del made.marks[component]
        made.cover(ignored=self._ignored)
        return made

    def _blind(self, proto: str) -> str:
        """Return why listeners of a protocol may be hidden; nothing when none is."""
        seen = (self._evidence["outcomes"][table] for table in (proto, f"{proto}6"))
        return "; ".join(one["reason"] for one in seen if one["outcome"] != "ok")

    def _port(self, entry: Details) -> None:
        component = entry["process"] or f"{entry['port']}/{entry['proto']}"
        scope = Scope(self._context, SECTION, component, entry, "operational")
        all_listeners = self._by_port.get((entry["proto"], entry["port"]), [])
        listeners = self._of_entry(entry, all_listeners)
        blind = self._blind(entry["proto"])
        rules = PortRules(scope, entry, listeners, blind, self._evidence["declared_processes"])
        self._made.checks += rules.judge()
        self._made.cells[component] = "in_sync"
        if blind or any(one["name"] is None for one in listeners):
            self._unmarked.add(component)
        held = {f"{words.place(one['proto'], words.reach(one), one['port'])} {one['name']}" for one in listeners}
        before = self._made.marks.get(component)
        self._made.marks[component] = "; ".join(filter(None, (before, *sorted(held)))) or "nothing listens"

    def _of_entry(self, entry: Details, listeners: list[Details]) -> list[Details]:
        """Leave out what another entry of the same port has claimed by its address."""
        twins = [
            one
            for one in self._contract
            if one is not entry and (one["proto"], one["port"]) == (entry["proto"], entry["port"])
        ]
        taken = {address for twin in twins for address in twin["bind"] or []}
        return [one for one in listeners if one["address"] not in taken]

    def _range(self, entry: Details) -> None:
        low, high = map(int, entry["range"].split("-"))
        component = f"{entry['range']}/{entry['proto']}"
        scope = Scope(self._context, SECTION, component, entry, "operational")
        level = (entry.get("severity") or {}).get("declared") or DEFAULTS["declared"]
        subject = words.place(entry["proto"], "*", entry["range"])
        checks: list[Check] = []
        for proto, port in sorted(self._by_port):
            if proto == entry["proto"] and low <= port <= high and (proto, port) not in self._claimed:
                checks += [_undeclared(scope, level, one, entry["range"]) for one in self._by_port[proto, port]]
        blind = self._blind(entry["proto"])
        if blind:
            summary = (
                f"Whether only declared listeners are in {component} of {self._context.host} is not known: {blind}"
            )
            checks.append(scope.unknown("declared", subject, level, summary))
        elif not checks:
            summary = f"Only declared listeners are in {component} of {self._context.host}"
            checks.append(scope.passed("declared", subject, level, summary))
        self._made.checks += checks
        self._made.cells[component] = "in_sync"
        if blind:
            self._unmarked.add(component)
        self._made.marks[component] = "; ".join(sorted(check.subject for check in checks if check.is_finding))

    def _others(self) -> None:
        """Tell of listeners that the contract says nothing about, and of conflicts among them."""
        scope = Scope(self._context, SECTION, OTHERS, {}, "operational")
        ranges = [
            (entry["proto"], *map(int, entry["range"].split("-")))
            for entry in self._contract
            if entry["range"] is not None
        ]
        told: list[Check] = []
        for proto, port in sorted(set(self._by_port) - self._claimed):
            listeners = self._by_port[proto, port]
            if proto == "tcp":
                self._made.checks += [
                    conflict(scope, DEFAULTS["conflict"], one, other)
                    for one, other in pairs(listeners)
                    if words.same_service(one, other) is False
                ]
            if any(proto == of and low <= port <= high for of, low, high in ranges):
                continue
            if proto == "udp" and port >= _PASSING:
                self._ignored += len(listeners)
                continue
            told += [_undeclared(scope, "info", one, "") for one in listeners]
        self._made.checks += told[:LISTED]
        self._ignored += max(len(told) - LISTED, 0)
        self._made.facts = _facts(self._evidence, self._claimed, len(told))
        self._made.cells[OTHERS] = "in_sync"


def _undeclared(scope: Scope, severity: str, listener: Details, within: str) -> Check:
    where = (
        f" within {within}, where only declared listeners may be" if within else ", which the contract does not name"
    )
    return scope.failed(
        "declared",
        words.spot(listener),
        severity,
        f"{words.owner(listener)} listens at {words.spot(listener)} on {scope.context.host}{where}",
        state="unexpected",
        cause="undeclared_listener",
        remedy=_DECLARE,
        observed=words.shown(listener),
    )


def _facts(evidence: Details, claimed: t.Collection[Port], undeclared: int) -> dict[str, t.Any]:
    """Return the listeners that the report shows, the declared ones first."""
    listeners = sorted(evidence["listeners"], key=lambda one: (one["proto"], one["port"]) not in claimed)
    shown = [
        {**words.shown(one), "declared": (one["proto"], one["port"]) in claimed}
        for one in listeners
        if one["proto"] == "tcp" or one["port"] < _PASSING or (one["proto"], one["port"]) in claimed
    ]
    return {"listeners": shown[:LISTED], "total": len(listeners), "undeclared": undeclared}
