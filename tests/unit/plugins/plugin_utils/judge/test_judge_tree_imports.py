# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports of a tree: what is said when nothing is wrong, and when there was nothing to look at."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.path_severity import PathSeverity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.tree_imports import imports

SEEN: dict[str, t.Any] = {
    "outcome": "ok",
    "reason": "",
    "venv": None,
    "python": "3.11",
    "files": 2,
    "checked": 5,
    "optional": 0,
    "unresolved": [],
    "unresolved_total": 0,
    "unknown": [],
    "unknown_total": 0,
}

UNREAD = {"unknown": [{"path": "a.py", "reason": "denied"}], "unknown_total": 1}


@pytest.mark.parametrize(
    ("seen", "outcome", "words"),
    [
        (SEEN, "pass", "All 5 imports in 2 files of src lead somewhere"),
        ({**SEEN, "files": 0, "checked": 0}, "not_exercised", "no Python file in src"),
        (
            {**SEEN, "files": 0, "unknown": [{"path": "a.py", "reason": "denied"}], "unknown_total": 1},
            "unknown",
            "denied",
        ),
    ],
)
def test_a_tree_without_python_proves_nothing(seen: t.Any, outcome: str, words: str) -> None:
    scope = Scope(Context("prod", "web1"), "trees", "source", {}, "system")
    (check,) = imports(scope, PathSeverity({}), {"path": "src", "imports": seen})
    assert check.outcome == outcome
    assert words in check.summary
