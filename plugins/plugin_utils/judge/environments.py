# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the hosts of one environment are alike, component by component. Private to the collection."""

from __future__ import annotations

import hashlib
import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import RUN, Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs, HostJudgement
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import SAVE_FIRST, remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import bounded, number, some

CHECK = "hosts_alike"
_HIGH = frozenset({"git", "trees"})
_NAMED = 10
_ALIGN = remedy(
    "align_hosts",
    f"{SAVE_FIRST} Then decide which group of hosts is right and bring the others to it.",
)


class Alike:
    """Gathers the marks of hosts while they pass by; hosts with another contract or reference are not compared."""

    def __init__(self) -> None:
        self._marks: dict[tuple[str, str, str, str], dict[str, list[str]]] = {}
        self._terms: dict[tuple[str, str, str, str], Details] = {}
        self._paths: dict[tuple[str, str], str] = {}
        self._drifted: set[tuple[str, str, str]] = set()

    def add(self, host: HostInputs, made: HostJudgement, paths: t.Mapping[str, str]) -> None:
        """Take note of one host as it was judged. A component without a mark was not seen, and is unknown already."""
        contract: Details = host.settings.get("contract") or {}
        self._drifted |= {(host.name, one.section, one.component) for one in made.checks if one.outcome == "fail"}
        for (section, component), mark in made.marks.items():
            if section == RUN:
                continue
            terms = _terms(contract.get(section), component)
            key = (host.environment, section, component, _digest([host.reference, terms]))
            self._marks.setdefault(key, {}).setdefault(mark, []).append(host.name)
            self._terms.setdefault(key, terms)
            self._paths[(host.name, section)] = paths.get(section, f"evidence/{host.name}/{section}.json")

    def checks(self) -> list[Check]:
        """Return one check for each component that at least two comparable hosts of an environment show."""
        made = []
        several = _several(self._marks)
        for key, groups in sorted(self._marks.items()):
            hosts = sorted(host for group in groups.values() for host in group)
            if len(hosts) > 1:
                made.append(self._check(key, groups, hosts, several[key[:3]] > 1))
        return made

    def _check(
        self, key: tuple[str, str, str, str], groups: t.Mapping[str, list[str]], hosts: list[str], split: bool
    ) -> Check:
        environment, section, component, digest = key
        severity = "high" if section in _HIGH else "medium"
        terms = self._terms[key]
        first, *others = [self._paths[(host, section)] for host in hosts]
        context = Context(environment, "*", paths={section: first}, others=tuple(others))
        scope = Scope(context, section, component, terms if isinstance(terms, dict) else {}, "operational")
        # Groups with contracts of their own are judged apart, so each needs a name of its own.
        subject = f"{component}:{digest}" if split else component
        if len(groups) == 1:
            said = f"{section} {component} shows the same on all {number(len(hosts), 'host')} of {environment}"
            return scope.passed(CHECK, subject, severity, said, observed={"hosts": len(hosts)})
        ordered = sorted(((sorted(names), mark) for mark, names in groups.items()), key=lambda one: (-len(one[0]), one))
        shown = [{"hosts": bounded(names), "total": len(names), "mark": mark} for names, mark in ordered]
        parts = [f"{some(names, _NAMED)}: {mark}" for names, mark in ordered[:_NAMED]]
        if len(ordered) > _NAMED:
            parts.append(f"and {number(len(ordered) - _NAMED, 'more group')}")
        return scope.failed(
            CHECK,
            subject,
            severity,
            f"The hosts of {environment} differ from each other in {section} {component}: {'; '.join(parts)}",
            state="differs",
            cause="hosts_differ",
            expected={"groups": 1},
            observed={"groups": shown, "hosts": self._concerned(key, hosts)},
            remedy=_ALIGN,
        )

    def _concerned(self, key: tuple[str, str, str, str], hosts: list[str]) -> list[str]:
        """Return the hosts that the finding counts for: all, unless a group is as its contract and reference want it.

        Then that group is the right one, and its hosts do not fail for what the others are.
        """
        _environment, section, component, _contract = key
        drifted = [host for host in hosts if (host, section, component) in self._drifted]
        return drifted or hosts


def _terms(section: t.Any, component: str) -> Details:
    """Return the contract entry of a component: its own where the section is a list of named ones, else the whole."""
    if isinstance(section, (list, tuple)):
        named = [entry for entry in section if isinstance(entry, dict) and entry.get("name") == component]
        return named[0] if named else {"entries": list(section)}
    return section if isinstance(section, dict) else {}


def _digest(content: t.Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _several(keys: t.Iterable[tuple[str, str, str, str]]) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for environment, section, component, _digest_of in keys:
        place = (environment, section, component)
        found[place] = found.get(place, 0) + 1
    return found
