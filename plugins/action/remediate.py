# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leads a remediation from one step to the next: which hosts are verified, and what follows from that."""

from __future__ import annotations

import typing as t

from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.plugin_utils import verify_asked
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.control_action import ControlAction
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import document
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import course, takeover
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

_STEPS = ["check", "open", "due", "decide", "due_again", "confirm", "unverified"]
_ARGUMENTS = {
    "folder": {"type": "path"},
    "step": {"type": "str", "required": True, "choices": _STEPS},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "verification": {"type": "path"},
    "reason": {"type": "str", "default": ""},
}
_NEEDS = [("step", step, ("folder",)) for step in _STEPS[1:]]

Json = dict[str, t.Any]


class ActionModule(ControlAction):
    """Runs once for the hosts of a batch, and connects to none: all that it reads lies in the folders of the play."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = task_vars or {}
        super().run(tmp, variables)
        arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS, required_if=_NEEDS)[1]
        if arguments["step"] == "check":
            return self._check(variables)
        folder = RunFolder(arguments["folder"])
        verification = None if not arguments["verification"] else RunFolder(arguments["verification"])
        batch = [str(host) for host in variables["ansible_play_batch"]]
        try:
            if arguments["step"] == "open":
                hosts = self._open(folder, arguments["hosts"], variables)
            elif arguments["step"] == "decide":
                hosts = self._decide(folder, batch, verification)
            elif arguments["step"] == "confirm":
                course.confirm(folder, batch, verification)
                hosts = []
            elif arguments["step"] == "unverified":
                course.unverified(folder, arguments["reason"])
                hosts = []
            else:
                find = course.due if arguments["step"] == "due" else course.due_again
                hosts = find(folder, batch)
        except (StoreError, document.PlanError, OSError) as error:
            raise Refused(error) from error
        return {"changed": False, "hosts": hosts}

    def _check(self, variables: Json) -> Json:
        """Refuse what is wrong with the verification before anything is changed."""
        hosts = [str(host) for host in variables["ansible_play_hosts_all"]]
        try:
            verify_asked.read(variables, hosts, self._templar.template)
        except (ContractError, StoreError) as error:
            raise Refused(error) from error
        return {"changed": False, "hosts": []}

    def _open(self, folder: RunFolder, changing: t.Sequence[str], variables: Json) -> list[str]:
        """Return the hosts that are changed, and those that an interrupted remediation left unverified."""
        if self._task.check_mode:
            course.rehearse(folder)
            return list(changing)
        plan = document.load(folder.join(document.PLAN))
        course.begin(folder, plan, audited=not variables.get("drift_plan"))
        taken = takeover.take_over(folder, plan, {str(host) for host in variables["ansible_play_hosts_all"]})
        for host, name in sorted(taken.items()):
            Display().display(terminal(takeover.sentence(host, name)))
        for host, name in sorted(course.unproven(folder).items()):
            Display().display(terminal(takeover.anew(host, name)))
        return sorted({*changing, *taken}, key=list(variables["ansible_play_hosts_all"]).index)

    def _decide(self, folder: RunFolder, batch: t.Sequence[str], verification: RunFolder | None) -> list[str]:
        back = course.decide(folder, batch, verification)
        for host, reason in sorted(back.items()):
            Display().display(terminal(f"{host}: goes back, because {reason}"))
        return sorted(back)
