# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether there is room for a restore point, asked before anything is written. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import NoRoom
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.objects import Shared

_MARGIN_BYTES = 64 << 20
_MARGIN_INODES = 1000
# What an object, a manifest entry and their names take besides the content.
_BYTES_EACH = 8192

Json = t.Dict[str, t.Any]


class More(t.NamedTuple):
    """How many bytes are to be saved besides the files below the root: images that no point has yet, volumes."""

    images: int = 0
    volumes: int = 0

    def told(self) -> str:
        """Return of them what there is, in words."""
        named = (("images", self.images), ("volumes", self.volumes))
        return "".join(f", {_mib(size)} of them for {name}" for name, size in named if size)


_NOTHING = More()


def estimate(entries: t.Sequence[Json]) -> Json:
    """Return how much is to be saved: ``{files, bytes}``."""
    files = [one for one in entries if one["type"] == "file"]
    return {"files": len(files), "bytes": sum(one["size"] for one in files)}


def check_size(points_fd: int, entries: t.Sequence[Json], shared: Shared, more: More = _NOTHING) -> None:
    """Refuse what cannot fit, whatever is shared, before it is read: a sparse file can be larger than any disk.

    Raises NoRoom.
    """
    room = os.fstatvfs(points_fd)
    free = room.f_bavail * room.f_frsize + shared.size()
    size = estimate(entries)["bytes"] + sum(more)
    if size > free:
        largest = max([one for one in entries if one["type"] == "file"], key=lambda one: int(one["size"]), default=None)
        largest = None if more.volumes else largest
        named = f"; the largest file is {largest['path']} with {_mib(largest['size'])} MiB" if largest else ""
        raise NoRoom(
            f"a restore point needs {_mib(size)} MiB{more.told()}, and {_mib(free)} MiB are free in the state "
            f"directory or shared with the last point{named}"
        )


def check_room(points_fd: int, entries: t.Sequence[Json], shared: Shared, more: More = _NOTHING) -> None:
    """Refuse what does not fit with something to spare, now that it is known what is shared. Of volumes that is not
    known before they are read, which is when their containers may be stopped: all of them counts. Raises NoRoom.
    """
    new = {one["sha256"]: one["size"] for one in entries if one["type"] == "file"}
    new = {sha256: size for sha256, size in new.items() if not shared.has(sha256, size)}
    room = os.fstatvfs(points_fd)
    free = room.f_bavail * room.f_frsize
    needed = sum(more) + sum(new.values()) + _BYTES_EACH * (len(new) + 1) + 400 * len(entries) + _MARGIN_BYTES
    if needed > free:
        raise NoRoom(
            f"a restore point needs {_mib(needed)} MiB{more.told()}, {_mib(_MARGIN_BYTES)} to spare; the state "
            f"directory has {_mib(free)} MiB free; free some, or remove old points (restore_point_info lists them)"
        )
    inodes = len(new) + _MARGIN_INODES
    # Some file systems make inodes as they are needed, and tell zero.
    if room.f_files and inodes > room.f_favail:
        raise NoRoom(f"a restore point needs {inodes} inodes, and {room.f_favail} are free in the state directory")


def check_free(fd: int, size: int) -> None:
    """Refuse to write a copy of a point of ``size`` bytes where it does not fit with something to spare.

    Raises NoRoom.
    """
    room = os.fstatvfs(fd)
    free = room.f_bavail * room.f_frsize
    if size + _MARGIN_BYTES > free:
        raise NoRoom(
            f"a copy of the restore point needs {_mib(size + _MARGIN_BYTES)} MiB, {_mib(_MARGIN_BYTES)} to spare; the "
            f"state directory has {_mib(free)} MiB free: free some, then try again"
        )


def _mib(size: int) -> int:
    return -(-size >> 20) if size >= 0 else 0
