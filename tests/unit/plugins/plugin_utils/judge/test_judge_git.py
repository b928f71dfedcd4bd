# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section git."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import git as rules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import remedies
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context
from judge_builders import ALONE, CONTEXT, OLD, UNMADE, at, changes, git, relation

MISSING = [{"commit": "1" * 40, "subject": "one", "committed": "2026-11-20T10:00:00Z"}]


def judge(data: t.Any, context: Context = CONTEXT, **contract: t.Any) -> dict[str, Check]:
    made = rules.judge({"path": ".", "clean": True, **contract}, data, context)
    return {f"{check.check}": check for check in made.checks}


def failing(data: t.Any, context: Context = CONTEXT, **contract: t.Any) -> dict[str, str]:
    return {name: check.outcome for name, check in judge(data, context, **contract).items() if check.is_finding}


def test_a_repository_at_the_reference_has_no_finding() -> None:
    assert failing(git(), branch="main", tag="v1", remotes=["origin"]) == {}


@pytest.mark.parametrize(
    ("data", "cause", "direction", "words"),
    [
        (
            at(OLD, behind=4, missing=MISSING, missing_total=4),
            "behind",
            "reference_ahead",
            "4 commits behind main@0487dce",
        ),
        (at(OLD, ahead=1), "ahead", "host_ahead", "1 commit ahead of"),
        (at(OLD, ahead=2, behind=3), "diverged", "both", "2 commits of its own, 3 missing"),
        (at(OLD, ahead=None, behind=None, apart_reason="app is shallow"), None, "none", "not known: app is shallow"),
        (at(OLD, known=False, ahead=None, behind=None), "unknown_commit", "host_ahead", "exists only on this host"),
    ],
)
def test_commit(data: t.Any, cause: str | None, direction: str, words: str) -> None:
    found = judge(data)["commit"]
    assert (found.outcome, found.severity, found.cause, found.direction) == ("fail", "high", cause, direction)
    assert words in found.summary


def test_missing_commits_are_listed() -> None:
    observed = judge(at(OLD, behind=4, missing=MISSING, missing_total=4))["commit"].observed
    assert (observed["missing"], observed["missing_total"]) == (MISSING, 4)


def test_an_unknown_commit_that_a_remote_had_is_not_called_lost() -> None:
    data = at(OLD, known=False)
    data["remotes"]["origin"]["branches"]["prod"] = OLD
    found = judge(data)["commit"]
    assert "origin/prod" in found.summary
    assert found.remedy is not None
    assert found.remedy["kind"] == "rescue"


@pytest.mark.parametrize(
    "more", [{"changes": changes(modified=["a"])}, {"stashes": 1}, {"changes": changes(outcome="unknown", reason="r")}]
)
def test_a_deployment_over_unsaved_work_is_warned_of(more: dict[str, t.Any]) -> None:
    behind = at(OLD, behind=4)
    clean, dirty = judge(behind)["commit"].remedy, judge({**behind, **more})["commit"].remedy
    assert clean is not None
    assert dirty is not None
    assert remedies.SAVE_FIRST not in clean["text"]
    assert remedies.SAVE_FIRST in dirty["text"]


