# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes one host as a plan says: asks it whether all is still so, saves what is about to change, and changes it."""

from __future__ import annotations

import tempfile
import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.action_call import Failed, call
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys, document, gates
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.container_look import compose_paths
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.contents import write_contents
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.packing import write_pack
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.repository import loose, saved_paths
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points.running import containers_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

_APPLY = "evenkeel.drift.apply_plan"
_SAVE = "evenkeel.drift.restore_point"
# What a step may take: this long, or so many times the estimate of the whole.
_SECONDS = 600
_PATIENCE = 10
# How many restore points the host keeps is what the role backup says, here as well.
_KEEP = ("backup_keep", "backup_keep_days", "backup_keep_mb")
# And so it is for volumes, as far as containers use them that are made anew.
_VOLUMES = ("backup_volumes", "backup_volumes_stop")

Json = dict[str, t.Any]


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """Each step is written into the deploy's folder before and after it, and so is how it ended."""

    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super().run(tmp, variables)
        arguments = self.validate_argument_spec(argument_spec={"folder": {"type": "str", "required": True}})[1]
        # Where the host keeps its state was decided when the plan was made.
        self._variables = {name: value for name, value in variables.items() if name != "drift_state_dir"}
        self._host = str(variables["inventory_hostname"])
        self._folder = RunFolder(arguments["folder"])
        try:
            plan = document.load(self._folder.join(document.PLAN))
            part = next((one for one in plan["hosts"] if one["host"] == self._host), None)
            if part is None or not part["actions"]:
                return {"changed": False, "msg": f"{plan['id']} has nothing for {self._host}"}
            self._about = {"plan": plan["id"], "run": plan["run"], **control.controller()}
            self._policy = plan["policy"]
            return self._deploy(plan, part)
        except (StoreError, document.PlanError, OSError) as error:
            # A host of which steps are told and no result is one whose end is not known.
            raise AnsibleActionFail(terminal(str(error))) from error

    def _deploy(self, plan: Json, part: Json) -> Json:
        stopped = self._stopped()
        if stopped:
            self._keep({"outcome": "not_begun", "reason": stopped})
            raise AnsibleActionFail(terminal(f"{self._host}: {stopped}"))
        point = None
        try:
            with tempfile.TemporaryDirectory(prefix="evenkeel-") as contents:
                reference = next(one for one in plan["references"] if one["id"] == part["reference"])
                write_contents(reference, document.contents(part), contents)
                self._strategy = self._packed(part, reference, contents)
                looked = self._look(part, contents)
                if self._task.check_mode or not looked["changed"]:
                    outcome = "planned" if looked["changed"] else "unchanged"
                    told = {"changed": looked["changed_paths"], "services": looked["services"]}
                    self._keep({"outcome": outcome, **told})
                    return {"changed": looked["changed"], "paths": looked["changed_paths"]}
                if document.operations(part) or document.strategy(part) or containers_of(part):
                    self._loosen(part, contents)
                    point = self._step("save", lambda: self._save(part))["point"]
                done = self._step("change", lambda: self._apply(part, contents, False, point))
        except (Failed, ReferenceUnavailable) as error:
            if point is not None and isinstance(error, Failed) and error.outcome == "services_failed":
                self._take_back(part, point, error)
            back = isinstance(error, Failed) and error.outcome == "rolled_back"
            self._keep({"outcome": "rolled_back" if back else "failed", "reason": str(error), "point": point})
            raise AnsibleActionFail(terminal(f"{self._host}: {error}")) from error
        kept = {"changed": done["changed_paths"], "left": done["left"], "services": done["services"], "point": point}
        self._keep({"outcome": "changed", **kept})
        # What went wrong beside a change that is in place, such as a lock that could not be removed. Of a module's own
        # warnings ansible-core makes objects.
        warnings = [f"{self._host}: {one}" if isinstance(one, str) else one for one in done.get("warnings") or ()]
        told = {"paths": done["changed_paths"], "left": done["left"], "point": point, "warnings": warnings}
        return {"changed": True, **told}

    def _packed(self, part: Json, reference: Json, contents: str) -> dict[str, Json]:
        """Return what the plan's strategy asks; the objects that a repository lacks are among the contents then."""
        asked = document.strategy(part)
        if "git" in asked and not self._task.check_mode:
            asked["git"] = {**asked["git"], "pack": write_pack(reference, asked["git"]["have"], contents)}
        return asked

    def _loosen(self, part: Json, contents: str) -> None:
        """Let the branch that is about to move have a file of its own, so that the restore point holds it."""
        operations = loose(self._strategy["git"], contents) if "git" in self._strategy else []
        if operations:
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
            self._keep({"outcome": "failed", "reason": reason, "point": point})
            raise AnsibleActionFail(terminal(f"{self._host}: {reason}")) from second
        kept = f"; what failed is kept as restore point {back['saved']}" if back.get("saved") else ""
        apart = f" but for {', '.join(back['apart'])}" if back["apart"] else ""
        said = str(error).rstrip(".")
        reason = f"{said}. Everything is back as restore point {point} has it{apart}, services included{kept}"
        outcome = "failed" if back["apart"] else "rolled_back"
        self._keep({"outcome": outcome, "reason": reason, "point": point, "services": back["services"]})
        raise AnsibleActionFail(terminal(f"{self._host}: {reason}")) from error

    def _restore(self, part: Json, point: str, why: str) -> Json:
        # What Compose had made of older files cannot be had from the files that are back: the point has it.
        level = "full" if containers_of(part) else "config"
        asked = {**self._place(part), "state": "restored", "level": level, "point": point, "why": why}
        return self._call(_SAVE, asked, False)

    def _look(self, part: Json, contents: str) -> Json:
        """Ask the host whether the plan still holds. A change that was interrupted there is finished first."""
        try:
            return self._step("check", lambda: self._apply(part, contents, check=True))
        except Failed as error:
            if error.outcome != "unfinished" or self._task.check_mode:
                raise
        self._step("recover", lambda: self._recover(part))
        return self._step("check", lambda: self._apply(part, contents, check=True))

    def _stopped(self) -> str:
        """Return why this host is not begun, if it is not: an earlier batch failed, or took until the window closed."""
        batch = set(self._variables["ansible_play_batch"])
        failed = [host for host in deploys.failures(self._folder) if host not in batch]
        if failed:
            return f"not begun, because {failed[0]} failed before it: repair that, then deploy again"
        closed = gates.refusals([gates.window(self._folder.read("run.json").get("window") or [], time.time())])
        return f"not begun: {closed[0]}" if closed else ""

    def _step(self, what: str, do: t.Callable[[], Json]) -> Json:
        """Do one step, with a line before and after it."""
        who = f"{self._about['user']}@{self._about['host']}"
        deploys.note(self._folder, self._host, who, what, "begun")
        try:
            result = do()
        except Failed as error:
            deploys.note(self._folder, self._host, who, what, f"failed: {error}")
            raise
        deploys.note(self._folder, self._host, who, what, "done")
        return result

    def _keep(self, result: Json) -> None:
        deploys.keep_result(self._folder, self._host, result)

    def _place(self, part: Json) -> Json:
        """Return where on the host things are, and who changes them why, for its own log."""
        return {
            "root": part["root"],
            "application": part["application"],
            "state_dir": part["state_dir"],
            "who": f"{self._about['user']}@{self._about['host']}",
            "why": f"deploy of {self._about['plan']}",
            "run": self._folder.id,
            "timeout": max(_SECONDS, _PATIENCE * part["estimate"]["seconds"]),
        }

    def _save(self, part: Json) -> Json:
        # A step that restarts a container wants it as the audit saw it: it is not stopped for a copy in between.
        restarts = any(one["kind"] == "container" for one in part["actions"])
        names = (*_KEEP, *(_VOLUMES[: 1 if restarts else 2] if containers_of(part) else ()))
        kept = {
            name.removeprefix("backup_"): self._templar.template(self._variables[name])
            for name in names
            if self._variables.get(name) is not None
        }
        repository = saved_paths(self._strategy["git"]) if "git" in self._strategy else []
        # Compose files, too: what Compose makes of a container is not only in the plan's own paths.
        paths = [*repository, *compose_paths(part)]
        asked = {"state": "present", "operations": document.operations(part), "paths": paths}
        asked.update(**kept, **containers_of(part))
        return self._call(_SAVE, {**asked, **self._place(part)}, False)

    def _apply(self, part: Json, contents: str, check: bool, point: str | None = None) -> Json:
        # What the contract calls a secret is in no plan. What has the name of one all the same may travel.
        public = sorted(path for path in document.contents(part) if is_secret_file(path))
        arguments: Json = {
            "operations": document.operations(part),
            "contents": contents,
            "public": public,
            "services": document.services(part),
            "hooks": self._policy["hooks"],
            "step_timeout": self._policy["step_timeout"],
            "point": point,
        }
        arguments.update(self._strategy)
        return self._call(_APPLY, {**arguments, "id": self._about["plan"], **self._place(part)}, check)

    def _recover(self, part: Json) -> Json:
        return self._call(_APPLY, {"state": "recovered", "id": self._about["plan"], **self._place(part)}, False)

    def _call(self, name: str, arguments: Json, check: bool) -> Json:
        return call(self, name, arguments, check, self._variables)
