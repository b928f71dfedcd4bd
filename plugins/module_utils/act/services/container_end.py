# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container that nothing declares: stopped, so that its engine does not start it again either, and never removed.
Private to the collection.

A step has what leads back: ``restart``, the policy that the container had, ``{name, maximum}``, and whether it was
``running``.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import Uncertain, Writer, open_writer
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.container_state import Containers, State
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import Call, Seen, Step, StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

POLICY: t.Mapping[str, t.Any] = {
    "name": re.compile("|no|always|unless-stopped|on-failure"),
    "maximum": int,
}
_STOPPED = ("created", "exited", "dead")
_NONE = ("", "no")


def opened(step: Step, call: Call) -> tuple[Writer, Containers]:
    """Return the engine that a step is about, to be changed and to be looked at. Raises NoEngine, Denied, Unseen."""
    # To end, to begin, and to become well: each has its own limit.
    host = Host(call.root, call.limit_s * 3)
    writer = open_writer(step["socket"], host)
    return writer, Containers(writer.engine, host)


def look(step: Step, call: Call) -> Seen:
    """Return whether a container is stopped for good, or started again. Raises StepFailed, Unseen."""
    found = opened(step, call)[1].inspect(step["container"])
    name, was = step["name"], step["restart"]["name"]
    if found is None:
        # What is gone does not run.
        gone = Seen(step["do"] == "stop")
        return gone if call.since is not None else Seen(False, f"the container {name} is there", "it is gone")
    if step["do"] == "start":
        return Seen(_same(found.restart, was) and (found.runs or not step["running"]))
    if found.status in _STOPPED and found.restart in _NONE:
        return Seen(True)
    if call.since is not None:
        return Seen(False)
    if found.auto_remove:
        raise StepFailed(
            f"the container {name} was started with --rm: its engine would remove it when it stops. Stop it by hand"
        )
    if step["before"]["started_s"] not in (None, found.started_s):
        return Seen(False, f"the container {name} is as the audit saw it", "it was started anew meanwhile")
    if not _same(found.restart, was):
        return Seen(False, f"{name} has the restart policy {was or 'no'}", f"it has {found.restart or 'no'}")
    return Seen(False)


def run(step: Step, call: Call) -> str:
    """Stop a container for good, or start it again as it was. Raises StepFailed, Unseen."""
    writer, containers = opened(step, call)
    identity, name = step["container"], step["name"]
    if containers.inspect(identity) is None:
        # Somebody removed it meanwhile: there is nothing to stop, and nothing that could be started again.
        return f"the container {name} ({identity[:12]}) is gone, so that it is not {_DONE[step['do']]}"
    if step["do"] == "stop":
        return _stop(writer, containers, step, call)
    _asked(lambda: writer.set_restart(identity, **step["restart"]), f"{name} did not get its restart policy back")
    found, was = containers.inspect(identity), step["restart"]["name"]
    if found is not None and not _same(found.restart, was):
        raise StepFailed(f"{name} was to have its restart policy {was or 'no'} again, and has {found.restart or 'no'}")
    if not step["running"]:
        return f"{name} has its restart policy again"
    _asked(lambda: writer.start(identity), f"{name} was not started again")

    def states() -> list[State]:
        now = containers.inspect(identity)
        return [] if now is None else [now]

    return containers.well(states, 1, call.limit_s, "was started again")


_DONE = {"stop": "stopped", "start": "started again"}


def _stop(writer: Writer, containers: Containers, step: Step, call: Call) -> str:
    identity, name = step["container"], step["name"]
    _asked(lambda: writer.set_restart(identity, "no", 0), f"{name} kept its restart policy, and was not stopped")
    _asked(lambda: writer.stop(identity, limit_s=call.limit_s), f"{name} was not stopped")
    found = containers.inspect(identity)
    if found is not None and (found.status not in _STOPPED or found.restart not in _NONE):
        raise StepFailed(f"{name} was to be stopped for good, and is {found.told()}: something starts it again")
    return f"{name} is stopped, and is not started again by its engine"


def _asked(do: t.Callable[[], None], failed: str) -> None:
    """Ask the engine for something. When no proper answer comes, what is so is looked at afterwards."""
    try:
        do()
    except Uncertain:
        return
    except ActError as error:
        raise StepFailed(f"{failed}: {error.reason}") from None


def _same(found: str, was: str) -> bool:
    return found == was or (found in _NONE and was in _NONE)


def undo(step: Step) -> Step:
    """Return the step that brings a container back to what it was."""
    other = {"stop": "start", "start": "stop"}[step["do"]]
    return {**step, "do": other, "before": {**step["before"], "started_s": None}}
