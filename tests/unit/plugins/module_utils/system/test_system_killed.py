# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kernel says of what it killed (recorded: Linux 6.1 with systemd 252) is read as it was meant."""

from __future__ import annotations

import json
import os
import shutil
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.system import killed as module
from ansible_collections.evenkeel.drift.plugins.module_utils.system.killed import killed, killed_in

RECORDED = json.loads((Path(__file__).parent / "recorded" / "oom-6.1.json").read_text("utf-8"))
WATCHED = "/system.slice/watched.service"

Json = t.Dict[str, t.Any]


class World:
    """``/proc`` and ``/sys/fs/cgroup`` of a host, as they were recorded."""

    def __init__(self, folder: Path, series: str) -> None:
        self.proc, self.top = str(folder / "proc"), str(folder / "cgroup")
        self._steps = iter(RECORDED[series])
        os.makedirs(f"{self.proc}/self")
        self.go_on()

    def go_on(self) -> str:
        """Go on to the next moment, and return what has happened."""
        step = next(self._steps)
        for name, text in step["files"].items():
            self.write(f"{self.top}/{name}", text)
        # The innermost first, as each is removed once.
        for group in sorted({os.path.dirname(name) for name in step.get("gone", ())}, reverse=True):
            shutil.rmtree(f"{self.top}/{group}")
        self.write(f"{self.proc}/vmstat", step["vmstat"])
        self.write(f"{self.proc}/self/mounts", step["mounts"].replace("/sys/fs/cgroup", self.top))
        return str(step["step"])

    def write(self, path: str, text: str) -> None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(path).write_text(text, "utf-8")

    def seen(self) -> Json:
        return killed(self.proc, self.top)

    def counted(self) -> dict[str, tuple[int, int, int]]:
        """Return the groups in which something was counted."""
        told = {one["path"]: (one["oom"], one["own_oom"], one["oom_kill"]) for one in self.seen()["groups"]}
        return {path: counts for path, counts in told.items() if any(counts)}


@pytest.fixture(name="machine")
def fixture_machine(tmp_path: Path) -> World:
    return World(tmp_path, "machine")


def test_a_machine_is_counted_by_its_kernel_and_what_is_in_it_by_group(machine: World) -> None:
    first = ["/dev-mqueue.mount", "/init.scope", "/system.slice"]
    assert [one["path"] for one in machine.seen()["groups"]] == first
    told = [(machine.go_on(), machine.seen()["oom_kills"], machine.counted()) for _step in RECORDED["machine"][1:]]
    assert told == [
        ("a worker of watched.service is killed", 1, {"/system.slice": (1, 0, 1), WATCHED: (1, 1, 1)}),
        ("gone.service is killed and is gone", 2, {"/system.slice": (2, 0, 2), WATCHED: (1, 1, 1)}),
        ("app.slice is there", 2, {"/system.slice": (2, 0, 2), WATCHED: (1, 1, 1)}),
        (
            "app.slice reaches its limit",
            3,
            {
                "/app.slice": (1, 1, 1),
                "/app.slice/inslice.service": (0, 0, 1),
                "/system.slice": (2, 0, 2),
                WATCHED: (1, 1, 1),
            },
        ),
        (
            "three of group.service are killed at once, and it is gone",
            6,
            {
                "/app.slice": (1, 1, 1),
                "/app.slice/inslice.service": (0, 0, 1),
                "/system.slice": (3, 0, 5),
                WATCHED: (1, 1, 1),
            },
        ),
        (
            "the host is out of memory",
            7,
            {
                "/app.slice": (1, 1, 1),
                "/app.slice/inslice.service": (0, 0, 1),
                "/system.slice": (3, 0, 6),
                "/system.slice/greedy.service": (0, 0, 1),
                WATCHED: (1, 1, 1),
            },
        ),
    ]


