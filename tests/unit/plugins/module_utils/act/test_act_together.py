# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A check, a restore point and a change in one call do what the three calls do, and tell what ended."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from act_faults import counted, killed_at
from act_world import World, build, every_kind, seen
from ansible_collections.evenkeel.drift.plugins.module_utils.act import leftover, service, together
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.service import ARGUMENTS
from ansible_collections.evenkeel.drift.plugins.module_utils.act.together import CHANGE, CHECK, SAVE, Together

Json = t.Dict[str, t.Any]


@pytest.fixture(name="world")
def fixture_world(tmp_path: Path) -> World:
    world = World(tmp_path / "world")
    build(world.root)
    return world


def request(world: World, operations: t.Any, saves: bool = True) -> Json:
    place = {"root": str(world.root), "application": "shop", "state_dir": str(world.states)}
    about = {"id": "plan-1", "kind": "sync", "who": "ops@control", "why": "a test", "run": "run-1", "point": None}
    apply: Json = {"what": "apply", "check": False, "timeout_s": 60, "about": about, "operations": operations, **place}
    options = {name: spec.get("default") for name, spec in ARGUMENTS.items()}
    options.update(place, who="ops@control", why="a test", run="run-1", state="present", git=False)
    save = {"options": options, "check": False, "list": False}
    return {"apply": {**apply, "folder": str(world.contents)}, "save": save if saves else None}


def answer(asked: Json, apply: t.Any = service.answer) -> Json:
    change = Together(asked, apply)
    change.run()
    return change.answer()


def told(answered: Json) -> list[str]:
    assert answered["crash"] == ""
    return [step["what"] for step in answered["steps"]]


def test_all_of_it(world: World) -> None:
    operations = every_kind(world)
    asked = request(world, operations)
    answered = answer(asked)
    assert told(answered) == [CHECK, SAVE, CHANGE]
    check, save, change = (step["result"] for step in answered["steps"])
    assert (check["outcome"], check["changed"], answered["changed"]) == ("planned", True, True)
    assert change["changed_paths"] == check["changed_paths"]
    point = world.states / "shop" / "points" / save["point"]
    assert (point / "COMPLETE").exists()
    # The change knows its restore point: whoever finishes it goes back there.
    (closed,) = (world.states / "shop" / "history").iterdir()
    assert save["point"] in closed.read_text()
    # And there is nothing to finish.
    assert leftover.answer(asked["apply"])["needed"] is False


def test_nothing_is_saved_where_nothing_is_to_be_changed(world: World) -> None:
    operations = every_kind(world)
    answer(request(world, operations))
    before = seen(world.states)
    answered = answer(request(world, operations))
    assert (told(answered), answered["changed"]) == ([CHECK], False)
    assert seen(world.states) == before


def test_a_host_that_is_as_planned_tells_whose_change_that_was_when_it_is_asked(world: World) -> None:
    asked = {**request(world, every_kind(world)), "record": True}
    assert answer(asked)["record"] is None
    record = answer(asked)["record"]
    assert (record["outcome"], record["open"], record["under_way"]) == ("ok", None, None)
    assert (record["deployed"]["run"], record["deployed"]["id"]) == ("run-1", "plan-1")
    assert answer({**asked, "record": False})["record"] is None
    # It tells that as well where it is only looked at.
    assert answer({**asked, "save": None, "apply": {**asked["apply"], "check": True}})["record"] == record


def test_a_check_alone_changes_nothing(world: World) -> None:
    asked, before = request(world, every_kind(world), saves=False), seen(world.root)
    asked["apply"]["check"] = True
    answered = answer({**asked, "record": True})
    assert (told(answered), answered["steps"][0]["result"]["changed"], answered["changed"]) == ([CHECK], True, False)
    assert (seen(world.root), world.states.exists()) == (before, False)


def test_nothing_is_saved_where_a_path_has_moved(world: World) -> None:
    operations = every_kind(world)
    (world.root / "over.txt").write_text("moved\n")
    before = seen(world.root)
    answered = answer(request(world, operations))
    assert told(answered) == [CHECK]
    assert answered["steps"][0]["result"]["outcome"] == "moved"
    assert (seen(world.root), world.states.exists()) == (before, False)


def test_without_a_restore_point_nothing_is_changed(world: World) -> None:
    operations, before = every_kind(world), seen(world.root)
    asked = request(world, operations)
    asked["save"]["options"]["keep"] = 0
    answered = answer(asked)
    assert told(answered) == [CHECK, SAVE]
    assert answered["steps"][1]["result"]["failed"] is True
    assert seen(world.root) == before


def test_without_anything_to_save(world: World) -> None:
    assert told(answer(request(world, every_kind(world), saves=False))) == [CHECK, CHANGE]


def test_an_unforeseen_error_costs_nothing_of_what_was_told(world: World) -> None:
    def apply(one: Json) -> Json:
        if not one["check"]:
            raise KeyError("a secret")
        return service.answer(one)

    change = Together(request(world, every_kind(world)), apply)
    answered: Json = {}
    with pytest.raises(KeyError):
        try:
            change.run()
        finally:
            answered = change.answer()
    assert [step["what"] for step in answered["steps"]] == [CHECK, SAVE]
    assert answered["crash"].startswith("KeyError in ")
    assert "secret" not in answered["crash"]


def test_killed_between_any_two_calls_the_host_is_as_before_or_finished(tmp_path: Path) -> None:
    def fresh(name: str) -> tuple[World, Json]:
        world = World(tmp_path / name)
        build(world.root)
        return world, request(world, every_kind(world))

    first, asked = fresh("counted")
    before = seen(first.root, folder_times=False)
    calls = len(counted(lambda: answer(asked)))
    after = seen(first.root, folder_times=False)
    for number in range(1, calls + 1, max(1, calls // 12)):
        world, asked = fresh(f"killed-{number}")
        assert killed_at(number, lambda asked=asked: answer(asked))
        recovery = {**asked["apply"], "what": "recover", "direction": "auto"}
        recovered = service.answer(recovery)
        assert not recovered.get("failed"), recovered
        assert seen(world.root, folder_times=False) in (before, after), number
        assert told(answer(asked)) in ([CHECK], [CHECK, SAVE, CHANGE])
        assert seen(world.root, folder_times=False) == after


def test_the_broken_twin_changes_without_a_restore_point(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together.points, "reply", lambda _asked: {"changed": True, "point": "none"})
    before = seen(world.root)
    assert told(answer(request(world, every_kind(world)))) == [CHECK, SAVE, CHANGE]
    assert seen(world.root) != before
    assert not list((world.states / "shop").glob("points/*"))
