# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about where a host's repository stands: commit, branch, tag, remotes. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy, saving
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, number, reference_name, short

Level = t.Callable[[str], str]


def commit(scope: Scope, level: Level, path: str, data: Details) -> list[Check]:
    """Compare the host's commit with the reference's; not asked unless the reference is a git commit."""
    reference, head = scope.context.reference, data["head"]
    if reference is None or not scope.context.comparable or reference.get("kind") != "git":
        return []
    name, severity = reference_name(reference), level("commit")
    expected = {key: reference.get(key) for key in ("commit", "subject", "committed")}
    if head["unborn"]:
        return [
            scope.failed(
                "commit",
                path,
                severity,
                f"The repository at {path} has no commit yet; {name} is expected",
                state="missing",
                cause="no_commits",
                direction="reference_ahead",
                expected=expected,
                observed={"commit": None, "branch": head["branch"]},
                remedy=remedy("deploy", f"Deploy {name}."),
            )
        ]
    relation = data.get("relation")
    if head["commit"] is None or relation is None:
        why = (
            "its commit could not be read" if head["commit"] is None else "the reference repository could not be asked"
        )
        return [
            scope.unknown("commit", path, severity, f"The repository at {path} was not compared with {name}: {why}")
        ]
    observed = {
        "commit": head["commit"],
        **{key: relation.get(key) for key in ("subject", "committed", "ahead", "behind")},
    }
    if head["commit"] == reference.get("commit"):
        summary = f"{scope.context.host} is at {short(head['commit'])}, as {name}"
        return [scope.passed("commit", path, severity, summary, expected=expected, observed=observed)]
    if not relation["known"]:
        return [_unknown_commit(scope, severity, path, data, expected)]
    for kind in ("missing", "extra"):
        observed[kind] = list(relation[kind])[:LISTED]
        observed[f"{kind}_total"] = relation[f"{kind}_total"]
    if relation["apart_reason"]:
        observed["apart_reason"] = relation["apart_reason"]
    return [_apart(scope, severity, path, data, expected, observed)]


def _unknown_commit(scope: Scope, severity: str, path: str, data: Details, expected: Details) -> Check:
    head = data["head"]["commit"]
    seen_as = sorted(
        f"{remote}/{branch}"
        for remote, state in data["remotes"].items()
        for branch, tip in state["branches"].items()
        if tip == head
    )
    if seen_as:
        where = f"the host saw it as {', '.join(seen_as[:3])} when it last fetched"
    else:
        where = "as far as can be seen it exists only on this host"
    return scope.failed(
        "commit",
        path,
        severity,
        f"{scope.context.host} is at {short(head)}, a commit that the reference repository does not know: {where}",
        state="differs",
        cause="unknown_commit",
        direction="host_ahead",
        expected=expected,
        observed={"commit": head, "remote_branches": seen_as[:LISTED]},
        remedy=saving(
            "rescue", "Rescue the commit: bring its objects into the reference repository, then audit again."
        ),
    )


def _apart(scope: Scope, severity: str, path: str, data: Details, expected: Details, observed: Details) -> Check:
    ahead, behind = observed["ahead"], observed["behind"]
    name, host = reference_name(scope.context.reference), scope.context.host
    at = f"{host} is at {short(observed['commit'])}"
    cause: str | None
    if ahead and behind:
        cause, direction = "diverged", "both"
        how = f"diverged from {name}: {number(ahead, 'commit')} of its own, {behind} missing"
        cure = saving("review_and_commit", f"Merge the host's commits into {name}, then deploy the result.")
    elif ahead:
        cause, direction, how = "ahead", "host_ahead", f"{number(ahead, 'commit')} ahead of {name}"
        cure = saving("review_and_commit", f"Bring the host's commits into {name}.")
    elif behind:
        cause, direction, how = "behind", "reference_ahead", f"{number(behind, 'commit')} behind {name}"
        cure = _deploy(name, has_own_work(data))
    else:
        cause, direction = None, "none"
        how = f"not at {name}; how far apart they are is not known: {observed['apart_reason']}"
        cure = saving("investigate", "Find out how the two commits are related.")
    return scope.failed(
        "commit",
        path,
        severity,
        f"{at}, {how}",
        state="differs",
        cause=cause,
        direction=direction,
        expected=expected,
        observed=observed,
        remedy=cure,
    )


def has_own_work(data: Details) -> bool:
    """Return whether the host may hold work that is in no commit; what was not seen may be work."""
    changes, relation = data["changes"], data.get("relation") or {}
    if changes["outcome"] != "ok" or changes["truncated"] or relation.get("staged") or data["stashes"]:
        return True
    return any(changes[kind] for kind in ("modified", "deleted", "mode", "conflicted", "untracked", "unverified"))


