# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the logs of a host's contract that are archived, and shows what came of it."""

from __future__ import annotations

import fnmatch
import typing as t

from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError, nearest, quote
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import logs_packs, logs_script
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, size
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.script_action import ScriptAction, unanswered

_SPEC = {
    "logs": {"type": "list", "elements": "str", "default": ["*"]},
    "root": {"type": "path"},
    "application": {"type": "str"},
    "state_dir": {"type": "path"},
    "keep": {"type": "int", "default": 10},
    "keep_days": {"type": "int"},
    "why": {"type": "str", "default": "log archive"},
    "timeout": {"type": "int", "default": 600},
}

Json = dict[str, t.Any]

# Here, where ansible-core loads the plugin, and not in each of the processes that it then forks for the hosts.
logs_packs()


class ActionModule(ScriptAction):
    """Which logs there are says the contract, as in an audit; they stay on their host."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super().run(tmp, variables)
        given = self.validate_argument_spec(argument_spec=_SPEC)[1]
        host = str(variables["inventory_hostname"])
        overrides = {f"drift_{name}": given[name] for name in ("root", "application", "state_dir") if given[name]}
        try:
            settings = control.settings_of(variables, self._templar.template, overrides)
            _check_kept(given)
            paths, apart = chosen(settings.contract.get("logs") or [], given["logs"])
        except ContractError as error:
            raise Refused(error, host) from error
        result = self.run_script(
            "evenkeel.drift.log_archive", logs_script(self._request(settings, paths, given)), variables
        )
        result.pop("invocation", None)
        if result.get("unreachable"):
            return result
        if "module_stderr" in result or "module_stdout" in result:
            return {"failed": True, "changed": False, "msg": terminal(unanswered(result))}
        if result.get("failed"):
            return {**result, "msg": terminal(f"{host}: {result.get('msg')}")}
        result["left_out"] = [*result["left_out"], *apart]
        lines = _told(result, bool(self._task.check_mode))
        Display().display("\n".join(terminal(f"{host}: {line}") for line in lines))
        return result

    def _request(self, settings: Settings, paths: list[str], given: Json) -> Json:
        me = control.controller()
        return {
            "root": settings.root,
            "application": settings.application,
            "state_dir": settings.state_dir,
            "logs": paths,
            "keep": given["keep"],
            "keep_days": given["keep_days"],
            "who": f"{me['user']}@{me['host']}",
            "why": given["why"],
            "timeout_s": given["timeout"],
            "check": bool(self._task.check_mode),
        }


def chosen(declared: t.Sequence[Json], wanted: t.Sequence[str]) -> tuple[list[str], list[Json]]:
    """Return the paths of the declared logs that are wanted, by name or path, and those that are no files. Raises
    ContractError for a pattern that no log of the contract has.
    """
    names = {one["name"]: one for one in declared}
    problems = []
    for at, pattern in enumerate(wanted):
        if pattern != "*" and not any(_named(one, pattern) for one in declared):
            near = nearest(pattern, names)
            meant = f', did you mean "{near}"?' if near else ""
            problems.append(f"logs[{at}]: the contract has no log {quote(pattern)}{meant}")
    if problems:
        raise ContractError(problems)
    mine = [one for one in declared if any(_named(one, pattern) for pattern in wanted)]
    apart = [
        {"path": one["name"], "reason": "no file: its engine or systemd keeps it"} for one in mine if not one["path"]
    ]
    return [one["path"] for one in mine if one["path"]], apart


def _named(one: Json, pattern: str) -> bool:
    return any(name and fnmatch.fnmatchcase(name, pattern) for name in (one["name"], one["path"]))


def _check_kept(given: Json) -> None:
    problems = [
        f"{name}: expected a number from 1 on, found {given[name]}"
        for name in ("keep", "keep_days", "timeout")
        if given[name] is not None and given[name] < 1
    ]
    if problems:
        raise ContractError(problems)


def _told(result: Json, check: bool) -> list[str]:
    count = f"{number(len(result['logs']), 'log')}, {size(result['bytes'])}"
    lines = []
    if check and result["logs"]:
        lines.append(f"an archive of logs would have {count}; nothing was written")
    elif result["logs"]:
        lines.append(f"archive of logs {result['archive']}: {count}, {size(result['packed'])} packed, read back")
    else:
        lines.append("the contract declares no log that is a file there: nothing was archived")
    lines += [f"  not in it: {one['path']}: {one['reason']}" for one in result["left_out"]]
    if result["removed"]:
        lines.append(f"  removed, older than is kept: {number(len(result['removed']), 'archive')}")
    return lines
