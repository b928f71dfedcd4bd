# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where restore points lie on their way to a second place and back. Private to the collection."""

from __future__ import annotations

import contextlib
import os
import time

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import manifest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import remove_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files

RETURNED = b".returned"
"""The folder beside the points in which one that comes back is written before it is one."""

OUTGOING = "outgoing"
"""The folder of the state directory with what is to be fetched: nothing that anybody on the way could read."""


_FRESH_S = 3600.0
"""Each part that is made and each block that is fetched touches its folder: what was not touched for so long is left
over. Neither holds the lock, and what they work on must not go.
"""


def sweep_ways(state: State, points_fd: int) -> None:
    """Remove what processes that were killed left on the way, and nothing that is under way. Whoever asks this holds
    the lock. Raises OSError.
    """
    sweep_returned(points_fd)
    if files.look(state.fd, OUTGOING.encode("ascii")) is None:
        return
    fd = state.folder(OUTGOING)
    try:
        for name in sorted(os.listdir(fd)):
            seen = files.look(fd, name.encode("ascii")) if manifest.ID.fullmatch(name) else None
            # A clock that went back makes nothing fresh for ever.
            if seen is not None and abs(time.time() - seen.st_mtime) > _FRESH_S:
                remove_tree(fd, name.encode("ascii"))
    finally:
        os.close(fd)


def sweep_returned(points_fd: int) -> None:
    """Remove what is left of a point on its way back. Whoever asks this holds the lock. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        remove_tree(points_fd, RETURNED)
