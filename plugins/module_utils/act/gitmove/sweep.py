# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process that moved a repository and was killed left in it: a lock, and refs. Private to the collection.

The kernel locks each of these files (``flock``) for as long as the process lives that made it, so that neither a
process id that was given to another one nor one of another container makes a dead one look alive, or the other way
round. The id and start time that they bear tell on file systems without such locks, and for the moment before.
"""

from __future__ import annotations

import contextlib
import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry, fs
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import NoRepository, Place, find
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

INCOMING = b"refs/evenkeel/incoming"
LOCK = b"index.lock"
PREPARED = ".evenkeel-lock-"
"""How the name of a lock begins before it is one; the process's id and start time follow."""
_LARGEST = 100
_OURS = re.compile(rb"evenkeel\.drift ([0-9]+) ([0-9]+)\n\Z")
_OWN = re.compile(rb"([0-9]+)-([0-9]+)\Z")


def sweep(root: str) -> None:
    """Remove the lock and the refs of processes that are gone. A root without a repository has none.

    Raises Unseen when it cannot be read, OSError.
    """
    root_fd = paths.open_root(root)
    try:
        with find(root_fd) as place:
            _sweep_lock(place)
            _sweep_refs(place)
    except NoRepository:
        return
    finally:
        os.close(root_fd)


def _sweep_lock(place: Place) -> None:
    for name in files.names(place.git_fd, b"."):
        made = _OWN.match(name[len(PREPARED) :]) if name.startswith(PREPARED.encode("ascii")) else None
        if made and _is_gone(made):
            _remove(place.git_fd, name, made)
    seen = files.look(place.git_fd, LOCK)
    # One of git's own is as large as an index.
    ours = seen is not None and seen.st_size <= _LARGEST
    found = _OURS.match(files.read(place.git_fd, LOCK) or b"") if ours else None
    if found:
        _remove(place.git_fd, LOCK, found)
        fs.sync_directory(place.git_fd)


def _sweep_refs(place: Place) -> None:
    for name in files.names(place.common_fd, INCOMING) if files.is_dir(place.common_fd, INCOMING) else ():
        found = _OWN.match(name)
        if name.startswith(b".new-") or (found and _is_gone(found)):
            with entry.parent_of(place.common_fd, f"{show(INCOMING)}/{show(name)}") as (folder_fd, own):
                if found:
                    _remove(folder_fd, own, found)
                else:
                    fs.unlink(folder_fd, own)


@contextlib.contextmanager
def kept_alive(fd: int) -> t.Iterator[int]:
    """Let an open file be known as one of a process that lives, for as long as the block lasts."""
    with contextlib.suppress(OSError):
        # Where the file system has no locks, its process id tells.
        fs.lock(fd)
    try:
        yield fd
    finally:
        os.close(fd)


def _remove(folder_fd: int, name: bytes, made: t.Match[bytes]) -> None:
    """Remove a file unless the process that made it lives."""
    try:
        fd = paths.open_file(folder_fd, name)
    except FileNotFoundError:
        return
    try:
        # Whoever holds the lock of this file is the only one to remove it, unless that was done just before.
        if _is_left(fd, made) and _is_still(folder_fd, name, os.fstat(fd)):
            fs.unlink(folder_fd, name)
    finally:
        os.close(fd)


def _is_still(folder_fd: int, name: bytes, opened: os.stat_result) -> bool:
    seen = files.look(folder_fd, name)
    return seen is not None and os.path.samestat(seen, opened)


def _is_left(fd: int, made: t.Match[bytes]) -> bool:
    try:
        return fs.lock(fd)
    except OSError:
        return _is_gone(made)


def _is_gone(found: t.Match[bytes]) -> bool:
    pid, began = (int(number) for number in found.groups())
    try:
        return started(pid) != began
    except Gone:
        return True


def started(pid: int) -> int:
    """Return when a process began, in clock ticks since the system booted. Raises Gone, Unseen."""
    return Proc().stat(pid).starttime
