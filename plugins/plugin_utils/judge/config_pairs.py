# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of two environments beside each other, key by key. Private to the collection."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.configs import translated
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_seen import SeenConfigs, Side, Value
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import bounded, some

STATES = ("forbidden_same", "unknown", "differs", "only_a", "only_b", "same")
"""How a key of two environments stands, the worst first."""

MUST_DIFFER = "must_differ"
_KEYS = 200
_ALL_KEYS = 10_000
_FEWEST_KEYS = 5
_NAMED = 5

Row = dict[str, t.Any]


def pairs(seen: SeenConfigs) -> list[Row]:
    """Return ``configs`` of findings.json (docs/findings.schema.json): each file of two environments that both have it
    in their contracts.

    ``keys`` are those that are not the same, the worst first; how many are listed depends on how many pairs there are.
    """
    chosen = [
        (component, a, b)
        for component, sides in sorted(seen.sides.items())
        for a, b in itertools.combinations(sorted(sides), 2)
    ]
    secret = {component: _secret(sides.values()) for component, sides in seen.sides.items()}
    limit = max(_FEWEST_KEYS, min(_KEYS, _ALL_KEYS // max(1, len(chosen))))
    made = []
    for component, a, b in chosen:
        sides = seen.sides[component]
        made.append(_Pair(a, sides[a], b, sides[b], secret[component]).row(component, limit))
    return made


def _secret(sides: t.Iterable[Side]) -> set[str]:
    """Return the keys of which an environment says that they are secret: then none of them has its value shown."""
    return {key for side in sides for key, values in side.keys.items() if any(one.shown is None for one in values)}


class Stand(t.NamedTuple):
    """What an environment has under a key.

    ``value`` is the one that all of its hosts have, None when they have none, and with a ``reason`` when that is not
    known or when they do not agree.
    """

    value: Value | None
    reason: str


def stand(environment: str, side: Side, key: str) -> Stand:
    """Return what is known of a key in an environment."""
    values = side.keys.get(key, {})
    digests = {value.digest for value in values}
    having = sorted({host for hosts in values.values() for host in hosts})
    lacking = sorted(set(side.seen) - set(having))
    if not having:
        # Nobody lacks what may be where it was not seen.
        hidden = {**side.partial, **side.unseen}
        doubts = [f"{host}: {hidden[host]}" for host in sorted(hidden)]
        return Stand(None, f"it may be in {environment} unseen, {doubts[0]}" if doubts else "")
    if None in digests:
        return Stand(None, f"its value in {environment} cannot be compared")
    if len(digests) > 1:
        groups = sorted(
            sorted(host for value, hosts in values.items() if value.digest == one for host in hosts) for one in digests
        )
        return Stand(None, f"hosts of {environment} disagree: {_groups(groups)}")
    unsure = [host for host in lacking if host in side.partial]
    if unsure:
        return Stand(None, f"whether {some(unsure)} of {environment} has it is not known: {side.partial[unsure[0]]}")
    if lacking:
        return Stand(None, f"hosts of {environment} disagree: {some(having)} has it, {some(lacking)} has not")
    return Stand(min(values, key=lambda value: (value.shown is None, value.shown or "", value.rule)), "")


class _Pair:
    def __init__(self, a: str, one: Side, b: str, other: Side, secret: t.Collection[str]) -> None:
        self._a, self._one = a, one
        self._b, self._other = b, other
        self._secret = secret

    def row(self, component: str, limit: int) -> Row:
        found = [self._key(key) for key in sorted({*self._one.keys, *self._other.keys})]
        counts = dict.fromkeys(STATES, 0)
        for one in found:
            counts[one["state"]] += 1
        shown = sorted((one for one in found if one["state"] != "same"), key=lambda one: STATES.index(one["state"]))
        return {
            "component": component,
            "a": self._a,
            "b": self._b,
            "counts": counts,
            "keys": shown[:limit],
            "missing": bounded([*self._one.missing, *self._other.missing]),
            "unseen": self._unseen(),
        }

    def _unseen(self) -> list[Row]:
        """Return the hosts of which something is not known, with the reasons."""
        reasons = {**self._one.unseen, **self._one.partial, **self._other.unseen, **self._other.partial}
        return [{"host": host, "reason": reasons[host]} for host in bounded(reasons)]

    def _key(self, key: str) -> Row:
        one, other = stand(self._a, self._one, key), stand(self._b, self._other, key)
        rules = sorted({value.rule for side in (self._one, self._other) for value in side.keys.get(key, {})})
        state, reason = self._state(key, one, other, rules)
        breaks = _breaks(key, (self._a, one.value), (self._b, other.value)) if state == "differs" else []
        return {
            "key": key,
            "rule": " or ".join(rule or "unclassified" for rule in rules),
            "state": state,
            "reason": reason,
            "a": None if one.value is None or key in self._secret else one.value.shown,
            "b": None if other.value is None or key in self._secret else other.value.shown,
            "read_by": {
                name: list(where.value.affected.readers)
                for name, where in ((self._a, one), (self._b, other))
                if where.value is not None and where.value.affected.readers
            },
            "breaks": breaks,
        }

    def _state(self, key: str, one: Stand, other: Stand, rules: t.Collection[str]) -> tuple[str, str]:
        reasons = [reason for reason in (one.reason, other.reason) if reason]
        if MUST_DIFFER in rules and _shared(self._one, self._other, key):
            return "forbidden_same", "; ".join(reasons)
        if reasons:
            return "unknown", "; ".join(reasons)
        if one.value is None or other.value is None:
            return ("only_b", "") if one.value is None else ("only_a", "")
        if one.value.digest == other.value.digest:
            return "same", ""
        return "differs", self._translated(one.value.shown, other.value.shown)

    def _translated(self, one: str | None, other: str | None) -> str:
        """Return the words for two values of which one is the other in the spelling of its environment."""
        if one is None or other is None:
            return ""
        same = translated(one, self._other.translate) == other or translated(other, self._one.translate) == one
        return "the same, as the contract translates it" if same else ""


def _shared(one: Side, other: Side, key: str) -> bool:
    """Return whether any host of one side has the value of any host of the other."""
    digests = [{value.digest for value in side.keys.get(key, {})} - {None} for side in (one, other)]
    return bool(digests[0] & digests[1])


def _breaks(key: str, one: tuple[str, Value | None], other: tuple[str, Value | None]) -> list[str]:
    """Return what taking over either value would break in the other environment."""
    said = []
    for (mine, value), (theirs, new) in ((one, other), (other, one)):
        if value is not None and new is not None and value.reach is not None:
            lost = value.reach.breaks(key, value.hosts, new.hosts, f"the value of {theirs}")
            said += [f"in {mine}, {lost}"] if lost else []
    return said


def _groups(groups: t.Sequence[t.Sequence[str]]) -> str:
    told = [some(hosts) for hosts in groups[:_NAMED]]
    return "; ".join([*told, *([f"and {len(groups) - _NAMED} more"] if len(groups) > _NAMED else [])])
