# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be imported from a virtual environment: the names in its directories, and where its ``.pth`` files lead.
Private to the collection.
"""

from __future__ import annotations

import ast
import os
import re

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.packages.environment import Environment, NoEnvironment
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.python_places import Miss, Places

_MAX_BYTES = 1 << 20
_FINDER = re.compile(r"import\s+(__editable___\w+|_editable_impl_\w+|__editables_\w+)")


class Installed:
    """The modules of one environment. ``python`` is its version, empty when that is not known.

    ``unclear`` says why a name that is not found may be there all the same. Raises Unseen when there is no such
    environment, or it cannot be read.
    """

    def __init__(self, root: str, shown: str) -> None:
        try:
            environment = Environment(root, shown)
        except NoEnvironment as missing:
            raise Unseen(str(missing)) from None
        self.python = environment.python
        self.unclear = "; ".join(f"{item['path']}: {item['reason']}" for item in environment.unread)
        self._mapped: set[str] = set()
        self._places: list[Places] = []
        self._seen: set[str] = set()
        for folder, spelled in (*environment.folders, *environment.shared):
            self._add(folder, spelled, True)

    def find(self, parts: list[str], name: str | None) -> Miss | None:
        """Return None when a module may be imported from here, else how far the search came."""
        if parts[0] in self._mapped:
            return None
        misses = []
        for place in self._places:
            miss = place.find(parts, "", name, deep=False)
            if miss is None:
                return None
            misses.append(miss)
        return max(misses, default=Miss(0, "", ""))

    def _add(self, folder: str, spelled: str, links: bool) -> None:
        real = os.path.realpath(folder)
        if real in self._seen:
            return
        self._seen.add(real)
        fd = paths.open_root(real)
        place = Places(fd)
        names = place.names("")
        self._places.append(place)
        for name in sorted(names if links else ()):
            if name.endswith(".pth") and not names[name]:
                self._follow(fd, real, name, f"{spelled}/{show(name)}")

    def _follow(self, fd: int, folder: str, name: str, spelled: str) -> None:
        """Take what a ``.pth`` file adds: directories, and what a development installation maps."""
        try:
            lines = _read(fd, name).decode("utf-8", "surrogateescape").splitlines()
        except (OSError, Unseen) as error:
            self._note(spelled, explain(error) if isinstance(error, OSError) else error.reason)
            return
        for line in (line.strip() for line in lines):
            finder = _FINDER.match(line)
            if finder:
                self._map(fd, finder[1], spelled)
            elif line and not line.startswith(("#", "import ", "import\t")) and "\0" not in line:
                added = os.path.join(folder, line)
                try:
                    if os.path.isdir(added):
                        self._add(added, spelled, False)
                except (OSError, Unseen) as error:
                    self._note(spelled, explain(error) if isinstance(error, OSError) else error.reason)

    def _map(self, fd: int, module: str, spelled: str) -> None:
        """Take the names that an editable installation maps to directories, out of the text of its finder."""
        try:
            tree = ast.parse(_read(fd, f"{module}.py"))
        except (OSError, Unseen, SyntaxError, ValueError, RecursionError, MemoryError):
            self._note(spelled, "what its editable installation maps cannot be read")
            return
        names = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                names |= {key.value for key in node.keys if isinstance(key, ast.Constant)}
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = node.func.attr == "map_module" and node.args
                names |= {node.args[0].value} if called and isinstance(node.args[0], ast.Constant) else set()
        texts = {name.partition(".")[0] for name in names if isinstance(name, str)}
        if not texts:
            self._note(spelled, "what its editable installation maps cannot be told")
        self._mapped |= texts

    def _note(self, spelled: str, reason: str) -> None:
        self.unclear = "; ".join(filter(None, (self.unclear, f"{spelled}: {reason}")))


def _read(fd: int, name: str) -> bytes:
    file = paths.open_file(fd, name)
    try:
        return paths.read_fd(file, _MAX_BYTES)
    finally:
        os.close(file)
