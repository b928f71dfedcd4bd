# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that has anything to recover is never passed over: the recovery itself is the judge."""

from __future__ import annotations

import random
import subprocess
import typing as t
from pathlib import Path

import pytest
from act_faults import counted, killed_at
from act_world import World, build, every_kind, seen
from ansible_collections.evenkeel.drift.plugins.module_utils.act import leftover, service

_KILLS = 30

Json = t.Dict[str, t.Any]


@pytest.fixture(name="world")
def fixture_world(tmp_path: Path) -> World:
    world = World(tmp_path / "world")
    build(world.root)
    return world


def request(world: World, what: str, operations: t.Any = ()) -> Json:
    about = {"id": "plan-1", "kind": "sync", "who": "ops@control", "why": "a test", "run": "run-1"}
    asked: Json = {"what": what, "check": False, "timeout_s": 60, "application": "shop", "about": about}
    asked.update(root=str(world.root), state_dir=str(world.states), folder=str(world.contents), direction="auto")
    return {**asked, "operations": list(operations)}


def needed(world: World, **more: t.Any) -> bool:
    told = leftover.answer({**request(world, "recover"), **more})
    assert not told["changed"]
    return bool(told["needed"])


def test_nothing_is_needed_before_the_first_change_and_after_one(world: World) -> None:
    assert not needed(world)
    assert not world.states.exists()
    assert service.answer(request(world, "apply", every_kind(world)))["changed"]
    before = seen(world.states)
    assert not needed(world)
    assert seen(world.states) == before


def test_what_is_answered_in_its_place_is_what_a_recovery_says(world: World) -> None:
    service.answer(request(world, "apply", every_kind(world)))
    told = service.answer(request(world, "recover"))
    assert {name: value for name, value in told.items() if name != "notes"} == {"changed": False, **leftover.NOTHING}


def test_whatever_a_killed_change_leaves_is_seen(tmp_path: Path) -> None:
    def fresh(name: str) -> World:
        world = World(tmp_path / name)
        build(world.root)
        return world

    first = fresh("counted")
    operations = every_kind(first)
    calls = len(counted(lambda: service.answer(request(first, "apply", operations))))
    passed = 0
    for number in sorted(random.Random(6).sample(range(1, calls + 1), min(_KILLS, calls))):
        world = fresh(f"killed-{number}")
        operations = every_kind(world)
        assert killed_at(number, lambda world=world, wanted=operations: service.answer(request(world, "apply", wanted)))
        if not needed(world):
            passed += 1
            told = service.answer(request(world, "recover"))
            assert (told["changed"], told["found"]) == (False, None), number
    assert passed < _KILLS / 2


@pytest.mark.parametrize(
    "name", ["journal.begin.0.json", "services.json", "rollback.json", "incoming/1-2", ".services.json.new", "odd"]
)
def test_what_does_not_lie_there_at_rest(world: World, name: str) -> None:
    service.answer(request(world, "apply", every_kind(world)))
    path = world.states / "shop" / name
    path.parent.mkdir(exist_ok=True, mode=0o700)
    path.write_text("")
    assert needed(world)


def test_a_lock_that_names_somebody(world: World) -> None:
    service.answer(request(world, "apply", every_kind(world)))
    (world.states / "shop" / "lock").write_text("{}")
    assert needed(world)


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_state_directory_that_a_recovery_refuses(world: World, mode: int) -> None:
    service.answer(request(world, "apply", every_kind(world)))
    for folder in (world.states, world.states / "shop"):
        folder.chmod(mode)
        assert needed(world)
        assert service.answer(request(world, "recover"))["outcome"] == "refused"
        folder.chmod(0o700)


@pytest.mark.parametrize(
    "more",
    [{"application": ".."}, {"application": "a/b"}, {"application": ""}, {"application": "a\0"}, {"state_dir": "here"}],
)
def test_odd_requests_are_answered_by_the_recovery(world: World, more: Json) -> None:
    assert needed(world, **more)


def test_a_link_in_the_place_of_the_state_directory(world: World, tmp_path: Path) -> None:
    world.states.symlink_to(tmp_path)
    assert needed(world)


@pytest.mark.parametrize(
    "path",
    [".git/index.lock", ".git/.evenkeel-lock-1-2", ".git/refs/evenkeel/incoming/1-2"],
    ids=["lock", "new", "ref"],
)
def test_what_a_killed_change_leaves_in_a_repository(world: World, path: str) -> None:
    subprocess.run(["git", "init", "--quiet", str(world.root)], check=True)
    assert not needed(world)
    (world.root / path).parent.mkdir(parents=True, exist_ok=True)
    (world.root / path).write_text("")
    assert needed(world)
    assert not needed(world, root=None)


def test_a_work_tree_of_another_repository_has_nothing(world: World) -> None:
    (world.root / ".git").write_text("gitdir: elsewhere\n")
    assert not needed(world)
