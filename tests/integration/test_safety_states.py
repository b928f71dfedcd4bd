# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two states of a world are one only where nothing was written between them: else a kill would be left out."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import e2e_states
import pytest

Change = t.Callable[[Path], object]


@pytest.fixture(name="world")
def fixture_world(tmp_path: Path) -> Path:
    world = tmp_path / "world"
    for name, content in (("state/journal", "begun\n"), ("operator/ansible/tmp/payload", "1\n"), ("web1/app", "1\n")):
        path = world / name
        path.parent.mkdir(parents=True)
        path.write_text(content)
    (world / "latest").symlink_to("web1")
    (world / "web1/same").hardlink_to(world / "web1/app")
    return world


def one_byte(world: Path) -> None:
    """Change one byte of a file, whose size and time stay."""
    path = world / "state/journal"
    about = path.stat()
    path.write_text("begum\n")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def link_elsewhere(world: Path) -> None:
    about = (world / "latest").lstat()
    (world / "latest").unlink()
    (world / "latest").symlink_to("web2")
    os.utime(world / "latest", ns=(about.st_atime_ns, about.st_mtime_ns), follow_symlinks=False)


SEEN: dict[str, Change] = {
    "one byte": one_byte,
    "mode": lambda world: (world / "state").chmod(0o700),
    "time": lambda world: os.utime(world / "web1/app", ns=(1, 1)),
    "new": lambda world: (world / "state/.journal.tmp").touch(),
    "gone": lambda world: (world / "state/journal").unlink(),
    "renamed": lambda world: (world / "state/journal").rename(world / "state/services"),
    "link": link_elsewhere,
    "a second name": lambda world: (world.parent / "elsewhere").hardlink_to(world / "state/journal"),
}
UNSEEN: dict[str, Change] = {
    "nothing": lambda world: None,
    "read": lambda world: os.utime(world / "web1/app", ns=(1, (world / "web1/app").stat().st_mtime_ns)),
    "what Ansible needs while it runs": lambda world: (world / e2e_states.ANSIBLE_HOME / "tmp/payload").unlink(),
}


@pytest.mark.parametrize("change", SEEN.values(), ids=SEEN)
def test_what_a_later_run_can_see_makes_another_state(world: Path, change: Change) -> None:
    before = e2e_states.digest(world)
    change(world)
    assert e2e_states.digest(world) != before


@pytest.mark.parametrize("change", UNSEEN.values(), ids=UNSEEN)
def test_what_no_later_run_sees_makes_none(world: Path, change: Change) -> None:
    before = e2e_states.digest(world)
    change(world)
    assert e2e_states.digest(world) == before


def test_each_state_is_kept_once_with_its_moments_and_put_back_as_it_was(world: Path, tmp_path: Path) -> None:
    states = tmp_path / "states"
    states.mkdir()
    e2e_states.keep(world, states, "9 start One")
    e2e_states.keep(world, states, "10 end One")
    first = e2e_states.digest(world)
    one_byte(world)
    e2e_states.keep(world, states, "11 start Two")
    kept = e2e_states.kept(states)
    assert [moments for _state, moments in kept] == [["9 start One", "10 end One"], ["11 start Two"]]
    e2e_states.put_back(kept[0][0], world)
    assert e2e_states.digest(world) == first
    assert (world / "web1/same").samefile(world / "web1/app")


def test_a_state_that_was_touched_since_is_not_put_back(world: Path, tmp_path: Path) -> None:
    e2e_states.keep(world, tmp_path, "1 start One")
    ((state, _moments),) = e2e_states.kept(tmp_path)
    one_byte(state)
    with pytest.raises(AssertionError, match="is not what was copied"):
        e2e_states.put_back(state, world)
