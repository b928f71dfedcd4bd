# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings one host back to the restore point of its deploy, after its verification failed."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.action_call import CallingAction, Failed, call
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import some
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys, document, requests
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import course, report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

_RESTORE = "evenkeel.drift.restore_point"
_STEP = "roll back"
_SHOWN = 3

Json = dict[str, t.Any]


class ActionModule(CallingAction):
    """What becomes of the host is kept in the deploy's folder, whatever that is: later batches are not begun then."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super().run(tmp, variables)
        arguments = self.validate_argument_spec(argument_spec={"folder": {"type": "path", "required": True}})[1]
        # Where the host keeps its state was decided when the plan was made.
        self._variables = {name: value for name, value in variables.items() if name != "drift_state_dir"}
        self._host = str(variables["inventory_hostname"])
        self._folder = RunFolder(arguments["folder"])
        try:
            result = deploys.results(self._folder).get(self._host) or {}
            told = result.get("verification") or {}
            if told.get("back") != course.DUE or self._task.check_mode:
                return {"changed": False, "msg": f"{self._host} stays as it is"}
            return self._back(result, told)
        except (StoreError, document.PlanError, OSError) as error:
            raise Refused(error) from error

    def _back(self, result: Json, told: Json) -> Json:
        why = f"the verification {told['id']} failed: {report.named(told)}"
        point = result.get("point")
        if point is None:
            self._end(result, told, "failed", f"{why}. There is no restore point: this change had no files to save")
        who = _who()
        deploys.note(self._folder, self._host, who, _STEP, "begun")
        try:
            back = self._restore(result, point, why, who)
        except Failed as error:
            deploys.note(self._folder, self._host, who, _STEP, f"failed: {error}")
            more = (
                f"bringing it back failed as well: {error}; repair that, then run evenkeel.drift.rollback with "
                f"-e rollback_to={point} --limit {self._host}"
            )
            self._end(result, told, "failed", f"{why}; {more}")
        deploys.note(self._folder, self._host, who, _STEP, "done")
        apart = f", but for {some(back['apart'], _SHOWN)}" if back["apart"] else ""
        done = [one for one in back["services"] if one["state"] == "done"]
        again = "".join(f"; {one['path']}: {one['do'].replace('_', ' ')}" for one in done)
        kept = f"; what failed is kept as restore point {back['saved']}" if back.get("saved") else ""
        reason = f"{why}. Everything is back as restore point {point} has it{apart}{kept}{again}"
        outcome = "failed" if back["apart"] else "rolled_back"
        self._end({**result, "back_services": back["services"]}, {**told, "back": course.DONE}, outcome, reason)

    def _restore(self, result: Json, point: str, why: str, who: str) -> Json:
        part, level = course.way_back(self._folder, self._host, result)
        asked = {**requests.place(part, who, why, self._folder.id), "state": "restored", "level": level, "point": point}
        asked.update(course.brought_along(self._folder, self._host, result))
        return call(self, _RESTORE, asked, False, self._variables)

    def _end(self, result: Json, told: Json, outcome: str, reason: str) -> t.NoReturn:
        kept = {**result, "outcome": outcome, "reason": reason, "verification": told}
        deploys.keep_result(self._folder, self._host, kept)
        raise Refused(f"{self._host}: {reason}")


def _who() -> str:
    about = control.controller()
    return f"{about['user']}@{about['host']}"
