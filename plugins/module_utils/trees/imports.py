# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports of a Python tree that lead nowhere: neither into the tree, nor into its virtual environment, nor into the
standard library. Private to the collection.

Nothing is run or imported. ``docs/sections/trees.md`` says what counts as found.
"""

from __future__ import annotations

import json
import os
import sys
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.python_installed import Installed
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.python_places import (
    NAMESPACE,
    Miss,
    Places,
    Unreadable,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.python_source import Import
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.python_stdlib import stdlib_names
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import IMPORTS, TreeSpec
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.walk import SHADOW, Visit, Walker, level_of
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel

Json = t.Dict[str, t.Any]

_MAX_FILES = 50_000
_MAX_LISTED = 500
_MAX_UNKNOWN = 100
_MAX_CANDIDATES = 12
_CONVENTIONAL = ("venv", ".venv", "env")
_ENVIRONMENT = frozenset({"pyvenv.cfg", "conda-meta"})
_NOT_CODE = ("__pycache__", "node_modules", "site-packages", "dist-packages")


class _Files:
    """Gathers the Python files of a tree; those of virtual environments in it are not the tree's own code."""

    def __init__(self, spec: TreeSpec) -> None:
        self._spec = spec
        self._apart: list[str] = []
        self.files: list[str] = []
        self.unread: list[Json] = []

    def unseen(self, path: str, reason: str) -> None:
        self.unread.append({"path": show(path), "reason": reason})

    def handle(self, visit: Visit) -> None:
        if visit.nested or visit.level == SHADOW or any(visit.path.startswith(apart) for apart in self._apart):
            return
        if not _ENVIRONMENT.isdisjoint(entry.name for entry in visit.entries) or visit.path.rstrip("/").endswith(
            _NOT_CODE
        ):
            self._apart.append(visit.path)
            return
        for entry in visit.entries:
            path = visit.path + entry.name
            if not entry.name.endswith(".py") or not entry.is_file(follow_symlinks=False):
                continue
            if not self._spec.exclude.ignored(path, False) and level_of(path, False, visit.level, self._spec) != SHADOW:
                self.files.append(path)
        if len(self.files) > _MAX_FILES:
            raise Unseen(f"the tree has more than {_MAX_FILES} files of Python")


