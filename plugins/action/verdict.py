# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives one host the verdict that the judge reached about it."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.control_action import ControlAction

Json = dict[str, t.Any]


class ActionModule(ControlAction):
    """Connects to no host: a host that could not be reached gets its verdict too."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = task_vars or {}
        super().run(tmp, variables)
        arguments = self.validate_argument_spec(argument_spec={"failed_hosts": {"type": "dict", "required": True}})[1]
        host = str(variables["inventory_hostname"])
        verdict = arguments["failed_hosts"].get(host)
        if verdict is None:
            return {"changed": False, "msg": f"{host} is in sync, as far as it is audited"}
        reasons = verdict["reasons"]
        # Of very many not all are listed.
        others = len(reasons) - 1 + int(verdict.get("more", 0))
        more = f" (and {others} more, see the report)" if others else ""
        message = f"{reasons[0]['severity']}: {reasons[0]['summary']}{more}"
        result = {"changed": False, "msg": message, "findings": [reason["id"] for reason in reasons]}
        return {**result, "unreachable": True} if verdict["unreachable"] else {**result, "failed": True}
