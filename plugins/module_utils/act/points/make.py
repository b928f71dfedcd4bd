# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a restore point. Private to the collection.

The order is what makes it safe: the objects, then the manifest, then everything is read back, and ``COMPLETE`` is
written last. A process that dies on the way leaves a folder without it, which is no point, and touches none that was
there before.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry, fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import manifest, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.chosen import unreadable, with_parents
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import (
    NEW,
    copy,
    make_folder,
    put,
    remove_tree,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, NoRoom, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.look import BLOCKED, look
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

_TRIES = 3
_MARGIN_BYTES = 64 << 20
_MARGIN_INODES = 1000
# What an object, a manifest entry and their names take besides the content.
_BYTES_EACH = 8192

Json = t.Dict[str, t.Any]
# Saves the state of a repository, given what makes files of the point and what turns them into objects.
SaveGit = t.Callable[[t.Callable[[], t.ContextManager[int]], t.Callable[[int], Json]], Json]


class Request(t.NamedTuple):
    """What a point is made of: ``paths`` as ``text.show`` spells them, relative to ``root``, whose descriptor is
    ``root_fd``; ``about`` is who made it and why; ``notes`` are sentences about what is not in it.
    """

    point: str
    created: str
    root: str
    root_fd: int
    paths: t.Sequence[str]
    about: Json
    notes: t.Sequence[str] = ()


def no_repository(_scratch: t.Callable[[], t.ContextManager[int]], _keep: t.Callable[[int], Json]) -> Json:
    """Stand for a repository that nobody asked for."""
    return {"outcome": "not_asked", "reason": ""}


def make(points_fd: int, asked: Request, host: Host, earlier: str | None, git: SaveGit = no_repository) -> Json:
    """Make a restore point, and return its manifest; what was read back is what was written.

    ``earlier`` is the point whose objects are shared where they are the same. Raises PointError: NoRoom with the
    figures, or what cannot be read; Unseen when the time is up; OSError when the disk fails. Nothing is left behind.
    """
    name = asked.point.encode("ascii")
    with contextlib.ExitStack() as stack:
        shared = _Shared(points_fd, earlier, stack)
        _check_size(points_fd, survey(asked.root_fd, asked.paths, host, content=False), shared)
        entries = survey(asked.root_fd, asked.paths, host)
        _check_room(points_fd, entries, shared)
        make_folder(points_fd, name)
        try:
            document = _fill(points_fd, asked, entries, host, shared, git)
        except (OSError, PointError, Unseen):
            remove_tree(points_fd, name)
            raise
    return document


def estimate(entries: t.Sequence[Json]) -> Json:
    """Return how much is to be saved: ``{files, bytes}``."""
    files = [one for one in entries if one["type"] == "file"]
    return {"files": len(files), "bytes": sum(one["size"] for one in files)}


def survey(root_fd: int, wanted: t.Sequence[str], host: Host, content: bool = True) -> list[Json]:
    """Return the entries of paths and of the directories that lead to them, as a manifest has them; without ``content``
    files have no digest, and are not read.

    Raises PointError when something cannot be read, Unseen when the time is up.
    """
    listed = with_parents(wanted)
    if len(listed) > manifest.MAX_ENTRIES:
        raise PointError(f"there are {len(listed)} paths to save, more than {manifest.MAX_ENTRIES}")
    for path in listed:
        if not manifest.is_path(path):
            raise PointError(f"{path!r} is no path below the root")
    found = []
    unseen = []
    for path, state in look(root_fd, listed, host, content):
        if state["type"] == BLOCKED:
            unseen.append((path, state["reason"]))
        else:
            found.append(manifest.entry_of(path, state))
    if unseen:
        raise PointError(unreadable(unseen))
    return found


class _Shared:
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
        return self._sizes.get(sha256) == size

    def link(self, sha256: str, size: int, objects_fd: int) -> bool:
        """Share an object; False when that cannot be done."""
        name = sha256.encode("ascii")
        try:
            if not self.has(sha256, size) or not verify.is_whole(self.fd, sha256, size):
                return False
            fs.link(self.fd, name, objects_fd, name)
        except (Damaged, OSError):
            return False
        return True


def _check_size(points_fd: int, entries: t.Sequence[Json], shared: _Shared) -> None:
    """Refuse what cannot fit, whatever is shared, before it is read: a sparse file can be larger than any disk."""
    room = os.fstatvfs(points_fd)
    free = room.f_bavail * room.f_frsize + shared.size()
    size = estimate(entries)["bytes"]
    if size > free:
        largest = max((one for one in entries if one["type"] == "file"), key=lambda one: int(one["size"]))
        raise NoRoom(
            f"a restore point needs {_mib(size)} MiB, and {_mib(free)} MiB are free in the state directory or shared "
            f"with the last point; the largest file is {largest['path']} with {_mib(largest['size'])} MiB"
        )


def _check_room(points_fd: int, entries: t.Sequence[Json], shared: _Shared) -> None:
    new = {one["sha256"]: one["size"] for one in entries if one["type"] == "file"}
    new = {sha256: size for sha256, size in new.items() if not shared.has(sha256, size)}
    room = os.fstatvfs(points_fd)
    free = room.f_bavail * room.f_frsize
    needed = sum(new.values()) + _BYTES_EACH * (len(new) + 1) + 400 * len(entries) + _MARGIN_BYTES
    if needed > free:
        raise NoRoom(
            f"a restore point needs {_mib(needed)} MiB, {_mib(_MARGIN_BYTES)} of them to spare; the state directory "
            f"has {_mib(free)} MiB free; free some, or remove old points (restore_point_info lists them)"
        )
    inodes = len(new) + _MARGIN_INODES
    # Some file systems make inodes as they are needed, and tell zero.
    if room.f_files and inodes > room.f_favail:
        raise NoRoom(f"a restore point needs {inodes} inodes, and {room.f_favail} are free in the state directory")


def _mib(size: int) -> int:
    return -(-size >> 20) if size >= 0 else 0


def _fill(points_fd: int, asked: Request, entries: list[Json], host: Host, shared: _Shared, git: SaveGit) -> Json:
    with verify.opened(points_fd, asked.point) as point_fd:
        make_folder(point_fd, verify.OBJECTS)
        with verify.objects_of(point_fd) as objects_fd:
            store = _Objects(objects_fd, shared)
            for number, one in enumerate(entries):
                host.check_time()
                if one["type"] == "file":
                    entries[number] = _save(asked.root_fd, one, store)
            told = git(store.scratch, store.keep)
            store.sync(host)
        document = manifest.sealed(
            {
                "schema": manifest.SCHEMA,
                "id": asked.point,
                "created": asked.created,
                "about": asked.about,
                "root": asked.root,
                "entries": entries,
                "git": told,
                "notes": [*asked.notes, *_linked(entries)],
            }
        )
        content = manifest.canonical(document)
        manifest.parse(content)
        put(point_fd, verify.MANIFEST, content)
        verify.verify_content(point_fd, document, host)
        put(point_fd, verify.COMPLETE, verify.completion(document, content))
    fs.sync_directory(points_fd)
    return document


def _linked(entries: t.Sequence[Json]) -> list[str]:
    several = [one["path"] for one in entries if one["type"] == "file" and one["links"] > 1]
    if not several:
        return []
    more = f" and {len(several) - 1} more" if len(several) > 1 else ""
    return [f"{several[0]}{more} have several names (hard links): each name comes back as a file of its own"]


def _save(root_fd: int, one: Json, store: _Objects) -> Json:
    """Make an object of a file, and return its entry: where the file has changed since it was looked at, a new one."""
    path = one["path"]
    reason = "it keeps changing while it is saved"
    for _try in range(_TRIES):
        try:
            with entry.parent_of(root_fd, path) as (folder_fd, name):
                if store.take(folder_fd, name, one):
                    return one
                seen = entry.look(folder_fd, name)
        except OSError as error:
            reason = explain(error)
            break
        except Unseen as unseen:
            reason = unseen.reason
            continue
        if seen["type"] != "file":
            reason = "it is no file any more"
            break
        one = manifest.entry_of(path, seen)
    raise PointError(unreadable([(path, reason)]))


class _Objects:
    """The objects of a point in the making."""

    def __init__(self, objects_fd: int, shared: _Shared) -> None:
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
