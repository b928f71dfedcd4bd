# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes a host's files as one transaction: sends the contents that it lacks and the code that applies them."""

from __future__ import annotations

import base64
import json
import tempfile
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import strategy
from ansible_collections.evenkeel.drift.plugins.module_utils.act.leftover import NOTHING
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations, checked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.together import SAVE
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.act.contents import ContentError, check, needed, pack
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange import kept
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import (
    act_packs,
    act_script,
    kept_after,
    leftover_script,
    together_script,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.script_action import ScriptAction, unanswered

_MODULE = "evenkeel.drift.apply_plan"
_ARGUMENTS = {
    "state": {"type": "str", "choices": ["applied", "recovered"], "default": "applied"},
    "root": {"type": "str"},
    "application": {"type": "str", "required": True},
    "state_dir": {"type": "str"},
    "operations": {"type": "list", "elements": "dict", "default": []},
    "git": {"type": "dict"},
    "release": {"type": "dict"},
    "contents": {"type": "path"},
    "services": {"type": "list", "elements": "dict", "default": []},
    "hooks": {"type": "dict", "default": {}},
    "step_timeout": {"type": "int", "default": 120},
    "point": {"type": "str"},
    "host_contents": {"type": "str"},
    "public": {"type": "list", "elements": "str", "default": []},
    "direction": {"type": "str", "choices": ["auto", "back", "forward"], "default": "auto"},
    "id": {"type": "str", "default": ""},
    "who": {"type": "str"},
    "why": {"type": "str", "default": "apply_plan"},
    "run": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 300},
}
# Up to here a pack travels with the script, which takes four calls less than a file; it is in memory a few times then.
_INLINE = 1 << 20

_PLACE = ("root", "application", "state_dir", "operations", "git", "release", "services", "hooks", "direction")

Json = dict[str, t.Any]
Send = t.Callable[[Json], Json]

# Here, where ansible-core loads the plugin, and not in each of the processes that it then forks for the hosts.
act_packs()