@pytest.mark.parametrize(
    ("more", "check", "severity", "outcome"),
    [
        ({"changes": changes(modified=["a"], deleted=["b"], mode=["c"])}, "modified", "critical", "fail"),
        ({"changes": changes(outcome="unknown", reason="index v5")}, "modified", "critical", "unknown"),
        ({"changes": changes(unverified=[{"path": "a", "reason": "filter"}])}, "unverified", "critical", "unknown"),
        ({"changes": changes(untracked=[{"path": "x/", "files": 4}])}, "untracked", "low", "fail"),
        ({"changes": changes(conflicted=["a"])}, "conflicted", "high", "fail"),
        ({"relation": relation(staged=True)}, "staged", "high", "fail"),
        ({"relation": relation(staged=None)}, "staged", "high", "unknown"),
        ({"stashes": 2}, "stash", "medium", "fail"),
        ({"operation": "rebase"}, "operation", "high", "fail"),
        ({"unknown": [{"path": ".git/HEAD", "reason": "r"}]}, "read", "medium", "unknown"),
        ({"owners": [{"path": ".git", "owner": "root", "reason": "r"}]}, "owner", "info", "observation"),
        ({"repository": "unreadable", "reason": "permission denied"}, "repository", "high", "unknown"),
        ({"repository": "absent"}, "repository", "high", "fail"),
        ({"relation": None}, "commit", "high", "unknown"),
    ],
)
def test_each_rule(more: dict[str, t.Any], check: str, severity: str, outcome: str) -> None:
    found = {name: check for name, check in judge(git(**more)).items() if check.is_finding}
    assert [(name, one.severity, one.outcome) for name, one in found.items()] == [(check, severity, outcome)]
    assert judge(git(**more), severity={check: "low"})[check].severity == "low"


def test_three_uncommitted_changes_are_counted() -> None:
    found = judge(git(changes=changes(modified=["a"], deleted=["b"], mode=["c"], truncated=True)))["modified"]
    assert found.summary == "at least 3 uncommitted changes in . on prod-1 (1 modified, 1 deleted, 1 mode changed)"
    assert found.observed["total"] == 3


def test_clean_false_allows_work_but_not_half_finished_operations() -> None:
    dirty = git(changes=changes(modified=["a"], untracked=[{"path": "b", "files": 1}]), stashes=1, operation="merge")
    assert failing(dirty, clean=False) == {"operation": "fail"}


@pytest.mark.parametrize(
    ("contract", "data", "expected"),
    [
        ({"branch": "prod"}, git(), {"branch": "fail"}),
        (
            {"branch": "main"},
            git(head={"commit": OLD, "branch": None, "detached": True, "unborn": False}, relation=None),
            {"branch": "fail"},
        ),
        ({"tag": "v2"}, git(), {"tag": "fail"}),
        ({"tag": "v1"}, git(tags={"v1": OLD}), {"tag": "fail"}),
        ({"remotes": ["upstream"]}, git(), {"remote": "fail"}),
    ],
)
def test_what_the_contract_names(contract: t.Any, data: t.Any, expected: dict[str, str]) -> None:
    assert failing(data, ALONE, **contract) == expected


@pytest.mark.parametrize(("has", "outcome"), [(True, "pass"), (False, "fail"), (None, "unknown")])
def test_the_wanted_commit_on_the_remote(has: bool | None, outcome: str) -> None:
    data = git(relation=relation(remote_branches={"origin/main": {"commit": OLD, "has_reference": has}}))
    found = judge(data, remotes=["origin"])["on_remote"]
    assert found.outcome == outcome
    if has is not None:
        assert "as last fetched at 2026-11-21T02:45:00Z" in found.summary


@pytest.mark.parametrize(("context", "cell"), [(CONTEXT, "in_sync"), (ALONE, "not_asked"), (UNMADE, "unknown")])
def test_cells(context: Context, cell: str) -> None:
    data = git(relation=None if context is not CONTEXT else relation())
    made = rules.judge({"path": "."}, data, context)
    assert made.cells == {"repository": cell}
    assert [check for check in made.checks if check.is_finding] == []


def test_an_unborn_repository_has_no_commit() -> None:
    data = git(head={"commit": None, "branch": "main", "detached": False, "unborn": True}, relation=None)
    assert judge(data)["commit"].cause == "no_commits"


def test_facts_are_bounded_and_totals_are_not() -> None:
    tags = {f"v{number:03}": OLD for number in range(80)}
    facts = rules.judge({"path": "."}, git(tags=tags), CONTEXT).facts
    assert (len(facts["tags"]), facts["tags_total"]) == (50, 80)
    unseen = rules.judge({}, git(changes=changes(outcome="unknown", reason="r")), CONTEXT).facts
    assert unseen["dirty"]["modified"] is None
