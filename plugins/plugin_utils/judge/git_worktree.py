# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the work that lies in a host's repository: uncommitted, untracked, staged, stashed, half done.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy, saving
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, bounded, number

Level = t.Callable[[str], str]

_LOST = (
    "It is part of no commit that this repository has checked out: a checkout, a reset or a fresh deployment loses it."
)
_COMMIT = saving("review_and_commit", "Review the change and commit it to a branch of its own.")


def clean(scope: Scope, level: Level, path: str, data: Details) -> list[Check]:
    """Judge that nothing uncommitted lies in the working tree, the index or the stash."""
    made = []
    changes = data["changes"]
    if changes["outcome"] != "ok":
        summary = f"Uncommitted changes of {path} could not be told: {changes['reason']}"
        made.append(scope.unknown("modified", path, level("modified"), summary))
    else:
        made += _modified(scope, level, path, changes) + _untracked(scope, level, path, changes)
    return [*made, *_staged(scope, level, path, data), _stash(scope, level, path, data)]


def _modified(scope: Scope, level: Level, path: str, changes: Details) -> list[Check]:
    made = []
    kinds = {kind: changes[kind] for kind in ("modified", "deleted", "mode") if changes[kind]}
    total = sum(map(len, kinds.values()))
    severity, least = level("modified"), "at least " if changes["truncated"] else ""
    if changes["unverified"]:
        made.append(_unverified(scope, level("unverified"), path, changes["unverified"]))
    if total:
        parts = ", ".join(f"{len(kinds[kind])} {'mode changed' if kind == 'mode' else kind}" for kind in kinds)
        observed = {"total": total, **{kind: bounded(kinds[kind]) for kind in kinds}}
        made.append(
            scope.failed(
                "modified",
                path,
                severity,
                f"{least}{number(total, 'uncommitted change')} in {path} on {scope.context.host} ({parts})",
                state="differs",
                cause="uncommitted_work",
                direction="host_ahead",
                expected={"total": 0},
                observed=observed,
                remedy=_COMMIT,
                impact=_LOST,
            )
        )
    elif not changes["unverified"]:
        made.append(scope.passed("modified", path, severity, f"No tracked file of {path} has an uncommitted change"))
    return made


def _unverified(scope: Scope, severity: str, path: str, items: t.Sequence[Details]) -> Check:
    first = min(items, key=lambda item: str(item["path"]))
    return scope.unknown(
        "unverified",
        path,
        severity,
        f"{number(len(items), 'tracked file')} of {path} not checked for changes; {first['path']}: {first['reason']}",
        observed={"total": len(items), "paths": bounded(item["path"] for item in items)},
    )


def _untracked(scope: Scope, level: Level, path: str, changes: Details) -> list[Check]:
    items = sorted(changes["untracked"], key=lambda item: str(item["path"]))
    if not items:
        return [scope.passed("untracked", path, level("untracked"), f"No untracked file lies in {path}")]
    files = number(sum(item["files"] or 0 for item in items), "untracked file")
    least, host = "at least " if changes["truncated"] else "", scope.context.host
    return [
        scope.failed(
            "untracked",
            path,
            level("untracked"),
            f"{least}{files} in {path} on {host} ({number(len(items), 'place')})",
            state="unexpected",
            cause="only_on_host",
            direction="host_ahead",
            expected={"files": 0},
            observed={"total": len(items), "untracked": [dict(item) for item in items[:LISTED]]},
            remedy=saving("review_and_commit", "Commit what is wanted, ignore what is data, remove the rest."),
        )
    ]


def _staged(scope: Scope, level: Level, path: str, data: Details) -> list[Check]:
    """Judge the index.

    It takes the objects of the host's commit, which only the reference repository can have: without one it is not
    asked.
    """
    relation, severity = data.get("relation"), level("staged")
    if relation is None or data["head"]["unborn"]:
        return []
    if relation["staged"] is None:
        why = (
            "the tree of the host's commit is not known"
            if data["index"]["outcome"] == "ok"
            else data["index"]["reason"]
        )
        return [
            scope.unknown("staged", path, severity, f"Whether changes are staged in {path} could not be told: {why}")
        ]
    if not relation["staged"]:
        return [scope.passed("staged", path, severity, f"Nothing is staged in {path}")]
    return [
        scope.failed(
            "staged",
            path,
            severity,
            f"Changes are staged and not committed in {path} on {scope.context.host}",
            state="differs",
            cause="uncommitted_work",
            direction="host_ahead",
            expected={"staged": False},
            observed={"staged": True},
            remedy=_COMMIT,
            impact=_LOST,
        )
    ]


def _stash(scope: Scope, level: Level, path: str, data: Details) -> Check:
    count, severity = data["stashes"], level("stash")
    if not count:
        return scope.passed("stash", path, severity, f"Nothing is stashed in {path}")
    return scope.failed(
        "stash",
        path,
        severity,
        f"{number(count, 'stash', 'stashes')} in {path} on {scope.context.host}: work that is on no branch",
        state="unexpected",
        cause="uncommitted_work",
        direction="host_ahead",
        expected={"stashes": 0},
        observed={"stashes": count},
        remedy=saving("review_and_commit", "Turn each stash that is still wanted into a branch."),
    )


def unfinished(scope: Scope, level: Level, path: str, data: Details) -> list[Check]:
    """Judge operations that were begun and not finished, and conflicts; these are never in order."""
    made = []
    operation, changes = data["operation"], data["changes"]
    finish = saving("finish_operation", "Finish it or abort it, whichever the one who began it wants.")
    if operation:
        made.append(
            scope.failed(
                "operation",
                path,
                level("operation"),
                f"A {operation} is in progress in {path} on {scope.context.host}",
                state="unexpected",
                cause="operation_in_progress",
                direction="host_ahead",
                expected={"operation": None},
                observed={"operation": operation},
                remedy=finish,
            )
        )
    else:
        made.append(scope.passed("operation", path, level("operation"), f"No operation is in progress in {path}"))
    if changes["outcome"] == "ok" and changes["conflicted"]:
        made.append(
            scope.failed(
                "conflicted",
                path,
                level("conflicted"),
                f"{number(len(changes['conflicted']), 'file')} of {path} in conflict on {scope.context.host}",
                state="failed",
                cause="operation_in_progress",
                direction="host_ahead",
                expected={"total": 0},
                observed={"total": len(changes["conflicted"]), "conflicted": bounded(changes["conflicted"])},
                remedy=finish,
            )
        )
    return made


def oddities(scope: Scope, level: Level, data: Details) -> list[Check]:
    """Tell what of the repository could not be read, and whose it oddly is."""
    made = [
        scope.unknown("read", item["path"], level("read"), f"{item['path']} could not be read: {item['reason']}")
        for item in data["unknown"]
    ]
    for item in data["owners"]:
        made.append(
            scope.failed(
                "owner",
                item["path"],
                level("owner"),
                f"{item['path']} belongs to {item['owner']}: {item['reason']}",
                state="differs",
                cause="odd_owner",
                observed={"owner": item["owner"]},
                remedy=remedy("investigate", "Find out who works in this repository, and as whom."),
            )
        )
    return made
