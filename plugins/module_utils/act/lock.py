# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a state directory: one change at a time. Private to the collection.

The kernel holds it (``flock``) and gives it back when the process that has it ends, however it ends: a lock that
outlives its holder does not exist, and neither a process id that was given to another process nor a clock can make one
look so. What stands in the file is for people: who has it, since when, why.
"""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Busy, Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State, utc_now
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import explain

_NAME = "lock"
_MAX = 4096


class Held(t.NamedTuple):
    """A lock that is held. ``left_by`` says whose process ended without giving it back, null when none did."""

    left_by: dict[str, t.Any] | None


@contextlib.contextmanager
def held(state: State, who: str, why: str) -> t.Iterator[Held]:
    """Hold the lock of a state directory. Raises Busy when another process does, Refused when there can be no lock."""
    try:
        fd = fs.open_to_keep(state.fd, _NAME)
    except OSError as error:
        raise Refused(f"the lock {state.path}/{_NAME} cannot be opened: {explain(error)}") from None
    try:
        left_by = _take(fd, state, who, why)
        try:
            yield Held(left_by)
        finally:
            _note(fd, None)
    finally:
        os.close(fd)


def taken_over(lock: Held) -> list[str]:
    """Return the sentence for a lock whose last holder did not give it back; none when it did."""
    holder = lock.left_by
    if not holder:
        return []
    return [
        f"{holder.get('why')}, by {holder.get('who')}, process {holder.get('pid')}, since {holder.get('since')}, ended "
        "without giving its lock back"
    ]


def _take(fd: int, state: State, who: str, why: str) -> dict[str, t.Any] | None:
    try:
        taken = fs.lock(fd)
    except OSError as error:
        raise Refused(f"the file system of {state.path} has no locks: {explain(error)}") from None
    noted = _noted(fd)
    if not taken:
        raise Busy(_sentence(noted or {}), noted or {})
    _note(fd, {"pid": os.getpid(), "boot": _boot(), "who": who, "why": why, "since": utc_now()})
    return noted


def _sentence(holder: t.Mapping[str, t.Any]) -> str:
    if not holder:
        return "another change of this application is in progress: wait until it has ended"
    return (
        f"another change of this application is in progress: {holder.get('why')}, by {holder.get('who')}, "
        f"process {holder.get('pid')}, since {holder.get('since')}: wait until it has ended, or end that process"
    )


def _noted(fd: int) -> dict[str, t.Any] | None:
    try:
        noted = json.loads(os.pread(fd, _MAX, 0) or b"null")
    except ValueError:
        # Read while it was written, or cut short when the machine stopped.
        return None
    return noted if isinstance(noted, dict) else None


def _note(fd: int, holder: t.Mapping[str, t.Any] | None) -> None:
    text = b"" if holder is None else json.dumps(holder).encode("ascii")
    # A disk that is full keeps the note out, and nothing else: a recovery must be able to make room.
    with contextlib.suppress(OSError):
        fs.overwrite(fd, text)


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as source:
            return source.read().strip()
    except OSError:
        # For people alone, as all of the note.
        return ""
