# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section containers: each container as it runs, those that must be there, and the engine.

Private to the collection.
"""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_expected import expected
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_files import files
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_life import Life
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_made import Made
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_ports import ports
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_rules import (
    Rules,
    published,
    running,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_words import quoted, short_id
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, number

SECTION = "containers"
ENGINE = "engine"
"""The component of what concerns no single container."""

SHOWN = 200
"""How many containers the facts list."""

_DECLARE = remedy("declare", "Nothing need be done; declare what is wanted, so that a change of it is found.")
_NAME = remedy("declare", "Name the socket in the contract of this section, so that it is clear which engine is meant.")


def judge(contract: Details, evidence: Details, context: Context) -> Judgement:
    """Judge the containers of one host. ``evidence`` is the ``data`` of containers.json (docs/design.md)."""
    made = Judgement()
    unread: dict[str, dict[str, str]] = {}
    for item in evidence["unread"]:
        unread.setdefault(item["container"], {})[item["what"]] = item["reason"]
    declared = {entry["name"]: entry for entry in contract["expected"]}
    for one in evidence["containers"]:
        name = one["name"]
        about = (Scope(context, SECTION, name, contract, "operational"), contract, one, unread.get(name, {}))
        rules = Life(*about)
        made.checks += rules.judge(declared.get(name), evidence["now_s"])
        made.checks += Made(*about).judge()
        made.checks += files(rules)
        made.checks += ports(rules)
        made.cells[name] = "in_sync"
        made.marks[name] = _mark(one)
    for name, reasons in sorted(unread.items()):
        if "container" in reasons:
            scope = Scope(context, SECTION, name, contract, "operational")
            summary = f"How the container {name} stands on {context.host} is not known: {reasons['container']}"
            made.checks.append(scope.unknown("running", name, Rules.level_of(contract, "running"), summary))
            made.cells[name] = "unknown"
    for name, check in expected(contract, evidence, context, SECTION):
        made.checks.append(check)
        made.cells.setdefault(name, "in_sync")
    made.checks += _Whole(Scope(context, SECTION, ENGINE, contract, "operational"), contract, evidence).judge()
    made.cells[ENGINE] = "in_sync"
    made.facts = _facts(evidence)
    made.cover([*_reasons(evidence)], evidence["ignored"])
    return made


def _reasons(evidence: Details) -> t.Iterator[str]:
    for name in evidence["gone"]:
        yield f"the container {name} was removed while it was looked at"
    for item in evidence["unread"]:
        if item["what"] in ("log", "about", "usage", "layer"):
            of = f" of the container {item['container']}" if item["container"] else " of the engine"
            yield f"{_WHATS[item['what']]}{of} was not read: {item['reason']}"


_WHATS = {"log": "the log", "about": "the state", "usage": "the use of memory", "layer": "the list of changed files"}


def _mark(one: Details) -> str:
    image = one["image"]
    version = (image["digests"] or [image["revision"] or short_id(image["id"])])[0]
    health = f", {one['health']['status']}" if one["health"] else ""
    return f"{image['name']} ({version}), {one['state']}{health}"


class _Whole:
    """What concerns all containers together, each told once."""

    def __init__(self, scope: Scope, contract: Details, evidence: Details) -> None:
        self._scope = scope
        self._contract = contract
        self._evidence = evidence
        self._host = scope.context.host

    def judge(self) -> list[Check]:
        checks = [self._engine()]
        for one in self._evidence["elsewhere"]:
            checks.append(self._elsewhere(one))
        if self._contract["all_healthy"]:
            without = [one["name"] for one in self._evidence["containers"] if running(one) and not one["health_check"]]
            checks += self._told("health_check", without, "no health check: nothing is known but that it runs")
        if not self._contract["require_compose"]:
            outside = [one["name"] for one in self._evidence["containers"] if not one["compose"]]
            checks += self._told("compose", outside, "no Compose project: no file says how it is made")
        return checks + self._measured() + self._nobody()

    def _engine(self) -> Check:
        engine = self._evidence["engine"]
        summary = (
            f"{engine['kind'].title()} {engine['version']} answers on {self._host} at {engine['socket']} with "
            f"{number(self._evidence['total'], 'container')}"
        )
        observed = {key: engine[key] for key in ("socket", "kind", "version", "api")}
        return self._scope.passed("engine", engine["socket"], "info", summary, observed=observed)

    def _elsewhere(self, one: Details) -> Check:
        said = f"The engine at {one['socket']} on {self._host} was not looked at: {one['reason']}"
        if one["state"] == "denied":
            return self._scope.unknown("engine", one["socket"], "high", said)
        return self._scope.failed("engine", one["socket"], "info", said, state="unexpected", cause=None, remedy=_NAME)

    def _told(self, check: str, names: t.Sequence[str], what: str) -> list[Check]:
        if not names:
            return []
        some = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        verb = "has" if len(names) == 1 else "have"
        summary = f"{number(len(names), 'container')} on {self._host} {verb} {what} ({some})"
        cause = "outside_compose" if check == "compose" else None
        # Where it is drift, each container has a check of its own.
        return [
            self._scope.failed(
                check,
                "all",
                "info",
                summary,
                state="unexpected" if check == "compose" else "missing",
                cause=cause,
                observed={"containers": list(names[:LISTED]), "total": len(names)},
                remedy=_DECLARE,
            )
        ]

    def _measured(self) -> list[Check]:
        """Return an unknown for each limit of memory that is nobody's: it was not compared with anything."""
        names = {one["name"] for one in self._evidence["containers"]}
        names |= {one["compose"]["service"] for one in self._evidence["containers"] if one["compose"]}
        names |= {item["container"] for item in self._evidence["unread"]}
        made = []
        for name in sorted(set(self._contract["memory_mb"]) - names):
            summary = f"The memory of {name} was not measured on {self._host}: no container or service has this name"
            made.append(self._scope.unknown("memory", name, self._level("memory"), summary))
        return made

    def _nobody(self) -> list[Check]:
        """Return what there is to say of each pattern that no container has: all that is judged of it is empty."""
        names = [one["name"] for one in self._evidence["containers"]] + list(self._evidence["gone"])
        names += [item["container"] for item in self._evidence["unread"] if item["what"] == "container"]
        made = []
        for pattern in sorted(set(self._contract["names"])):
            if any(fnmatch.fnmatchcase(name, pattern) for name in names):
                continue
            if pattern == "*":
                said = f"There is no container on {self._host}: nothing but the engine was looked at"
                made.append(
                    self._scope.failed(
                        *("present", pattern, "info", said), state="missing", cause=None, remedy=_DECLARE
                    )
                )
            else:
                said = f"No container on {self._host} is called {pattern}: whether these are well is not known"
                made.append(self._scope.unknown("present", pattern, self._level("present"), said))
        return made

    def _level(self, check: str) -> str:
        return Rules.level_of(self._contract, check)


def _facts(evidence: Details) -> dict[str, t.Any]:
    engine = {key: evidence["engine"][key] for key in ("kind", "version", "socket", "api")}
    return {
        "engine": engine,
        "about": evidence["about"],
        "total": evidence["total"],
        "selected": len(evidence["containers"]),
        "containers": [_fact(one) for one in evidence["containers"][:SHOWN]],
    }


def _fact(one: Details) -> dict[str, t.Any]:
    compose: Details = one["compose"] or {}
    usage: Details = one["usage"] or {}
    return {
        "name": one["name"],
        "project": compose.get("project"),
        "service": compose.get("service"),
        "state": one["state"],
        "health": one["health"]["status"] if one["health"] else None,
        "exit_code": one["exit_code"],
        "restarts": one["restarts"],
        "started": one["started"],
        "finished": one["finished"],
        "image": one["image"]["name"],
        "image_id": short_id(one["image"]["id"]),
        "revision": one["image"]["revision"],
        "ports": [quoted(port) for port in published(one)][:LISTED],
        "memory": usage.get("memory"),
        "limit": one["limits"]["memory"],
        "cpu_percent": usage.get("cpu_percent"),
        "changed_files": one["layer"]["total"] if one["layer"] else None,
    }
