# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walking a tree relative to directory descriptors, never following a link. Private to the collection."""

from __future__ import annotations

import os
import resource
import typing as t
import zlib

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import TreeSpec

_RESERVED_FDS = 64


# How much of a directory counts. An ignored one can hold tracked files: then these alone count. A shadow is walked only
# for the sake of forbidden files.
COUNTS, TRACKED_ONLY, SHADOW = range(3)


class Visit(t.NamedTuple):
    """One directory that the walk has opened.

    ``path`` is relative to the root of the request, in Python's file name form, and empty or ending in ``/``.
    ``level`` says how much of it counts. ``nested`` marks the work tree of another repository.
    """

    fd: int
    path: str
    entries: list[os.DirEntry[str]]
    level: int
    nested: bool


class Handler(t.Protocol):
    """What a walk calls."""

    def unseen(self, path: str, reason: str) -> None:
        """Take note of a directory that could not be walked."""

    def handle(self, visit: Visit) -> None:
        """Look at a directory that belongs to this worker."""


def is_dir(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a directory. One whose type cannot be told is not walked; reading its stat will say
    why.
    """
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def owns(path: str, index: int, count: int) -> bool:
    """Return whether worker ``index`` of ``count`` handles the directory."""
    return count == 1 or zlib.crc32(os.fsencode(path)) % count == index


def raise_open_files() -> int:
    """Allow this process as many open files as it may have, and return how deep a walk may go with them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return (65536 if soft == resource.RLIM_INFINITY else soft) - _RESERVED_FDS


class Walker:
    """Walks one tree and hands each directory of this worker's share to a handler.

    Every worker walks all directories, which costs little, and looks only at its own: so nothing has to be passed
    between workers.
    """

    def __init__(self, spec: TreeSpec, host: Host, handler: Handler, share: tuple[int, int]) -> None:
        self._spec = spec
        self._host = host
        self._handler = handler
        self._share = share
        self._max_depth = raise_open_files()
        self._device = 0

    def run(self, root_fd: int) -> None:
        """Walk everything below ``root_fd``. Raises Unseen when the time is up."""
        self._device = os.fstat(root_fd).st_dev
        below = self._enter(root_fd, self._spec.prefix, COUNTS)
        # A frame is a held descriptor, its path, and the directories still to be entered from it.
        frames = [(root_fd, self._spec.prefix, below)] if below is not None else []
        while frames:
            parent_fd, path, names = frames[-1]
            if not names:
                frames.pop()
                if frames:
                    os.close(parent_fd)
                continue
            name, level = names.pop()
            child = f"{path}{name}/"
            if len(frames) >= self._max_depth:
                self._unseen(child, f"deeper than {self._max_depth} directories")
                continue
            fd = self._open(parent_fd, name, child)
            if fd is None:
                continue
            below = self._enter(fd, child, level)
            if below:
                frames.append((fd, child, below))
            else:
                os.close(fd)

    def _unseen(self, path: str, reason: str) -> None:
        if owns(path, *self._share):
            self._handler.unseen(path, reason)

    def _open(self, parent_fd: int, name: str, path: str) -> int | None:
        try:
            fd = paths.open_dir(parent_fd, name)
        except FileNotFoundError:
            self._unseen(path, "vanished while the tree was read")
            return None
        except OSError as error:
            self._unseen(path, explain(error))
            return None
        if not self._spec.cross_filesystems and os.fstat(fd).st_dev != self._device:
            os.close(fd)
            self._unseen(path, "on another file system; exclude it, or set cross_filesystems")
            return None
        return fd

    def _enter(self, fd: int, path: str, level: int) -> list[tuple[str, int]] | None:
        """List a directory, hand it over if it is ours, and return the directories to enter; None when it cannot be
        listed.
        """
        self._host.check_time()
        try:
            with os.scandir(fd) as listing:
                entries = list(listing)
        except OSError as error:
            self._unseen(path, explain(error))
            return None
        nested = path != self._spec.prefix and ".git" in [entry.name for entry in entries]
        if owns(path, *self._share):
            self._handler.handle(Visit(fd, path, entries, level, nested))
        if nested:
            return []
        return self._subdirectories(path, entries, level)

    def _subdirectories(self, path: str, entries: list[os.DirEntry[str]], level: int) -> list[tuple[str, int]]:
        names: list[tuple[str, int]] = []
        for entry in filter(is_dir, entries):
            name = entry.name
            if name == ".git":
                continue
            child = path + name
            if self._spec.exclude.ignored(child, True):
                continue
            below = level_of(child, True, level, self._spec)
            if below != SHADOW or self._spec.forbid:
                names.append((name, below))
        return names


def level_of(path: str, directory: bool, parent: int, spec: TreeSpec) -> int:
    """Return how much of a path counts, given how much of its parent does."""
    if parent == COUNTS and not spec.ignore.ignored(path, directory):
        return COUNTS
    return TRACKED_ONLY if path in spec.keep else SHADOW
