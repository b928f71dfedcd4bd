# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that must not be in a tree: pollution. Private to the collection."""

from __future__ import annotations

import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.walk import Visit, is_dir

_SAMPLE = 5
MOST_FILES = 2000
"""How many forbidden files of a tree are told with what a clean-up has to find there; all of them are counted."""


class Forbidden:
    """Counts the files that each pattern forbids, gathered by directory: the outermost forbidden one, else the one that
    holds them.
    """

    def __init__(self, rules: t.Sequence[tuple[str, Patterns]], secret: Patterns) -> None:
        self._rules = rules
        self._secret = secret
        self._hits: dict[tuple[str, str], list[t.Any]] = {}
        self._files: dict[str, list[t.Any]] = {}

    def hits(self) -> list[list[t.Any]]:
        """Return ``[pattern, directory, count, sample paths]``, sorted."""
        return [
            [pattern, where, count, sorted(sample)] for (pattern, where), (count, sample) in sorted(self._hits.items())
        ]

    def files(self) -> list[list[t.Any]]:
        """Return ``[path, mode, size, mtime_ns]`` of the first regular files among them, sorted. How large a secret is
        stays where it is.
        """
        return [self._files[path] for path in sorted(self._files)]

    def look(self, visit: Visit) -> None:
        """Take note of the forbidden files of one directory."""
        for pattern, patterns in self._rules:
            inside = _outermost(visit.path, patterns)
            for child in visit.entries:
                path = visit.path + child.name
                if not is_dir(child) and patterns.verdict(path, False) is True:
                    self._count(pattern, inside or visit.path, path)
                    self._keep(child, path)

    def _count(self, pattern: str, where: str, path: str) -> None:
        hit = self._hits.setdefault((pattern, show(where)), [0, []])
        hit[0] += 1
        if len(hit[1]) < _SAMPLE:
            hit[1].append(show(path))

    def _keep(self, child: os.DirEntry[str], path: str) -> None:
        shown = show(path)
        if shown in self._files or len(self._files) >= MOST_FILES:
            return
        try:
            seen = child.stat(follow_symlinks=False)
        except OSError:
            # It went away, or may not be looked at: it is counted, and nobody offers to remove it.
            return
        if stat.S_ISREG(seen.st_mode):
            size = None if is_secret_file(path, self._secret) else seen.st_size
            self._files[shown] = [shown, f"{stat.S_IMODE(seen.st_mode):04o}", size, seen.st_mtime_ns]


def _outermost(path: str, patterns: Patterns) -> str:
    """Return the shortest leading part of a directory's path that is itself forbidden, or an empty string."""
    end = path.find("/")
    while end != -1:
        if patterns.verdict(path[:end], True) is True:
            return path[: end + 1]
        end = path.find("/", end + 1)
    return ""
