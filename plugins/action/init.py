# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a control directory on the control node."""

from __future__ import annotations

import os
import typing as t

from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.plugin_utils.control_action import ControlAction
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import safe
from ansible_collections.evenkeel.drift.plugins.plugin_utils.scaffold.directory import (
    Plan,
    ScaffoldError,
    files,
    plan,
    write,
)

Json = dict[str, t.Any]


class ActionModule(ControlAction):
    """Connects to no host."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = task_vars or {}
        super().run(tmp, variables)
        arguments = self.validate_argument_spec(argument_spec={"dest": {"type": "str", "required": True}})[1]
        wanted = files()
        try:
            todo = plan(arguments["dest"], wanted, os.getcwd())
            if not self._task.check_mode:
                write(todo, wanted)
        except ScaffoldError as error:
            raise Refused(error) from error
        Display().display(_told(todo, bool(self._task.check_mode)))
        return {"changed": bool(todo.missing), "dest": todo.folder, "created": todo.missing, "present": todo.present}


def _told(todo: Plan, check: bool) -> str:
    folder = safe.terminal(todo.folder)
    if not todo.missing:
        return f"{folder} is complete already; nothing was written."
    names = "\n".join(f"  {name}" for name in todo.missing)
    if check:
        return f"In {folder} these {len(todo.missing)} files would be written:\n{names}"
    return (
        f"In {folder} {len(todo.missing)} files were written:\n{names}\n"
        f"Next: cd {folder} && ansible-playbook audit.yml -i prod"
    )
