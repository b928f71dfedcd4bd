# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a tree is and whatever is to become of it: a change makes exactly that, and the change back what was before,
with modes, owners, times to the nanosecond and extended attributes.
"""

from __future__ import annotations

import os
import tempfile
import typing as t
from pathlib import Path

from act_faults import counted, killed_at
from act_trees import ROOTS, difference, make, without_root
from act_world import Json, Tree, World, seen
from ansible_collections.evenkeel.drift.plugins.module_utils.act.recovery import recover
from hypothesis import given, settings
from hypothesis import strategies as st

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
EXAMPLES = 2000 if os.environ.get("EVENKEEL_FAULTS") == "all" else 120


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
