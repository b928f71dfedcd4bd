# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the parts of a git repository, and copies those that are not objects as plain data. Private to the collection.

Nothing here runs git, follows a link inside the repository, or waits on what is not a regular file.
"""

from __future__ import annotations

import dataclasses
import os
import re
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable, quoted

_SMALL = 4096
_MAX_CONFIG = 1 << 20
_MAX_PACKED_REFS = 64 << 20
_MAX_TABLES = 256 << 20
_MAX_REFS = 200_000
_MAX_DEPTH = 5
_URL = re.compile(r"[a-z][a-z0-9+.-]*::?//|[^/\s]+@[^/\s]+:", re.IGNORECASE)


class Odd(Exception):
    """Something in a repository is not the regular file that it should be. The message says what."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where a repository lies. ``own`` holds HEAD, ``common`` the rest; they differ in a linked worktree."""

    own: str
    common: str

    @property
    def objects(self) -> str:
        return os.path.realpath(os.path.join(self.common, "objects"))


def find(path: str) -> Layout:
    """Return the repository at, or above, a path: a work tree or a folder of one, a linked worktree, a submodule, a
    bare repository. Raises ReferenceUnavailable.
    """
    if _URL.match(path):
        raise ReferenceUnavailable(f"{quoted(path)} is an address: name a clone on this machine, nothing is fetched")
    start = os.path.realpath(path)
    if not os.path.isdir(start):
        raise ReferenceUnavailable(f"{quoted(path)} is not a folder on this machine")
    folder = start
    while True:
        found = _at(folder)
        if found is not None:
            return found
        parent = os.path.dirname(folder)
        if parent == folder:
            raise ReferenceUnavailable(f"{quoted(path)} is not a git repository, nor is any folder above it")
        folder = parent


def _at(folder: str) -> Layout | None:
    dot_git = os.path.join(folder, ".git")
    if _is_git_dir(dot_git):
        return Layout(dot_git, dot_git)
    if os.path.lexists(dot_git) and not os.path.isdir(dot_git):
        return _pointed(folder, dot_git)
    if _is_git_dir(folder):
        return Layout(folder, folder)
    return None


def _is_git_dir(path: str) -> bool:
    parts = (os.path.isdir(os.path.join(path, name)) for name in ("objects", "refs"))
    return os.path.lexists(os.path.join(path, "HEAD")) and all(parts)


def _pointed(folder: str, dot_git: str) -> Layout:
    """Follow the file ``.git`` of a linked worktree or a submodule."""
    try:
        content = read_small(dot_git)
    except (OSError, Odd) as error:
        raise ReferenceUnavailable(f"{quoted(dot_git)} cannot be read: {_why(error)}") from error
    if not content.startswith(b"gitdir: "):
        raise ReferenceUnavailable(f"{quoted(dot_git)} does not point to a git repository")
    own = os.path.realpath(os.path.join(folder, os.fsdecode(content[len(b"gitdir: ") :].rstrip(b"\r\n"))))
    common = own
    try:
        target = os.fsdecode(read_small(os.path.join(own, "commondir")).rstrip(b"\r\n"))
        common = os.path.realpath(os.path.join(own, target))
    except FileNotFoundError:
        pass
    except (OSError, Odd) as error:
        raise ReferenceUnavailable(f"commondir of {quoted(folder)} cannot be read: {_why(error)}") from error
    if not os.path.lexists(os.path.join(own, "HEAD")) or not os.path.isdir(os.path.join(common, "objects")):
        raise ReferenceUnavailable(f"{quoted(dot_git)} points to {quoted(own)}, which is not a git repository")
    return Layout(own, common)


