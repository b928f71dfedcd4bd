# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the git directory that belongs to a work tree. Private to the collection.

A ``.git`` file is data that the owner of the work tree wrote. What it points to is opened only when it has the same
owner: otherwise a user could have root read a repository to them that they cannot read themselves.
"""

from __future__ import annotations

import os
import stat

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

WORKTREE, LINKED, BARE, SUBMODULE = "worktree", "linked", "bare", "submodule"


class NoRepository(Unseen):
    """There is no repository at the place."""


class Place:
    """The open directories of one repository.

    ``git_fd`` holds what belongs to this work tree (HEAD, index), ``common_fd`` what all its work trees share (refs,
    config); the two are the same but for a linked work tree.
    """

    def __init__(self, git_fd: int, layout: str) -> None:
        self.git_fd = git_fd
        self.common_fd = git_fd
        self.layout = layout

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.common_fd != self.git_fd:
            os.close(self.common_fd)
        os.close(self.git_fd)


def find(work_fd: int) -> Place:
    """Return the repository whose work tree, or bare git directory, is open at ``work_fd``; close it by ``with``.

    Raises NoRepository when there is none, Unseen when there is something that cannot be read.
    """
    seen = files.look(work_fd, b".git")
    if seen is None:
        return _bare(work_fd)
    if stat.S_ISLNK(seen.st_mode):
        raise Unseen(".git is a symbolic link, which is not followed")
    if stat.S_ISREG(seen.st_mode):
        return _pointed(work_fd, seen.st_uid)
    if not stat.S_ISDIR(seen.st_mode):
        raise Unseen(".git is neither a directory nor a regular file")
    try:
        return Place(paths.open_dir(work_fd, b".git"), WORKTREE)
    except OSError as error:
        raise Unseen(f".git: {explain(error)}") from None


def _bare(work_fd: int) -> Place:
    if not (files.look(work_fd, b"HEAD") and files.is_dir(work_fd, b"objects") and files.is_dir(work_fd, b"refs")):
        raise NoRepository("there is no .git here, and this is no bare repository")
    return Place(os.dup(work_fd), BARE)


def _pointed(work_fd: int, owner: int) -> Place:
    """Open what a ``.git`` file points to: of a linked work tree, of a submodule, or a separate git directory."""
    text = files.read(work_fd, b".git")
    if text is None or not text.startswith(b"gitdir: "):
        raise Unseen(".git is a file that names no git directory")
    target = text[len(b"gitdir: ") :].rstrip(b"\r\n")
    place = Place(_follow(work_fd, target, owner, ".git"), WORKTREE)
    try:
        common = files.read(place.git_fd, b"commondir")
        if common is not None:
            place.common_fd = _follow(place.git_fd, common.rstrip(b"\r\n"), owner, "commondir")
            place.layout = LINKED
        elif b"modules" in target.split(b"/"):
            place.layout = SUBMODULE
    except Unseen:
        os.close(place.git_fd)
        raise
    return place


def _follow(dir_fd: int, target: bytes, owner: int, source: str) -> int:
    """Open the directory that the file ``source`` names, if it belongs to ``owner`` or ``owner`` is root."""
    if not target or b"\0" in target:
        raise Unseen(f"{source} names no directory")
    try:
        fd = paths.open_dir(dir_fd, target)
    except OSError as error:
        raise Unseen(f"{source} points to {show(target)}: {explain(error)}") from None
    if owner not in (0, os.fstat(fd).st_uid):
        os.close(fd)
        raise Unseen(f"{source} points to {show(target)}, which belongs to another user; it is not read")
    return fd
