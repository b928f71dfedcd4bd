# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where secrets came into a history and where they left it. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.search import Mark, Marks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.objects import Change

_NONE: Marks = frozenset()


@dataclasses.dataclass
class Sighting:
    """One secret. ``commit`` is the first that has it, in ``path``, or in its own message where that is None.

    ``order`` numbers the changes of the history; ``paths`` held it once, ``present`` hold it now; ``removed`` is the
    last commit that took it out of a file, with its number; ``messages`` counts the commits and tags that say it.
    """

    mark: Mark
    commit: str
    path: str | None
    order: int
    paths: set[str] = dataclasses.field(default_factory=set)
    present: set[str] = dataclasses.field(default_factory=set)
    removed: tuple[int, str] | None = None
    messages: int = 0


class Sightings:
    """Follows secrets through the changes of a history, the oldest first. ``marks`` are those of each content."""

    def __init__(self, marks: t.Mapping[str, Marks], ignore: Patterns) -> None:
        self._marks = marks
        self._ignore = ignore
        self._found: dict[Mark, Sighting] = {}
        self._order = 0
        self.placed: set[str] = set()
        """The contents that a change brought, also to a path that does not count."""

    def change(self, change: Change) -> None:
        """Take note of one change."""
        self._order += 1
        if change.after is not None:
            self.placed.add(change.after)
        if self._ignore.ignored_below(change.path):
            return
        after = self._marks.get(change.after or "", _NONE)
        before = _NONE.union(*(self._marks.get(oid, _NONE) for oid in change.before))
        for mark in after:
            self._of(mark, change.commit, change.path).paths.add(change.path)
        for mark in before - after:
            self._of(mark, change.commit, change.path).removed = (self._order, change.commit)

    def message(self, commit: str) -> None:
        """Take note of a commit or tag that says a secret in its own text; after all changes, the oldest first."""
        self._order += 1
        for mark in self._marks.get(commit, _NONE):
            self._of(mark, commit, None).messages += 1

    def present(self, path: str, oid: str) -> None:
        """Take note of a file of the commit that counts now."""
        if oid in self._marks and not self._ignore.ignored_below(path):
            for mark in self._marks[oid]:
                if mark in self._found:
                    self._found[mark].present.add(path)

    def found(self) -> list[Sighting]:
        """Return what was seen, the oldest first."""
        return sorted(self._found.values(), key=lambda one: one.order)

    def _of(self, mark: Mark, commit: str, path: str | None) -> Sighting:
        if mark not in self._found:
            self._found[mark] = Sighting(mark, commit, path, self._order)
        return self._found[mark]
