# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a verification: checks its variables, and makes its folder before anything is observed."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils import control, verify_asked
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.control_action import ControlAction
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys, document
from ansible_collections.evenkeel.drift.plugins.plugin_utils.play_hosts import hosts_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import carrying
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import accepted, folder, gates

_ARGUMENTS = {
    "hosts": {"type": "list", "elements": "str"},
    "deploy": {"type": "path"},
    "watch": {"type": "bool", "default": True},
    "carry": {"type": "bool", "default": False},
    "check": {"type": "bool", "default": False},
}

Json = dict[str, t.Any]


class ActionModule(ControlAction):
    """Runs once for all hosts, and connects to none; its check before that runs for each, as each host has its own
    contract.
    """

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = task_vars or {}
        super().run(tmp, variables)
        arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)[1]
        if arguments["check"]:
            return self._check(variables)
        try:
            hosts = arguments["hosts"] or hosts_of(self._task, variables)
            wanted = verify_asked.read(variables, hosts, self._templar.template)
            # The audit that follows says the same. Here no folder is left behind by a mistake.
            control.run_settings(variables, self._templar.template, hosts)
            settings = wanted.settings
            if not arguments["watch"]:
                settings = dataclasses.replace(settings, watch=None)
            opened = self._open(variables, hosts, wanted._replace(settings=settings), arguments["deploy"])
            if arguments["carry"] and arguments["deploy"] and wanted.settings.watch is not None:
                carrying.carry(RunFolder(arguments["deploy"]), opened, hosts, wanted.settings.watch)
        except (ContractError, StoreError, document.PlanError) as error:
            raise Refused(error) from error
        return {
            "changed": False,
            "folder": opened.path,
            "hosts": hosts,
            "id": opened.id,
            "since": settings.since,
            "watch": settings.watch,
            "exercise_alerts": settings.exercise_alerts,
        }

    def _check(self, variables: Json) -> Json:
        """Refuse a host whose variables cannot be used, while there is nothing yet that a refusal leaves behind."""
        try:
            control.settings_of(variables, self._templar.template)
        except ContractError as error:
            raise Refused(error, str(variables["inventory_hostname"])) from error
        return {"changed": False}

    def _open(
        self, variables: Json, hosts: t.Sequence[str], wanted: verify_asked.Asked, deploy: str | None
    ) -> RunFolder:
        settings, general, before = wanted
        environments = {host: control.environment(variables, host, self._templar.template) for host in hosts}
        labels = sorted(set(environments.values()))
        about = {
            "controller": control.controller(),
            "hosts": list(hosts),
            "keep": general.keep_verifications,
            "watch": settings.watch,
            # Whoever goes on in this play compares with it as well.
            "needed": [] if before is None else [before["name"]],
            "settings": {"strict": settings.strict, "again_days": settings.again_days, "since": settings.since},
            **(
                self._under_way(deploy, hosts)
                if deploy
                else self._deploy(settings.deploy, general.output_dir, environments)
            ),
        }
        opened = folder.open_verification(general.output_dir, labels[0] if len(labels) == 1 else "several", about)
        if before is not None:
            opened.write(accepted.FILE, before)
        return opened

    def _under_way(self, path: str, hosts: t.Sequence[str]) -> Json:
        """Return the deploy that this play is just making, whose folder is not sealed yet. Raises PlanError."""
        found = RunFolder(path)
        return {"deploy": found.id, "gates": gates.of_deploy(found, document.load(found.join(document.PLAN)), hosts)}

    def _deploy(self, name: str | None, output_dir: str, environments: t.Mapping[str, str]) -> Json:
        """Return the deploy that is verified, and its gates as they were. Raises StoreError, PlanError."""
        if name is None:
            return {"deploy": None, "gates": []}
        found = RunFolder.existing(name, os.path.join(output_dir, deploys.FOLDER), "verify_deploy", "deploy")
        return {"deploy": found.id, "gates": gates.read(found, environments)}
