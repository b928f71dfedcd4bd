# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small tree, a change of it with every kind of operation, and what a tree looks like: for tests of changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry, state, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Json = t.Dict[str, t.Any]
Tree = t.Dict[str, t.Tuple[t.Any, ...]]

ABOUT = {"id": "plan-0123456789ab", "kind": "sync", "who": "ops@control", "why": "a test", "run": "run-1"}
T = 1_600_000_000_123_456_789


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class World:
    """A root, contents and a state directory below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.contents = folder / "contents"
        self.states = folder / "state"
        for made in (self.root, self.contents):
            made.mkdir(parents=True)

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder)

    def before(self, path: str) -> Json:
        """Return what stands at a path as the maker of an operation tells it."""
        fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            found = entry.look_at(fd, path)
        finally:
            os.close(fd)
        keys = {"file": ("sha256", "mode"), "link": ("target",)}.get(found["type"], ())
        return {"type": found["type"], **{key: found[key] for key in keys}}

    def content(self, data: bytes) -> Json:
        """Keep a content, and return how an operation names it."""
        (self.contents / sha256(data)).write_bytes(data)
        return {"sha256": sha256(data), "size": len(data)}

    def write(self, path: str, data: bytes, **more: t.Any) -> Json:
        """Return an operation that writes a file."""
        given = {"do": "write", "path": path, "before": self.before(path), "mtime_ns": T, **self.content(data)}
        return {**given, **more}

    def operation(self, do: str, path: str, **more: t.Any) -> Json:
        """Return another operation."""
        return {"do": do, "path": path, "before": self.before(path), **more}

    def open_state(self) -> state.State:
        opened = state.open_state(str(self.states), "shop")
        assert opened is not None
        return opened

    def apply(
        self,
        operations: t.Any,
        check: bool = False,
        engine: t.Any = transaction.apply,
        seconds: float = 60,
        **about: str,
    ) -> Json:
        """Apply operations to the root."""
        contents = os.open(self.contents, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with self.open_state() as opened:
                answer = engine(
                    operations, [contents], str(self.root), opened, {**ABOUT, **about}, Host("/", seconds), check=check
                )
        finally:
            os.close(contents)
        return t.cast(Json, answer)


def build(root: Path, copies: int = 1) -> None:
    """Make a tree in which every kind of operation has something to do; of several copies each is in its own folder."""
    for folder in _folders(copies):
        (root / folder).mkdir(exist_ok=True)
        _build(root / folder)
    for number, path in enumerate((root, *sorted(root.rglob("*"), reverse=True))):
        if not path.is_symlink():
            os.utime(path, ns=(T, 1_500_000_000_000_000_000 + number))


def _folders(copies: int) -> list[str]:
    return [""] if copies == 1 else [f"copy{number}" for number in range(copies)]


def _build(root: Path) -> None:
    files: dict[str, tuple[bytes, int]] = {
        "keep.txt": (b"keep\n", 0o644),
        "over.txt": (b"old content\n", 0o640),
        "tool": (b"#!/bin/sh\n", 0o4755),
        "mode.txt": (b"the same\n", 0o600),
        "same.txt": (b"the same\n", 0o644),
        "gone.txt": (b"gone\n", 0o644),
        "to_link": (b"was a file\n", 0o644),
        "to_folder": (b"was a file\n", 0o644),
        "gone/x": (b"x\n", 0o644),
        "gone/deep/y": (b"y\n", 0o600),
        "partly/mine": (b"mine\n", 0o644),
        "partly/theirs": (b"theirs\n", 0o644),
        "to_file/p": (b"p\n", 0o644),
        "to_file/q/r": (b"r\n", 0o644),
        "folder/inside": (b"inside\n", 0o644),
    }
    for path, (content, mode) in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
        (root / path).chmod(mode)
    (root / "link").symlink_to("keep.txt")
    (root / "from_link").symlink_to("keep.txt")
    try:
        os.setxattr(root / "over.txt", "user.evenkeel", b"kept")
        os.setxattr(root / "folder", "user.evenkeel", b"old")
    except OSError:
        # A file system without them has all the rest.
        pass


def every_kind(world: World, copies: int = 1) -> list[Json]:
    """Return operations of every kind for the tree of :func:`build`."""
    return [operation for folder in _folders(copies) for operation in _every_kind(world, folder)]


def _every_kind(world: World, folder: str) -> list[Json]:
    prefix = f"{folder}/" if folder else ""

    def write(path: str, data: bytes, **more: t.Any) -> Json:
        return world.write(prefix + path, data, **more)

    def operation(do: str, path: str, **more: t.Any) -> Json:
        return world.operation(do, prefix + path, **more)

    return [
        write("over.txt", b"new content\n" * 50),
        write("tool", b"#!/bin/sh\nexit 0\n", mode="0755"),
        write("same.txt", b"the same\n", mtime_ns=None),
        write("new.txt", b"new\n"),
        write("from_link", b"was a link\n", mode="0600"),
        operation("link", "link", target="over.txt"),
        operation("link", "to_link", target="keep.txt"),
        operation("link", "new_link", target="nowhere/at/all"),
        operation("directory", "new", mode="0750", mtime_ns=T),
        write("new/a", b"a\n"),
        operation("directory", "new/deep", mode="0555", mtime_ns=T),
        write("new/deep/b", b""),
        operation("link", "new/deep/c", target="../a"),
        operation("attributes", "mode.txt", mode="0644", mtime_ns=T),
        operation("directory", "folder", mode="0700", xattrs={}, mtime_ns=T),
        write("folder/inside", b"changed inside\n"),
        operation("remove", "gone.txt"),
        operation("remove", "gone/x"),
        operation("remove", "gone/deep/y"),
        operation("remove_directory", "gone/deep"),
        operation("remove_directory", "gone"),
        operation("remove", "partly/mine"),
        operation("remove_directory", "partly"),
        operation("remove", "to_file/p"),
        operation("remove", "to_file/q/r"),
        operation("remove_directory", "to_file/q"),
        write("to_file", b"now a file\n"),
        operation("directory", "to_folder", mode="0711", mtime_ns=T),
        write("to_folder/f", b"f\n"),
    ]


def seen(root: Path, folder_times: bool = True) -> Tree:
    """Return all that belongs to a tree: by a walk that shares nothing with the code that is tested."""
    found: Tree = {}
    paths = [Path(folder, name) for folder, inner, files in os.walk(root) for name in (*inner, *files)]
    for path in (root, *sorted(paths)):
        told = path.lstat()
        name = str(path.relative_to(root))
        if stat.S_ISLNK(told.st_mode):
            found[name] = ("link", os.readlink(path), told.st_uid, told.st_gid)
            continue
        is_folder = stat.S_ISDIR(told.st_mode)
        found[name] = (
            "folder" if is_folder else sha256(path.read_bytes()),
            oct(told.st_mode),
            told.st_uid,
            told.st_gid,
            told.st_mtime_ns if folder_times or not is_folder else None,
            told.st_nlink if not is_folder else None,
            {attribute: os.getxattr(path, attribute) for attribute in os.listxattr(path)},
        )
    return found
