# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any tree, and the operations that make one of another: for properties of changes."""

from __future__ import annotations

import base64
import os
import struct
import typing as t
from pathlib import Path

from act_world import Json, Tree, World, seen
from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c", "d", "\\", "\n", "n" * 255, "-x", "\udcff"])
MODES = st.sampled_from([0o644, 0o600, 0o755, 0o4711, 0o444, 0o000])
TIMES = st.integers(1, 2**61)
# An access list as the kernel has it: version 2, then (tag, permissions, id) of owner, a user, group, mask, others.
ACCESS_LIST = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", *one)
    for one in [(1, 6, 2**32 - 1), (2, 6, 1234), (4, 4, 2**32 - 1), (16, 6, 2**32 - 1), (32, 4, 2**32 - 1)]
)
ATTRIBUTES = st.sampled_from([{}, {}, {"user.evenkeel": b"\0x"}, {"system.posix_acl_access": ACCESS_LIST}])
# One of these contents is a hole with a few bytes behind it.
HOLE = bytes(1 << 16)
CONTENTS = st.binary(max_size=12) | st.binary(max_size=4).map(lambda end: HOLE + end)
FILES = st.tuples(st.just("file"), CONTENTS, MODES, TIMES, ATTRIBUTES)
LINKS = st.tuples(st.just("link"), st.sampled_from(["a", "../a", "/nowhere", "n" * 300]))
TREES = st.recursive(
    FILES | LINKS,
    lambda inner: st.tuples(
        st.just("folder"), st.dictionaries(NAMES, inner, max_size=4), st.sampled_from([0o755, 0o700, 0o2775]), TIMES
    ),
    max_leaves=12,
)
ROOTS = st.dictionaries(NAMES, TREES, max_size=5)


def make(folder: Path, tree: t.Mapping[str, t.Any]) -> None:
    for name, node in tree.items():
        path = folder / name
        if node[0] == "link":
            path.symlink_to(node[1])
            continue
        if node[0] == "file":
            _write(path, node[1])
        else:
            path.mkdir()
            make(path, node[1])
        path.chmod(node[2])
        for name, value in node[4].items() if node[0] == "file" else ():
            # Last: an access list has a part of the mode, which it may change.
            os.setxattr(path, name, value)
        os.utime(path, ns=(node[3], node[3]))


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.truncate(len(content))
        if content.startswith(HOLE):
            file.seek(len(HOLE))
            content = content[len(HOLE) :]
        file.write(content)


def difference(world: World, wanted: Path) -> list[Json]:
    """Return operations that make the root of a world what another folder is."""
    has, wants = seen(world.root), seen(wanted)
    operations = [
        world.operation("remove_directory" if has[path][0] == "folder" else "remove", shown(path))
        for path in sorted(has.keys() - wants.keys(), key=lambda path: path.count("/"), reverse=True)
    ]
    for path in sorted(wants.keys() - {"."}, key=lambda path: path.count("/")):
        told = wants[path]
        if told[0] == "link":
            operations.append(world.operation("link", shown(path), target=shown(told[1]), uid=told[2], gid=told[3]))
            continue
        attributes = {"mode": f"{int(told[1], 8) & 0o7777:04o}", "uid": told[2], "gid": told[3], "mtime_ns": told[4]}
        attributes["xattrs"] = {name: text(value) for name, value in told[6].items()}
        if told[0] == "folder":
            operations.append(world.operation("directory", shown(path), **attributes))
        else:
            operations.append(world.write(shown(path), (wanted / path).read_bytes(), **attributes))
    return operations


def shown(path: str) -> str:
    return os.fsencode(path).replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def without_root(tree: Tree) -> Tree:
    return {path: told for path, told in tree.items() if path != "."}