def _why(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else str(error)


def read_small(path: str, limit: int = _SMALL) -> bytes:
    """Return the content of a regular file. Raises OSError, or Odd for anything else or more."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise Odd("it is not a regular file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Odd(f"it is larger than {limit} bytes")
    return content


def copy_config(layout: Layout, target: str) -> bool:
    """Copy the repository's configuration, to be parsed and not obeyed; return whether there is one."""
    return _copy(os.path.join(layout.common, "config"), os.path.join(target, "config"), _MAX_CONFIG)


def copy_refs(layout: Layout, target: str) -> list[str]:
    """Copy HEAD, the refs and ``shallow`` into a private folder; return what of the loose refs could not be read.

    Raises ReferenceUnavailable when HEAD, packed-refs, shallow or the reftable cannot be read.
    """
    os.makedirs(os.path.join(target, "refs"), mode=0o700)
    _copy(os.path.join(layout.own, "HEAD"), os.path.join(target, "HEAD"), _SMALL)
    _copy(os.path.join(layout.common, "packed-refs"), os.path.join(target, "packed-refs"), _MAX_PACKED_REFS)
    _copy(os.path.join(layout.common, "shallow"), os.path.join(target, "shallow"), _MAX_PACKED_REFS)
    tables = os.path.join(layout.common, "reftable")
    if os.path.isdir(tables):
        os.mkdir(os.path.join(target, "reftable"), mode=0o700)
        for name in sorted(os.listdir(tables)):
            _copy(os.path.join(tables, name), os.path.join(target, "reftable", name), _MAX_TABLES)
    return _copy_loose(layout.common, target)


def _copy(source: str, target: str, limit: int) -> bool:
    try:
        content = read_small(source, limit)
    except FileNotFoundError:
        return False
    except (OSError, Odd) as error:
        raise ReferenceUnavailable(f"{quoted(source)} cannot be read: {_why(error)}") from error
    _write(target, content)
    return True


def _write(target: str, content: bytes) -> None:
    with open(target, "xb") as file:
        file.write(content)


def _copy_loose(common: str, target: str) -> list[str]:
    odd: list[str] = []
    pending = ["refs"]
    count = 0
    while pending:
        folder = pending.pop()
        with os.scandir(os.path.join(common, folder)) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}"
                count += 1
                if count > _MAX_REFS:
                    raise ReferenceUnavailable(f"{quoted(common)} holds more than {_MAX_REFS} loose refs")
                if entry.is_dir(follow_symlinks=False):
                    os.mkdir(os.path.join(target, name), mode=0o700)
                    pending.append(name)
                    continue
                try:
                    _write(os.path.join(target, name), read_small(entry.path))
                except FileNotFoundError:
                    odd.append(f"{quoted(name)} vanished while it was read")
                except (OSError, Odd) as error:
                    odd.append(f"{quoted(name)} cannot be read: {_why(error)}")
    return sorted(odd)


def check_objects(objects: str, depth: int = 0) -> None:
    """Raise ReferenceUnavailable when the object store, or one that it borrows from, holds what git would wait on."""
    for folder in _object_folders(objects):
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir() and not entry.is_file():
                    raise ReferenceUnavailable(f"{quoted(entry.path)} is not a regular file, so git cannot be run")
    try:
        content = read_small(os.path.join(objects, "info", "alternates"), _MAX_CONFIG)
    except FileNotFoundError:
        return
    except (OSError, Odd) as error:
        raise ReferenceUnavailable(f"the alternates of {quoted(objects)} cannot be read: {_why(error)}") from error
    for line in content.splitlines():
        other = os.path.join(objects, os.fsdecode(line))
        if line and not line.startswith(b"#") and depth < _MAX_DEPTH and os.path.isdir(other):
            check_objects(os.path.realpath(other), depth + 1)


def _object_folders(objects: str) -> t.Iterator[str]:
    with os.scandir(objects) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir())
    for name in names:
        if re.fullmatch(r"[0-9a-f]{2}|info|pack", name):
            yield os.path.join(objects, name)
    chains = os.path.join(objects, "info", "commit-graphs")
    if os.path.isdir(chains):
        yield chains
