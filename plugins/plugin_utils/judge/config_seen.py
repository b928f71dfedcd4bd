# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the section configs saw on all hosts of a run, as little of it as comparing environments needs.

Private to the collection.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.configs import names_secret_key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_impact import FileReaders, Impact, with_impact
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_keys import Rules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_reach import Affected, Reach
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs

SECTION = "configs"
_SHOWN = 200
_SHARING = frozenset({"must_match", "may_differ"})


class Value(t.NamedTuple):
    """What one host has under a key. ``shown`` is the masked value, None where none is shown.

    ``declared`` says that the contract names the key, or a pattern of it, and lets it be what another one is.
    ``distinctive`` secrets are those by which one can be known again: no placeholder, nothing weak or empty.
    """

    digest: str | None
    shown: str | None
    rule: str
    declared: bool
    distinctive: bool
    empty: bool
    hosts: tuple[str, ...]
    reach: Reach | None
    affected: Affected


@dataclasses.dataclass
class Side:
    """One entry of the contract in one environment: host by host what was seen of it.

    ``hosts`` are those where all of it is known, a file that is not there included; ``missing`` those without it;
    ``partial`` those with a reason why there may be more keys; ``unseen`` those with a reason why nothing is known.
    ``translate`` is what the reference's values are called here; ``affected`` by the whole file, by host.
    ``keys`` maps a key to its values and the hosts of each; ``wholes`` maps the digest of a file that is secret as a
    whole to the hosts that have it.
    """

    hosts: list[str] = dataclasses.field(default_factory=list)
    missing: list[str] = dataclasses.field(default_factory=list)
    partial: dict[str, str] = dataclasses.field(default_factory=dict)
    unseen: dict[str, str] = dataclasses.field(default_factory=dict)
    translate: dict[str, str] = dataclasses.field(default_factory=dict)
    affected: dict[str, Affected] = dataclasses.field(default_factory=dict)
    keys: dict[str, dict[Value, list[str]]] = dataclasses.field(default_factory=dict)
    wholes: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    @property
    def seen(self) -> list[str]:
        """The hosts of which at least some keys are known, or that the file is not there."""
        return sorted([*self.hosts, *self.partial])


class SeenConfigs:
    """Gathers the hosts while they pass by. ``sides`` is keyed by component and environment."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[str, Side]] = {}
        self._terms: dict[tuple[str, str], Details] = {}
        self._paths: dict[str, str] = {}
        self._compared: set[tuple[str, str]] = set()
        self._entries: dict[str, Details] = {}
        self._texts: dict[str, str] = {}
        self._values: dict[Value, Value] = {}

    def add(self, host: HostInputs, checks: list[Check], paths: t.Mapping[str, str]) -> list[Check]:
        """Take note of one host; return its checks, of which those about configurations say who is affected."""
        contract: Details = host.settings.get("contract") or {}
        entries = contract.get(SECTION) or ()
        wanted = host.settings.get("sections")
        if not entries or (wanted and SECTION not in wanted):
            return checks
        self._paths[host.name] = paths.get(SECTION, f"evidence/{host.name}/{SECTION}.json")
        seen = {name: one["data"] for name, one in host.sections.items() if one["outcome"] == "ok"}
        impact = Impact(str(host.settings.get("root") or "/"), contract, seen)
        self._compared |= {(host.name, one.component) for one in checks if _is_comparison(one)}
        found, reason = _evidence(host)
        for entry in entries:
            name = entry["name"]
            side = self.sides.setdefault(name, {}).setdefault(host.environment, Side())
            self._terms[(host.name, name)] = self._entries.setdefault(json.dumps(entry, sort_keys=True), entry)
            config = found.get(name)
            if config is None or config["outcome"] == "unknown":
                side.unseen[host.name] = reason if config is None else config["reason"]
                continue
            self._keep(side, host.name, entry, config, impact)
        return with_impact(checks, seen[SECTION], impact) if found else checks

    def is_compared(self, host: str, component: str) -> bool:
        """Return whether values that must differ were held against those of a reference."""
        return (host, component) in self._compared

    def terms(self, host: str, component: str) -> Details:
        """Return the contract's entry of a component on a host."""
        return self._terms[(host, component)]

    def path(self, host: str) -> str:
        """Return the path of the evidence of a host."""
        return self._paths[host]

    def _keep(self, side: Side, host: str, entry: Details, config: Details, impact: Impact) -> None:
        if config["outcome"] == "missing":
            side.missing.append(host)
        more = config["partial"] or (f"{config['cut']} more keys are not listed" if config["cut"] else "")
        if more:
            side.partial[host] = more
        else:
            side.hosts.append(host)
        if config["secret"] and config["digest"] is not None:
            side.wholes.setdefault(config["digest"], []).append(host)
        side.translate.update(entry["translate"])
        file = impact.file(config)
        reading = _Reading(entry, config, file)
        side.affected[host] = file.affected()
        for key in config["keys"]:
            # The hosts of a run mostly say the same, and then it is kept once.
            spelled = self._texts.setdefault(key["key"], key["key"])
            value = reading.value(key)
            side.keys.setdefault(spelled, {}).setdefault(self._values.setdefault(value, value), []).append(host)


def _is_comparison(check: Check) -> bool:
    return (check.section, check.check) == (SECTION, "must_differ") and check.outcome in ("pass", "fail", "observation")


def _evidence(host: HostInputs) -> tuple[dict[str, Details], str]:
    """Return the entries of the evidence by name, and why there are none."""
    if host.failure is not None:
        return {}, f"{host.name} was not observed: {host.failure['reason']}"
    evidence = host.sections.get(SECTION)
    if evidence is None:
        return {}, "there is no evidence of it"
    if evidence["outcome"] != "ok":
        return {}, evidence["reason"]
    return {one["name"]: one for one in evidence["data"]["configs"]}, "there is no evidence of it"


class _Reading:
    """One entry of the evidence with what is asked of it."""

    def __init__(self, entry: Details, config: Details, file: FileReaders) -> None:
        self._rules = Rules(entry)
        self._file = file
        # All values of a file may be secret for its name alone; then the names of its keys tell which are.
        self._by_name = config["secret"] and entry["secret"] is None

    def value(self, key: Details) -> Value:
        """Return what is kept of a key."""
        shown = None if key["secret"] else key["value"]
        rule = self._rules.of(key["key"])
        word = "" if rule is None else rule.word or "literal"
        return Value(
            digest=key["digest"],
            shown=shown if shown is None or len(shown) <= _SHOWN else f"{shown[:_SHOWN]}...",
            rule=word,
            declared=rule is not None and rule.number is not None and word in _SHARING,
            distinctive=self._is_distinctive(key),
            empty=key["empty"],
            hosts=tuple(key["hosts"]),
            reach=self._file.reach(key["key"]) if key["hosts"] else None,
            affected=self._file.affected(key["key"]),
        )

    def _is_distinctive(self, key: Details) -> bool:
        if not key["secret"] or key["digest"] is None or key["empty"] or key["placeholder"] or key["weak"]:
            return False
        return not self._by_name or names_secret_key(key["key"])
