# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request of the control node and its answer: what was done, or why not, in words and without a secret."""

from __future__ import annotations

import base64
import typing as t
import zlib
from pathlib import Path

import pytest
from act_world import World, build, every_kind, sha256
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import pending
from ansible_collections.evenkeel.drift.plugins.module_utils.act.service import answer, describe

Json = t.Dict[str, t.Any]


@pytest.fixture(name="world")
def fixture_world(tmp_path: Path) -> World:
    world = World(tmp_path / "world")
    build(world.root)
    return world


def request(world: World, operations: t.Any, **more: t.Any) -> Json:
    contents = [path.read_bytes() for path in sorted(world.contents.iterdir())]
    packed = zlib.compress(b"".join(f"{sha256(c)}{len(c):016x}".encode() + c for c in contents))
    asked: Json = {"what": "apply", "check": False, "timeout_s": 60, "application": "shop", "operations": operations}
    asked.update(root=str(world.root), state_dir=str(world.states), pack=base64.b64encode(packed).decode())
    asked["about"] = {"id": "plan-1", "kind": "sync", "who": "ops@control", "why": "a test", "run": "run-1"}
    return {**asked, **more}


def test_what_was_done(world: World) -> None:
    told = answer(request(world, every_kind(world)))
    assert (told["changed"], told["outcome"], told["bytes"]) == (True, "applied", 662)
    assert "over.txt" in told["changed_paths"]


@pytest.mark.parametrize("source", ["pack_file", "folder"])
def test_other_sources(world: World, source: str) -> None:
    operations = [world.write("new.txt", b"new\n")]
    asked = request(world, operations)
    if source == "folder":
        asked["folder"] = str(world.contents)
    else:
        (world.folder / "pack").write_bytes(base64.b64decode(asked.pop("pack")))
        asked["pack_file"] = str(world.folder / "pack")
    assert answer(asked)["changed_paths"] == ["new.txt"]


@pytest.mark.parametrize(
    ("more", "outcome", "message"),
    [
        ({"operations": 1}, "refused", "operations: expected a list, found int"),
        ({"root": "/never-there"}, "refused", "/never-there does not exist on this host"),
        ({"application": "a/b"}, "refused", "cannot name an application"),
        ({"folder": "/never-there"}, "refused", "the contents in /never-there cannot be read: no such file"),
        ({"pack": "", "pack_file": "/never-there"}, "refused", "/never-there: no such file or directory"),
        ({"pack": base64.b64encode(b"x").decode()}, "refused", "arrived damaged"),
        ({"timeout_s": -1}, "refused", "not reached within the time limit"),
    ],
)
def test_what_is_refused(world: World, more: Json, outcome: str, message: str) -> None:
    told = answer({**request(world, [world.write("new.txt", b"new\n")]), **more})
    assert (told["failed"], told["changed"], told["outcome"]) == (True, False, outcome)
    assert message in told["msg"]


def test_checking_makes_nothing(world: World) -> None:
    told = answer(request(world, every_kind(world), check=True, pack=None))
    assert (told["changed"], told["outcome"]) == (True, "planned")
    assert not world.states.exists()
    told = answer(request(world, [], what="recover", direction="auto", check=True))
    assert (told["changed"], told["found"]) == (False, None)
    assert not world.states.exists()


def test_a_recovery_without_anything_to_recover(world: World) -> None:
    told = answer(request(world, [], what="recover", direction="auto"))
    assert (told["changed"], told["direction"], told["found"]) == (False, "none", None)


def test_a_rollback_that_was_interrupted_is_handed_on(world: World) -> None:
    with world.open_state() as state:
        pending.begin(state, ("20261121T154538Z-0123ab", "config", "ops@control", "a test"), {}, [])
    told = answer(request(world, [], what="recover", direction="auto"))
    assert (told.get("failed", False), told["rollback"], told["services"]) == (False, True, [])
    told = answer(request(world, []))
    assert (told["outcome"], told["found"]["kind"]) == ("unfinished", "rollback")


SHA = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("entry", "secret", "words"),
    [
        ({"type": "absent"}, False, "absent"),
        ({"type": "other", "mode": "0644"}, False, "a special file"),
        ({"type": "link", "target": "a"}, False, "a link to a"),
        ({"type": "directory"}, False, "a directory"),
        ({"type": "directory", "mode": "0755"}, False, "a directory (mode 0755)"),
        ({"type": "file", "mode": "0644", "sha256": SHA}, False, "a file (mode 0644, sha256 0123456789ab)"),
        ({"type": "file", "mode": "0600", "sha256": SHA}, True, "a file (mode 0600)"),
        ({"type": "file", "secret": True}, True, "a file"),
    ],
)
def test_entries_in_words(entry: Json, secret: bool, words: str) -> None:
    assert describe(entry, secret) == words
