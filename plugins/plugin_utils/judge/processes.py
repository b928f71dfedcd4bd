# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section processes: how many run, how each runs, and whether it is older than what it runs. Private to
the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import process_instance
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_words import mebibytes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.process_age import Ages, Level
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.process_stale import Stale
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, number

SECTION = "processes"

DEFAULTS = {
    "instances": "critical",
    "user": "high",
    "cwd": "medium",
    "venv": "high",
    "one_environment": "high",
    "supervised": "medium",
    "unit": "high",
    "code": "high",
    "configuration": "high",
    "unit_file": "medium",
    "environment": "high",
    "replaced": "high",
    "memory": "high",
}
"""The checks of this section and their severities where the contract gives none."""

_MOST = 200
_STOP = remedy(
    "stop_instance", "Find out which instance is the right one, by its start, user and unit, and stop the others."
)
_START = remedy("start", "Start it, and find out why it does not run.")
_MEMORY = remedy("free_resources", "Find out what needs the memory; give it more, or make it need less.")
_REMOVE = remedy("stop_instance", "Stop it and whatever starts it, or declare it.")


def judge(contract: t.Any, evidence: Details, context: Context) -> Judgement:
    """Judge the processes of one host. ``evidence`` is the ``data`` of processes.json (docs/design.md)."""
    described = {process["pid"]: process for process in evidence["processes"]}
    made = Judgement()
    rows = []
    for entry in contract:
        rules = _Rules(entry, evidence, context, described)
        checks = rules.run()
        made.checks += checks
        made.cells[entry["name"]] = "in_sync"
        mark = rules.mark()
        if mark is not None:
            made.marks[entry["name"]] = mark
        rows.append(rules.row())
    made.facts = {
        "booted": evidence["booted"],
        "total": evidence["total"],
        "hidden": evidence["hidden"],
        "processes": rows[:_MOST],
        "processes_total": len(rows),
    }
    made.cover()
    return made


