# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hook that is under way: noted before it begins, so that whoever finishes what was interrupted finds it running.
Private to the collection.

A note is ``{pid, start_s, boot, said}``: its process, which leads a session of its own, when that was started in
seconds since the boot, and the command as it may be shown.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import boot_id
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc import clock
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc

Json = t.Dict[str, t.Any]


def note(pid: int, said: str) -> Json | None:
    """Return the note of a process that was just started, None when it has ended. Raises Unseen, OSError."""
    try:
        start_s = Proc().stat(pid).starttime / clock.TICKS
    except Gone:
        return None
    return {"pid": pid, "start_s": start_s, "boot": boot_id(), "said": said}


def left(noted: Json | None) -> list[int]:
    """Return the processes of a hook that still run: itself, and those of its session. Raises Unseen, OSError."""
    if noted is None or noted["boot"] != boot_id():
        return []
    proc, found = Proc(), []
    for pid in proc.pids():
        try:
            # A session keeps its number from everybody else as long as one of it is left.
            if os.getsid(pid) != noted["pid"]:
                continue
            seen = proc.stat(pid)
        except (ProcessLookupError, PermissionError, Gone, Unseen):
            # It ended, or belongs to somebody of whom this user sees nothing: what it started itself it may see.
            continue
        if pid == noted["pid"] and abs(seen.starttime / clock.TICKS - noted["start_s"]) >= 1.5 / clock.TICKS:
            return []
        if not seen.ended:
            found.append(pid)
    return found
