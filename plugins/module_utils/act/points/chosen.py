# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which paths of a tree a restore point saves when nobody named them. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.manifest import MAX_ENTRIES
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import TreeSpec
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.walk import SHADOW, Visit, Walker, is_dir, level_of

_STAGED = ".evenkeel-"
_NAMED = 5


class Chosen:
    """The paths of the trees that were walked, as :func:`text.show` spells them, and what is not among them."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.unseen: list[tuple[str, str]] = []
        self.nested: list[str] = []


class _Handler:
    """Takes what counts of each directory, and every file of a secret class: what the reference ignores, such as .env,
    is what nobody could bring back.
    """

    def __init__(self, spec: TreeSpec, chosen: Chosen) -> None:
        self._spec = spec
        self._chosen = chosen

    def unseen(self, path: str, reason: str) -> None:
        self._chosen.unseen.append((show(path), reason))

    def handle(self, visit: Visit) -> None:
        if visit.nested:
            self._chosen.nested.append(show(visit.path))
            return
        for child in visit.entries:
            if child.name != ".git" and not child.name.startswith(_STAGED) and self._counts(visit, child):
                self._chosen.paths.add(show(visit.path + child.name))
        if len(self._chosen.paths) > MAX_ENTRIES:
            raise PointError(
                f"there are more than {MAX_ENTRIES} files and directories to save; exclude what can be made again"
            )

    def _counts(self, visit: Visit, child: os.DirEntry[str]) -> bool:
        spec, path, directory = self._spec, visit.path + child.name, is_dir(child)
        if spec.exclude.ignored(path, directory):
            return False
        if level_of(path, directory, visit.level, spec) != SHADOW:
            return True
        return not directory and is_secret_file(path, spec.secret)


def choose(root: str, specs: t.Sequence[t.Mapping[str, t.Any]], host: Host) -> Chosen:
    """Return what is to be saved of trees, each told as the audit tells it (``trees/spec.py``), paths relative to
    ``root``.

    Raises PointError, naming the first of them, when something cannot be seen: a point without it would not be whole.
    Raises Unseen when a tree's root cannot be opened, or the time is up.
    """
    chosen = Chosen()
    for one in specs:
        spec = TreeSpec(one)
        fd = paths.open_root(os.path.normpath(os.path.join(root, spec.path)))
        try:
            Walker(spec, host, _Handler(spec, chosen), (0, 1)).run(fd)
        finally:
            os.close(fd)
    if chosen.unseen:
        raise PointError(unreadable(chosen.unseen))
    return chosen


def unreadable(found: t.Iterable[tuple[str, str]]) -> str:
    """Return the sentence about paths that cannot be read, ``(path, reason)`` each."""
    listed = sorted(found)
    named = "; ".join(f"{path}: {reason}" for path, reason in listed[:_NAMED])
    more = f"; and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return f"what cannot be read cannot be saved: {named}{more}; exclude it from the tree, or run as a user who may"


def with_parents(wanted: t.Iterable[str]) -> list[str]:
    """Return paths and the directories that lead to each, sorted: without these nothing could be put back."""
    found: set[str] = set()
    for path in wanted:
        while path and path not in found:
            found.add(path)
            path = path.rpartition("/")[0]
    return sorted(found)


def parts(path: str) -> tuple[bytes, bytes]:
    """Return the folder, empty or ending in a slash, and the name of a path that :func:`text.show` spelled."""
    folder, slash, name = raw(path).rpartition(b"/")
    return folder + slash, name
