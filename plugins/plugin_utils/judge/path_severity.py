# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The severity that a tree's contract gives to a path. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_selection
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import severity


class PathSeverity:
    """Ordered levels with gitignore patterns, relative to ``drift_root``; the worst level that matches a path wins."""

    def __init__(self, levels: t.Mapping[str, t.Sequence[str]]) -> None:
        self._levels = [
            (level, Patterns(compile_selection(levels[level]))) for level in severity.SEVERITIES if levels.get(level)
        ]

    def of(self, path: str, default: str, is_dir: bool = False) -> str:
        """Return the severity of a path, which is relative to ``drift_root``."""
        for level, patterns in self._levels:
            if patterns.verdict(path, is_dir) is True:
                return level
        return default

    def of_group(self, path: str, sample: t.Sequence[str], default: str) -> str:
        """Return the severity of a whole directory: the worst that it or a file of its sample has."""
        named = [self.of(path, "", True), *(self.of(name, "") for name in sample)]
        return severity.worst(level for level in named if level) or default

    def of_tree(self) -> str:
        """Return the severity of not seeing the tree: that of the worst which may be hidden."""
        return severity.worst([*(level for level, _patterns in self._levels), "medium"]) or "medium"
