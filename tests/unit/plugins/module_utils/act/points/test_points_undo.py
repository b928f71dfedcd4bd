# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deploy and its rollback together: whatever a tree is and a plan makes of it, the restore point of that plan brings
back exactly what was, and what the plan does not name stays.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import typing as t
from pathlib import Path

from act_trees import ROOTS, difference, make, shown, without_root
from act_world import Json, Tree, World, seen
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service
from hypothesis import given, settings
from hypothesis import strategies as st

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
EXAMPLES = 5000 if os.environ.get("EVENKEEL_FAULTS") == "all" else 150


def ask(world: World, **options: t.Any) -> Json:
    """Ask for what the module ``restore_point`` is asked for."""
    defaults = {name: about.get("default") for name, about in service.ARGUMENTS.items()}
    place = {"root": str(world.root), "application": "shop", "state_dir": str(world.states), "who": "ops", "git": False}
    answer = service.answer({**defaults, **place, **options}, service.act, False)
    assert not answer.get("failed"), answer
    return answer


def planned(world: World, wanted: Path) -> list[Json]:
    """Return operations as plans have them: none for a folder of which the time alone is another."""
    has, wants = seen(world.root, False), seen(wanted, False)
    same = {shown(path) for path in wants if has.get(path) == wants[path] and wants[path][0] == "folder"}
    return [one for one in difference(world, wanted) if one["path"] not in same]


@settings(max_examples=EXAMPLES, deadline=None)
@given(old=ROOTS, new=ROOTS, share=st.integers(1, 3), twice=st.booleans())
def test_a_plan_applied_and_rolled_back_leaves_what_was(old: t.Any, new: t.Any, share: int, twice: bool) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as made:
        world, wanted = World(Path(made, "world")), Path(made, "wanted")
        wanted.mkdir()
        make(world.root, old)
        # Of a part of what differs, where the part makes sense by itself.
        make(wanted, new if share == 1 else {**old, **dict(list(new.items())[::share])})
        was = without_root(seen(world.root))
        operations = planned(world, wanted)
        if not operations:
            return
        point = ask(world, state="present", operations=operations)["point"]
        world.apply(operations)
        assert without_root(seen(world.root, False)) == without_root(seen(wanted, False))
        back = ask(world, state="restored", point=point)
        assert (back["at_point"], back["left"], back["apart"]) == (True, [], [])
        assert without_root(seen(world.root)) == was
        if twice and back["saved"]:
            # What the rollback replaced can be brought back as well.
            assert ask(world, state="restored", point=back["saved"])["at_point"] is True
            assert without_root(seen(world.root, False)) == without_root(seen(wanted, False))
        # Not by rglob: that of Python 3.8 follows links, and ends at one to a name that is too long.
        names = [name for _folder, folders, files in os.walk(world.folder) for name in (*folders, *files)]
        assert not [name for name in names if name.startswith(".evenkeel-")]


@settings(max_examples=EXAMPLES // 5, deadline=None)
@given(old=ROOTS, new=ROOTS, gone=st.integers(0, 3))
def test_files_with_several_names_are_refused_or_come_back(old: t.Any, new: t.Any, gone: int) -> None:
    """Each name comes back as a file of its own, which the point says; what would part them unasked is refused."""
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as made:
        world, wanted = World(Path(made, "world")), Path(made, "wanted")
        wanted.mkdir()
        make(world.root, old)
        make(wanted, new)
        files = [path for path, told in sorted(seen(world.root).items()) if told[0] not in ("folder", "link")]
        for number, path in enumerate(files[::2]):
            os.link(world.root / path, world.root / f"again{number}")
            if number >= gone:
                shutil.copy2(world.root / path, wanted / f"again{number}")
        was, operations = seen(world.root), planned(world, wanted)
        if not operations:
            return
        point = ask(world, state="present", operations=operations)["point"]
        try:
            world.apply(operations)
        except Refused as error:
            assert "more names (hard links)" in str(error)
            assert seen(world.root) == was
            return
        back = ask(world, state="restored", point=point)
        assert (back["at_point"], back["left"], back["apart"]) == (True, [], [])
        assert without_names(seen(world.root)) == without_names(was)


def without_names(tree: Tree) -> Tree:
    """Return a tree without how many names its files have."""
    return {path: (*told[:5], *told[6:]) if told[0] != "link" else told for path, told in without_root(tree).items()}
