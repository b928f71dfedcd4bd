# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what is going on in a repository: stashes, linked work trees, operations begun and not finished. Private to the
collection.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import Place
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.refs import Refs
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_LOG_LIMIT = 16 << 20
_TODO_LIMIT = 1 << 20
# The first that is there says what is going on; a rebase leaves a CHERRY_PICK_HEAD of its own.
_OPERATIONS = (
    (b"rebase-merge", "rebase"),
    (b"rebase-apply/applying", "am"),
    (b"rebase-apply", "rebase"),
    (b"MERGE_HEAD", "merge"),
    (b"CHERRY_PICK_HEAD", "cherry-pick"),
    (b"REVERT_HEAD", "revert"),
)


def operation(place: Place) -> str | None:
    """Return the operation in progress: merge, rebase, am, cherry-pick, revert, bisect, or None. Raises Unseen."""
    for path, name in _OPERATIONS:
        if files.look(place.git_fd, path) is not None:
            return name
    # Between two commits of a longer pick there is only the list of what is left to do.
    todo = files.read(place.git_fd, b"sequencer/todo", _TODO_LIMIT)
    if todo is not None:
        return "revert" if todo.startswith((b"revert ", b"r ")) else "cherry-pick"
    return "bisect" if files.look(place.git_fd, b"BISECT_LOG") is not None else None


def stashes(place: Place, refs: Refs, unknown: list[dict[str, str]]) -> int:
    """Return the number of stashes: the lines of the reflog of refs/stash, at least one when there is a refs/stash.

    What cannot be read is added to ``unknown``, and counts as one stash: something is there.
    """
    if not files.guarded(unknown, ".git/refs/stash", lambda: refs.resolve(b"refs/stash"), True):
        return 0
    name = b"logs/refs/stash"
    log: bytes | None = files.guarded(
        unknown, f".git/{show(name)}", lambda: files.read(place.common_fd, name, _LOG_LIMIT), None
    )
    return max(1, (log or b"").count(b"\n"))


def shallow(place: Place) -> bool:
    """Return whether the history is cut off. Raises Unseen."""
    seen = files.look(place.common_fd, b"shallow")
    return seen is not None and seen.st_size > 0


def worktrees(place: Place, refs: Refs, unknown: list[dict[str, str]]) -> list[dict[str, t.Any]]:
    """Return ``{path, commit, branch}`` of every linked work tree, sorted by path.

    What cannot be read is added to ``unknown``.
    """
    found: list[dict[str, t.Any]] = []
    for name in files.guarded(unknown, ".git/worktrees", lambda: files.names(place.common_fd, b"worktrees"), []):
        path = f".git/worktrees/{show(name)}"
        try:
            found.append(_worktree(place, refs, name))
        except Unseen as unseen:
            unknown.append({"path": path, "reason": unseen.reason})
        except OSError as error:
            unknown.append({"path": path, "reason": explain(error)})
    return sorted(found, key=lambda tree: str(tree["path"]))


def _worktree(place: Place, refs: Refs, name: bytes) -> dict[str, t.Any]:
    parent_fd = paths.open_dir(place.common_fd, b"worktrees")
    try:
        fd = paths.open_dir(parent_fd, name)
    finally:
        os.close(parent_fd)
    try:
        target = files.read(fd, b"gitdir")
        if target is None:
            raise Unseen("gitdir does not exist")
        head = refs.head(fd)
    finally:
        os.close(fd)
    folder = target.rstrip(b"\r\n")
    if folder.endswith(b"/.git"):
        folder = folder[: -len(b"/.git")]
    return {"path": show(folder), "commit": head.commit, "branch": branch_name(head.ref)}


def branch_name(ref: bytes | None) -> str | None:
    """Return the short name of a branch, the full one of another ref."""
    if ref is None:
        return None
    return show(ref[len(b"refs/heads/") :] if ref.startswith(b"refs/heads/") else ref)
