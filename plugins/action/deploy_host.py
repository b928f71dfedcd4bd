# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes one host as a plan says: asks it whether all is still so, saves what is about to change, and changes it."""

from __future__ import annotations

import contextlib
import tempfile
import time
import typing as t

from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.module_utils.act.together import CHANGE, CHECK, SAVE
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.action_call import (
    CallingAction,
    Failed,
    answered,
    call,
    failing,
    other,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import act_packs, packs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import changes_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys, document, requests
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.contents import write_contents
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.packing import write_pack
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.repository import loose
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points.running import containers_of, is_saved
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate.report import real_s, restarts_s
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate.takeover import Repeated, sentence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.script_action import NOT_KNOWN
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

_APPLY = "evenkeel.drift.apply_plan"
_SAVE = "evenkeel.drift.restore_point"
# How many restore points the host keeps is what the role backup says, here as well.
_KEEP = ("backup_keep", "backup_keep_days", "backup_keep_mb")
# And so it is for volumes, as far as containers use them that are made anew.
_VOLUMES = ("backup_volumes", "backup_volumes_stop")

# What became of a host by the word of the module that failed there. With each of these all is as before.
_ENDED = {"rolled_back": "rolled_back", **dict.fromkeys(("refused", "moved", "busy"), "refused")}

Json = dict[str, t.Any]

# Here, where ansible-core loads the plugin, and not in each of the processes that it then forks for the hosts.
act_packs()
packs()


class ActionModule(CallingAction):
    """Each step is written into the deploy's folder before and after it, and so is how it ended."""

    # What code the host keeps after the change, and what its own record of changes says, where that is asked for.
    _code: Json | None = None
    _record: Json | None = None
    _repeated: Repeated | None = None

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super().run(tmp, variables)
        arguments = self.validate_argument_spec(argument_spec={"folder": {"type": "str", "required": True}})[1]
        # Where the host keeps its state was decided when the plan was made.
        self._variables = {name: value for name, value in variables.items() if name != "drift_state_dir"}
        self._host = str(variables["inventory_hostname"])
        self._point: str | None = None
        self._folder = RunFolder(arguments["folder"])
        try:
            plan = document.load(self._folder.join(document.PLAN))
            part = next((one for one in plan["hosts"] if one["host"] == self._host), None)
            if part is None or not part["actions"]:
                return {"changed": False, "msg": f"{plan['id']} has nothing for {self._host}"}
            self._about = {"plan": plan["id"], "run": plan["run"], **control.controller()}
            self._policy = plan["policy"]
            self._repeated = Repeated(self._folder, plan["id"])
            return self._deploy(plan, part)
        except (StoreError, document.PlanError, OSError) as error:
            # A host of which steps are told and no result is one whose end is not known.
            raise Refused(error) from error

    def _deploy(self, plan: Json, part: Json) -> Json:
        stopped = deploys.stopped(self._folder, self._variables["ansible_play_batch"], time.time())
        if stopped:
            self._keep({"outcome": "not_begun", "reason": stopped})
            raise Refused(f"{self._host}: {stopped}")
        try:
            with tempfile.TemporaryDirectory(prefix="evenkeel-") as contents:
                reference = next(one for one in plan["references"] if one["id"] == part["reference"])
                write_contents(reference, document.contents(part), contents)
                self._strategy = self._packed(part, reference, contents)
                done = self._change(part, contents)
        except (Failed, ReferenceUnavailable) as error:
            point = self._point
            if point is not None and isinstance(error, Failed) and error.outcome == "services_failed":
                self._take_back(part, point, error)
            outcome = _ENDED.get(error.outcome, "failed") if isinstance(error, Failed) else "failed"
            self._keep({"outcome": outcome, "reason": str(error), "point": point})
            raise Refused(error, self._host) from error
        told = {"changed": done["changed_paths"], "services": done["services"]}
        if done["outcome"] == "planned":
            self._keep(self._taken_over(part) or {"outcome": "planned" if done["changed"] else "unchanged", **told})
            return {"changed": done["changed"], "paths": done["changed_paths"]}
        self._keep({"outcome": "changed", **told, "left": done["left"], "point": self._point})
        # What went wrong beside a change that is in place, such as a lock that could not be removed.
        for note in done["notes"]:
            Display().warning(terminal(f"{self._host}: {note}"))
        about = {"paths": done["changed_paths"], "left": done["left"], "notes": done["notes"]}
        return {"changed": True, "point": self._point, "code": self._code, **about}

    def _taken_over(self, part: Json) -> Json | None:
        """Return what a play of the same plan left, that was interrupted before it verified this host."""
        if self._record is None or not self._repeated:
            return None
        taken = self._repeated.result(part, changes_of({"changes": self._record}))
        if taken is not None:
            Display().display(terminal(sentence(self._host, taken["of"])))
        return taken

    def _change(self, part: Json, contents: str) -> Json:
        """Return the answer of the change, or of the check where nothing is to be changed. A change that was
        interrupted there is finished first. Raises Failed.
        """
        moves = "git" in self._strategy and not self._task.check_mode
        packed = loose(self._strategy["git"], contents) if moves else []
        save = self._save_request(part)
        # What has to be here before the change, and is made there, keeps the three from being one call.
        fetched = bool(save and save["options"]["fetch"])
        if self._task.check_mode or packed or fetched:
            looked = self._finishing(part, lambda: self._step("check", lambda: self._check(part, contents)))
            if not looked["changed"] and self._repeated:
                # Whose change that was, the check alone does not tell. It is looked at and left alone: there is no
                # restore point for what may differ by now.
                looked = self._finishing(part, lambda: self._together(part, contents, None, check=True))
            if self._task.check_mode or not looked["changed"]:
                return looked
        if packed:
            self._loosen(part, packed, contents)
        if fetched:
            self._point = self._step("save", lambda: self._call(_SAVE, self._to_save(part), False))["point"]
        return self._finishing(part, lambda: self._together(part, contents, None if fetched else save))

    def _finishing(self, part: Json, do: t.Callable[[], Json]) -> Json:
        try:
            return do()
        except Failed as error:
            if error.outcome != "unfinished" or self._task.check_mode:
                raise
        self._step("recover", lambda: self._recover(part))
        return do()

    def _save_request(self, part: Json) -> Json | None:
        """Return what the host is asked to save, None where the change touches nothing that can be saved."""
        if self._task.check_mode or not is_saved(part):
            return None
        with failing():
            return t.cast(Json, other(self, _SAVE, self._to_save(part)).request(self._variables))

    def _together(self, part: Json, contents: str, save: Json | None, check: bool = False) -> Json:
        """Check, save and change in one call, and return the answer of the last of them; with ``check`` nothing is
        changed. Raises Failed.

        Where the connection or the program ends in between, it is not known how far it came.
        """
        applying = other(self, _APPLY, {**self._to_apply(part, contents), "point": self._point}, check)
        saving = other(self, _SAVE, {})
        what = "look again" if check else "check, save and change" if save else "check and change"
        steps: dict[str, Json] = {}
        with self._noted(what, done=False), failing():
            answer = answered(applying.together(save, self._variables, bool(self._repeated)))
        self._code, self._record = answer.get("code"), answer.get("record")
        for step in answer["steps"]:
            restarts, whole = restarts_s(step["result"]), real_s(step.get("seconds"))
            with self._noted(step["what"], begun=False, restarts_s=restarts, seconds=whole), failing():
                shown = saving.shown(save, step["result"], self._variables) if step["what"] == SAVE else step["result"]
                steps[step["what"]] = answered(shown)
            self._point = steps.get(SAVE, {}).get("point", self._point)
        if answer["crash"]:
            asked = (CHECK, SAVE, CHANGE, "end") if save else (CHECK, CHANGE, "end")
            after = next(one for one in asked if one not in steps)
            with self._noted(after, begun=False):
                raise Failed(f"the program on the host ended at {answer['crash']}; {NOT_KNOWN}", "unknown")
        return steps.get(CHANGE, steps[CHECK])

    def _packed(self, part: Json, reference: Json, contents: str) -> dict[str, Json]:
        """Return what the plan's strategy asks; the objects that a repository lacks are among the contents then."""
        asked = document.strategy(part)
        if "git" in asked and not self._task.check_mode:
            asked["git"] = {**asked["git"], "pack": write_pack(reference, asked["git"]["have"], contents)}
        return asked

    def _loosen(self, part: Json, operations: list[Json], contents: str) -> None:
        """Let the branch that is about to move have a file of its own, so that the restore point holds it."""
        public = [one["path"] for one in operations]
        arguments = {"operations": operations, "contents": contents, "public": public, "id": self._about["plan"]}
        self._step("unpack the branch", lambda: self._call(_APPLY, {**arguments, **self._place(part)}, False))

    def _take_back(self, part: Json, point: str, error: Failed) -> t.NoReturn:
        """Bring the host back to its restore point, after a step on a service failed; raise in any case."""
        try:
            back = self._step("take back", lambda: self._restore(part, point, f"{self._about['plan']}: {error}"))
        except Failed as second:
            reason = (
                f"{error}; bringing it back failed as well: {second}; repair that, then run evenkeel.drift.rollback "
                f"with -e rollback_to={point}"
            )
            self._keep({"outcome": "failed", "reason": reason, "point": point, "back": "due"})
            raise Refused(f"{self._host}: {reason}") from second
        kept = f"; what failed is kept as restore point {back['saved']}" if back.get("saved") else ""
        apart = f" but for {', '.join(back['apart'])}" if back["apart"] else ""
        said = str(error).rstrip(".")
        reason = f"{said}. Everything is back as restore point {point} has it{apart}, services included{kept}"
        outcome = "failed" if back["apart"] else "rolled_back"
        kept_of = {"reason": reason, "point": point, "back": "done", "services": back["services"]}
        self._keep({"outcome": outcome, **kept_of})
        raise Refused(f"{self._host}: {reason}") from error

    def _restore(self, part: Json, point: str, why: str) -> Json:
        # What Compose had made of older files cannot be had from the files that are back: the point has it.
        level = "full" if containers_of(part) else "config"
        asked = {**self._place(part), "state": "restored", "level": level, "point": point, "why": why}
        return self._call(_SAVE, asked, False)

    def _step(self, what: str, do: t.Callable[[], Json]) -> Json:
        """Do one step, with a line before and after it."""
        with self._noted(what):
            return do()

    @contextlib.contextmanager
    def _noted(
        self, what: str, begun: bool = True, done: bool = True, restarts_s: float = 0.0, seconds: float | None = None
    ) -> t.Iterator[None]:
        """Add a line before a step, unless it was begun with others, and one after it, unless each of several has its
        own; with it how long the host says that it took, and what of that what runs.
        """
        who = self._who()
        if begun:
            deploys.note(self._folder, self._host, who, what, "begun")
        try:
            yield
        except Failed as error:
            deploys.note(self._folder, self._host, who, what, f"failed: {error}", restarts_s, seconds)
            raise
        if done:
            deploys.note(self._folder, self._host, who, what, "done", restarts_s, seconds)

    def _keep(self, result: Json) -> None:
        deploys.keep_result(self._folder, self._host, result)

    def _who(self) -> str:
        return f"{self._about['user']}@{self._about['host']}"

    def _place(self, part: Json) -> Json:
        why = f"deploy of {self._about['plan']}"
        return requests.place(part, self._who(), why, self._folder.id)

    def _to_save(self, part: Json) -> Json:
        """Return the arguments of the restore point."""
        # A step that restarts a container wants it as the audit saw it: it is not stopped for a copy in between.
        restarts = any(one["kind"] == "container" for one in part["actions"])
        names = (*_KEEP, *(_VOLUMES[: 1 if restarts else 2] if containers_of(part) else ()))
        kept = {
            name.removeprefix("backup_"): self._templar.template(self._variables[name])
            for name in names
            if self._variables.get(name) is not None
        }
        return {**requests.saving(part, self._strategy), **kept, **self._place(part)}

    def _check(self, part: Json, contents: str) -> Json:
        """Ask the host whether the plan still holds."""
        return self._call(_APPLY, self._to_apply(part, contents), True)

    def _to_apply(self, part: Json, contents: str) -> Json:
        """Return the arguments of the change."""
        asked = requests.applying(part, contents, self._policy, self._strategy)
        return {**asked, "id": self._about["plan"], **self._place(part)}

    def _recover(self, part: Json) -> Json:
        return self._call(_APPLY, {"state": "recovered", "id": self._about["plan"], **self._place(part)}, False)

    def _call(self, name: str, arguments: Json, check: bool) -> Json:
        return call(self, name, arguments, check, self._variables)
