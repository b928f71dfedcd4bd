# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program had started that is not ended with it, as it has left its group: named, and left to whoever started
it. Private to the collection.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc, Stat
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_MOST = 5


class Fled:
    """The processes below a program, looked at before it is ended; each is known by its id and its start time."""

    def __init__(self) -> None:
        self._seen: list[Stat] = []

    def look(self, program: int) -> None:
        """Note which processes below a program, which leads a group, are of another group by now: what a shell with
        job control starts stays in its session, and is not ended with it either.
        """
        children: dict[int, list[Stat]] = {}
        for stat in _all():
            children.setdefault(stat.ppid, []).append(stat)
        below = list(children.get(program, ()))
        for stat in below:
            # Each has one parent, so that this comes to an end.
            below += children.get(stat.pid, ())
        self._seen = [stat for stat in below if _group(stat.pid) not in (None, program)]

    def told(self) -> str:
        """Return the end of a sentence that names those which still run; nothing where none does."""
        now = {(stat.pid, stat.starttime) for stat in _all() if not stat.ended}
        left = [stat for stat in self._seen if (stat.pid, stat.starttime) in now]
        if not left:
            return ""
        named = ", ".join(f"{mask(show(stat.comm))} (process {stat.pid})" for stat in left[:_MOST])
        more = f" and {len(left) - _MOST} more" if len(left) > _MOST else ""
        return f"; what it had started in a group of its own still runs, and is left alone: {named}{more}"


def _all() -> t.Iterator[Stat]:
    """Yield all processes; who sees none tells of none: why the program failed is what counts."""
    proc = Proc()
    try:
        pids = proc.pids()
    except Unseen:
        return
    for pid in pids:
        try:
            yield proc.stat(pid)
        except (Gone, Unseen):
            continue


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None
