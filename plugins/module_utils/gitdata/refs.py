# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the refs of a repository from loose files and packed-refs. Private to the collection.

Sources: https://git-scm.com/docs/gitrepository-layout, https://git-scm.com/docs/git-pack-refs
"""

from __future__ import annotations

import os
import re
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import Place
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

PACKED_LIMIT = 64 << 20
"""Largest packed-refs that is read, in bytes."""

_MAX_LINKS = 5
_MAX_DEPTH = 64
# What git check-ref-format forbids.
_FORBIDDEN = re.compile(rb"\.\.|[\000-\040\177~^:?*\[\\]|@\{|//|/\Z|\A/|(?:\A|/)\.|\.lock(?:/|\Z)|\.\Z")
_OWN = (b"refs/bisect/", b"refs/worktree/", b"refs/rewritten/")


class Head(t.NamedTuple):
    """Where HEAD is: ``ref`` is the full name of the branch, None when detached; ``commit`` None when unborn."""

    ref: bytes | None
    commit: str | None


def is_valid(name: bytes) -> bool:
    """Return whether git would take ``name`` as the full name of a ref."""
    return name.startswith(b"refs/") and not _FORBIDDEN.search(name)


class Refs:
    """The refs of one repository."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def head(self, git_fd: int | None = None) -> Head:
        """Return where HEAD is; of another work tree of this repository when ``git_fd`` is given.

        Raises Unseen when that cannot be told.
        """
        git_fd = self._place.git_fd if git_fd is None else git_fd
        text = files.read(git_fd, b"HEAD")
        if text is None:
            raise Unseen("HEAD does not exist; this is no whole repository")
        target = _symbolic(text)
        if target is None:
            return Head(None, _object(text, b"HEAD"))
        if target == b"refs/heads/.invalid" and files.is_dir(self._place.common_fd, b"reftable"):
            raise Unseen("its refs are stored as reftable, which is not read")
        return Head(target, self.resolve(target, git_fd))

    def resolve(self, name: bytes, git_fd: int | None = None) -> str | None:
        """Return the object that a ref names, through symbolic refs; None when there is no such ref. Raises Unseen."""
        for _link in range(_MAX_LINKS):
            if not is_valid(name):
                raise Unseen(f"{show(name)} is no valid name of a ref")
            own = name.startswith(_OWN)
            text = files.read(git_fd if own and git_fd is not None else self._place.common_fd, name)
            if text is None:
                return self._packed_one(name)
            target = _symbolic(text)
            if target is None:
                return _object(text, name)
            name = target
        raise Unseen(f"{show(name)}: too many symbolic refs in a row")

    def _packed_one(self, name: bytes) -> str | None:
        text = files.read(self._place.common_fd, b"packed-refs", PACKED_LIMIT) or b""
        end = (b"\n" + text).find(b" " + name + b"\n") - 1
        if end < 0:
            return None
        return _object(text[text.rfind(b"\n", 0, end) + 1 : end], b"packed-refs")

    def everything(self, host: Host, unknown: list[dict[str, str]]) -> dict[bytes, str]:
        """Return the object of every ref by full name, for annotated tags the peeled one where packed-refs knows it.

        Symbolic refs are left out. A loose ref that cannot be read is added to ``unknown``; packed-refs that cannot be
        read raise Unseen.
        """
        found = self._packed()
        self._walk(b"refs", self._place.common_fd, 0, found, host, unknown)
        return found

    def _packed(self) -> dict[bytes, str]:
        text = files.read(self._place.common_fd, b"packed-refs", PACKED_LIMIT) or b""
        found: dict[bytes, str] = {}
        name = b""
        for number, line in enumerate(text.split(b"\n"), 1):
            if not line or line.startswith(b"#"):
                continue
            peeled = line.startswith(b"^")
            oid, space, ref = line[1:].partition(b" ") if peeled else line.partition(b" ")
            value = files.object_id(oid)
            if value is None or peeled == bool(space) or (peeled and not name):
                raise Unseen(f"packed-refs: line {number} is damaged")
            if not peeled:
                name = ref
                if not is_valid(name):
                    raise Unseen(f"packed-refs: line {number}: {show(name)} is no valid name of a ref")
            found[name] = value
        return found

    def _walk(
        self,
        path: bytes,
        dir_fd: int,
        depth: int,
        found: dict[bytes, str],
        host: Host,
        unknown: list[dict[str, str]],
    ) -> None:
        """Add the loose refs of the directory ``path``, whose parent is open at ``dir_fd``."""
        host.check_time()
        try:
            fd = paths.open_dir(dir_fd, path.rpartition(b"/")[2])
        except OSError as error:
            unknown.append({"path": f".git/{show(path)}", "reason": explain(error)})
            return
        try:
            for name in sorted(os.fsencode(name) for name in os.listdir(fd)):
                self._loose(path + b"/" + name, fd, depth, found, host, unknown)
        except OSError as error:
            unknown.append({"path": f".git/{show(path)}", "reason": explain(error)})
        finally:
            os.close(fd)

    def _loose(
        self,
        path: bytes,
        dir_fd: int,
        depth: int,
        found: dict[bytes, str],
        host: Host,
        unknown: list[dict[str, str]],
    ) -> None:
        name = path.rpartition(b"/")[2]
        if name.endswith(b".lock"):
            return
        if _is_dir(dir_fd, name) and depth < _MAX_DEPTH:
            self._walk(path, dir_fd, depth + 1, found, host, unknown)
            return
        try:
            text = files.read(dir_fd, name)
            if text is None or _symbolic(text) is not None:
                return
            if not is_valid(path):
                raise Unseen("no valid name of a ref")
            found[path] = _object(text, name)
        except Unseen as unseen:
            # A loose ref overrides the packed one: without it the value is not known.
            found.pop(path, None)
            unknown.append({"path": f".git/{show(path)}", "reason": unseen.reason})


def _is_dir(dir_fd: int, name: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_mode)
    except OSError:
        return False  # reading it will say why


def _symbolic(text: bytes) -> bytes | None:
    return text[4:].strip() if text.startswith(b"ref:") else None


def _object(text: bytes, name: bytes) -> str:
    value = files.object_id(text.rstrip(b"\r\n \t"))
    if value is None:
        raise Unseen(f"{show(name)} holds no object name")
    return value
