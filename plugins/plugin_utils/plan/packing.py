# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a commit that a host lacks, taken from the reference's repository. Private to the collection."""

from __future__ import annotations

import contextlib
import hashlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.history import is_commit
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable, quoted

_SECONDS = 1800.0
_PART = 1 << 20

Json = dict[str, t.Any]


class History(t.NamedTuple):
    """What the reference's repository says: the tree of a commit, which of some commits it has, which of others are on
    none of its branches and in none of its tags, and the files that the commit has otherwise than the host's.
    """

    tree: str
    known: list[str]
    strange: list[str]
    moved: list[str]


def history(about: Json, have: t.Sequence[str], left_behind: t.Sequence[str], head: str | None) -> History:
    """Return what is known of a host's commits; ``head`` is the one that it is at. Raises ReferenceUnavailable."""
    with Repository(about["repo"]) as repository:
        tree = repository.run("rev-parse", "--verify", f"{about['commit']}^{{tree}}").output.decode("ascii").strip()
        known = [one for one in have if is_commit(repository, one)]
        strange = [one for one in left_behind if not is_commit(repository, one) or _apart(repository, one)]
        moved = _moved(repository, head, about["commit"]) if head is not None and is_commit(repository, head) else []
    return History(tree, known, strange, moved)


def _moved(repository: Repository, old: str, new: str) -> list[str]:
    options = ("-r", "-z", "--name-only", "--no-renames", "--diff-filter=d")
    listed = repository.run("diff-tree", *options, old, new, seconds=_SECONDS).output
    return [show(name) for name in listed.split(b"\0") if name]


def _apart(repository: Repository, commit: str) -> bool:
    return bool(repository.run("rev-list", "--max-count=1", commit, "--not", "--all").output.strip())


def write_pack(about: Json, have: t.Sequence[str], folder: str) -> Json | None:
    """Write a pack of the objects of a commit that none of the commits ``have`` leads to, as a file named by its
    SHA-256, into a folder of contents; return ``{sha256, size}``, None when nothing is lacking.

    Raises ReferenceUnavailable, OSError.
    """
    commit = about["commit"]
    with Repository(about["repo"]) as repository:
        nots = [f"^{one}" for one in have]
        listed = repository.run("rev-list", commit, *nots, seconds=_SECONDS).output.decode("ascii").split()
        if not listed:
            return None
        if repository.cut_off().intersection(listed):
            raise ReferenceUnavailable(
                f"{quoted(about['repo'])} is a shallow repository, which lacks history that the host lacks as well: "
                "make it whole (git fetch --unshallow)"
            )
        path = os.path.join(folder, "pack")
        asked = "".join(f"{one}\n" for one in (commit, *nots)).encode("ascii")
        arguments = ("--revs", "--thin", "--delta-base-offset", "--stdout", "--quiet")
        digest, size = hashlib.sha256(), 0
        with contextlib.ExitStack() as stack:
            target = stack.enter_context(open(path, "xb"))
            git = stack.enter_context(repository.start("pack-objects", *arguments, stdin=asked, seconds=_SECONDS))
            while part := git.output.read(_PART):
                digest.update(part)
                size += target.write(part)
            code, error = git.finish()
    if code != 0:
        raise repository.failed("pack-objects", code, error)
    os.replace(path, os.path.join(folder, digest.hexdigest()))
    return {"sha256": digest.hexdigest(), "size": size}
