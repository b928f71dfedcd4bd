# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finishes a change that was interrupted on a host, before anything looks at the host."""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.action_call import CallingAction, Failed, call
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import sync
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import act_packs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal

_APPLY = "evenkeel.drift.apply_plan"
_RESTORE = "evenkeel.drift.restore_point"
_SHOWN = 5

Json = dict[str, t.Any]

# Here, where ansible-core loads the plugin, and not in each of the processes that it then forks for the hosts.
act_packs()


class ActionModule(CallingAction):
    """A host without such a change, or without any state, is left as it is."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super().run(tmp, variables)
        self.validate_argument_spec(argument_spec={})
        host = str(variables["inventory_hostname"])
        try:
            # What is wrong with this one keeps all hosts from being changed: without it, another plan would be made.
            control.settings_without_host(variables, self._templar.template, "drift_plan")
        except ContractError as error:
            raise Refused(error) from error
        try:
            settings = control.settings_of(variables, self._templar.template)
        except ContractError as error:
            return {"changed": False, "msg": f"{host}: {error}", "found": None}
        arguments = {
            "state": "recovered",
            "root": settings.root,
            "application": settings.application,
            "state_dir": settings.state_dir,
            "why": "a deploy finishes it first",
        }
        try:
            result = call(self, _APPLY, arguments, False, variables)
            told = _told(result) if result.get("found") else ""
            rolled = bool(result.get("rollback"))
            if rolled:
                # The point and the level are those of the rollback that was interrupted.
                back = self._restore({**arguments, "state": "restored", "save": False}, variables)
                told = f"a rollback to {back['point']} was interrupted, and is finished{_volumes_left(back)}"
        except Failed as error:
            if error.outcome == "unreachable":
                return {"unreachable": True, "msg": terminal(str(error))}
            if error.outcome != "services_failed" or error.point is None:
                raise Refused(error, host) from error
            return self._take_back(host, arguments, error, variables)
        if told:
            Display().display(terminal(f"{host}: {told}"))
        code = result.get("code") if self._keeps_code(variables) else None
        changed = bool(result.get("changed") or rolled)
        return {"changed": changed, "found": result.get("found"), "told": terminal(told), "code": code}

    def _keeps_code(self, variables: Json) -> bool:
        """Return whether the host is to keep code. What is wrong with the variable is said when the plan is made."""
        value = self._templar.template(variables.get(sync.KEEP_CODE, True))
        return bool(boolean(value, strict=False))

    def _restore(self, arguments: Json, variables: Json) -> Json:
        """Roll back, but for the content of volumes: they may have been in use ever since.

        Raises Failed, also when not all of it came back: nothing is deployed over that.
        """
        back = call(self, _RESTORE, {**arguments, "volumes_back": False}, False, variables)
        if not back["at_point"]:
            apart = _named(back["apart"])
            raise Failed(f"not as restore point {back['point']} has it: {apart}; repair that, then roll back again")
        return back

    def _take_back(self, host: str, place: Json, error: Failed, variables: Json) -> Json:
        """Bring a host back whose services cannot be brought along with the files that are in place."""
        try:
            back = self._restore({**place, "state": "restored", "point": error.point}, variables)
        except Failed as second:
            reason = f"{error}; bringing it back to restore point {error.point} failed as well: {second}"
            raise Refused(f"{host}: {reason}") from second
        kept = _volumes_left(back)
        told = terminal(
            f"an interrupted change was taken back to {error.point}, because {str(error).rstrip('.')}{kept}"
        )
        Display().display(f"{host}: {told}")
        return {"changed": True, "found": {"point": error.point}, "told": told}


def _named(apart: list[str]) -> str:
    more = f" and {len(apart) - _SHOWN} more" if len(apart) > _SHOWN else ""
    return f"{', '.join(apart[:_SHOWN])}{more}"


def _volumes_left(back: Json) -> str:
    """Return what is told of volumes that were left as they are, as the end of a sentence."""
    names = back.get("volumes_left") or []
    if not names:
        return ""
    return (
        f"; the content of the volumes {', '.join(names)} was left as it is, with all that was written since: "
        f"evenkeel.drift.rollback with -e rollback_to={back['point']} -e rollback_level=full brings that back as well"
    )


def _told(result: Json) -> str:
    found = result["found"]
    went = {"back": "taken back", "forward": "finished"}.get(result.get("direction") or "", "to be finished")
    what = "a change"
    if found.get("kind") == "rollback":
        # Its way forward is the way back of the change that it is about.
        what, went = "a rollback", "finished"
    return f"{what} of {found.get('started')} by {found.get('who')} ({found.get('why')}) was interrupted, and is {went}"