def test_a_container_that_is_a_host_is_counted_by_its_own_group_and_not_by_the_kernel(tmp_path: Path) -> None:
    world = World(tmp_path, "container")
    assert (world.seen()["oom_kills"], world.counted()) == (0, {})
    world.go_on()
    assert (world.seen()["oom_kills"], world.counted()) == (1, {"/": (1, 0, 1), "/one": (1, 1, 1)})
    world.go_on()
    assert world.counted() == {"/": (2, 1, 2), "/one": (1, 1, 1), "/two": (0, 0, 1)}


def test_of_version_1_only_the_kernel_counts(machine: World) -> None:
    os.unlink(f"{machine.top}/cgroup.controllers")
    seen = machine.seen()
    assert (seen["oom_kills"], seen["groups"]) == (0, None)
    assert seen["reason"].endswith("has no control groups of version 2")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("cgroup.controllers", "cpu pids\n", "do not count memory"),
        ("system.slice/memory.events", "low 0\nhigh 0\nmax 0\noom 0\n", "does not tell oom_kill"),
    ],
)
def test_what_does_not_count_is_told_and_never_nothing(machine: World, name: str, text: str, reason: str) -> None:
    machine.write(f"{machine.top}/{name}", text)
    seen = machine.seen()
    assert (seen["oom_kills"], seen["groups"]) == (0, None)
    assert reason in seen["reason"]


def test_groups_that_do_not_count_what_lies_below_tell_nothing(machine: World) -> None:
    mounts = Path(machine.proc, "self", "mounts")
    whole = mounts.read_text("utf-8")
    mounts.write_text(whole.replace("nsdelegate", "memory_localevents"), "utf-8")
    assert "memory_localevents" in machine.seen()["reason"]
    mounts.write_text(whole, "utf-8")
    assert machine.seen()["reason"] == ""
    # A kernel before 5.2 has no such file, and counts so.
    os.unlink(f"{machine.top}/system.slice/memory.events.local")
    assert machine.seen()["groups"] is None


def test_a_kernel_that_counts_nothing_says_so(machine: World) -> None:
    machine.write(f"{machine.proc}/vmstat", "pgfault 7\n")
    assert machine.seen()["oom_kills"] is None
    os.unlink(f"{machine.proc}/vmstat")
    with pytest.raises(Unseen, match="vmstat"):
        machine.seen()


def test_more_groups_than_a_look_reads_are_left_out_by_whole_levels(machine: World) -> None:
    machine.go_on()
    for number in range(module.MOST):
        os.makedirs(f"{machine.top}/system.slice/{number}.service")
    assert [one["path"] for one in machine.seen()["groups"]] == ["/dev-mqueue.mount", "/init.scope", "/system.slice"]
    for number in range(module.MOST):
        os.makedirs(f"{machine.top}/{number}.slice")
    assert machine.seen()["reason"].endswith("has more than 500 control groups on its first level")


def test_what_is_killed_while_it_is_read_is_read_again(machine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the kernel would have killed one of which no group knows: for want of memory of the host."""
    inside = module._below
    calls: list[str] = []

    def below(top: str) -> list[Json]:
        calls.append(top)
        found = inside(top)
        if len(calls) == 1:
            machine.go_on()
        return found

    monkeypatch.setattr(module, "_below", below)
    seen = machine.seen()
    assert (len(calls), seen["oom_kills"]) == (2, 1)
    assert [one["oom_kill"] for one in seen["groups"] if one["path"] == WATCHED] == [1]


def test_the_kills_in_one_unit_are_counted_in_either_version(machine: World) -> None:
    assert killed_in(WATCHED, machine.top) is None
    machine.go_on()
    assert killed_in(WATCHED, machine.top) == 1
    control = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"
    machine.write(f"{machine.top}/memory/docker/1/system.slice/old.service/memory.oom_control", control)
    assert killed_in("/docker/1/system.slice/old.service", machine.top) == 3


@pytest.mark.parametrize("group", ["", "system.slice", "/../../etc"])
def test_a_unit_without_a_group_has_no_count(machine: World, group: str) -> None:
    assert killed_in(group, machine.top) is None


def test_this_machine_tells_what_it_counts() -> None:
    seen = killed()
    assert sorted(seen) == ["groups", "oom_kills", "reason"]
    assert (seen["groups"] is None) == bool(seen["reason"])
