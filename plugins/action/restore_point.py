# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills in what the variables of a host say about its restore points, and shows what came of it."""

from __future__ import annotations

import os
import typing as t

from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.service import ARGUMENTS, NEEDS
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import backup
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.plain import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import act_packs, points_script
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points import copies, fetching, told
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points.running import running_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.points.trees import trees_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.script_action import ScriptAction, unanswered
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache, default_folder

Json = dict[str, t.Any]

act_packs()


class ActionModule(ScriptAction):
    """What is saved and kept is up to the host's own variables, as in an audit."""

    MODULE = "evenkeel.drift.restore_point"
    SPEC: t.ClassVar[Json] = {"argument_spec": ARGUMENTS, "required_if": NEEDS}

    LISTS = False

    _supports_check_mode = True
    # Where a new point is fetched to, once it was asked for.
    _to: Json | None = None
    # What the task says, once that was looked at.
    _given: Json | None = None

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super().run(tmp, variables)
        request = self.request(variables)
        result = self.run_script(self.MODULE, points_script(request), variables)
        result.pop("invocation", None)
        if "module_stderr" in result or "module_stdout" in result:
            touches = not (self._task.check_mode or self.LISTS or request["options"]["state"] == "verified")
            return {"failed": True, "changed": False, "msg": terminal(unanswered(result, touches=touches))}
        return self.shown(request, result, variables)

    def request(self, variables: Json) -> Json:
        """Return what the host is asked: what the task says, and the host's variables where it says nothing."""
        given = plain(self.validate_argument_spec(**self.SPEC)[1], "restore_point")
        self._given = given
        host = str(variables["inventory_hostname"])
        try:
            backup.check_point(given.get("point"), self._said_by(given, variables))
            overrides = {
                f"drift_{name}": given[name] for name in ("root", "application", "state_dir") if given.get(name)
            }
            settings = control.settings_of(variables, self._templar.template, overrides)
            arguments = {**self._filled(given, settings), "restic": self._second(given, variables, host)}
            to = self._to = self._wanted(given, variables)
            arguments["fetch"] = to and {
                "certificate": fetching.certificate(to["recipient"]),
                "timeout": to["timeout"],
            }
        except ContractError as error:
            raise Refused(error, host) from error
        except fetching.FetchError as error:
            raise Refused(error, host) from error
        except ReferenceUnavailable as error:
            raise Refused(f"{host}: what the reference ignores cannot be told: {error}") from error
        return {"options": arguments, "check": bool(self._task.check_mode), "list": self.LISTS}

    def _said_by(self, given: Json, variables: Json) -> str:
        """Return what an operator has to correct where the point is wrong: the option, or the variable of the role."""
        variable = {"restored": "rollback_to", "bad": "rollback_mark_bad"}.get(str(given.get("state")), "")
        return variable if variables.get(variable) == given.get("point") else "point"

    def shown(self, request: Json, result: Json, variables: Json) -> Json:
        """Return what a host answered to a request, after it was shown to the operator."""
        if result.get("unreachable"):
            return result
        if result.get("failed"):
            more = self._hint(variables, request) if result.pop("no_point", False) else ""
            return {**result, "msg": terminal(f"{result.get('msg')}{more}")}
        return self._told(variables, request, self._fetched(variables, request, result))

    def _second(self, given: Json, variables: Json, host: str) -> Json | None:
        """Return the repository in which points are kept besides; by default that of the host's variables."""
        if given.get("restic") is not None:
            return backup.restic(given["restic"], host, "restic")
        return backup.restic(self._templar.template(variables.get(backup.RESTIC)), host)

    def _wanted(self, given: Json, variables: Json) -> Json | None:
        """Return where a new point is fetched to; by default what the host's variables say."""
        if given.get("state") != "present" or self._task.check_mode:
            return None
        return self._fetching(given, variables)

    def _fetching(self, given: Json, variables: Json) -> Json | None:
        """Return where points are fetched to, None: nowhere. Raises ContractError."""
        if given.get("fetch") is not None:
            return backup.fetch(given["fetch"], os.getcwd(), "fetch")
        return backup.fetch(self._templar.template(variables.get(backup.FETCH)), os.getcwd())

    def _copies(self, variables: Json, request: Json) -> str | None:
        """Return the folder with the points of this host that were fetched, None without one. Raises ContractError."""
        wanted, application = self._fetching(self._given or {}, variables), request["options"]["application"]
        if wanted is None:
            return None
        return fetching.folder_of(wanted["to"], str(variables["inventory_hostname"]), application)

    def _hint(self, variables: Json, request: Json) -> str:
        """Return what helps an operator whose host does not have the point, or has none."""
        try:
            folder = self._copies(variables, request)
        except ContractError as error:
            return f"; where points are fetched to cannot be told: {error}"
        return copies.hint(folder, request["options"].get("point")) if folder is not None else ""

    def _left(self, variables: Json, request: Json, result: Json) -> Json:
        """Return the result of a removal with what stays on the control node."""
        try:
            folder = self._copies(variables, request)
        except ContractError as error:
            notes = [f"whether a copy of it was fetched cannot be told: {error}"]
        else:
            notes = copies.left(folder, request["options"]["point"]) if folder is not None else []
        return {**result, "notes": [*result["notes"], *notes]}

    def _fetched(self, variables: Json, request: Json, result: Json) -> Json:
        """Fetch what the host has encrypted, and return the result with what came of it."""
        wanted, host = self._to, str(variables["inventory_hostname"])
        sealed = result.pop("sealed", None)
        if wanted is None:
            return result
        point = str(result.get("point"))
        folder = fetching.folder_of(wanted["to"], host, request["options"]["application"])
        notes: list[str] = []
        try:
            fetched = fetching.fetch(sealed, point, self._ask, folder, wanted["keep"])
        except fetching.FetchError as error:
            reason = f"the restore point {point} is good, and was not fetched: {error}"
            return {"failed": True, "changed": True, "point": point, "msg": terminal(reason)}
        finally:
            notes += fetching.cleared(sealed, point, self._ask)
        return {**result, "fetched": fetched, "notes": [*result["notes"], *notes]}

    def _ask(self, words: str) -> str:
        """Run a shell command on the host, and return what it wrote. Raises FetchError."""
        ran = self._low_level_execute_command(words)
        if ran["rc"] != 0:
            said = mask(str(ran.get("stderr") or "").strip()[-300:])
            raise fetching.FetchError(f"the host said: {said or 'nothing'}")
        return str(ran["stdout"])

    def _told(self, variables: Json, request: Json, result: Json) -> Json:
        if request["options"].get("state") == "absent":
            result = self._left(variables, request, result)
        if not result.get("failed"):
            self._show(str(variables["inventory_hostname"]), request, result)
        return result

    def _filled(self, given: Json, settings: Settings) -> Json:
        arguments = {
            **given,
            "root": settings.root,
            "application": settings.application,
            "state_dir": settings.state_dir,
            "who": given["who"] or f"{control.controller()['user']}@{control.controller()['host']}",
        }
        if given["state"] == "present" and not (given["paths"] or given["operations"] or given["trees"]):
            arguments["trees"] = trees_of(settings, Cache(default_folder(os.environ)))
            whole = given["running"] is not False
        else:
            whole = bool(given["running"])
        if given["state"] == "present" and given["running"] is not False:
            declared = running_of(settings, whole)
            arguments.update({name: value for name, value in declared.items() if not given.get(name)})
        return arguments

    def _show(self, host: str, request: Json, result: Json) -> None:
        lines = told.sentences(request["options"]["state"], request["check"], result)
        Display().display("\n".join(terminal(f"{host}: {line}") for line in lines))
