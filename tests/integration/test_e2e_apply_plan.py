# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module apply_plan in a play: it changes a host, tells what it did, and sends no more than it must."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from act_faults import killed_at
from act_world import World, build, every_kind, seen
from e2e_operator import Operator

PLAY = """\
- hosts: all
  gather_facts: false
  tasks:
    - evenkeel.drift.apply_plan: "{{ arguments }}"
      register: answer
      ignore_errors: true
      diff: true
    - ansible.builtin.copy:
        content: "{{ answer | to_json }}"
        dest: "{{ playbook_dir }}/answer.json"
        mode: "0600"
      check_mode: false
"""

Json = dict[str, t.Any]


class Player:
    """Runs the module in a play on this machine."""

    def __init__(self, operator: Operator, world: World) -> None:
        self.operator = operator
        self.world = world
        self.inventory = operator.inventory({"web1": {}})
        (operator.desk / "play.yml").write_text(PLAY)

    def __call__(self, *options: str, **arguments: t.Any) -> Json:
        places = {"root": self.world.root, "state_dir": self.world.states, "contents": self.world.contents}
        given = {**{key: str(path) for key, path in places.items()}, "application": "shop", **arguments}
        variables = self.operator.desk / "arguments.json"
        variables.write_text(
            json.dumps({"arguments": {key: value for key, value in given.items() if value is not None}})
        )
        done = self.operator.play("play.yml", "-i", str(self.inventory), "-e", f"@{variables}", *options)
        assert done.code == 0, done.text[-3000:]
        self.text = done.text
        return t.cast(Json, json.loads((self.operator.desk / "answer.json").read_text()))


@pytest.fixture(name="world")
def fixture_world(tmp_path: Path) -> World:
    world = World(tmp_path / "world")
    build(world.root)
    return world


@pytest.fixture(name="play")
def fixture_play(operator: Operator, world: World) -> Player:
    return Player(operator, world)


def test_a_change_in_a_play(play: Player, world: World) -> None:
    operations = every_kind(world)
    before = seen(world.folder)
    planned = play("--check", operations=operations)
    assert (planned["changed"], planned["outcome"]) == (True, "planned")
    assert seen(world.folder) == before, "looking makes nothing, not even the state directory"
    done = play(operations=operations, who="ops@control", why="a test", run="run-1", id="plan-1")
    assert (done["changed"], done["outcome"]) == (True, "applied")
    assert (done["changed_paths"], done["left"]) == (planned["changed_paths"], planned["left"])
    assert (world.root / "over.txt").read_bytes() == b"new content\n" * 50
    again = play(operations=operations)
    assert (again["changed"], again["changed_paths"]) == (False, [])
    log = [json.loads(line) for line in (world.states / "shop/log.jsonl").read_text().splitlines()]
    assert [(line["what"], line["who"], line["why"], line["run"]) for line in log] == [
        ("begins", "ops@control", "a test", "run-1"),
        ("is in place", "ops@control", "a test", "run-1"),
    ]
    assert list((world.states / "shop/incoming").iterdir()) == []


def test_a_large_change_goes_as_a_file(play: Player, world: World) -> None:
    data = os.urandom(3 << 20)
    done = play(operations=[world.write("new.bin", data)])
    assert done["outcome"] == "applied", done
    assert (world.root / "new.bin").read_bytes() == data


def test_contents_that_are_on_the_host(play: Player, world: World) -> None:
    operations = [world.write("new.txt", b"new\n")]
    done = play(operations=operations, contents=None, host_contents=str(world.contents))
    assert done["changed_paths"] == ["new.txt"]


def test_what_moved_is_told_without_the_digest_of_a_secret(play: Player, world: World) -> None:
    (world.root / "prod.env").write_bytes(b"PASSWORD=canary-canary\n")
    operations = [world.operation("attributes", "prod.env", mode="0600"), world.write("over.txt", b"a\n")]
    (world.root / "prod.env").write_bytes(b"PASSWORD=other\n")
    (world.root / "over.txt").unlink()
    answer = play(operations=operations)
    assert (answer["failed"], answer["outcome"]) == (True, "moved")
    assert [one["path"] for one in answer["moved"]] == ["prod.env", "over.txt"]
    assert answer["moved"][0] == {
        "path": "prod.env",
        "expected": "a file (mode 0644)",
        "found": "a file (mode 0644)",
    }
    assert answer["moved"][1]["found"] == "absent"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"root": "relative"}, "root: an absolute path is needed"),
        ({"contents": None}, "need a folder of contents"),
        ({"contents": "/never-there"}, "cannot be read from /never-there"),
        ({"operations": [{"do": "chmod"}]}, "operations[0].do: 'chmod' is none of"),
        ({"application": "../etc"}, "cannot name an application"),
    ],
)
def test_bad_input(play: Player, world: World, change: Json, message: str) -> None:
    answer = play(**{"operations": [world.write("over.txt", b"a\n")], **change})
    assert answer["failed"]
    assert message in answer["msg"]


def test_a_secret_does_not_travel(play: Player, world: World) -> None:
    operations = [world.write("prod.env", b"PASSWORD=canary-canary\n")]
    refused = play(operations=operations)
    assert "prod.env is of a secret class by its name" in refused["msg"]
    assert play(operations=operations, public=["prod.env"])["changed"]
    assert "canary" not in play.text


@pytest.mark.parametrize("number", [60, 140])
def test_an_interrupted_change_is_finished(play: Player, world: World, number: int) -> None:
    operations = every_kind(world)
    world.open_state().close()
    old = seen(world.root)
    assert killed_at(number, lambda: world.apply(operations))
    unfinished = play(operations=operations)
    assert (unfinished["outcome"], unfinished["found"]["why"]) == ("unfinished", "a test")
    looked = play("--check", state="recovered")
    assert looked["changed"]
    recovered = play(state="recovered")
    assert recovered["direction"] == looked["direction"] == ("back" if number == 60 else "forward")
    assert (seen(world.root) == old) == (number == 60)
    assert play(state="recovered")["changed"] is False
    assert play(operations=operations)["changed"] is (number == 60)
