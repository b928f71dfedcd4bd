# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section git: where the host's repository stands and what lies in it. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import git_commit, git_worktree
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.git_facts import facts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import short

SECTION = "git"
COMPONENT = "repository"

DEFAULTS = {
    "repository": "high",
    "commit": "high",
    "branch": "medium",
    "tag": "medium",
    "modified": "critical",
    "unverified": "critical",
    "untracked": "low",
    "staged": "high",
    "stash": "medium",
    "operation": "high",
    "conflicted": "high",
    "remote": "medium",
    "on_remote": "low",
    "read": "medium",
    "owner": "info",
    "history": "high",
    "secrets_in_history": "critical",
    "secret_files": "info",
}
"""The checks of this section and their severities where the contract gives none."""

_WITH = {"unverified": "modified", "staged": "modified", "conflicted": "operation", "on_remote": "remote"}
"""Checks that take the severity which the contract gives another, unless it gives one to them."""

_COST = (
    "Without a repository nobody can tell which commit is deployed, what was changed since, or who changed it; "
    "an edit on the host leaves no trace."
)


def judge(contract: Details, evidence: Details, context: Context) -> Judgement:
    """Judge the repository of one host. ``evidence`` is the ``data`` of git.json (docs/design.md)."""
    scope = Scope(context, SECTION, COMPONENT, contract, "operational")
    path = contract.get("path") or "."
    given: t.Mapping[str, str] = contract.get("severity") or {}

    def level(check: str) -> str:
        return given.get(check) or given.get(_WITH.get(check, "")) or DEFAULTS[check]

    made = Judgement(facts=facts(evidence))
    if evidence["repository"] == "present":
        made.checks.append(scope.passed("repository", path, level("repository"), f"A git repository is at {path}"))
        made.checks += git_commit.commit(scope, level, path, evidence)
        made.checks += git_commit.branch(scope, level, path, evidence, contract.get("branch"))
        made.checks += git_commit.tag(scope, level, path, evidence, contract.get("tag"))
        made.checks += git_commit.remotes(scope, level, path, evidence, contract.get("remotes") or [])
        if contract.get("clean", True):
            made.checks += git_worktree.clean(scope, level, path, evidence)
        made.checks += git_worktree.unfinished(scope, level, path, evidence)
        made.checks += git_worktree.oddities(scope, level, evidence)
        _mark(made, evidence)
    elif evidence["repository"] == "absent":
        made.checks.append(
            scope.failed(
                "repository",
                path,
                level("repository"),
                f"There is no git repository at {path} on {context.host}: no commit, no branch, no record of edits",
                state="missing",
                cause="no_repository",
                expected={"repository": "present"},
                observed={"repository": "absent"},
                remedy=remedy(
                    "create_repository", "Deploy from a git checkout, or take git out of this host's contract."
                ),
                impact=_COST,
            )
        )
    else:
        summary = f"The git repository at {path} could not be read: {evidence['reason']}"
        made.checks.append(scope.unknown("repository", path, level("repository"), summary))
    _cover(made, evidence, context)
    return made


def _mark(made: Judgement, evidence: Details) -> None:
    """Say what must be equal on hosts that are alike: the commit, and whether the work tree is clean."""
    changes = evidence["changes"]
    if evidence["unknown"] or changes["outcome"] != "ok" or changes["unverified"]:
        return
    dirty = any(changes[kind] for kind in ("modified", "deleted", "mode", "conflicted"))
    commit = evidence["head"]["commit"]
    made.marks[COMPONENT] = f"{short(commit)}{', modified' if dirty else ''}"


def _cover(made: Judgement, evidence: Details, context: Context) -> None:
    reasons = set()
    if context.reference is None:
        reasons.add(
            "comparison not asked: no reference is named; staged changes need its objects and were not asked either"
        )
    if evidence["repository"] == "absent":
        reasons.add("no git repository")
    made.cover(reasons)
    if context.reference is None or context.reference.get("kind") != "git":
        made.cells[COMPONENT] = "not_asked"
    else:
        made.cells[COMPONENT] = "in_sync" if context.comparable else "unknown"
