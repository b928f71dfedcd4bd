# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a tree is and whatever is to become of it: a change makes exactly that, and the change back what was before,
with modes, owners, times to the nanosecond and extended attributes.
"""

from __future__ import annotations

import base64
import os
import tempfile
import typing as t
from pathlib import Path

from act_faults import counted, killed_at
from act_world import Json, Tree, World, seen
from ansible_collections.evenkeel.drift.plugins.module_utils.act.recovery import recover
from hypothesis import given, settings
from hypothesis import strategies as st

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
EXAMPLES = 2000 if os.environ.get("EVENKEEL_FAULTS") == "all" else 120

NAMES = st.sampled_from(["a", "b", "c", "d", "\\", "\n", "n" * 255, "-x", "\udcff"])
MODES = st.sampled_from([0o644, 0o600, 0o755, 0o4711, 0o444, 0o000])
TIMES = st.integers(1, 2**61)
FILES = st.tuples(st.just("file"), st.binary(max_size=12), MODES, TIMES, st.booleans())
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
            path.write_bytes(node[1])
            if node[4]:
                os.setxattr(path, "user.evenkeel", b"\0x")
        else:
            path.mkdir()
            make(path, node[1])
        path.chmod(node[2])
        os.utime(path, ns=(node[3], node[3]))


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


@settings(max_examples=EXAMPLES)
@given(old=ROOTS, new=ROOTS)
def test_a_change_makes_what_is_wanted_and_the_change_back_what_was(old: t.Any, new: t.Any) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as made:
        world = World(Path(made, "world"))
        wanted, was = Path(made, "wanted"), Path(made, "was")
        wanted.mkdir()
        was.mkdir()
        make(world.root, old)
        make(was, old)
        make(wanted, new)
        operations = difference(world, wanted)
        world.apply(operations)
        assert without_root(seen(world.root)) == without_root(seen(wanted))
        assert world.apply(operations)["changed"] == []
        world.apply(difference(world, was))
        assert without_root(seen(world.root)) == without_root(seen(was))


@settings(max_examples=EXAMPLES // 2)
@given(old=ROOTS, new=ROOTS, share=st.floats(0, 1), again=st.integers(1, 40))
def test_any_change_that_is_killed_is_all_old_or_all_new(old: t.Any, new: t.Any, share: float, again: int) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as made:
        world, model = World(Path(made, "world")), World(Path(made, "model"))
        wanted = Path(made, "wanted")
        wanted.mkdir()
        make(wanted, new)
        for one in (world, model):
            make(one.root, old)
            one.open_state().close()
        calls = counted(lambda: model.apply(difference(model, wanted)))
        operations = difference(world, wanted)
        killed_at(1 + int(share * (len(calls) - 1)), lambda: world.apply(operations))
        for _twice in range(2):
            killed_at(again, lambda: recovered(world))
        recovered(world)
        found = without_root(seen(world.root))
        assert found in (without_root(seen(wanted)), without_root(given_tree(made, old)))
        assert recovered(world)["found"] is None


def recovered(world: World) -> Json:
    with world.open_state() as state:
        return recover(state)


def given_tree(folder: str, tree: t.Any) -> Tree:
    was = Path(folder, "was")
    was.mkdir()
    make(was, tree)
    return seen(was)
