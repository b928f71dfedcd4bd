# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets a host send a marked test message to each alert channel of its contract."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import alert_packs, alert_script
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.script_action import NotBecome, ScriptAction, unanswered
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import alerts

_MODULE = "evenkeel.drift.verify_alerts"

Json = dict[str, t.Any]

# Here, where ansible-core loads the plugin, and not in each of the processes that it then forks for the hosts.
alert_packs()


class ActionModule(ScriptAction):
    """One task, one process on the host. In check mode nothing is sent."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super().run(tmp, variables)
        arguments = self.validate_argument_spec(argument_spec={"folder": {"type": "str", "required": True}})[1]
        host, folder = str(variables["inventory_hostname"]), RunFolder(arguments["folder"])
        try:
            settings = control.settings_of(variables, self._templar.template)
            # Where the observation leaves them out no check could say what came of them.
            asked = alerts.channels({name: settings.contract[name] for name in settings.sections})
            if not asked or self._task.check_mode:
                return {"changed": False, "sent": []}
            request = {"root": settings.root, "message": alerts.message(folder.id), "channels": asked}
            found = self._tried(folder, host, request, variables)
        except (ContractError, StoreError, GarbledAnswer) as error:
            raise Refused(error, host) from error
        display = Display()
        for one in found:
            display.display(terminal(alerts.said(one, host)))
        return {"changed": any(one["outcome"] == "taken" for one in found), "sent": [one["name"] for one in found]}

    def _tried(self, folder: RunFolder, host: str, request: Json, variables: Json) -> list[Json]:
        """Return what came of the channels. Raises AnsibleActionFail, GarbledAnswer, StoreError."""
        asked = request["channels"]
        try:
            return alerts.keep(folder, host, asked, self._send(request, variables))
        except NotBecome:
            raise
        except (AnsibleActionFail, GarbledAnswer):
            # The messages may be on their way: nobody can say any more that nothing was sent.
            alerts.lose(folder, host, asked)
            raise

    def _send(self, request: Json, variables: Json) -> Json:
        try:
            result = self.run_script(_MODULE, alert_script(request), variables)
        except AnsibleConnectionFailure as error:
            raise Refused(mask(str(error))) from error
        if result.get("failed") or result.get("unreachable") or not isinstance(result.get("answer"), dict):
            raise Refused(unanswered(result))
        answer: Json = result["answer"]
        return answer
