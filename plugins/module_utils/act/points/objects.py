# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a restore point in the making, and those of an earlier one that it shares.

Private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry, fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import manifest, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import NEW, copy
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Json = t.Dict[str, t.Any]


class Shared:
    """The objects of an earlier point. One is shared only when it still is what its name says."""

    def __init__(self, points_fd: int, earlier: str | None, stack: contextlib.ExitStack) -> None:
        self.fd = -1
        self._sizes: dict[str, int] = {}
        if earlier is None:
            return
        try:
            point_fd = stack.enter_context(verify.opened(points_fd, earlier))
            self._sizes = manifest.members(verify.load(point_fd, earlier))
            self.fd = stack.enter_context(verify.objects_of(point_fd))
        except PointError:
            # A point that is damaged is of no use, and no reason not to make a better one.
            self._sizes = {}

    def size(self) -> int:
        """Return how many bytes there are to share."""
        return sum(self._sizes.values())

    def has(self, sha256: str, size: int) -> bool:
        """Return whether an object is there to share."""
        return self._sizes.get(sha256) == size

    def link(self, sha256: str, size: int, objects_fd: int) -> bool:
        """Share an object; False when that cannot be done."""
        return self.has(sha256, size) and linked(self.fd, sha256, size, objects_fd)


def linked(from_fd: int, sha256: str, size: int, objects_fd: int) -> bool:
    """Share an object of a folder with objects, and return whether that was done: it still is what its name says."""
    name = sha256.encode("ascii")
    try:
        if not verify.is_whole(from_fd, sha256, size):
            return False
        fs.link(from_fd, name, objects_fd, name)
    except (Damaged, OSError):
        return False
    return True


class Objects:
    """The objects of a point in the making."""

    def __init__(self, objects_fd: int, shared: Shared) -> None:
        self._fd = objects_fd
        self._shared = shared
        self._kept: set[str] = set()
        self._unsynced: list[str] = []

    def take(self, folder_fd: int, name: bytes, one: Json) -> bool:
        """Make an object of a file that is as its entry says, and return whether it is that."""
        sha256, size = one["sha256"], one["size"]
        if sha256 in self._kept:
            return True
        if self._shared.link(sha256, size, self._fd):
            self._kept.add(sha256)
            return True
        source = paths.open_file(folder_fd, name)
        try:
            # Under its own name at once: nothing counts of a point before it is complete.
            fd = fs.create(self._fd, sha256)
            try:
                found = copy(source, fd, size)
                # The kernel begins to write it out now, and nothing is left to wait for when all of it is brought to
                # the disk; and it is read back from the disk afterwards, and not from memory.
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(fd)
        finally:
            os.close(source)
        if found != sha256:
            fs.unlink(self._fd, sha256)
            return False
        self._add(sha256)
        return True

    def share(self, from_fd: int, sha256: str, size: int) -> bool:
        """Share an object of another point, and return whether that was done."""
        if sha256 not in self._kept:
            if not linked(from_fd, sha256, size, self._fd):
                return False
            self._kept.add(sha256)
        return True

    def put(self, content: bytes) -> Json:
        """Make an object of some bytes, and return ``{sha256, size}``."""
        with self.scratch() as fd:
            fs.write(fd, content)
            return self.keep(fd)

    def _add(self, sha256: str) -> None:
        self._kept.add(sha256)
        self._unsynced.append(sha256)

    def sync(self, host: Host) -> None:
        """Bring all new objects to the disk: together, that takes a file system a fraction of the time."""
        for sha256 in self._unsynced:
            host.check_time()
            fd = paths.open_file(self._fd, sha256)
            try:
                fs.sync(fd)
            finally:
                os.close(fd)
        fs.sync_directory(self._fd)

    @contextlib.contextmanager
    def scratch(self) -> t.Iterator[int]:
        """Yield a new file of the point, to be turned into an object by :meth:`keep`, or gone afterwards."""
        self._scratch = NEW + os.urandom(6).hex().encode("ascii")
        fd = fs.create(self._fd, self._scratch)
        try:
            yield fd
        finally:
            os.close(fd)
            if self._scratch:
                # What stays is removed with the unfinished point, by the next backup.
                with contextlib.suppress(OSError):
                    fs.unlink(self._fd, self._scratch)

    def keep(self, fd: int) -> Json:
        """Name the file that :meth:`scratch` gave after its content, and return ``{sha256, size}``."""
        os.lseek(fd, 0, os.SEEK_SET)
        sha256, size = entry.hash_fd(fd)
        if sha256 not in self._kept:
            fs.rename(self._fd, self._scratch, self._fd, sha256)
            self._scratch = b""
            self._add(sha256)
        return {"sha256": sha256, "size": size}
