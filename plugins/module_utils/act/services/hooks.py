# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the operator between the parts of a change. Private to the collection.

Whether what a command is for is so already, nobody but its author knows: one that was interrupted is run again.
"""

from __future__ import annotations

import os
import re
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import program
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import under_way
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import Call, Seen, Step, StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask, mask_argv

BEFORE_CHANGE, AFTER_CHANGE, AFTER_SERVICES, ON_FAILURE = PHASES = (
    "before_change",
    "after_change",
    "after_services",
    "on_failure",
)
"""When a command runs: before anything is touched; when the files are in place; when the services run; and when the
change came to nothing after ``before_change``, at the end of the way back.
"""

WORDS: t.Mapping[str, t.Mapping[str, t.Any]] = {"run": {"argv": [str], "when": re.compile("|".join(PHASES))}}


def look(_step: Step, _call: Call) -> Seen:
    return Seen(False)


def run(step: Step, call: Call) -> str:
    """Run a command, as this user and in the application's root. Raises StepFailed."""
    shown = shlex.join(mask_argv(step["argv"]))
    found = step["argv"][0] if step["argv"][0].startswith("/") else program.find(step["argv"][0])
    if found is None:
        raise StepFailed(f"the hook {shown} ({step['when']}): this host has no program {mask(step['argv'][0])}")
    if not os.access(found, os.X_OK):
        raise StepFailed(f"the hook {shown} ({step['when']}): {mask(found)} is not there, or may not be run")
    try:
        done = program.run([found, *step["argv"][1:]], call.limit_s, cwd=call.root, begun=_noting(call, shown))
    except program.ProgramFailed as error:
        raise StepFailed(f"the hook {shown} ({step['when']}) failed: {error}") from None
    return f"{shown} succeeded" + (f" and said: {done.said}" if done.said else "")


def _noting(call: Call, shown: str) -> t.Callable[[int], None] | None:
    """Return what notes the process of a hook before it begins, None where nothing is kept."""
    keep = call.note
    if keep is None:
        return None

    def begun(pid: int) -> None:
        noted = under_way.note(pid, shown)
        if noted is not None:
            keep(noted)

    return begun


def check(given: t.Any) -> None:
    """Look at lists of commands by moment, before anything is touched. Raises BadOperations, which names the place."""
    if not isinstance(given, dict) or not given.keys() <= set(PHASES):
        raise BadOperations(f"hooks: expected lists of commands by {', '.join(PHASES)}")
    for when, commands in sorted(given.items()):
        for number, argv in enumerate(commands if isinstance(commands, list) else [commands]):
            if not isinstance(argv, list) or not argv or not all(map(_is_word, argv)) or not argv[0]:
                raise BadOperations(f"hooks.{when}[{number}]: expected a command, as a list of its arguments")


def _is_word(value: t.Any) -> bool:
    """Return whether a value can be an argument of a program."""
    try:
        return isinstance(value, str) and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


def undo(_step: Step) -> Step | None:
    return None


def began(_step: Step, _call: Call) -> float | None:
    return None


def actions(hooks: t.Mapping[str, t.Any], when: str) -> list[dict[str, t.Any]]:
    """Return the commands for one moment as actions. ``hooks`` has lists of commands, each a list, by moment."""
    steps = [{"do": "run", "argv": list(argv), "when": when} for argv in hooks.get(when) or ()]
    return [{"n": 0, "kind": "hook", "path": when, "steps": steps}] if steps else []
