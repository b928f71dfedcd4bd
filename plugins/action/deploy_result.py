# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says what became of a deploy: after each batch what there is so far, and at its end whether all is well."""

from __future__ import annotations

import os
import typing as t

from ansible.utils.color import ANSIBLE_COLOR
from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.plugin_utils.control_action import ControlAction, columns
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys, document, ending, summary
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import course, final
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import report as remediation
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

Json = dict[str, t.Any]


class ActionModule(ControlAction):
    """Runs once for all hosts, and connects to none: everything that it reads lies in the deploy's folder."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        super().run(tmp, task_vars or {})
        arguments = self.validate_argument_spec(
            argument_spec={
                "folder": {"type": "str", "required": True},
                "judged": {"type": "dict"},
                "verification": {"type": "path"},
            }
        )[1]
        folder, judged = RunFolder(arguments["folder"]), arguments["judged"]
        try:
            plan = document.load(folder.join(document.PLAN))
            found = self._verified(folder, arguments["verification"]) if judged else {}
            if found is None:
                # What is at hand then is an audit of before, or the verification of a batch.
                judged, found = {"failed_hosts": {}}, {}
            after = None if judged is None else {**self._after(plan, judged), **found}
            ended = deploys.report(folder, plan, after)
        except (StoreError, document.PlanError, FileNotFoundError) as error:
            raise Refused(error) from error
        if judged is not None:
            path = folder.join(deploys.RESULT)
            about = folder.read("run.json")
            Display().display(summary.terminal(plan, ended, about, path, columns=columns(), colour=ANSIBLE_COLOR))
        return {"changed": False, "folder": folder.path, "failed_hosts": self._failed(plan, ended, judged)}

    def _verified(self, folder: RunFolder, verification: str | None) -> Json | None:
        """Return what the verification in the end of a remediation says, nothing for a deploy without one; None where
        it did not come to an end, or cannot be read any more. Raises StoreError.
        """
        if remediation.unverified(folder.read("run.json")):
            return None
        try:
            return final.ending(folder, RunFolder(verification)) if verification else {}
        except (StoreError, FileNotFoundError) as error:
            course.unverified(folder, str(error))
            return None

    def _failed(self, plan: Json, ended: t.Sequence[ending.Ending], judged: Json | None) -> Json:
        """Return the hosts that fail: those that were not changed as planned, and those that the audit fails."""
        ours = ending.verdicts(plan, ended)
        for verdict in ours.values():
            for reason in verdict["reasons"]:
                reason["summary"] = terminal(reason["summary"])
        if self._task.check_mode or not judged:
            return ours
        return {**judged["failed_hosts"], **ours}

    def _after(self, plan: Json, judged: Json) -> Json:
        """Return which audit followed, and its verdict. In check mode none did; where nothing was done the one before
        stands.
        """
        run = os.path.basename(judged.get("run", ""))
        if self._task.check_mode or run == "":
            return {}
        if run == plan["run"]:
            return {"standing": judged["verdict"]["state"]}
        return {"after": run, "verdict": judged["verdict"]["state"]}
