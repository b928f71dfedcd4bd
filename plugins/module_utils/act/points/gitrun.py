# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git, run on a repository that its owner may have prepared against whoever runs it. Private to the collection.

A git directory is not believed: its configuration names programs, its hooks are programs. So git gets a directory of
our own with a configuration of our own, the host's index as a copy, and of the host's repository the objects alone; an
empty environment, no terminal, no network protocol; and the rights of the tree's owner, never more.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import gitsafe
from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry, fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import make_folder, put, remove_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files, repository
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.config import Config
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.index import LIMIT
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import Place
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command, paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_LIMIT_S = 120.0
_LONG_S = 1800.0
_MEMORY, _ELSEWHERE = "/dev/shm", "/tmp"  # noqa: S108  a folder of our own is made there, 0700, with a new name
_SETTINGS = (
    *("filemode", "symlinks", "ignorecase", "autocrlf", "eol", "safecrlf", "trustctime", "checkstat"),
    *("sparsecheckout", "sparsecheckoutcone", "precomposeunicode"),
)
_LEFT = re.compile(r"evenkeel-([0-9]+)-[0-9a-f]{12}")
_TRIES = 5
_COPIED = (b"info/exclude", b"info/sparse-checkout")
# All that git writes here is to be on the disk; the tree's owner, as whom git runs, need not own what leads to it.
_FLAGS = gitsafe.flags({"core.fsync": "all", "safe.directory": "*"})
_ENVIRONMENT = {
    **gitsafe.ENVIRONMENT,
    "PATH": "/usr/bin:/bin",
    "GIT_AUTHOR_NAME": "evenkeel.drift",
    "GIT_AUTHOR_EMAIL": "evenkeel@localhost",
    "GIT_COMMITTER_NAME": "evenkeel.drift",
    "GIT_COMMITTER_EMAIL": "evenkeel@localhost",
}


