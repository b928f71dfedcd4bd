# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exact state of a repository as part of a restore point. Private to the collection.

What nobody committed becomes a commit under ``refs/evenkeel/<id>``, made with a private index: neither the work tree
nor the index nor a branch nor a reflog moves. Its second parent is what was staged. These objects and this one ref are
all that is ever written into a repository of the host.
"""

from __future__ import annotations

import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry, fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import make_folder, put, sweep
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.gitrun import Git, private_git
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files, state
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.changes import Folders
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.index import LIMIT
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import BARE, NoRepository, Place, find
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.refs import Head, Refs
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

MAX_FILE = 100 << 20
"""Files that are larger are no part of the commit; the point has them all the same."""

_MAX_FILES = 5000
_MAX_BYTES = 512 << 20
_SPARE = 64 << 20
_MAX_BUNDLE = 1 << 30
_MAX_REMOTES = 500
_MAX_LISTED = 1000
_REFS = b"refs/evenkeel"

Json = t.Dict[str, t.Any]
# Takes a file that is open for reading, and returns {sha256, size} of the object that it became.
Keep = t.Callable[[int], Json]
# Yields a new file of the point, open for writing.
Scratch = t.Callable[[], t.ContextManager[int]]


def save(work_fd: int, point: str, created: str, secret: Patterns, host: Host, scratch: Scratch, keep: Keep) -> Json:
    """Save the repository of an open work tree, and return what the manifest tells of it.

    That is ``{outcome: absent|saved|unknown, reason, head (hex or null), branch (text or null), operation, commit (hex
    or null, of the ref ``ref``), left_out ({path, reason} each), notes, objects}``; ``objects`` are ``index`` and
    ``bundle``, ``{sha256, size}`` each, as far as there are such. What was saved before something went wrong is told.
    Never raises for what a repository holds: the files of a point are worth having without it.
    """
    told: Json = {"outcome": "saved", "reason": "", "objects": {}, "left_out": [], "notes": []}
    told.update(dict.fromkeys(("head", "branch", "operation", "commit", "ref")))
    saving = _Saving(point, host, told, scratch, keep)
    try:
        with find(work_fd) as place:
            saving.save(place, work_fd, created, secret)
    except NoRepository as unseen:
        told.update(outcome="absent", reason=unseen.reason)
    except Unseen as unseen:
        told.update(outcome="unknown", reason=unseen.reason)
    except OSError as error:
        told.update(outcome="unknown", reason=explain(error))
    return told


class _Saving:
    """Saves one repository, and takes note of it in ``told``."""

    def __init__(self, point: str, host: Host, told: Json, scratch: Scratch, keep: Keep) -> None:
        self._point = point
        self._host = host
        self._told = told
        self._scratch = scratch
        self._keep = keep

    def save(self, place: Place, work_fd: int, created: str, secret: Patterns) -> None:
        if place.layout == BARE:
            raise Unseen("it is a bare repository: nothing is checked out of it")
        refs, told = Refs(place), self._told
        head = refs.head()
        told.update(head=head.commit, branch=state.branch_name(head.ref), operation=state.operation(place))
        index = files.read(place.git_fd, b"index", LIMIT)
        if index is not None:
            with self._scratch() as fd:
                fs.write(fd, index)
                told["objects"]["index"] = self._keep(fd)
        with private_git(place, work_fd, created, self._host) as git:
            told["commit"] = _Work(git, work_fd, head, secret, told).commit(self._point)
            if told["commit"] is not None:
                self._write_ref(place)
                self._bundle(git, refs)

    def _write_ref(self, place: Place) -> None:
        """Point ``refs/evenkeel/<id>`` to the commit, so that git keeps what it leads to."""
        owner = os.fstat(place.common_fd)
        if files.look(place.common_fd, _REFS) is None:
            with entry.parent_of(place.common_fd, show(_REFS)) as (refs_fd, own):
                make_folder(refs_fd, own, 0o755, owner)
        with entry.parent_of(place.common_fd, f"{show(_REFS)}/{self._point}") as (refs_fd, own):
            sweep(refs_fd)
            put(refs_fd, own, f"{self._told['commit']}\n".encode("ascii"), 0o644, owner)
        self._told["ref"] = f"{show(_REFS)}/{self._point}"

    def _bundle(self, git: Git, refs: Refs) -> None:
        """Keep what the commit leads to and no remote was known to have."""
        told = self._told
        unknown: list[dict[str, str]] = []
        known = refs.everything(self._host, unknown)
        remote = sorted({oid for name, oid in known.items() if name.startswith(b"refs/remotes/")})[:_MAX_REMOTES]
        if git.told("rev-list", "--ignore-missing", "--count", told["commit"], "--not", *remote) == "0":
            told["notes"].append("a remote had every commit when it was last fetched: there is no bundle")
            return
        name = f"{show(_REFS)}/{self._point}"
        git.run("update-ref", name, told["commit"])
        with self._scratch() as fd:
            room = os.fstatvfs(fd)
            limit = min(_MAX_BUNDLE, room.f_bavail * room.f_frsize // 4)
            if git.write_to(fd, limit, "bundle", "create", "-", name, "--ignore-missing", "--not", *remote):
                told["objects"]["bundle"] = self._keep(fd)
                return
        told["notes"].append(f"a bundle cannot be made, or would be larger than {limit >> 20} MiB: there is none")


class _Work:
    """Makes the commit of what nobody committed."""

    def __init__(self, git: Git, work_fd: int, head: Head, secret: Patterns, told: Json) -> None:
        self._git = git
        self._work_fd = work_fd
        self._head = head.commit
        self._secret = secret
        self._told = told
        self._checked: dict[bytes, bool] = {}

    def commit(self, point: str) -> str | None:
        """Return the commit; HEAD's own when there is nothing else; None when there is neither."""
        if self._head:
            base = self._git.told("rev-parse", "--verify", f"{self._head}^{{tree}}")
        else:
            base = self._git.told("mktree", stdin=b"")
        self._reset_secrets(base)
        staged = self._staged()
        self._add(self._changed())
        tree = self._git.told("write-tree")
        parents = [self._head] if self._head else []
        if staged not in (None, base):
            parents.append(self._make(str(staged), parents, f"Staged, at restore point {point}"))
        if tree == base and len(parents) < 2:
            return self._head
        return self._make(tree, parents, f"Uncommitted work, at restore point {point}")

    def _make(self, tree: str, parents: t.Sequence[str], message: str) -> str:
        arguments = [word for parent in parents for word in ("-p", parent)]
        return self._git.told("commit-tree", tree, *arguments, stdin=f"{message}\n".encode("ascii"))

    def _reset_secrets(self, base: str) -> None:
        """Take out of the index what was staged of secret-class files: a commit may leave the host one day."""
        staged = self._git.names("diff-index", "--cached", "--name-only", "-z", base)
        hidden = dict.fromkeys(name for name in staged if self._is_secret(name))
        if not hidden:
            return
        for name in hidden:
            self._leave_out(name, "it is of a secret class")
        lines = [b"0 " + b"0" * len(base) + b"\t" + name for name in hidden]
        for line in self._git.names("ls-tree", "-r", "-z", base):
            about, _tab, name = line.partition(b"\t")
            if name in hidden:
                mode, _kind, oid = about.split(b" ")
                lines.append(mode + b" " + oid + b"\t" + name)
        self._git.run("update-index", "-z", "--index-info", stdin=b"\0".join(lines) + b"\0")

    def _staged(self) -> str | None:
        if self._git.names("ls-files", "--unmerged", "-z"):
            self._told["notes"].append("a merge is not finished: what is staged is kept as a copy of the index alone")
            return None
        return self._git.told("write-tree")

    def _changed(self) -> list[bytes]:
        """Return the files to be added, what is tracked first: there is a limit to what a repository is to take."""
        tracked = self._git.names("diff-files", "--name-only", "-z", "--ignore-submodules=all")
        others = self._git.names("ls-files", "--others", "--exclude-standard", "-z")
        fitting: list[bytes] = []
        total = 0
        with Folders(self._work_fd) as folders:
            for name in dict.fromkeys(tracked + others):
                size = self._size(folders, name)
                if size is None:
                    continue
                if len(fitting) >= _MAX_FILES or total + size > _MAX_BYTES:
                    self._leave_out(name, f"a commit takes {_MAX_FILES} files and {_MAX_BYTES >> 20} MiB at most")
                    continue
                total += size
                fitting.append(name)
        self._check_room(total)
        return fitting

    def _size(self, folders: Folders, name: bytes) -> int | None:
        """Return the size of a file that is to be added, 0 for one that is gone; None for one that is left out."""
        folder, slash, own = name.rpartition(b"/")
        reason = ""
        size = 0
        if not own:
            reason = "it is a repository of its own"
        elif self._is_secret(name):
            reason = "it is of a secret class"
        elif self._exposed(folders, folder):
            reason = "git would read it as root, and others can write in its folder"
        else:
            fd, error = folders.enter(folder + slash)
            seen = files.look(fd, own) if error is None else None
            kind = stat.S_IFMT(seen.st_mode) if seen is not None else stat.S_IFLNK
            size = seen.st_size if seen is not None and kind == stat.S_IFREG else 0
            if size > MAX_FILE:
                reason = f"it is larger than {MAX_FILE >> 20} MiB"
            elif kind not in (stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR):
                reason = "it is a device, a socket or a FIFO"
        if reason:
            self._leave_out(name, reason)
            return None
        return size

    def _exposed(self, folders: Folders, folder: bytes) -> bool:
        """Return whether root would read below a folder where another user could put a link in a file's place."""
        if os.fstat(self._work_fd).st_uid != 0:
            return False
        if folder not in self._checked:
            above = folder.rpartition(b"/")[0]
            fd, error = folders.enter(folder + b"/") if folder else (self._work_fd, None)
            seen = os.fstat(fd) if error is None else None
            open_to_others = seen is not None and (seen.st_uid != 0 or bool(seen.st_mode & 0o022))
            self._checked[folder] = open_to_others or (bool(folder) and self._exposed(folders, above))
        return self._checked[folder]

    def _check_room(self, total: int) -> None:
        room = os.fstatvfs(self._work_fd)
        free = room.f_bavail * room.f_frsize
        if total + _SPARE > free:
            raise Unseen(f"the commit may take {total >> 20} MiB in the repository, and {free >> 20} MiB are free")

    def _add(self, names: t.Sequence[bytes]) -> None:
        if names:
            stdin = b"\0".join(names) + b"\0"
            self._git.run("update-index", "--add", "--remove", "--replace", "-z", "--stdin", stdin=stdin)

    def _is_secret(self, name: bytes) -> bool:
        return is_secret_file(os.fsdecode(name), self._secret)

    def _leave_out(self, name: bytes, reason: str) -> None:
        one = {"path": show(name), "reason": reason}
        if one not in self._told["left_out"] and len(self._told["left_out"]) < _MAX_LISTED:
            self._told["left_out"].append(one)


def drop_ref(work_fd: int, point: str) -> None:
    """Take the ref of a point away. One that git has packed stays. Raises Unseen, OSError."""
    path = f"{show(_REFS)}/{point}"
    with find(work_fd) as place:
        if files.look(place.common_fd, path.encode("ascii")) is not None:
            with entry.parent_of(place.common_fd, path) as (refs_fd, own):
                fs.unlink(refs_fd, own)
