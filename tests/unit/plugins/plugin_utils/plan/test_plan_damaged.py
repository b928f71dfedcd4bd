# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a deploy that was interrupted, after a power cut: what is damaged there keeps no later one from its
work, and what a later one needs is on the disk before a host is changed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import course, takeover
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import StoreError
from test_plan_document import example
from test_plan_takeover import CHANGED, World, opened, record, repeated


@pytest.fixture(name="world")
def fixture_world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.interrupted(example())
    deploys.keep_result(world.past, "web1", CHANGED)
    return world


def damage(world: World, name: str) -> None:
    assert os.path.getsize(world.past.join(name)) > 0
    Path(world.past.join(name)).write_bytes(b"")


def test_a_result_that_is_damaged_was_not_told(world: World) -> None:
    damage(world, "results/web1.json")
    # Then the host's own record says what became of it, or nobody does.
    assert world.taken(None) is None
    assert world.taken(record(world.deployed(), outcome="ok")) is not None
    assert repeated(world, record(world.deployed(), outcome="ok")) is not None
    # The deploy itself goes on with nothing that it cannot read.
    with pytest.raises(StoreError, match=r"web1\.json is damaged"):
        deploys.results(world.past)


def test_a_deploy_of_which_nothing_is_known_is_not_taken_over(world: World) -> None:
    damage(world, "run.json")
    assert world.taken(record(world.deployed(), outcome="ok")) is None
    assert not takeover.Repeated(opened(world.runs, example()), example()["id"])


def test_an_audit_before_the_change_that_is_damaged_is_as_good_as_gone(world: World) -> None:
    taken = world.taken(record(world.deployed(), outcome="ok"))
    assert taken is not None
    current = opened(world.runs, example())
    for deploy in (world.past, current):
        Path(deploy.join("before.json")).write_bytes(b"")
    assert course._Earlier(current).of(taken) is None
    with pytest.raises(StoreError, match=r"before\.json is damaged"):
        course._Earlier(current).of(CHANGED)


def test_what_a_later_deploy_needs_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    told = os.fsync

    def fsync(fd: int) -> None:
        synced.append(os.path.basename(os.readlink(f"/proc/self/fd/{fd}")).split(".")[-1 if os.path.isdir(fd) else 1])
        told(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    world = World(tmp_path)
    world.interrupted(example())
    course.note_unproven(world.past, {"web1": {"deploy": "d-1", "point": None}})
    deploys.keep_result(world.past, "web1", CHANGED)
    # Each file under the name that it is written by, and then its directory; a step where it lies.
    folder = world.past.id
    pairs = [("run", folder), ("plan", folder), ("before", folder), ("run", folder), ("jsonl",)]
    pairs += [("run", folder), ("web1", "results")]
    assert synced == [name for pair in pairs for name in pair]
