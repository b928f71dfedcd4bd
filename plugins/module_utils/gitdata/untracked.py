# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds what lies in a work tree and is neither in its index nor ignored. Private to the collection.

What is ignored is told by the reference, never by the ``.gitignore`` that lies in the tree: that may be what drifted.
"""

from __future__ import annotations

import os

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.index import Index
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, explain

_MAX_DEPTH = 500
_GITLINK = 0o160000


class Untracked:
    """A file, or a directory without any tracked file below it: ``path`` ends in a slash and ``files`` counts."""

    def __init__(self, path: str, files: int) -> None:
        self.path = path
        self.files = files
        self.nested = False

    def count(self) -> int | None:
        """Return the number of files; None for a repository, which is not looked into."""
        return self.files or None


class Search:
    """Walks one work tree. Paths are text as Python spells file names."""

    def __init__(self, index: Index, patterns: Patterns, host: Host) -> None:
        self._patterns = patterns
        self._host = host
        tracked = os.fsdecode(b"\0".join(index.paths)).split("\0")
        self._tracked = set(tracked)
        self._gitlinks = {path for entry, path in enumerate(tracked) if path and index.mode(entry) == _GITLINK}
        self._folders = _folders(tracked)
        self._found: list[Untracked] = []
        self.unseen: list[tuple[str, str]] = []
        """Directories that could not be searched, with the reason."""

    def run(self, work_fd: int) -> list[Untracked]:
        """Return what is untracked, in no order. Raises Unseen when the time is up."""
        device = os.fstat(work_fd).st_dev
        # A frame is an open directory, its path, and its directories that are still to be searched: each with what it
        # counts for, None when tracked files are below it.
        frames = [(work_fd, "", self._list(work_fd, "", None))]
        try:
            while frames:
                parent_fd, path, todo = frames[-1]
                if not todo:
                    frames.pop()
                    if frames:
                        os.close(parent_fd)
                    continue
                name, total = todo.pop()
                child = f"{path}{name}/"
                fd = self._open(parent_fd, name, child, device, len(frames))
                if fd is not None:
                    frames.append((fd, child, []))
                    frames[-1][2].extend(self._list(fd, child, total))
        finally:
            for fd, _path, _todo in frames[1:]:
                os.close(fd)
        return [item for item in self._found if item.files or item.nested]

    def _open(self, parent_fd: int, name: str, path: str, device: int, depth: int) -> int | None:
        if depth > _MAX_DEPTH:
            self.unseen.append((path, f"deeper than {_MAX_DEPTH} directories"))
            return None
        try:
            fd = paths.open_dir(parent_fd, name)
        except FileNotFoundError:
            return None
        except OSError as error:
            self.unseen.append((path, f"not searched for untracked files: {explain(error)}"))
            return None
        if os.fstat(fd).st_dev != device:
            os.close(fd)
            self.unseen.append((path, "on another file system, not searched for untracked files"))
            return None
        return fd

    def _list(self, fd: int, path: str, total: Untracked | None) -> list[tuple[str, Untracked | None]]:
        """Look at the children of a directory and return those directories that are to be searched."""
        self._host.check_time()
        try:
            with os.scandir(fd) as listing:
                entries = list(listing)
        except OSError as error:
            self.unseen.append((path, f"not searched for untracked files: {explain(error)}"))
            return []
        if total is not None and any(entry.name == ".git" for entry in entries):
            total.nested = True
            return []
        todo: list[tuple[str, Untracked | None]] = []
        for entry in entries:
            child = path + entry.name
            if entry.name == ".git":
                continue
            if _is_dir(entry):
                if child not in self._gitlinks and not self._patterns.ignored(child, True):
                    todo.append((entry.name, self._belongs(child + "/", total)))
            elif child not in self._tracked and _is_content(entry) and not self._patterns.ignored(child, False):
                if total is None:
                    self._found.append(Untracked(child, 1))
                else:
                    total.files += 1
        return todo

    def _belongs(self, folder: str, total: Untracked | None) -> Untracked | None:
        """Return what the files of a directory count for."""
        if total is not None or folder in self._folders:
            return total
        self._found.append(Untracked(folder, 0))
        return self._found[-1]


def _folders(tracked: list[str]) -> set[str]:
    """Return every directory with a tracked file below it, each with a slash at its end."""
    found: set[str] = set()
    for path in tracked:
        cut = path.rfind("/") + 1
        while cut and path[:cut] not in found:
            found.add(path[:cut])
            cut = path.rfind("/", 0, cut - 1) + 1
    return found


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_content(entry: os.DirEntry[str]) -> bool:
    """Return whether git could track it: a file or a link, no FIFO, socket or device."""
    try:
        return entry.is_symlink() or entry.is_file(follow_symlinks=False)
    except OSError:
        return False
