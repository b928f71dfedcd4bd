# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Python would find a module: told from the names of files, below one directory. Private to the collection.

Whether something exists is asked through links, as the interpreter does it; content is only ever read without them.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.python_source import Source, read_source

MAX_SOURCE = 2 << 20
_COMPILED = (".so", ".pyd", ".pyc")
_IMPLICIT = frozenset(
    {"__dict__", "__doc__", "__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__"}
)

PACKAGE, MODULE, COMPILED, NAMESPACE = "package", "module", "compiled", "namespace"


class Found(t.NamedTuple):
    """What a name stands for: its kind, its directory (of a package or namespace), and the file that defines it."""

    kind: str
    folder: str
    file: str


class Miss(t.NamedTuple):
    """Where a search ended: how many parts of the name were found, and the directory that should hold the next.

    ``file`` is the module that was found, when only the name in it was not. ``own`` is false for a search that ended
    outside of the tree, in a virtual environment.
    """

    depth: int
    folder: str
    file: str
    own: bool = True


class Unreadable(Exception):
    """A file cannot be read or is not Python that this interpreter knows. The message says why."""


class Places:
    """Looks for modules below an open directory. Paths are relative to it, ``""`` being itself.

    Files whose path begins with ``prefix`` are read below ``tree_fd``: the way to a tree may hold links, a tree's own
    are not followed.
    """

    def __init__(self, root_fd: int, tree_fd: int | None = None, prefix: str = "") -> None:
        self._root_fd = root_fd
        self._tree_fd = root_fd if tree_fd is None else tree_fd
        self._prefix = prefix
        self._names: dict[str, dict[str, bool]] = {}
        self._compiled: dict[str, frozenset[str]] = {}
        self._sources: dict[str, Source | Unreadable] = {}

    def names(self, folder: str) -> dict[str, bool]:
        """Return the names in a directory, and whether each is a directory itself; none when there is no such one.

        Raises Unseen when it cannot be listed.
        """
        known = self._names.get(folder)
        if known is None:
            known = self._names[folder] = self._listed(folder)
            self._compiled[folder] = frozenset(
                name.partition(".")[0] for name in known if name.endswith(_COMPILED) and not known[name]
            )
        return known

    def _listed(self, folder: str) -> dict[str, bool]:
        try:
            fd = paths.open_followed(self._root_fd, folder or ".")
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise Unseen(f"{folder or 'the root'} cannot be listed: {explain(error)}") from None
        try:
            with os.scandir(fd) as listing:
                return {entry.name: _is_dir(entry) for entry in listing}
        except OSError as error:
            raise Unseen(f"{folder or 'the root'} cannot be listed: {explain(error)}") from None
        finally:
            os.close(fd)

    def look(self, folder: str, name: str) -> Found | None:
        """Return what ``name`` is in a directory that modules are imported from."""
        names = self.names(folder)
        inner = f"{folder}/{name}" if folder else name
        if names.get(name):
            below = self.names(inner)
            if "__init__.py" in below:
                return Found(PACKAGE, inner, f"{inner}/__init__.py")
            if "__init__" in self._compiled[inner]:
                return Found(COMPILED, inner, "")
        if name in self._compiled[folder]:
            return Found(COMPILED, "", "")
        if names.get(f"{name}.py") is False:
            return Found(MODULE, "", f"{inner}.py")
        return Found(NAMESPACE, inner, "") if names.get(name) else None

    def source(self, file: str) -> Source:
        """Return what a file imports and defines. Raises Unreadable."""
        known = self._sources.get(file)
        if known is None:
            try:
                known = self._read(file)
            except Unreadable as reason:
                known = reason
            self._sources[file] = known
        if isinstance(known, Unreadable):
            raise known
        return known

    def _read(self, file: str) -> Source:
        try:
            inside = file.startswith(self._prefix)
            below = self._tree_fd if inside else self._root_fd
            fd = paths.open_beneath(below, os.fsencode(file[len(self._prefix) :] if inside else file))
            try:
                content = paths.read_fd(fd, MAX_SOURCE)
            finally:
                os.close(fd)
            return read_source(content)
        except SyntaxError as error:
            raise Unreadable(f"this host's Python does not understand it: {error.msg}{_where(error.lineno)}") from None
        except (RecursionError, MemoryError):
            raise Unreadable("it is nested too deeply to be read") from None
        except ValueError as error:
            raise Unreadable(f"it is no Python source: {error}") from None
        except Unseen as unseen:
            raise Unreadable(unseen.reason) from None
        except OSError as error:
            raise Unreadable(explain(error)) from None

    def find(self, parts: t.Sequence[str], folder: str, name: str | None = None, deep: bool = True) -> Miss | None:
        """Look for the module ``parts`` in ``folder``, and for ``name`` in it; return None when it is there, or may be.

        Without ``deep`` a package answers for everything in it.
        """
        found = Found(PACKAGE if "__init__.py" in self.names(folder) else NAMESPACE, folder, "")
        if found.kind == PACKAGE:
            found = Found(PACKAGE, folder, f"{folder}/__init__.py" if folder else "__init__.py")
        for depth, part in enumerate(parts):
            if depth and _closed(found, deep):
                return None
            below = self.look(found.folder, part) if found.kind in (PACKAGE, NAMESPACE) else None
            if below is None:
                return None if depth and self._opaque(found) else Miss(depth, found.folder, "")
            found = below
        if name is None or (parts and _closed(found, deep)) or self._gives(found, name):
            return None
        return Miss(len(parts), found.folder, found.file)

    def _opaque(self, found: Found) -> bool:
        """Return whether a module may have submodules that are not beside it."""
        if found.kind == NAMESPACE:
            return False
        try:
            source = self.source(found.file)
        except Unreadable:
            return True
        return source.own_path or (found.kind == MODULE and source.dynamic)

    def _gives(self, found: Found, name: str) -> bool:
        if found.kind == COMPILED:
            return True
        if found.kind in (PACKAGE, NAMESPACE) and self.look(found.folder, name) is not None:
            return True
        if found.kind == NAMESPACE:
            return False
        try:
            source = self.source(found.file)
        except Unreadable:
            return True
        return source.dynamic or source.own_path or name in source.defined or name in _IMPLICIT


def _closed(found: Found, deep: bool) -> bool:
    """Return whether nothing can be told, or nothing is asked, of what is inside."""
    return found.kind == COMPILED or (not deep and found.kind != NAMESPACE)


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _where(line: int | None) -> str:
    return f" in line {line}" if line else ""
