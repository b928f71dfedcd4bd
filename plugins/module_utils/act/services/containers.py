# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers: one that is there is restarted as it is, or stopped and started again. Private to the collection.

``before`` of a step is what the audit saw: its id, the image that it was made of, and when it was started. A container
is known by its id, never by its name alone.
"""

from __future__ import annotations

import os
import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import Uncertain
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import container_end
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.container_end import opened
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.container_state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import (
    Call,
    Seen,
    Step,
    StepFailed,
    is_since,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc

_PROC = Proc()
_ID = re.compile("[0-9a-f]{64}")
_PATH = re.compile("/.{1,4095}", re.DOTALL)
_RESTART: t.Mapping[str, t.Any] = {
    "container": _ID,
    "name": str,
    "socket": (None, _PATH),
    "before": {"id": _ID, "image_id": re.compile("(sha256:)?[0-9a-f]{64}"), "started_s": (None, float)},
}
_END: t.Mapping[str, t.Any] = {**_RESTART, "restart": container_end.POLICY, "running": bool}
WORDS: t.Mapping[str, t.Mapping[str, t.Any]] = {"restart": _RESTART, "stop": _END, "start": _END}


def look(step: Step, call: Call) -> Seen:
    """Return whether a container was restarted since the files changed, or is stopped. Raises StepFailed, Unseen."""
    if step["do"] != "restart":
        return container_end.look(step, call)
    found = opened(step, call)[1].inspect(step["container"])
    name = step["name"]
    if found is None:
        return Seen(False, f"the container {name} ({step['container'][:12]}) is there", "it is gone")
    if call.since is not None:
        return Seen(_restarted(step, found, call))
    if found.started_s != (step["before"]["started_s"] or 0.0):
        return Seen(False, f"the container {name} runs as the audit saw it", "it was started anew meanwhile")
    well = found.runs and found.health in ("", "healthy", "starting")
    return Seen(False, ill="" if well else f"it was {found.told()}")


def run(step: Step, call: Call) -> str:
    """Restart a container and wait until it is well; or stop it. Raises StepFailed, Unseen."""
    if step["do"] != "restart":
        return container_end.run(step, call)
    writer, containers = opened(step, call)
    identity = step["container"]
    before = containers.inspect(identity)
    if before is None and step["before"]["started_s"] is None:
        return f"the container {step['name']} ({identity[:12]}) is gone, so that it is not restarted"
    if before is None:
        raise StepFailed(f"the container {step['name']} ({identity[:12]}) is gone: nothing was restarted")
    try:
        writer.restart(identity, limit_s=call.limit_s)
    except Uncertain as uncertain:
        after = containers.inspect(identity)
        if after is None or after.started_s == before.started_s:
            raise StepFailed(f"{before.name} was not restarted: {uncertain.reason}") from None
    except ActError as error:
        raise StepFailed(f"{before.name} was not restarted: {error.reason}") from None

    def states() -> list[State]:
        now = containers.inspect(identity)
        return [] if now is None else [now]

    return containers.well(states, 1, call.limit_s, "was restarted")


def undo(step: Step) -> Step | None:
    """Return the same step: a container uses the files that are back only when it is restarted once more. By then it
    may have been started anew, or be gone. What was stopped is started.
    """
    if step["do"] != "restart":
        return container_end.undo(step)
    return {**step, "before": {**step["before"], "started_s": None}}


def began(step: Step, call: Call) -> float | None:
    """Return when a container was started, None when its engine has started it again since."""
    found = opened(step, call)[1].inspect(step["container"]) if step["do"] != "stop" else None
    return found.started_s if found is not None and found.runs and not found.restarts else None


def _restarted(step: Step, found: State, call: Call) -> bool:
    """Return whether a container was started after the files changed; in doubt it was not, and is restarted again."""
    if not found.runs or found.started_s == step["before"]["started_s"]:
        # By its engine's own word it is as the audit saw it, whatever became of the clock.
        return False
    began_s = _began(found)
    if began_s is None:
        # This one first: what passes between the two makes it older, never younger.
        now_s = time.clock_gettime(time.CLOCK_MONOTONIC)
        age_s = time.time() - found.started_s
        # The clock was set back: nothing is started in the future.
        began_s = now_s - age_s if age_s >= 0 else 0.0
    return is_since(began_s, call.since)


def _began(found: State) -> float | None:
    """Return when the first process of a container began, as CLOCK_MONOTONIC counts, by the kernel; None where this
    process does not see it, as behind a remote engine.
    """
    try:
        if found.id.encode("ascii") not in _PROC.cgroup(found.pid):
            return None
        ticks = _PROC.stat(found.pid).starttime
    except (Gone, Unseen):
        return None
    # What the machine slept is in one of the clocks and not in the other. Read in this order it is never too little.
    awake_s = time.clock_gettime(time.CLOCK_MONOTONIC)
    asleep_s = time.clock_gettime(time.CLOCK_BOOTTIME) - awake_s
    return ticks / os.sysconf("SC_CLK_TCK") - asleep_s
