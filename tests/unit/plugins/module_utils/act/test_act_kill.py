# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that is killed anywhere is all old or all new after a recovery, with nothing left over; so is one whose
recovery is killed as well. ``EVENKEEL_FAULTS=all`` (``make faults``) tries larger changes and thousands of pairs.
"""

from __future__ import annotations

import os
import random
import tempfile
import typing as t
from pathlib import Path

import pytest
from act_broken import in_place
from act_faults import counted, killed_at
from act_world import Json, Tree, World, build, every_kind, seen
from ansible_collections.evenkeel.drift.plugins.module_utils.act.recovery import recover

ALL = os.environ.get("EVENKEEL_FAULTS") == "all"
# Where files are memory, a sync costs nothing: thousands of changes are killed in a minute.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

Operations = t.Callable[[World], t.List[Json]]


@pytest.fixture(name="folder")
def fixture_folder() -> t.Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as made:
        yield Path(made)


def back_again(world: World, old: World) -> list[Json]:
    """Return the operations that bring a world back to the tree of another: what a rollback applies."""
    operations: list[Json] = []
    ours, theirs = seen(world.root), seen(old.root)
    for path in sorted(ours.keys() - theirs.keys(), reverse=True):
        kind = world.before(path)["type"]
        operations.append(world.operation("remove_directory" if kind == "directory" else "remove", path))
    for path in sorted(theirs):
        told = theirs[path]
        if path == "." or ours.get(path) == told:
            continue
        if told[0] == "link":
            operations.append(world.operation("link", path, target=told[1]))
        elif told[0] == "folder":
            operations.append(
                world.operation("directory", path, mode=f"{int(told[1], 8) & 0o7777:04o}", mtime_ns=told[4])
            )
        else:
            mode = f"{int(told[1], 8) & 0o7777:04o}"
            operations.append(world.write(path, (old.root / path).read_bytes(), mode=mode, mtime_ns=told[4]))
    return operations


class Scenario:
    """A change from one tree to another, made anew for each point at which it is killed."""

    def __init__(self, folder: Path, backwards: bool = False, copies: int = 1) -> None:
        self.folder = folder
        self.backwards = backwards
        self.copies = copies
        self.made = 0
        world = self.world()
        self.old = seen(world.root)
        self.calls = counted(lambda: world.apply(self.operations(world)))
        self.new = seen(world.root, folder_times=False)
        assert self.new != seen(self.world().root, folder_times=False)

    def world(self) -> World:
        """Return a new world before the change."""
        self.made += 1
        world = World(self.folder / str(self.made))
        build(world.root, self.copies)
        if self.backwards:
            world.apply(every_kind(world, self.copies))
            for path in (world.root, *world.root.rglob("partly"), *world.root.glob("copy*")):
                os.utime(path, ns=(0, 7))
        return world

    def operations(self, world: World) -> list[Json]:
        if not self.backwards:
            return every_kind(world, self.copies)
        old = World(self.folder / f"old-{self.made}")
        build(old.root, self.copies)
        operations = back_again(world, old)
        old.clear()
        return operations

    def check(self, world: World) -> str:
        """Recover, and return which of the two trees is there: the old with all its times, or the new."""
        with world.open_state() as state:
            recover(state)
        found = self.which(seen(world.root), seen(world.root, folder_times=False))
        once = seen(world.root)
        with world.open_state() as state:
            assert recover(state)["found"] is None
        assert seen(world.root) == once, "a second recovery changes nothing"
        assert [path for path in world.root.rglob("*") if path.name.startswith(".evenkeel-")] == []
        assert [path.name for path in (world.states / "shop").iterdir() if path.name.startswith("journal")] == []
        return found

    def which(self, full: Tree, without_times: Tree) -> str:
        if full == self.old:
            return "old"
        assert without_times == self.new, difference(without_times, self.old, self.new)
        return "new"


def difference(found: Tree, old: Tree, new: Tree) -> dict[str, t.Any]:
    """Return the paths that are neither old nor new, or, when each is one of them, what is mixed."""
    paths = found.keys() | old.keys() | new.keys()
    return {
        path: (found.get(path), old.get(path), new.get(path))
        for path in sorted(paths)
        if found.get(path) != new.get(path)
    }


@pytest.mark.parametrize("backwards", [False, True])
def test_a_change_that_is_killed_anywhere_is_all_old_or_all_new(folder: Path, backwards: bool) -> None:
    scenario = Scenario(folder, backwards, copies=4 if ALL else 1)
    ends = {"old": 0, "new": 0}
    points = [(number, False) for number in range(1, len(scenario.calls) + 1)]
    points += [(number, True) for number, name in enumerate(scenario.calls, 1) if name == "write"]
    assert len(points) >= (500 if ALL else 150)
    for number, torn in points if ALL else points[::2]:
        world = scenario.world()
        operations = scenario.operations(world)
        assert killed_at(number, lambda w=world, o=operations: w.apply(o), torn), number
        ends[scenario.check(world)] += 1
        world.clear()
    print(f"{'back' if backwards else 'forward'}: killed at {sum(ends.values())} of {len(points)} points, {ends}")
    assert ends["old"] > 20 and ends["new"] > 5


def test_a_recovery_that_is_killed_as_well(folder: Path) -> None:
    scenario = Scenario(folder)
    chosen = random.Random(6)
    ends = {"old": 0, "new": 0}
    pairs = 0
    wanted = 5_000 if ALL else 300
    while pairs < wanted:
        world = scenario.world()
        operations = scenario.operations(world)
        killed_at(chosen.randint(1, len(scenario.calls)), lambda w=world, o=operations: w.apply(o))

        def again(w: World = world) -> None:
            with w.open_state() as state:
                recover(state)

        # A recovery of a change that was killed early has few calls: then it ends, and that is checked instead.
        killed_at(chosen.randint(1, 80), again)
        ends[scenario.check(world)] += 1
        pairs += 1
        world.clear()
    print(f"{pairs} pairs, {ends}")
    assert min(ends.values()) > wanted / 20


@pytest.mark.parametrize("direction", ["back", "forward"])
def test_an_operator_says_which_way(folder: Path, direction: str) -> None:
    scenario = Scenario(folder)
    commit = next(n for n, name in enumerate(scenario.calls, 1) if name == "link" and n > 60)
    for number in range(commit, len(scenario.calls), 9):
        world = scenario.world()
        operations = scenario.operations(world)
        assert killed_at(number, lambda w=world, o=operations: w.apply(o))
        with world.open_state() as state:
            answer = recover(state, direction)
        if answer["direction"] == "back":
            assert direction == "back" or "not come far enough" in answer["reason"]
            assert seen(world.root) == scenario.old
        elif answer["found"] is not None:
            assert direction == "forward" or "in place already" in answer["reason"]
            assert seen(world.root, folder_times=False) == scenario.new
        world.clear()


# What somebody may do to a path between a crash and the recovery.
MEANWHILE: dict[str, t.Callable[[Path], object]] = {
    "edited": lambda path: path.open("ab").write(b"theirs\n"),
    "replaced": lambda path: (path.unlink(), path.write_bytes(b"theirs\n")),
    "removed": lambda path: path.unlink(),
}
TOUCHED = ("over.txt", "new.txt", "gone.txt", "new/a", "to_file", "to_folder", "to_link", "gone/x")


@pytest.mark.parametrize("what", MEANWHILE)
@pytest.mark.parametrize("direction", ["auto", "back"])
def test_what_somebody_did_before_the_recovery_is_not_lost(folder: Path, what: str, direction: str) -> None:
    scenario = Scenario(folder)
    for number in range(30, len(scenario.calls), 1 if ALL else 6):
        world = scenario.world()
        operations = scenario.operations(world)
        assert killed_at(number, lambda w=world, o=operations: w.apply(o))
        touched = [path for path in TOUCHED if (world.root / path).is_file() and not (world.root / path).is_symlink()]
        for path in touched:
            MEANWHILE[what](world.root / path)
        with world.open_state() as state:
            answer = recover(state, direction)
        left = {item["path"]: item["reason"] for item in answer["left"]}
        for path in touched:
            if what == "removed":
                continue
            reason = left.get(path) or left.get(path.split("/")[0]) or ""
            places = [
                world.root / path,
                *world.root.glob(f"{reason.rpartition(' ')[2]}*" if ".evenkeel" in reason else "-"),
            ]
            texts = [place.read_bytes() for place in places if place.is_file()]
            assert any(text.endswith(b"theirs\n") for text in texts), (number, path, answer)
        for beside in world.root.rglob(".evenkeel-*"):
            assert any(beside.name in reason for reason in left.values()), "what is left over is told"
        world.clear()


def test_an_engine_that_writes_in_place_fails(folder: Path) -> None:
    """The same points find the torn files of a broken twin."""
    scenario = Scenario(folder)
    torn = 0
    work = scenario.world()
    operations = scenario.operations(work)
    calls = counted(lambda: work.apply(operations, engine=in_place))
    for number in range(1, len(calls) + 1):
        world = scenario.world()
        operations = scenario.operations(world)
        assert killed_at(number, lambda w=world, o=operations: w.apply(o, engine=in_place), torn=True)
        try:
            scenario.check(world)
        except AssertionError:
            torn += 1
        world.clear()
    assert torn > len(calls) / 2
