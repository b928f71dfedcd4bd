# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges a run from its folder, writes findings and report, seals the folder, and shows the outcome."""

from __future__ import annotations

import typing as t

from ansible.utils.color import ANSIBLE_COLOR
from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.judging import finish, judge_again
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.control_action import ControlAction, columns
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import safe, terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

Json = dict[str, t.Any]


class ActionModule(ControlAction):
    """Runs once for all hosts, and connects to none: everything that it reads lies in the run folder."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = task_vars or {}
        super().run(tmp, variables)
        arguments = self.validate_argument_spec(
            argument_spec={
                "run": {"type": "str", "required": True},
                "again": {"type": "bool", "default": False},
                "brief": {"type": "bool", "default": False},
            }
        )[1]
        try:
            if arguments["again"]:
                folder = control.stored_run(arguments["run"], variables, self._templar.template)
                result = judge_again(folder)
            else:
                result = finish(RunFolder(arguments["run"]))
        except (StoreError, ContractError, ReferenceUnavailable) as error:
            raise Refused(error) from error
        if arguments["brief"]:
            text = terminal.name(result.findings, result.report)
        else:
            text = terminal.render(result.findings, columns=columns(), colour=ANSIBLE_COLOR, report_path=result.report)
        Display().display(text)
        return {
            "changed": False,
            "run": result.folder.path,
            "report": result.report,
            "verdict": result.findings["verdict"],
            "failed_hosts": {host: _shown(verdict) for host, verdict in result.failed.items()},
            "not_begun": result.not_begun,
        }


def _shown(verdict: Json) -> Json:
    """Return a host's verdict as it can be printed: its reasons hold the host's names, which Ansible shows raw."""
    return {**verdict, "reasons": [{**one, "summary": safe.terminal(one["summary"])} for one in verdict["reasons"]]}