class _Rules:
    """Judges one entry of the contract."""

    def __init__(self, entry: Details, evidence: Details, context: Context, described: t.Mapping[int, Details]) -> None:
        self._entry = entry
        self._data = evidence
        self._context = context
        self._name: str = entry["name"]
        self._pids: list[int] = sorted(evidence["matches"].get(self._name) or [])
        self._instances = [described[pid] for pid in self._pids if pid in described]
        self._scope = Scope(context, SECTION, self._name, entry, "operational")
        given: t.Mapping[str, str] = entry.get("severity") or {}
        self._level: Level = lambda check: given.get(check) or DEFAULTS[check]
        self._stale = Stale(entry, evidence, context, Ages(self._scope, self._level, evidence))

    def run(self) -> list[Check]:
        checks = [self._count()]
        if self._entry["instances"] == 0:
            return checks
        for process in self._instances[:_MOST]:
            subject = f"{self._name}[{process['pid']}]"
            checks += process_instance.instance(self._scope, self._level, subject, process, self._entry, self._data)
            checks += self._stale.checks(subject, process)
        if len(self._instances) > 1:
            checks.append(self._one_environment())
        # The contract of an older run has no such key, and can be judged again.
        most = self._entry.get("memory_mb")
        if most is not None and self._pids:
            checks.append(self._memory(most))
        beyond = len(self._pids) - len(self._instances[:_MOST])
        if beyond:
            said = f"{number(beyond, 'more instance')} of {self._name} not looked at one by one: too many match"
            checks.append(self._scope.unknown("replaced", f"{self._name}[more]", self._level("replaced"), said))
        return checks

    def mark(self) -> str | None:
        """Return how often it runs, from which environments: equal on hosts that agree. None when not all was seen."""
        untold = ["venv" in process["unread"] and not process["namespace_foreign"] for process in self._instances]
        if self._blind() or any(untold):
            return None
        # Where an application lives is a host's own matter: paths below its root are compared from there.
        root = self._data["root"].rstrip("/") + "/"
        homes = sorted({str(process["venv"]).removeprefix(root) for process in self._instances})
        return f"{len(self._pids)} of {self._entry['instances']}; {', '.join(homes)}"

    def row(self) -> dict[str, t.Any]:
        keys = ("pid", "started", "user", "cwd", "venv", "unit", "container", "cpu_percent", "rss_kb", "command")
        shown = [{key: process[key] for key in keys} for process in self._instances[:LISTED]]
        return {
            "name": self._name,
            "wanted": self._entry["instances"],
            "running": len(self._pids),
            "containers": len(self._data["foreign"].get(self._name) or []),
            "instances": shown,
        }

    def _count(self) -> Check:
        wanted, found = self._entry["instances"], len(self._pids)
        level, scope, name = self._level("instances"), self._scope, self._name
        who = "; ".join(process_instance.told(process) for process in self._instances[:10])
        run = f"{number(found, 'instance')} of {name} {'runs' if found == 1 else 'run'}"
        sides: dict[str, t.Any] = {
            "expected": {"instances": wanted},
            "observed": {
                "instances": found,
                "pids": self._pids[:LISTED],
                "in_containers": len(self._data["foreign"].get(name) or []),
            },
        }
        if found > wanted:
            must = f"{wanted} may" if wanted else "none may"
            said = f"{run} where {must}: {who}"
            cure = _STOP if wanted else _REMOVE
            return scope.failed(
                "instances", name, level, said, state="unexpected", cause="too_many", remedy=cure, **sides
            )
        blind = self._blind()
        if blind:
            said = f"{number(found, 'instance')} of {name} seen where {wanted} must run, but there may be more: {blind}"
            return scope.unknown("instances", name, level, said, observed=sides["observed"])
        if found == wanted:
            said = f"{run}: {who}" if found else f"{name} does not run, as it must"
            return scope.passed("instances", name, level, said, **sides)
        inside = sides["observed"]["in_containers"]
        more = f" ({number(inside, 'process', 'processes')} in containers not counted)" if inside else ""
        if not found:
            said, cause = f"{name} does not run on {self._context.host}: no process matches{more}", "not_running"
        else:
            said, cause = f"{run} where {wanted} must{more}: {who}", "too_few"
        return scope.failed("instances", name, level, said, state="missing", cause=cause, remedy=_START, **sides)

    def _memory(self, most: float) -> Check:
        """Return whether all instances together use no more memory than is allowed, as ps counts it."""
        level, name, host = self._level("memory"), self._name, self._context.host
        used = sum(process["rss_kb"] for process in self._instances) << 10
        blind = self._blind() or ("" if len(self._instances) == len(self._pids) else "not all of them were looked at")
        who = f"{name} ({number(len(self._instances), 'instance')})"
        said = f"{who} uses {mebibytes(used)} of memory on {host}, at most {most:g} MiB are allowed"
        sides: dict[str, t.Any] = {
            "expected": {"memory_mb": most},
            "observed": {"memory": used, "pids": self._pids[:LISTED]},
        }
        if used > most * (1 << 20):
            return self._scope.failed(
                "memory", name, level, said, state="failed", cause="over_threshold", remedy=_MEMORY, **sides
            )
        if blind:
            said = f"How much memory {name} uses on {host} is not known: {mebibytes(used)} was seen, but {blind}"
            return self._scope.unknown("memory", name, level, said, observed=sides["observed"])
        return self._scope.passed("memory", name, level, said, **sides)

    def _blind(self) -> str:
        """Return why there may be processes that were not seen, or nothing."""
        if self._data["hidden"]:
            return f"processes of other users are hidden ({self._data['hidden']})"
        if self._data["unread_total"]:
            unread = self._data["unread"]
            reason = f", such as: {unread[0]['reason']}" if unread else ""
            return f"{number(self._data['unread_total'], 'process', 'processes')} could not be read{reason}"
        return ""

    def _one_environment(self) -> Check:
        level, name = self._level("one_environment"), self._name
        unseen = [process for process in self._instances if "venv" in process["unread"]]
        homes: dict[str, list[int]] = {}
        for process in self._instances:
            if "venv" not in process["unread"]:
                homes.setdefault(process["venv"] or process["exe"] or "a program not known", []).append(process["pid"])
        listed = {home: homes[home][:LISTED] for home in sorted(homes)}
        if len(homes) > 1:
            said = "; ".join(f"{home} (pid {', '.join(map(str, pids[:10]))})" for home, pids in listed.items())
            return self._scope.failed(
                "one_environment",
                name,
                level,
                f"{name} runs from {number(len(homes), 'environment')} at once: {said}",
                state="differs",
                cause="two_environments",
                remedy=remedy("stop_instance", "Stop the instances of the environment that is not the right one."),
                observed={"environments": listed},
            )
        if unseen:
            reason = unseen[0]["unread"]["venv"]
            said = f"Whether all instances of {name} run from one environment is not known: {reason}"
            return self._scope.unknown("one_environment", name, level, said)
        said = f"All instances of {name} run from {next(iter(listed), 'one program')}"
        return self._scope.passed("one_environment", name, level, said, observed={"environments": listed})