class ActionModule(ScriptAction):
    """One process on the host; a file is sent before it when the contents are more than a few."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super().run(tmp, variables)
        request, arguments = self._request()
        if request["what"] == "recover":
            return self._recover(request, variables)
        return self._apply(request, arguments, lambda whole: self._send(whole, variables))

    def together(self, save: Json | None, task_vars: Json, record: bool = False) -> Json:
        """Check the host, make a restore point of it as the request ``save`` says, if it does, and apply the
        operations, in one call. Returns what ``module_utils/act/together.py`` answers, with the ``record`` of changes
        where that is asked for, or ``failed``.
        """
        variables = dict(task_vars, ansible_no_target_syslog=True)
        super().run(None, variables)
        request, arguments = self._request()
        return self._apply(request, arguments, lambda whole: self._send_all(whole, save, record, variables))

    def _request(self) -> tuple[Json, Json]:
        """Return the request without contents, and the arguments of the task."""
        arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)[1]
        arguments = json.loads(json.dumps(arguments))
        me = control.controller()
        request: Json = {
            "what": "recover" if arguments["state"] == "recovered" else "apply",
            "check": bool(self._task.check_mode),
            "timeout_s": arguments["timeout"],
            "about": {"kind": "sync", "who": arguments["who"] or f"{me['user']}@{me['host']}"},
            "step_timeout_s": arguments["step_timeout"],
            **{key: arguments[key] for key in _PLACE},
        }
        request["about"].update({key: arguments[key] for key in ("id", "why", "run", "point")})
        return request, arguments

    def _recover(self, request: Json, variables: Json) -> Json:
        """Finish what an earlier change left. Most hosts have nothing of the kind, and are not sent the code."""
        looked = self.run_script(_MODULE, leftover_script(request), variables)
        if looked.get("unreachable"):
            return looked
        told = kept.read(looked.get("code"))
        code = {} if told is None else {"code": told.told()}
        if looked.get("needed") is False and not looked.get("failed"):
            return {"changed": False, **NOTHING, **code}
        return {**self._send(request, variables), **code}

    def _apply(self, request: Json, arguments: Json, send: Send) -> Json:
        """Add the contents to a request to apply operations, and send it."""
        if not arguments["root"] or not arguments["root"].startswith("/"):
            raise Refused(f"root: an absolute path is needed, found {arguments['root']!r}")
        try:
            return self._with_contents(request, arguments, send)
        except (BadOperations, ContentError) as error:
            raise Refused(error) from error

    def _with_contents(self, request: Json, arguments: Json, send: Send) -> Json:
        operations = checked(request["operations"])
        if arguments["host_contents"]:
            request["folder"] = arguments["host_contents"]
            return send(request)
        wanted = needed(operations, arguments["public"])
        wanted.update(dict.fromkeys(strategy.contents(request), "the pack of the commit's objects"))
        if wanted and not arguments["contents"]:
            raise Refused("contents: operations that write files need a folder of contents")
        if wanted:
            check(arguments["contents"], wanted)
        if not wanted or request["check"]:
            return send(request)
        with tempfile.NamedTemporaryFile(prefix="evenkeel-") as packed:
            pack(arguments["contents"], wanted, t.cast(t.BinaryIO, packed))
            packed.flush()
            if packed.tell() > _INLINE:
                return self._send_file(request, packed.name, send)
            packed.seek(0)
            request["pack"] = base64.b64encode(packed.read()).decode("ascii")
            return send(request)

    def _send_file(self, request: Json, packed: str, send: Send) -> Json:
        """Send the contents as a file, by the connection, then apply the operations."""
        folder = self._make_tmp_path()
        try:
            remote = self._connection._shell.join_path(folder, "contents")
            self._transfer_file(packed, remote)
            self._fixup_perms2((folder, remote))
            request["pack_file"] = remote
            return send(request)
        finally:
            self._remove_tmp_path(folder)

    def _send(self, request: Json, variables: Json) -> Json:
        result = self.run_script(_MODULE, act_script(request), variables)
        if "outcome" in result:
            shown = _shown(result)
            return {**shown, "warnings": [*(result.get("warnings") or []), *shown.pop("notes", [])]}
        return self._unanswered(result, touches=not request["check"])

    def _send_all(self, request: Json, save: Json | None, record: bool, variables: Json) -> Json:
        # What is saved is told apart: the host takes the operations from the change.
        save = save and {**save, "options": {**save["options"], "operations": []}}
        asked = {"apply": request, "save": save, "record": record}
        there = kept.of(variables)
        audited = self._audited(variables) if there is not None else ()
        result = self.run_kept(_MODULE, lambda known: together_script(asked, known, audited), variables)
        if "steps" not in result:
            return self._unanswered(result, touches=True)
        if there is not None:
            result["code"] = kept_after(asked, there, audited).told()
        steps = [one if one["what"] == SAVE else {**one, "result": _shown(one["result"])} for one in result["steps"]]
        return {**result, "steps": steps}

    def _audited(self, variables: Json) -> t.Sequence[str]:
        """Return the sections of the audit after the change: their code is kept with that of the change."""
        try:
            return control.settings_of(variables, self._templar.template).sections
        except ContractError:
            # The audit says so; what is applied is a plan, and does not depend on it.
            return ()

    def _unanswered(self, result: Json, touches: bool) -> Json:
        if result.get("unreachable"):
            return result
        msg = terminal(unanswered(result, touches))
        return {"failed": True, "changed": False, "outcome": "unknown", "msg": msg}


def _shown(result: Json) -> Json:
    """Return what a host says of a change, as it may be shown."""
    shown: Json = {key: terminal(result[key]) for key in ("msg", "reason") if key in result}
    if "services" in result:
        shown["services"] = [{**one, "said": terminal(one["said"])} for one in result["services"]]
    if "notes" in result:
        shown["notes"] = [terminal(text) for text in result["notes"]]
    return {**result, **shown}
