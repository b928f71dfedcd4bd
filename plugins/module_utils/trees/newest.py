# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a tree that were changed last: a process that started before them runs older code. Private to the
collection.
"""

from __future__ import annotations

import heapq
import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

if t.TYPE_CHECKING:
    from ansible_collections.evenkeel.drift.plugins.module_utils.trees.record import Entry

# ``[path, mtime_ns]``.
Changed = t.List[t.Any]


class Newest:
    """Keeps the ``count`` regular files with the newest mtime. ``apart`` are patterns of files that say nothing about
    the code, such as logs and caches; secret-class files are left out as well, their times are not told.
    """

    def __init__(self, spec: t.Mapping[str, t.Any] | None) -> None:
        self._count = int(spec["count"]) if spec else 0
        self._apart = Patterns(spec["apart"] if spec else ())
        self._kept: list[tuple[int, str]] = []
        self._dropped = False

    def look(self, path: str, entries: t.Sequence[Entry]) -> None:
        """Look at the files of one directory; ``path`` is empty or ends in a slash."""
        if not self._count or not entries:
            return
        floor = self._kept[0][0] if len(self._kept) == self._count else -1
        for name, seen, secret in entries:
            if seen.st_mtime_ns <= floor:
                self._dropped = True
            elif not secret and stat.S_ISREG(seen.st_mode):
                self._keep(path + os.fsdecode(name), seen.st_mtime_ns)
                floor = self._kept[0][0] if len(self._kept) == self._count else -1

    def _keep(self, path: str, mtime_ns: int) -> None:
        if self._apart.verdict(path, False):
            return
        if len(self._kept) < self._count:
            heapq.heappush(self._kept, (mtime_ns, path))
        else:
            self._dropped = True
            heapq.heapreplace(self._kept, (mtime_ns, path))

    def result(self) -> dict[str, t.Any]:
        """Return ``{"files": [[path, mtime_ns], …], "dropped": bool}``: whether there are older files beside them."""
        return {"files": [[show(path), mtime] for mtime, path in self._kept], "dropped": self._dropped}


def merged(parts: t.Sequence[t.Mapping[str, t.Any]], count: int) -> dict[str, t.Any]:
    """Join what several workers found: the newest first, those of one time by path."""
    files: list[Changed] = sorted((file for part in parts for file in part["files"]), key=lambda f: (-f[1], f[0]))
    return {"files": files[:count], "dropped": len(files) > count or any(part["dropped"] for part in parts)}
