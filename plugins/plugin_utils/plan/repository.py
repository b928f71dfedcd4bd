# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a host's repository when a deploy brings it to a commit: the action of a plan, and whether it may be
done. Private to the collection.
"""

from __future__ import annotations

import hashlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import folders_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import short
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import document, gates

KIND = "git"
_MOST_HAVES = 500

Json = dict[str, t.Any]


class Wish(t.NamedTuple):
    """What was asked for: a branch to be on, or no branch at all; else it is as on the host."""

    branch: str | None = None
    detached: bool = False
    overwrite_host_work: bool = False


def gate(found: Json | None, contract: Json | None, commit: str, wish: Wish, unknown: t.Sequence[str]) -> Json:
    """Return the gate ``repository``.

    ``found`` is the evidence of the section git, None where it was not asked or not seen, ``contract`` that section of
    the contract. ``unknown`` are the commits that only the host has, and that nothing there would lead to afterwards.
    """
    problem = _problem(found, contract)
    if problem:
        return gates.refused("repository", problem)
    if unknown and not wish.overwrite_host_work:
        return gates.refused(
            "repository",
            f"{', '.join(map(short, unknown))} is on no branch and in no tag of the reference's repository: fetch it "
            "from the host to a branch there and deploy again, or -e sync_overwrite_host_work=true (the host keeps it "
            "with the restore point)",
        )
    return gates.passed("repository", f"its repository can be brought to {short(commit)}")


def _problem(found: Json | None, contract: Json | None) -> str:
    if contract is None:
        return (
            "sync_strategy is git, and the section git was not audited: add it to the contract (drift_sections), so "
            "that it is known where the repository is"
        )
    if found is None:
        return "sync_strategy is git, and the repository could not be seen: repair that and deploy again"
    if found["repository"] != "present":
        return f"sync_strategy is git, and there is no repository ({found['reason']}): clone one, or use tree"
    if contract["path"] != ".":
        return (
            f"sync_strategy is git, and the repository is not at drift_root but at {contract['path']}: let drift_root "
            "be where it is, or use tree"
        )
    if found["layout"] != "worktree":
        return f"sync_strategy is git, and the repository is {_LAYOUTS.get(found['layout'], found['layout'])}: use tree"
    if found["operation"]:
        return f"a {found['operation']} is in progress in the repository: finish it or abort it and deploy again"
    if found["index"]["outcome"] != "ok":
        return f"the repository's index could not be read ({found['index']['reason']}): repair that and deploy again"
    if found["changes"]["conflicted"]:
        return f"{found['changes']['conflicted'][0]} is in conflict in the repository: resolve it and deploy again"
    return ""


_LAYOUTS = {"linked": "a linked work tree", "bare": "bare", "submodule": "a submodule"}


def branch_after(found: Json, wish: Wish) -> str | None:
    """Return the branch to be on afterwards, None for a detached HEAD."""
    if wish.detached:
        return None
    branch: str | None = wish.branch or found["head"]["branch"]
    return branch


def left_behind(found: Json, commit: str, wish: Wish) -> list[str]:
    """Return the commits that HEAD and the branch lead to now, and that are another commit's afterwards."""
    branch = branch_after(found, wish)
    before = [found["branches"].get(branch)] if branch is not None else []
    if found["head"]["detached"]:
        before.append(found["head"]["commit"])
    return sorted({one for one in before if one is not None and one != commit})


def having(found: Json) -> list[str]:
    """Return commits that the host has: of its branches, and of those that it has fetched. Of a shallow repository they
    do not tell what it has before them.
    """
    if found["shallow"]:
        return []
    remote = [commit for one in found["remotes"].values() for commit in one["branches"].values()]
    first = [one for one in (found["head"]["commit"],) if one is not None]
    others = sorted({*found["branches"].values(), *found["tags"].values(), *remote} - {*first})
    return [*first, *others][:_MOST_HAVES]


def action(found: Json, about: Json, tree: str, have: t.Sequence[str], wish: Wish) -> Json | None:
    """Return the action that moves the repository, None when it is there already.

    ``about`` is the reference, ``tree`` its commit's, ``have`` those of :func:`having` that its repository knows.
    """
    head, commit, branch = found["head"], about["commit"], branch_after(found, wish)
    if (head["commit"], head["branch"], found["index"]["tree"]) == (commit, branch, tree):
        return None
    return {
        **document.strategy_action(KIND, ".git", _summary(head, commit, branch)),
        "git": {
            "commit": commit,
            "tree": tree,
            "head": {"commit": head["commit"], "branch": head["branch"]},
            "branch": branch,
            "was": head["commit"] if branch is None else found["branches"].get(branch),
            "have": list(have),
        },
    }


def _summary(head: Json, commit: str, branch: str | None) -> str:
    to = f"the branch {branch}" if branch is not None else "no branch (a detached HEAD)"
    if head["commit"] == commit and head["branch"] == branch:
        return f"Reset the index of the repository, which is at {short(commit)}: what was staged is no longer"
    came = f"from {short(head['commit'])}" if head["commit"] else "which has no commit yet"
    return f"Move the repository to {short(commit)} on {to}, {came}"


def of(part: Json) -> Json | None:
    """Return what a host's part of a plan says of its repository, None when that stays."""
    return next((one[KIND] for one in part["actions"] if one["kind"] == KIND), None)


def loose(wanted: Json, folder: str) -> list[Json]:
    """Return the operations that write the branch as it is into a file of its own, where git has it among its packed
    refs alone; the content is put into ``folder``.

    A restore point then holds what the branch was. That there was no such file would be true until git packs its refs
    again, and nothing to go back to afterwards. Raises OSError.
    """
    if wanted["branch"] is None or wanted["was"] is None:
        return []
    path = f".git/refs/heads/{wanted['branch']}"
    content = f"{wanted['was']}\n".encode("ascii")
    sha256 = hashlib.sha256(content).hexdigest()
    with open(os.path.join(folder, sha256), "wb") as file:
        file.write(content)
    absent = {"type": "absent"}
    folders = [{"do": "directory", "path": one, "before": absent} for one in folders_of(path)]
    return [*folders, {"do": "write", "path": path, "sha256": sha256, "size": len(content), "before": absent}]


def saved_paths(wanted: Json) -> list[str]:
    """Return the paths of the repository that a restore point holds, so that a rollback brings it back.

    The reflogs are not among them: they are only ever added to, and what came after a point stays reachable by them.
    """
    names = ["index", "HEAD", "ORIG_HEAD"]
    if wanted["branch"] is not None:
        names.append(f"refs/heads/{wanted['branch']}")
    return [f".git/{name}" for name in names]
