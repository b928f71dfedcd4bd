# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of branches in the matrix, which inform and never decide."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.branches import cells, distance
from judge_builders import WANTED, host, run


def branch(column: str = "origin/main", ahead: int | None = 0, behind: int | None = 0, **more: Any) -> dict[str, Any]:
    made = {
        "name": column,
        "column": column,
        "reference": "r1",
        "commit": WANTED,
        "subject": "Fix",
        "committed": "2026-11-20T10:00:00Z",
        "fetched": "2026-11-20T11:00:00Z",
        "ahead": ahead,
        "behind": behind,
        "outcome": "ok",
        "reason": "",
        "trees": {"source": {"files": 0, "outcome": "ok", "reason": ""}},
    }
    return {**made, **more}


def gone() -> dict[str, Any]:
    none = dict.fromkeys(("commit", "subject", "committed", "fetched", "ahead", "behind"))
    trees = {"source": {"files": None, "outcome": "unknown", "reason": ""}}
    return branch("origin/gone", outcome="unknown", reason="no remote branch", trees=trees, **none)


@pytest.mark.parametrize(
    ("ahead", "behind", "said"),
    [(0, 0, "same commit"), (2, 0, "2 ahead"), (0, 3, "3 behind"), (1, 4, "4 behind, 1 ahead")],
)
def test_distance(ahead: int, behind: int, said: str) -> None:
    assert distance(ahead, behind) == said
    cell = cells(branch(ahead=ahead, behind=behind))[("git", "repository")]
    state = "differs" if ahead or behind else "in_sync"
    assert cell == {"state": state, "worst": None, "count": ahead + behind, "note": said}


@pytest.mark.parametrize(
    ("files", "state", "said"),
    [(0, "in_sync", "no file differs"), (1, "differs", "1 file differs"), (2, "differs", "2 files differ")],
)
def test_files(files: int, state: str, said: str) -> None:
    cell = cells(branch(trees={"source": {"files": files, "outcome": "ok", "reason": ""}}))[("trees", "source")]
    assert cell == {"state": state, "worst": None, "count": files, "note": said}


def test_a_branch_that_is_not_there_is_unknown_everywhere() -> None:
    found = cells(gone())
    assert {cell["state"] for cell in found.values()} == {"unknown"}
    assert {cell["note"] for cell in found.values()} == {"no remote branch"}


def test_a_tree_that_could_not_be_compared_is_unknown_alone() -> None:
    trees = {
        "source": {"files": None, "outcome": "unknown", "reason": "git diff-tree failed"},
        "docs": {"files": 0, "outcome": "ok", "reason": ""},
    }
    found = {row: cell["state"] for row, cell in cells(branch(trees=trees)).items()}
    assert found == {("git", "repository"): "in_sync", ("trees", "source"): "unknown", ("trees", "docs"): "in_sync"}


def test_branches_stand_last_and_decide_nothing() -> None:
    alone = run(host())
    relations = {"branches": [gone(), branch("aaa/behind", behind=3)], "relations": [], "commits": {"prod": WANTED}}
    beside = run(host(), relations=relations)
    assert beside["matrix"]["columns"] == ["prod", "aaa/behind", "origin/gone"]
    assert beside["verdict"] == alone["verdict"] and beside["findings"] == alone["findings"]
    about = beside["matrix"]["about"]
    assert (about["prod"]["commit"], about["aaa/behind"]["kind"]) == (WANTED, "branch")
    assert about["origin/gone"]["reason"] == "no remote branch"


def test_what_a_branch_cannot_say_is_not_asked() -> None:
    relations = {"branches": [branch(trees={})], "relations": [], "commits": {}}
    rows = {
        (row["section"], row["component"]): row["cells"] for row in run(host(), relations=relations)["matrix"]["rows"]
    }
    assert rows[("trees", "source")]["origin/main"]["state"] == "not_asked"
    assert rows[("run", "host")]["origin/main"]["state"] == "not_asked"