class _Search:
    """Looks for every import of the files of one tree. All paths are relative to the root of the request."""

    def __init__(self, places: Places, prefix: str, spec: Json, host: Host) -> None:
        self._places = places
        self._prefix = prefix
        self._host = host
        self._ignored = frozenset(spec["ignore"])
        self._installed: Installed | None = None
        self._untold: set[str] = set()
        self.python = ""
        self.problem = ""
        self.checked = self.optional = 0
        self.unresolved: list[Json] = []
        self.unread: list[Json] = []
        self._anywhere: set[str] = set()
        try:
            self.venv = self._environment(spec["venv"])
        except Unseen as unseen:
            self.venv = show(spec["venv"] or "")
            self.problem = unseen.reason
        minor = self.python.split(".")[1:2] or [str(sys.version_info[1])]
        self._standard = stdlib_names(int(minor[0]))

    def _environment(self, named: str | None) -> str:
        """Open the environment that the contract names, or that lies where one usually does; return its path."""
        names = [name for name in _CONVENTIONAL if self._places.names(name).get("pyvenv.cfg") is False]
        path = os.fsdecode(raw(named)) if named else names[0] if names else ""
        if not path:
            self.problem = "the contract names no virtual environment, and there is none at venv or .venv"
            return ""
        self._installed = Installed(os.path.normpath(os.path.join(self._host.root, path)), show(path))
        self.python, self.problem = self._installed.python, self._installed.unclear
        return show(path)

    def run(self, files: t.Sequence[str]) -> None:
        """Check the imports of all files."""
        self._anywhere = {part for file in files for part in file[:-3].split("/")}
        for file in sorted(files):
            self._host.check_time()
            try:
                source = self._places.source(file)
            except Unreadable as unreadable:
                self.unread.append({"path": show(file), "reason": mask(str(unreadable))})
                continue
            self.optional += source.loads
            wrong: dict[tuple[str, str | None], Json] = {}
            for one in source.imports:
                if one.optional or self._is_ignored(one):
                    self.optional += 1
                    continue
                self.checked += 1
                try:
                    self._check(file, one, source.moves_path, wrong)
                except Unseen as unseen:
                    self.unread.append({"path": show(file), "reason": f"line {one.line}: {unseen.reason}"})
            self.unresolved += wrong.values()
        if self._untold:
            names = sorted(self._untold)
            shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
            reason = f"whether {shown} can be imported is not known: {self.problem}"
            self.unread.append({"path": self.venv or self._prefix.rstrip("/") or ".", "reason": mask(reason)})

    def _is_ignored(self, one: Import) -> bool:
        parts = one.module.split(".")
        dotted = {".".join(parts[: end + 1]) for end in range(len(parts))}
        return not one.level and bool(self._ignored & (dotted | {f"{one.module}.{one.name}"}))

    def _check(self, file: str, one: Import, moves_path: bool, wrong: dict[tuple[str, str | None], Json]) -> None:
        parts = one.module.split(".") if one.module else []
        folder = file.rpartition("/")[0]
        if one.level:
            miss = self._relative(folder, parts, one)
        elif moves_path and parts[0] in self._anywhere:
            return
        else:
            miss = self._absolute(folder, parts, one.name)
        if miss is None:
            return
        # What is the tree's own was searched to the end; anything else may be in what cannot be seen.
        if not one.level and self.problem and not self._is_own(folder, parts[0]):
            self._untold.add(parts[0])
            return
        name = one.name if miss.file or miss.depth == len(parts) else None
        module = "." * one.level + one.module
        known = wrong.get((module, name))
        if known is not None:
            known["lines"] = sorted({*known["lines"], one.line})[:20]
            return
        wrong[module, name] = {
            "path": show(file),
            "line": one.line,
            "lines": [one.line],
            "module": module,
            "name": name,
            "found": show(miss.file) if miss.file else None,
            "candidates": [show(path) for path in self._candidates(folder, parts, name, miss, one.level)],
        }

    def _relative(self, folder: str, parts: list[str], one: Import) -> Miss | None:
        steps = folder.split("/") if folder else []
        if one.level - 1 > len(steps):
            return Miss(0, "", "")
        base = "/".join(steps[: len(steps) - (one.level - 1)])
        return self._places.find(parts, base, one.name)

    def _absolute(self, folder: str, parts: list[str], name: str | None) -> Miss | None:
        """Return None when a module is found: wherever a script of the tree may run, it looks beside itself."""
        if parts[0] in self._standard:
            return None
        best = Miss(0, folder, "")
        for root in self._roots(folder):
            miss = self._places.find(parts, root, name)
            if miss is None:
                return None
            best = max(best, miss, key=lambda one: (one.depth, bool(one.file)))
        if self._installed is not None:
            theirs = self._installed.find(parts, name)
            if theirs is None:
                return None
            if theirs.depth > best.depth:
                best = Miss(theirs.depth, "", "", own=False)
        hacked = parts[0] == "distutils" and self._installed is not None
        return None if hacked and self._installed_has("_distutils_hack") else best

    def _is_own(self, folder: str, name: str) -> bool:
        """Return whether the tree has a module or package of that name where a script may run.

        A mere directory may be anything, and what lies inside of a package has another name there.
        """
        roots = (root for root in self._roots(folder) if "__init__.py" not in self._places.names(root))
        found = (self._places.look(root, name) for root in roots)
        return any(one is not None and one.kind != NAMESPACE for one in found)

    def _installed_has(self, module: str) -> bool:
        return self._installed is not None and self._installed.find([module], None) is None

    def _roots(self, folder: str) -> list[str]:
        """Return the directories that may be in the path: those above a file, and ``src`` in each."""
        roots = []
        while True:
            roots.append(folder)
            if self._places.names(folder).get("src"):
                roots.append(f"{folder}/src" if folder else "src")
            if not folder:
                return roots
            folder = folder.rpartition("/")[0]

    def _candidates(self, folder: str, parts: list[str], name: str | None, miss: Miss, level: int) -> list[str]:
        """Return the files that would resolve an import: where the search ended, else wherever it began."""
        if miss.file and not miss.file.endswith("/__init__.py") and miss.file != "__init__.py":
            return [miss.file]
        if not miss.own:
            return []
        rest = "/".join([*parts[miss.depth :], *([name] if name and miss.depth == len(parts) else [])])
        folders = [miss.folder] if miss.depth or level else self._roots(folder)
        found = [miss.file] if miss.file else []
        for base in folders:
            stem = f"{base}/{rest}" if base else rest
            found += [f"{stem}.py", f"{stem}/__init__.py"]
        return found[:_MAX_CANDIDATES]


def check_imports(root_fd: int, tree: TreeSpec, spec: Json, host: Host, channel: Channel) -> None:
    """Send ``{outcome, reason, venv, python, files, checked, optional, unresolved, unresolved_total, unknown,
    unknown_total}`` about the tree whose root is ``root_fd``.

    ``spec`` is ``{venv: path or null, ignore: [name]}``.
    """
    files = _Files(tree)
    try:
        Walker(tree, host, files, (0, 1)).run(paths.open_dir(root_fd, "."))
    except OSError as error:
        raise Unseen(f"the tree's root cannot be entered: {explain(error)}") from None
    top_fd = paths.open_root(host.root)
    try:
        search = _Search(Places(top_fd, root_fd, tree.prefix), tree.prefix, spec, host)
        search.run(files.files)
    finally:
        os.close(top_fd)
    unknown = sorted(files.unread + search.unread, key=lambda item: (str(item["path"]), str(item["reason"])))
    result = {
        "outcome": "ok",
        "reason": "",
        "venv": search.venv,
        "python": search.python,
        "files": len(files.files),
        "checked": search.checked,
        "optional": search.optional,
        "unresolved": search.unresolved[:_MAX_LISTED],
        "unresolved_total": len(search.unresolved),
        "unknown": unknown[:_MAX_UNKNOWN],
        "unknown_total": len(unknown),
    }
    channel.send(IMPORTS, json.dumps(result).encode("ascii"))
