# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening files and directories below a descriptor, never through a link. Private to the collection.

A path that is checked and then opened by name can be swapped in between; a descriptor cannot. So every open here names
one component, relative to the descriptor of its directory, and refuses a link. ``O_NONBLOCK`` keeps a FIFO from
blocking the open, ``O_NOATIME`` keeps the read from changing the access time where the kernel allows it (the owner of
the file, or root).
"""

from __future__ import annotations

import errno
import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_COMMON = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_DIRECTORY = _COMMON | os.O_DIRECTORY
_NOATIME = getattr(os, "O_NOATIME", 0)

Name = t.Union[str, bytes]


def _open(name: Name, flags: int, dir_fd: int | None) -> int:
    try:
        return os.open(name, flags | _NOATIME, dir_fd=dir_fd)
    except PermissionError as error:
        if error.errno != errno.EPERM:
            raise
    return os.open(name, flags, dir_fd=dir_fd)


def open_dir(parent_fd: int | None, name: Name) -> int:
    """Return a descriptor of the directory ``name`` below ``parent_fd`` (None: a path as it is). Raises OSError."""
    return _open(name, _DIRECTORY, parent_fd)


def open_followed(parent_fd: int | None, path: Name) -> int:
    """Return a descriptor of the directory that a path leads to, through links too: for looking at what is there, as a
    program that uses it would. Raises OSError.
    """
    return _open(path, _DIRECTORY & ~os.O_NOFOLLOW, parent_fd)


def names_in(folder: Name) -> list[str]:
    """Return the names in the directory that a path leads to, sorted; no access time is changed. Raises OSError."""
    fd = open_followed(None, folder)
    try:
        return sorted(os.listdir(fd))
    finally:
        os.close(fd)


def open_file(parent_fd: int | None, name: Name) -> int:
    """Return a descriptor of the regular file ``name`` below ``parent_fd``. Raises OSError, or Unseen when it is no
    regular file.
    """
    fd = _open(name, _COMMON, parent_fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Unseen(f"{show(name)} is not a regular file")
    return fd


def open_root(path: str) -> int:
    """Return a descriptor of the directory at ``path``, where the links of the path itself are the operator's own and
    are followed.

    Raises Unseen with a sentence that names the path.
    """
    try:
        return _open(os.path.realpath(path), _DIRECTORY & ~os.O_NOFOLLOW, None)
    except FileNotFoundError:
        raise Unseen(f"{path} does not exist on this host") from None
    except NotADirectoryError:
        raise Unseen(f"{path} is not a directory") from None
    except OSError as error:
        raise Unseen(f"{path} cannot be opened: {explain(error)}") from None


def open_target(path: str) -> int:
    """Return a descriptor of the regular file that a path leads to, through links too: as a program is that
    uses it.

    Raises OSError, or Unseen when it is no regular file.
    """
    folder, base = os.path.split(os.path.realpath(path))
    parent = _open(folder, _DIRECTORY & ~os.O_NOFOLLOW, None)
    try:
        return open_file(parent, base)
    finally:
        os.close(parent)


def open_beneath(root_fd: int, path: bytes) -> int:
    """Return a descriptor of the regular file at the relative ``path`` below ``root_fd``, no component being a link.

    Raises OSError, or Unseen when a component is ``..`` or the end is no regular file.
    """
    parts = [part for part in path.split(b"/") if part not in (b"", b".")]
    if not parts or b".." in parts:
        raise Unseen(f"{show(path)} is not a path below the root")
    held = root_fd
    try:
        for part in parts[:-1]:
            below = open_dir(held, part)
            if held != root_fd:
                os.close(held)
            held = below
        return open_file(held, parts[-1])
    finally:
        if held != root_fd:
            os.close(held)


def read_fd(fd: int, limit: int) -> bytes:
    """Return the whole content of an open file. Raises Unseen when it is larger than ``limit`` bytes."""
    parts: list[bytes] = []
    size = 0
    while True:
        part = os.read(fd, 1 << 20)
        if not part:
            return b"".join(parts)
        size += len(part)
        if size > limit:
            raise Unseen(f"larger than {limit} bytes")
        parts.append(part)


def read_target(path: str, limit: int) -> bytes:
    """Return the whole content of the file that a path leads to, such as one of ``/proc``.

    Raises Unseen with a sentence that names the path, also when it is larger than ``limit`` bytes.
    """
    try:
        fd = open_target(path)
        try:
            return read_fd(fd, limit)
        finally:
            os.close(fd)
    except OSError as error:
        raise Unseen(f"{path} cannot be read: {explain(error)}") from None
    except Unseen as unseen:
        raise Unseen(f"{path} cannot be read: {unseen.reason}") from None
