# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders that are there for good once they are there at all. Private to the collection."""

from __future__ import annotations

import hashlib
import os
import stat

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged
from ansible_collections.evenkeel.drift.plugins.module_utils.act.prepared import prepared
from ansible_collections.evenkeel.drift.plugins.module_utils.act.sparse import Copy
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_PART = 1 << 20
NEW = b".new-"
"""How the name of a file begins that is being written."""


def put(
    dir_fd: int,
    name: bytes,
    content: bytes,
    mode: int = 0o600,
    owner: os.stat_result | None = None,
    mtime_ns: int | None = None,
    staging_fd: int = -1,
) -> None:
    """Write a whole file and bring it to the disk, name and all: it is there with this content, or it is not there.

    It is prepared in the same directory unless another one is given; a process that is killed leaves it there, for
    :func:`sweep`.
    """
    if staging_fd < 0:
        staging_fd = dir_fd
    staged = NEW + os.urandom(6).hex().encode("ascii")
    with prepared(staging_fd, staged, dir_fd, name) as fd:
        fs.write(fd, content)
        if owner is not None:
            fs.chown(fd, owner.st_uid, owner.st_gid)
        fs.chmod(fd, mode)
        if mtime_ns is not None:
            fs.set_times(fd, mtime_ns, mtime_ns)
        fs.sync(fd)
    fs.sync_directory(dir_fd)


def sweep(dir_fd: int) -> None:
    """Remove what processes that were killed left of :func:`put`. Whoever asks this holds the lock. Raises OSError."""
    for name in sorted(os.fsencode(one) for one in os.listdir(dir_fd)):
        if name.startswith(NEW):
            fs.unlink(dir_fd, name)


def make_folder(dir_fd: int, name: bytes, mode: int = 0o700, owner: os.stat_result | None = None) -> None:
    """Make a directory and bring its name to the disk. Raises FileExistsError, OSError."""
    fs.mkdir(dir_fd, name, mode)
    if owner is not None and owner.st_uid != os.geteuid():
        fd = paths.open_dir(dir_fd, name)
        try:
            fs.chown(fd, owner.st_uid, owner.st_gid)
        finally:
            os.close(fd)
    fs.sync_directory(dir_fd)


def remove_tree(dir_fd: int, name: bytes) -> None:
    """Remove a directory and all that is in it; links are removed, not followed. Raises OSError."""
    fd = paths.open_dir(dir_fd, name)
    try:
        for child in sorted(os.fsencode(one) for one in os.listdir(fd)):
            if stat.S_ISDIR(os.stat(child, dir_fd=fd, follow_symlinks=False).st_mode):
                remove_tree(fd, child)
            else:
                fs.unlink(fd, child)
    finally:
        os.close(fd)
    fs.rmdir(dir_fd, name)


def open_private(dir_fd: int, name: bytes) -> int:
    """Return a descriptor of a directory of our own that nobody else may look into.

    Raises Damaged, FileNotFoundError.
    """
    try:
        fd = paths.open_dir(dir_fd, name)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Damaged(f"{show(name)} is no directory: {explain(error)}") from None
    reason = _not_private(os.fstat(fd))
    if reason:
        os.close(fd)
        raise Damaged(f"{show(name)} {reason}")
    return fd


def open_member(dir_fd: int, name: bytes) -> int:
    """Return a descriptor of a regular file of our own that nobody else may read. Raises Damaged."""
    try:
        fd = paths.open_file(dir_fd, name)
    except OSError as error:
        raise Damaged(f"{show(name)}: {explain(error)}") from None
    except Unseen as unseen:
        raise Damaged(unseen.reason) from None
    reason = _not_private(os.fstat(fd))
    if reason:
        os.close(fd)
        raise Damaged(f"{show(name)} {reason}")
    return fd


def read_member(dir_fd: int, name: bytes, limit: int) -> bytes:
    """Return the content of a file of our own. Raises Damaged."""
    fd = open_member(dir_fd, name)
    try:
        return paths.read_fd(fd, limit)
    except OSError as error:
        raise Damaged(f"{show(name)}: {explain(error)}") from None
    except Unseen as unseen:
        raise Damaged(f"{show(name)} is {unseen.reason}") from None
    finally:
        os.close(fd)


def _not_private(seen: os.stat_result) -> str:
    if seen.st_uid != os.geteuid():
        return f"belongs to the user {seen.st_uid}, not to the one that made the points"
    if seen.st_mode & 0o077:
        return "can be read or written by others"
    return ""


def copy(source: int, target: int, most: int) -> str:
    """Copy what an open file holds from here on to another, little more than ``most`` bytes: it may grow faster than it
    is read. Return the SHA-256 of what was copied. Raises OSError.
    """
    digest, made = hashlib.sha256(), Copy(target, source)
    left = most
    while left >= 0:
        part = os.read(source, _PART)
        if not part:
            break
        digest.update(part)
        made.add(part)
        left -= len(part)
    made.end()
    return digest.hexdigest()
