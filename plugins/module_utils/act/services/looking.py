# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows a change, and how it stands before anything is touched. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused, ServicesMoved
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import hooks, registry
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import Call, StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

Json = t.Dict[str, t.Any]


class Services(t.NamedTuple):
    """What follows a change: actions (``registry.py``), commands by moment (``hooks.py``), seconds for each step."""

    actions: t.Sequence[Json]
    hooks: Json
    limit_s: float

    def following(self) -> list[Json]:
        """Return all that is run when the files are in place, in this order."""
        after = hooks.actions(self.hooks, hooks.AFTER_CHANGE), hooks.actions(self.hooks, hooks.AFTER_SERVICES)
        return [*after[0], *self.actions, *after[1]]


def look(services: Services, root: str, state: State | None) -> list[Json]:
    """Return what is to be done, before anything is touched. Raises ServicesMoved, Refused when it cannot be told."""
    return marked(services, root, state)[0]


def marked(services: Services, root: str, state: State | None) -> tuple[list[Json], list[Json]]:
    """Return what is to be done, and the actions, whose steps know what is not well already (``ill``)."""
    call = Call(None, services.limit_s, root, "" if state is None else state.path)
    told, moved, actions = [], [], []
    for action in services.actions:
        steps = []
        for step in action["steps"]:
            try:
                seen = registry.kind_of(action).look(step, call)
            except (Unseen, StepFailed) as error:
                raise Refused(f"{action['path']}: {error.reason}") from error
            if seen.moved:
                moved.append({"path": action["path"], "expected": seen.expected, "found": seen.found})
            told.append({**named(action, step), "state": "unchanged" if seen.wanted else "to_do", "said": ""})
            steps.append({**step, "ill": seen.ill} if seen.ill else step)
        actions.append({**action, "steps": steps})
    if moved:
        raise ServicesMoved(moved)
    return told, actions


def named(action: Json, step: Json) -> Json:
    return {"kind": action["kind"], "path": action["path"], "do": step["do"]}
