# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a host's repository when a deploy moves it, and whether it can be done. Private to the collection.

The request is ``{commit, tree, head: {commit, branch}, branch, was, have: [hex], pack: {sha256, size}|null}``: the
commit to bring the repository to and its tree; where its maker saw HEAD (``branch`` null: detached); the branch to be
on afterwards (null: none) and the commit that it had; the commits that the host has of the history, and the objects
that it lacks besides.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations
from ansible_collections.evenkeel.drift.plugins.module_utils.act.strategy import content_of
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files, repository, state
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.config import Config
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import WORKTREE, Place
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.refs import Refs, is_valid
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.tree_hash import tree_of
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show

_OID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_HEADS = b"refs/heads/"
_LOCKS = (b"index.lock", b"HEAD.lock", b"packed-refs.lock")

Json = t.Dict[str, t.Any]


class Asked(t.NamedTuple):
    """A request that makes sense. ``ref`` and ``from_ref`` are full names of branches, None for a detached HEAD."""

    commit: str
    tree: str
    from_commit: str | None
    from_ref: bytes | None
    ref: bytes | None
    was: str | None
    have: tuple[str, ...]
    pack: str | None


class Now(t.NamedTuple):
    """Where a repository is: ``there`` is the commit that the branch to be on has now, None when there is no such
    branch; ``tree`` the tree that its index describes.
    """

    ref: bytes | None
    commit: str | None
    there: str | None
    tree: str | None
    logs: bool


def read(values: t.Any) -> Asked:
    """Return a request. Raises BadOperations with a message that names the place."""
    if not isinstance(values, dict) or not isinstance(values.get("head"), dict):
        raise BadOperations("git: expected a dictionary with commit, tree, head, branch, have and pack")
    head = values["head"]
    if not isinstance(values.get("have") or [], list):
        raise BadOperations("git.have: expected a list of names of objects")
    for place, value, optional in (
        ("git.commit", values.get("commit"), False),
        ("git.tree", values.get("tree"), False),
        ("git.head.commit", head.get("commit"), True),
        ("git.was", values.get("was"), True),
        *((f"git.have[{number}]", one, False) for number, one in enumerate(values.get("have") or ())),
    ):
        if not (optional and value is None) and not (isinstance(value, str) and _OID.match(value)):
            raise BadOperations(f"{place}: expected the name of an object, found {value!r}")
    pack = content_of("git.pack", values.get("pack"))
    return Asked(
        commit=values["commit"],
        tree=values["tree"],
        from_commit=head.get("commit"),
        from_ref=_ref("git.head.branch", head.get("branch")),
        ref=_ref("git.branch", values.get("branch")),
        was=values.get("was"),
        have=tuple(values.get("have") or ()),
        pack=next(iter(pack), None),
    )


def _ref(place: str, branch: t.Any) -> bytes | None:
    if branch is None:
        return None
    try:
        name = _HEADS + raw(branch)
    except (TypeError, ValueError, AttributeError):
        name = b""
    if not is_valid(name):
        raise BadOperations(f"{place}: {branch!r} is no name of a branch")
    return name


def look(root_fd: int, place: Place, asked: Asked, host: Host) -> Now:
    """Return where a repository is, when it can be brought where it is asked to be.

    Raises Refused, and Unseen when it cannot be read; each says what to do.
    """
    config = repository.read_config(place)
    _check_kind(root_fd, place, config)
    refs = Refs(place)
    unknown: list[dict[str, str]] = []
    head, everything = refs.head(), refs.everything(host, unknown)
    if unknown:
        raise Refused(
            f"{unknown[0]['path']} cannot be read, so that not all branches are known: {unknown[0]['reason']}"
        )
    _check_head(head.ref, head.commit, asked)
    if asked.ref is not None:
        _check_branch(place, refs, asked.ref, everything)
    read_index = repository.read_index(place, repository.OID_SIZES[repository.object_format(config)])
    tree = tree_of(read_index.entries)
    if tree is None:
        raise Refused("its index holds conflicts: resolve them (git status names them) and deploy again")
    there = head.commit if asked.ref is None else everything.get(asked.ref)
    if there not in (asked.was, asked.commit):
        where = "HEAD" if asked.ref is None else f"the branch {show(asked.ref[len(_HEADS) :])}"
        raise Refused(f"{where} is at {there}, and was at {asked.was} when the plan was made: make a new plan")
    return Now(head.ref, head.commit, there, tree, config.flag("core", "logallrefupdates", True))


def _check_kind(root_fd: int, place: Place, config: Config) -> None:
    if place.layout != WORKTREE or not files.is_dir(root_fd, b".git"):
        raise Refused(
            f"its .git is no directory of its own ({place.layout}): a linked or bare repository, or a submodule, is "
            "not deployed as a whole. Deploy the clone that it belongs to, or its files with sync_strategy: tree"
        )
    if config.flag("core", "sparsecheckout", False):
        raise Refused(
            "it is a sparse checkout, which lacks files on purpose: end that (git sparse-checkout disable), or deploy "
            "its files with sync_strategy: tree"
        )
    if config.get("core", "worktree") is not None:
        raise Refused("core.worktree names another work tree: unset it, or deploy the files with sync_strategy: tree")
    busy = state.operation(place)
    if busy is not None:
        raise Refused(f"a {busy} is in progress in its repository: finish it or abort it, and deploy again")
    for name in _LOCKS:
        if files.look(place.git_fd, name) is not None:
            raise Refused(
                f"git is at work in its repository, or was killed there: wait until .git/{show(name)} is gone, or "
                "remove it when no git runs any more"
            )


def _check_head(ref: bytes | None, commit: str | None, asked: Asked) -> None:
    if (ref, commit) in ((asked.from_ref, asked.from_commit), (asked.ref, asked.commit)):
        return
    was = told(asked.from_ref, asked.from_commit)
    raise Refused(f"HEAD is {told(ref, commit)}, and was {was} when the plan was made: make a new plan")


def _check_branch(place: Place, refs: Refs, ref: bytes, everything: t.Mapping[bytes, str]) -> None:
    """Refuse a branch that another work tree has checked out, or that cannot have this name."""
    unknown: list[dict[str, str]] = []
    named = show(ref[len(_HEADS) :])
    for tree in state.worktrees(place, refs, unknown):
        if tree["branch"] == named:
            raise Refused(f"the branch {named} is checked out in another work tree, {tree['path']}: free it there")
    if unknown:
        raise Refused(f"{unknown[0]['path']} cannot be read, so that it is not known which branches are in use")
    for other in everything:
        if other.startswith(ref + b"/") or ref.startswith(other + b"/"):
            raise Refused(
                f"there can be no branch {named} beside {show(other[len(_HEADS) :])}: git keeps one as a folder of the "
                "other. Rename one of them"
            )
    if (
        ref not in everything
        and files.look(place.common_fd, ref) is not None
        and not files.is_dir(place.common_fd, ref)
    ):
        raise Refused(f"the branch {named} is another name of a ref (a symbolic ref), which is not moved")


def told(ref: bytes | None, commit: str | None) -> str:
    """Return where HEAD is, in words."""
    at = f"at {commit[:12]}" if commit else "without a commit"
    return f"detached {at}" if ref is None else f"{at} on {show(ref[len(_HEADS) :] if ref.startswith(_HEADS) else ref)}"
