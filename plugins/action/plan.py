# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a plan of a run, or takes a reviewed one, and says whether it may be applied."""

from __future__ import annotations

import os
import time
import typing as t

from ansible.utils.color import ANSIBLE_COLOR
from ansible.utils.display import Display
from ansible.utils.vars import load_extra_vars
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import sync
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.control_action import ControlAction, columns
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import (
    declared,
    deploys,
    document,
    gates,
    making,
    render,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.reviewed import reviewed
from ansible_collections.evenkeel.drift.plugins.plugin_utils.play_hosts import hosts_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.offer import Offered
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache, default_folder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

_ARGUMENTS = {
    "run": {"type": "str", "default": ""},
    "step": {"type": "str", "choices": ["check", "plan"], "default": "plan"},
}

Json = dict[str, t.Any]

_RECOVERED = "__sync_recovered"
"""What the role sync registers of the task before the audit."""


class ActionModule(ControlAction):
    """Runs once for all hosts, and connects to none: everything that it reads lies in the run folder."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = task_vars or {}
        super().run(tmp, variables)
        arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)[1]
        try:
            hosts = hosts_of(self._task, variables)
            settings = self._settings(variables, hosts)
            if arguments["step"] == "check":
                return {"changed": False}
            plan, output_dir, offered = self._plan(arguments["run"], variables, hosts, settings)
            cache = Cache(default_folder(os.environ))
            todo = any(host["actions"] for host in plan["hosts"])
            plan["gates"] = declared.plan_gates(settings, plan, time.time(), cache, output_dir) if todo else []
            more = {
                "keep": self._keep(variables),
                "recovered": _recovered(variables, hosts),
                "window": settings.window,
            }
            folder = deploys.open_deploy(output_dir, _label(plan), plan, control.controller(), offered, more)
        except (ContractError, StoreError, document.PlanError) as error:
            raise Refused(error) from error
        path = folder.join(document.PLAN)
        Display().display(render.terminal(plan, path, columns=columns(), colour=ANSIBLE_COLOR))
        return _result(plan, folder, hosts)

    def _settings(self, variables: Json, hosts: t.Sequence[str]) -> sync.SyncSettings:
        """Return the settings of the deploy, which are the same for all of its hosts. Raises ContractError."""
        known = sync.variables()
        given = control.prefixed(variables, sync.PREFIX, known, self._templar.template)
        problems = control.unequal(known, hosts, variables["hostvars"], "deploy")
        problems += self._silent_batches(variables, given)
        if problems:
            raise ContractError(problems)
        return sync.resolve(given)

    def _keep(self, variables: Json) -> int:
        """Return how many folders of deploys are kept. Raises ContractError."""
        return control.settings_without_host(variables, self._templar.template, "drift_keep_deploys").keep_deploys

    def _silent_batches(self, variables: Json, given: Json) -> list[str]:
        """Refuse batches that Ansible would not see: a play is cut into them before it knows any host's variables."""
        play = self._task.get_play()
        spoken = {*load_extra_vars(self._loader), *(play.vars if play is not None else {})}
        if given.get(sync.BATCHES) is None or sync.BATCHES in spoken:
            return []
        return [
            f"{sync.BATCHES}: is set in the inventory, where Ansible does not look for it: all hosts would be changed "
            f"at once. Give it with -e {sync.BATCHES}={given[sync.BATCHES]}, or in vars: where a playbook imports this"
        ]

    def _plan(
        self, run: str, variables: Json, hosts: t.Sequence[str], settings: sync.SyncSettings
    ) -> tuple[Json, str, Offered]:
        """Return the plan, the folder that run folders are made in, and what is proposed besides."""
        given = control.drift_variables(variables, self._templar.template)
        if run:
            folder = RunFolder(run)
            state_dirs = {host: self._state_dir(variables, host, given) for host in hosts}
            made, offered = making.make(folder, settings, Cache(default_folder(os.environ)), utc_now(), state_dirs)
            return made, os.path.dirname(folder.path), offered
        known = control.settings_without_host(variables, self._templar.template, "drift_output_dir", "drift_plan")
        if known.plan is None:
            raise ContractError(["drift_plan: is not set, and there is no audit to make a plan of"])
        plan = document.load(document.named(known.plan, os.getcwd()))
        asked = control.prefixed(variables, sync.PREFIX, sync.variables(), self._templar.template)
        said = {name for name, value in asked.items() if value not in (None, "")}
        places = {host: self._at(variables, host, given) for host in hosts}
        return reviewed(plan, settings, said, places), known.output_dir, {}

    def _at(self, variables: Json, host: str, given: Json) -> dict[str, str | None]:
        """Return the environment of a host, and its application as far as that is said. Raises ContractError."""
        its = variables["hostvars"][host]
        wanted = {name: its.get(name) or given.get(name) for name in ("drift_root", "drift_application")}
        known = resolve(
            {"drift_root": "/", **{name: value for name, value in wanted.items() if value}}, cwd=os.getcwd()
        )
        return {
            "environment": control.environment(variables, host, self._templar.template),
            "root": known.root if wanted["drift_root"] else None,
            "application": known.application if any(wanted.values()) else None,
        }

    def _state_dir(self, variables: Json, host: str, given: Json) -> str | None:
        value = variables["hostvars"][host].get("drift_state_dir") or given.get("drift_state_dir")
        return resolve({"drift_root": "/", "drift_state_dir": value}, cwd=os.getcwd()).state_dir


def _recovered(variables: Json, hosts: t.Sequence[str]) -> dict[str, str]:
    """Return what was told, by host, of changes that were interrupted and finished before the plan was made."""
    found = {host: variables["hostvars"][host].get(_RECOVERED) or {} for host in hosts}
    return {host: str(result["told"]) for host, result in found.items() if result.get("told")}


def _label(plan: Json) -> str:
    labels = sorted({str(host["environment"]) for host in plan["hosts"]})
    return labels[0] if len(labels) == 1 else "several"


def _result(plan: Json, folder: RunFolder, hosts: t.Sequence[str]) -> Json:
    """Return which hosts may be changed, and why others may not."""
    blocked = gates.refusals(plan["gates"])
    refused = {one["host"]: gates.refusals(one["gates"]) for one in plan["hosts"]}
    refused = {host: [terminal(said) for said in sentences] for host, sentences in refused.items() if sentences}
    changing = [one["host"] for one in plan["hosts"] if one["actions"] and one["host"] not in refused]
    changing = [host for host in changing if host in hosts]
    return {
        "changed": False,
        "id": plan["id"],
        "path": folder.join(document.PLAN),
        "folder": folder.path,
        "blocked": [terminal(said) for said in blocked] if changing else [],
        "refused": refused,
        "hosts": [] if blocked else changing,
        "changes": sum(len(one["actions"]) for one in plan["hosts"]),
        "left_out": sum(len(one["left_out"]) for one in plan["hosts"]),
    }