def _deploy(name: str, own_work: bool) -> dict[str, t.Any]:
    if own_work:
        return saving("deploy", f"Then deploy {name}.")
    return remedy("deploy", f"Deploy {name}; the working tree holds no uncommitted work.")


def branch(scope: Scope, level: Level, path: str, data: Details, wanted: str | None) -> list[Check]:
    """Judge the branch that the contract names."""
    if not wanted:
        return []
    head, severity = data["head"], level("branch")
    expected, observed = {"branch": wanted}, {"branch": head["branch"], "detached": head["detached"]}
    if head["branch"] == wanted:
        return [
            scope.passed(
                "branch", path, severity, f"{path} is on branch {wanted}", expected=expected, observed=observed
            )
        ]
    if head["branch"] is None and not head["detached"]:
        return [scope.unknown("branch", path, severity, f"The branch of {path} could not be read")]
    now = f"on no branch (detached at {short(head['commit'])})" if head["detached"] else f"on branch {head['branch']}"
    return [
        scope.failed(
            "branch",
            path,
            severity,
            f"{path} is {now}, not on {wanted}",
            state="differs",
            cause="wrong_branch",
            expected=expected,
            observed=observed,
            remedy=saving("switch", f"Then switch to {wanted}, or correct the contract."),
        )
    ]


def tag(scope: Scope, level: Level, path: str, data: Details, wanted: str | None) -> list[Check]:
    """Judge the tag that the contract names: it exists and names the commit that is checked out."""
    if not wanted:
        return []
    severity, head, target = level("tag"), data["head"]["commit"], data["tags"].get(wanted)
    expected, observed = {"tag": wanted, "commit": target}, {"commit": head}
    if target is not None and target == head:
        summary = f"{path} is at tag {wanted} ({short(head)})"
        return [scope.passed("tag", path, severity, summary, expected=expected, observed=observed)]
    gone = target is None
    how = "that tag does not exist there" if gone else f"the tag names {short(target)}"
    return [
        scope.failed(
            "tag",
            path,
            severity,
            f"{path} is at {short(head)}, not at tag {wanted}: {how}",
            state="missing" if gone else "differs",
            cause="wrong_tag",
            expected=expected,
            observed=observed,
            remedy=saving("switch", f"Then deploy {wanted}, or correct the contract."),
        )
    ]


def remotes(scope: Scope, level: Level, path: str, data: Details, wanted: t.Sequence[str]) -> list[Check]:
    """Judge the remotes that the contract names, and whether the reference's commit is on one of their branches."""
    made = []
    for name in sorted(set(wanted)):
        remote, subject = data["remotes"].get(name), f"{path}:{name}"
        if remote is None:
            made.append(
                scope.failed(
                    "remote",
                    subject,
                    level("remote"),
                    f"The repository at {path} has no remote {name}",
                    state="missing",
                    cause="no_remote",
                    expected={"remote": name},
                    observed={"remotes": sorted(data["remotes"])},
                    remedy=remedy("configure_remote", f"Add the remote {name}, or correct the contract."),
                )
            )
            continue
        observed = {"url": remote["url"], "fetched": remote["fetched"]}
        made.append(
            scope.passed("remote", subject, level("remote"), f"The remote {name} is {remote['url']}", observed=observed)
        )
        made += _on_remote(scope, level, subject, name, data, remote)
    return made


def _on_remote(scope: Scope, level: Level, subject: str, name: str, data: Details, remote: Details) -> list[Check]:
    reference, relation = scope.context.reference, data.get("relation")
    if reference is None or relation is None or not scope.context.comparable or reference.get("kind") != "git":
        return []
    branches = {
        branch: state["has_reference"]
        for branch, state in relation["remote_branches"].items()
        if branch.startswith(f"{name}/")
    }
    severity, wanted = level("on_remote"), reference_name(reference)
    when = (
        f"as last fetched at {remote['fetched']}"
        if remote["fetched"]
        else "as last fetched, at a time that is not recorded"
    )
    observed = {
        "branches": {branch: branches[branch] for branch in sorted(branches)[:LISTED]},
        "fetched": remote["fetched"],
    }
    holding = sorted(branch for branch, has in branches.items() if has)
    if holding:
        summary = f"{wanted} is on {', '.join(holding[:3])}, {when}"
        return [scope.passed("on_remote", subject, severity, summary, observed=observed)]
    if None in branches.values():
        summary = (
            f"Whether {name} holds {wanted} cannot be told: the reference repository does not know all its branches"
        )
        return [scope.unknown("on_remote", subject, severity, summary, observed=observed)]
    return [
        scope.failed(
            "on_remote",
            subject,
            severity,
            f"No branch of {name} holds {wanted}, {when}",
            state="missing",
            cause="not_on_remote",
            expected={"commit": reference.get("commit")},
            observed=observed,
            remedy=remedy("push", f"Check that {wanted} was pushed to {name}; the host knows only what it fetched."),
        )
    ]