class Git:
    """Runs git on the objects of one repository, with a private index; made by :func:`private_git`."""

    def __init__(self, places: t.Mapping[str, str], created: str, owner: os.stat_result, host: Host) -> None:
        self._host = host
        # Git that writes an index looks at its files from where it stands: so that one that is as old as the index is
        # not taken as unchanged later.
        self._work = places["GIT_WORK_TREE"]
        self._folder = places["GIT_DIR"]
        dates = {"GIT_AUTHOR_DATE": created, "GIT_COMMITTER_DATE": created}
        environment = {**_ENVIRONMENT, **dates, **places}
        self._argv = [
            *(_program("env"), "-i", *(f"{name}={value}" for name, value in environment.items())),
            *_as_owner(owner),
            *(_program("git"), *_FLAGS),
        ]

    def run(self, *arguments: str, stdin: bytes | None = None, understood: t.Container[int] = (0,)) -> bytes:
        """Return what git says. Raises Unseen, with git's last words, when it does not end as it should."""
        with _source(self._folder, stdin or b"") as source:
            return command.run([*self._argv, *arguments], self._host, understood, _LIMIT_S, source, self._work, "git")

    def run_from(self, source: int, *arguments: str) -> None:
        """Let git read an open file, from where it stands. Raises Unseen."""
        command.run([*self._argv, *arguments], self._host, (0,), _LONG_S, source, self._work, "git")

    def index(self) -> bytes:
        """Return the private index. Raises Unseen, OSError."""
        fd = paths.open_file(None, f"{self._folder}/index")
        try:
            return paths.read_fd(fd, LIMIT)
        finally:
            os.close(fd)

    def told(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Return the one line that git says."""
        return self.run(*arguments, stdin=stdin).decode("ascii").strip()

    def names(self, *arguments: str) -> list[bytes]:
        """Return the names that git lists with ``-z``."""
        return [name for name in self.run(*arguments).split(b"\0") if name]

    def write_to(self, target: int, limit: int, *arguments: str) -> bool:
        """Let git write its output to an open file; return whether it ended well and wrote at most ``limit`` bytes."""
        # Set before git starts, while it still has the rights to be limited by us.
        limiter = command.find("prlimit")
        if limiter is None:
            return False
        argv = [limiter, f"--fsize={limit}", "--", *self._argv, *arguments]
        return command.pour(argv, self._host, target, _LIMIT_S)


@contextlib.contextmanager
def private_git(place: Place, work_fd: int, created: str, host: Host) -> t.Iterator[Git]:
    """Yield git for the repository of an open work tree; its commits are dated ``created``.

    Raises Unseen where git cannot be run safely, or at all.
    """
    config = repository.read_config(place)
    owner = _owner(place, work_fd)
    with _folder(owner) as (folder, fd):
        _fill(fd, place, config)
        objects = _path_of(place.common_fd) + "/objects"
        places = {"GIT_DIR": folder, "GIT_WORK_TREE": _path_of(work_fd), "GIT_OBJECT_DIRECTORY": objects}
        yield Git(places, created, owner, host)


def _owner(place: Place, work_fd: int) -> os.stat_result:
    """Return the owner of the work tree, to whom all of the repository must belong; what root runs nobody else may
    write to.
    """
    owner = os.fstat(work_fd)
    for fd, name in ((place.git_fd, b"."), (place.common_fd, b"."), (place.common_fd, b"objects")):
        seen = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if not stat.S_ISDIR(seen.st_mode):
            raise Unseen("its objects are no directory")
        if seen.st_uid != owner.st_uid:
            raise Unseen("the work tree and the repository belong to different users, so git is not run on it")
        if owner.st_uid == 0 and seen.st_mode & 0o022:
            raise Unseen("it belongs to root, and others may write to it, so git is not run on it")
    if os.geteuid() not in (0, owner.st_uid):
        raise Unseen("it belongs to another user, as whom git cannot be run")
    return owner


def _as_owner(owner: os.stat_result) -> list[str]:
    if owner.st_uid == os.geteuid():
        return []
    ids = [f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
    return [_program("setpriv"), *ids, "--no-new-privs", "--inh-caps=-all", "--"]


def _program(name: str) -> str:
    found = command.find(name)
    if found is None:
        raise Unseen(f"this host has no {name}")
    return found


def _path_of(fd: int) -> str:
    return os.readlink(f"/proc/self/fd/{fd}")


@contextlib.contextmanager
def _folder(owner: os.stat_result) -> t.Iterator[tuple[str, int]]:
    """Yield a directory for git alone, in memory where there is such a place, that is gone afterwards."""
    above = _MEMORY if os.path.isdir(_MEMORY) else _ELSEWHERE
    above_fd = paths.open_followed(None, above)
    try:
        _sweep(above_fd)
        name, fd = _made(above_fd, owner)
        try:
            yield f"{above}/{name.decode('ascii')}", fd
        finally:
            try:
                # While it is locked: somebody who removes it as well would be in the way.
                remove_tree(above_fd, name)
            finally:
                os.close(fd)
    finally:
        os.close(above_fd)


def _made(above_fd: int, owner: os.stat_result) -> tuple[bytes, int]:
    """Return a new directory and its descriptor, which holds its lock. Raises OSError, Unseen."""
    for _again in range(_TRIES):
        name = f"evenkeel-{os.getpid()}-{os.urandom(6).hex()}".encode("ascii")
        # Until it is locked, somebody who does not see this process may take it for one that was left.
        with contextlib.suppress(FileNotFoundError):
            make_folder(above_fd, name, 0o700, owner)
            fd = paths.open_dir(above_fd, name)
            if fs.lock(fd) and _is_there(above_fd, name, fd):
                return name, fd
            os.close(fd)
    raise Unseen("the directory for git is removed again and again by another process")


def _is_there(above_fd: int, name: bytes, fd: int) -> bool:
    try:
        return os.path.samestat(os.stat(name, dir_fd=above_fd, follow_symlinks=False), os.fstat(fd))
    except FileNotFoundError:
        return False


def _sweep(above_fd: int) -> None:
    """Remove what processes that were killed left here. Whoever shares this place need not see the same processes, as
    containers do not: the lock, which the kernel gives back, tells as well whether one lives.
    """
    for name in sorted(os.listdir(above_fd)):
        left = _LEFT.fullmatch(name)
        if left and not os.path.exists(f"/proc/{left.group(1)}"):
            # Somebody else's, or a folder that only looks like ours: whoever made it may keep it.
            with contextlib.suppress(OSError):
                _remove_left(above_fd, os.fsencode(name))


def _remove_left(above_fd: int, name: bytes) -> None:
    fd = paths.open_dir(above_fd, name)
    try:
        if fs.lock(fd):
            remove_tree(above_fd, name)
    finally:
        os.close(fd)


def _fill(fd: int, place: Place, config: Config) -> None:
    """Put into the private directory what git needs to know of the repository, as data."""
    owner = os.fstat(fd)
    for name in (b"refs", b"refs/heads", b"info"):
        make_folder(fd, name, 0o700, owner)
    _write(fd, b"config", _config(config))
    _write(fd, b"HEAD", b"ref: refs/heads/unborn\n")
    for name in _COPIED:
        content = files.read(place.git_fd if name.endswith(b"checkout") else place.common_fd, name, 1 << 20)
        if content is not None:
            _write(fd, name, content)
    shallow = files.read(place.common_fd, b"shallow", 1 << 24)
    if shallow is not None:
        _write(fd, b"shallow", shallow)
    shared = [name for name in files.names(place.git_fd, b".") if name.startswith(b"sharedindex.")]
    for name in [b"index", *shared]:
        seen = files.look(place.git_fd, name)
        content = None if seen is None else files.read(place.git_fd, name, LIMIT)
        if seen is not None and content is not None:
            # With the time of the original: git trusts no stat of an index that is not older than the file.
            _write(fd, name, content, seen.st_mtime_ns)


def _config(config: Config) -> bytes:
    lines = ["[core]", "\tbare = false"]
    form = repository.object_format(config)
    lines.append(f"\trepositoryformatversion = {int(form != 'sha1')}")
    for name in _SETTINGS:
        value = config.get("core", name)
        if value is not None and value.isalnum():
            lines.append(f"\t{name} = {value.decode('ascii')}")
    if form != "sha1":
        lines += ["[extensions]", f"\tobjectFormat = {form}"]
    return "\n".join(lines).encode("ascii") + b"\n"


def _write(fd: int, name: bytes, content: bytes, mtime_ns: int | None = None) -> None:
    with entry.parent_of(fd, show(name)) as (folder_fd, own):
        put(folder_fd, own, content, owner=os.fstat(fd), mtime_ns=mtime_ns)


@contextlib.contextmanager
def _source(folder: str, content: bytes) -> t.Iterator[int]:
    """Yield an open file that has no name any more, with this content, to be read from its beginning."""
    # No memfd_create: a Python that was built for all systems has none.
    name = b"stdin-" + os.urandom(6).hex().encode("ascii")
    folder_fd = paths.open_followed(None, folder)
    try:
        fd = fs.create(folder_fd, name)
        fs.unlink(folder_fd, name)
    finally:
        os.close(folder_fd)
    try:
        fs.write(fd, content)
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)
