# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares an index with the work tree: what ``git diff-files`` would say. Private to the collection.

A file whose stat is that of the index is taken as unchanged, as git does. Every other file is read, whatever
``core.trustctime`` or ``core.checkStat`` say: no setting on the host can hide an edit.
"""

from __future__ import annotations

import errno
import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files, repository
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.config import Config
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.content import Contents
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.index import (
    ASSUME_VALID,
    INTENT_TO_ADD,
    OID,
    SKIP_WORKTREE,
    STAGE,
    STAT,
    Index,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

_SECOND = 10**9
_U32 = 0xFFFFFFFF
_LINK, _GITLINK, _EXEC = 0o120000, 0o160000, 0o100
# How the type and the owner's exec bit of a file look that is as the index says.
_EXPECTED = {0o100644: 0o100000, 0o100664: 0o100000, 0o100755: 0o100100, _LINK: 0o120100}
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_SAME, _MODIFIED, _DELETED, _MODE = "", "modified", "deleted", "mode"
_STEP = 1024


class Found:
    """The paths of each kind of change, and those that could not be compared, with the reason."""

    def __init__(self) -> None:
        self.paths: dict[str, list[bytes]] = {_MODIFIED: [], _DELETED: [], _MODE: [], "conflicted": []}
        self.unverified: list[tuple[bytes, str]] = []


class Folders:
    """Opens directories below a root, keeping those open that lead to the last one. Close it by ``with``."""

    def __init__(self, root_fd: int) -> None:
        # Path with a slash at its end, descriptor, and why there is none.
        self._stack: list[tuple[bytes, int, OSError | None]] = [(b"", root_fd, None)]

    def __enter__(self) -> Folders:
        return self

    def __exit__(self, *_error: object) -> None:
        self._leave(b"")

    def enter(self, folder: bytes) -> tuple[int, OSError | None]:
        """Return a descriptor of ``folder`` (empty or ending in a slash), or -1 and why it cannot be opened."""
        while not folder.startswith(self._stack[-1][0]):
            self._pop()
        top, fd, error = self._stack[-1]
        while len(top) < len(folder) and error is None:
            name = folder[len(top) : folder.index(b"/", len(top))]
            top += name + b"/"
            try:
                fd = paths.open_dir(fd, name)
            except OSError as failed:
                fd, error = -1, failed
            self._stack.append((top, fd, error))
        return fd, error

    def _leave(self, folder: bytes) -> None:
        while self._stack[-1][0] != folder:
            self._pop()

    def _pop(self) -> None:
        _path, fd, _error = self._stack.pop()
        if fd >= 0:
            os.close(fd)


class Comparison:
    """Compares the entries of one index with one work tree."""

    def __init__(self, index: Index, written_ns: int, config: Config, contents: Contents, host: Host) -> None:
        self._index = index
        self._written_ns = written_ns
        self._contents = contents
        self._host = host
        self._links = config.flag("core", "symlinks", True)
        self._exec = _EXEC if config.flag("core", "filemode", True) else 0
        self._expected = {mode: kind & (0o170000 | self._exec) for mode, kind in _EXPECTED.items()}
        self.found = Found()

    def run(self, work_fd: int) -> Found:
        """Compare every entry. Raises Unseen when the time is up."""
        index, host = self._index, self._host
        data, offsets, flags_at = index.data, index.offsets, OID + index.oid_size
        unpack, lstat, expected, mask = STAT.unpack_from, os.stat, self._expected, 0o170000 | self._exec
        written_ns = self._written_ns
        folder, fd, error = b"", work_fd, None
        with Folders(work_fd) as folders:
            for entry, path in enumerate(index.paths):
                if not entry % _STEP:
                    host.check_time()
                offset = offsets[entry]
                cut = path.rfind(b"/") + 1
                if path[:cut] != folder:
                    folder = path[:cut]
                    fd, error = folders.enter(folder)
                c_s, c_ns, m_s, m_ns, _dev, inode, mode, uid, gid, size = unpack(data, offset)
                seen = None
                if error is None:
                    try:
                        seen = lstat(path[cut:], dir_fd=fd, follow_symlinks=False)
                    except OSError as failed:
                        self._add(entry, path, self._missing(failed))
                        continue
                    mtime_ns = m_s * _SECOND + m_ns
                    if (
                        mtime_ns == seen.st_mtime_ns
                        and mtime_ns < written_ns
                        and c_s * _SECOND + c_ns == seen.st_ctime_ns
                        and size == seen.st_size & _U32
                        and inode == seen.st_ino & _U32
                        and uid == seen.st_uid
                        and gid == seen.st_gid
                        and expected.get(mode) == seen.st_mode & mask
                        and not data[offset + flags_at] & 0xF0
                    ):
                        continue
                if seen is None:
                    self._add(entry, path, self._missing(t.cast(OSError, error)))
                else:
                    self._add(entry, path, self._difference(entry, path, fd, seen))
        return self.found

    def _missing(self, error: OSError) -> tuple[str, str]:
        return (_DELETED, "") if error.errno in _GONE else (_SAME, explain(error))

    def _add(self, entry: int, path: bytes, difference: tuple[str, str]) -> None:
        """Take note of a difference, or of the reason why none can be told, as the entry's flags say."""
        kind, reason = difference
        flags, extended = self._index.flags(entry), self._index.extended(entry)
        if flags & STAGE:
            conflicted = self.found.paths["conflicted"]
            if not conflicted or conflicted[-1] != path:
                conflicted.append(path)
        elif reason:
            self.found.unverified.append((path, reason))
        elif extended & INTENT_TO_ADD:
            self.found.paths[kind if kind == _DELETED else _MODIFIED].append(path)
        elif kind and extended & SKIP_WORKTREE:
            if kind != _DELETED:
                self.found.unverified.append((path, f"{kind}, but git does not look at it: skip-worktree is set"))
        elif kind and flags & ASSUME_VALID:
            self.found.unverified.append((path, f"{kind}, but git does not look at it: assume-unchanged is set"))
        elif kind:
            self.found.paths[kind].append(path)

    def _difference(self, entry: int, path: bytes, fd: int, seen: os.stat_result) -> tuple[str, str]:
        """Return the kind of difference of a path that exists, or no kind and the reason why it cannot be told."""
        if self._index.flags(entry) & STAGE:
            return _SAME, ""
        try:
            return self._kind(entry, path, fd, seen), ""
        except OSError as error:
            return self._missing(error)
        except Unseen as unseen:
            self._host.check_time()
            return _SAME, unseen.reason

    def _kind(self, entry: int, path: bytes, fd: int, seen: os.stat_result) -> str:
        mode, oid = self._index.mode(entry), self._index.oid(entry)
        name = path.rpartition(b"/")[2]
        if mode == _GITLINK:
            return self._gitlink(fd, name, oid, seen)
        if stat.S_ISDIR(seen.st_mode):
            return _DELETED
        if mode == _LINK and stat.S_ISLNK(seen.st_mode):
            return _SAME if self._contents.blob(os.readlink(name, dir_fd=fd)) == oid else _MODIFIED
        if not stat.S_ISREG(seen.st_mode) or (mode == _LINK and self._links):
            return _MODIFIED
        added_size = STAT.unpack_from(self._index.data, self._index.offsets[entry])[9]
        # git stores the size 0 for a file that it has to look at again.
        size_differs = added_size not in (0, seen.st_size & _U32)
        if not self._contents.is_same(fd, path, oid, size_differs):
            return _MODIFIED
        if mode != _LINK and (mode ^ seen.st_mode) & self._exec:
            return _MODE
        return _SAME

    def _gitlink(self, fd: int, name: bytes, oid: bytes, seen: os.stat_result) -> str:
        """Compare a submodule by the commit it is at; one that is not checked out is not different."""
        if not stat.S_ISDIR(seen.st_mode):
            return _MODIFIED
        below = paths.open_dir(fd, name)
        try:
            if files.look(below, b".git") is None:
                return _SAME
            return _SAME if repository.head_commit(below) == oid.hex() else _MODIFIED
        finally:
            os.close(below)
