# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new objects of a commit, brought into a host's repository: harmless until something points to them. Private to
the collection.

Objects are only ever added. A ref below ``refs/evenkeel/incoming`` keeps git from forgetting them, and a lock of git's
own keeps git from working in the repository, until the change is in place; both are recognised and removed when the
process that made them is gone.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry, fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused, Stuck
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.asked import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.sweep import (
    INCOMING,
    LOCK,
    PREPARED,
    kept_alive,
    started,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import make_folder, put
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.gitrun import Git
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import Place
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show


@contextlib.contextmanager
def locked(place: Place) -> t.Iterator[None]:
    """Hold git's own lock of the index, so that no git commits or switches meanwhile. Raises Refused, OSError."""
    # Whole before it has its name: an empty one, left by a process that was killed, would be anybody's.
    own = f"{PREPARED}{os.getpid()}-{started(os.getpid())}".encode("ascii")
    with kept_alive(fs.create(place.git_fd, own)) as fd:
        try:
            fs.write(fd, f"evenkeel.drift {os.getpid()} {started(os.getpid())}\n".encode("ascii"))
            fs.sync(fd)
            fs.link(place.git_fd, own, place.git_fd, LOCK)
        except FileExistsError:
            raise Refused(
                "git has begun to work in its repository (.git/index.lock): wait until it has ended"
            ) from None
        finally:
            fs.unlink(place.git_fd, own)
        with _there(place.git_fd, LOCK):
            yield


@contextlib.contextmanager
def _there(folder_fd: int, name: bytes) -> t.Iterator[None]:
    """Remove a file of ours afterwards. Of a change that is stuck, a part is in place: then git is to stay out and to
    keep its objects until a recovery has ended it, which removes these files.
    """
    stuck = False
    try:
        yield
    except Stuck:
        stuck = True
        raise
    finally:
        if not stuck:
            fs.unlink(folder_fd, name)


@contextlib.contextmanager
def received(place: Place, git: Git, asked: Asked, packs: t.Sequence[int]) -> t.Iterator[None]:
    """Add the objects of a commit, make sure that none is missing, and keep them for as long as the block lasts.

    Raises Refused, Unseen, OSError.
    """
    if asked.pack is not None:
        fd = _opened(asked.pack, packs)
        try:
            git.run_from(fd, "index-pack", "--stdin", "--fix-thin")
        finally:
            os.close(fd)
    _check_whole(git, asked)
    with _kept(place, asked.commit):
        yield


def _opened(sha256: str, packs: t.Sequence[int]) -> int:
    for folder in packs:
        with contextlib.suppress(FileNotFoundError):
            return paths.open_file(folder, sha256)
    raise Refused(f"the objects of the commit did not arrive on this host: {sha256}")


def _check_whole(git: Git, asked: Asked) -> None:
    """Refuse a commit of which an object is missing: of what the repository had, git itself has made sure."""
    try:
        if git.told("rev-parse", "--verify", f"{asked.commit}^{{tree}}") != asked.tree:
            raise Refused(f"{asked.commit[:12]} has another tree on this host than in the reference's repository")
        # What a ref names and the repository lacks tells nothing of what it has.
        git.run("rev-list", "--objects", "--quiet", "--ignore-missing", asked.commit, "--not", *asked.have)
    except Unseen as unseen:
        raise Refused(
            f"its repository lacks objects of {asked.commit[:12]} ({unseen.reason}): repair it (git fsck names what is "
            "missing), or clone it anew"
        ) from None


@contextlib.contextmanager
def _kept(place: Place, commit: str) -> t.Iterator[None]:
    owner = os.fstat(place.common_fd)
    for folder in (b"refs/evenkeel", INCOMING):
        if files.look(place.common_fd, folder) is None:
            with entry.parent_of(place.common_fd, show(folder)) as (above_fd, own):
                make_folder(above_fd, own, 0o755, owner)
    path = f"{show(INCOMING)}/{os.getpid()}-{started(os.getpid())}"
    with entry.parent_of(place.common_fd, path) as (folder_fd, own):
        put(folder_fd, own, f"{commit}\n".encode("ascii"), 0o644, owner)
        with _there(folder_fd, own), kept_alive(paths.open_file(folder_fd, own)):
            yield
