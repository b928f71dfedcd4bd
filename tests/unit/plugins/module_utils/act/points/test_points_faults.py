# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever ends the making or removal of a point: what is not whole is no point, and the others are as they were."""

from __future__ import annotations

import errno
import os
import tempfile
import typing as t
from pathlib import Path

import pytest
from act_faults import counted, failing_at, in_place_of_os, killed_at, short_writes
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import disk, make, shelf, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from point_lab import PointLab

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@pytest.fixture(name="lab")
def fixture_lab() -> t.Iterator[PointLab]:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as folder:
        lab = PointLab(Path(folder))
        for number in range(20):
            lab.write(f"src/file{number}.py", f"print({number})\n" * 20)
        (lab.root / "current").symlink_to("src")
        yield lab


def is_usable(lab: PointLab, point: str) -> bool:
    try:
        lab.verify(point)
    except PointError:
        return False
    return True


def check_after(lab: PointLab, first: str, second: str) -> None:
    """Check that the first point is whole, that the second is whole or known not to be, and that all can go on."""
    lab.verify(first)
    state = lab.states().get(second)
    assert is_usable(lab, second) == (state == "good"), state
    assert state in (None, "good", "unfinished")
    with lab.fds() as (points_fd, _root_fd):
        for gone in shelf.outdated(points_fd, shelf.Keep(10), 0.0):
            assert gone == second
            assert state == "unfinished"
            shelf.remove(points_fd, gone)
        assert shelf.last_good(points_fd) == (second if state == "good" else first)
    lab.verify(lab.make(earlier=first))


@pytest.mark.parametrize("torn", [False, True])
def test_killed_while_it_is_made(lab: PointLab, torn: bool) -> None:
    first = lab.make()
    lab.write("src/file0.py", "changed\n")
    lab.write("src/new.py", "new\n")
    calls = counted(lambda: lab.make(earlier=first))
    assert len(calls) > 40
    clear(lab, first)
    for number in range(1, len(calls) + 1):
        second = lab.new_id()
        assert killed_at(number, lambda name=second: lab.make(earlier=first, point=name), torn)
        check_after(lab, first, second)
        clear(lab, first)


def test_killed_while_it_is_removed(lab: PointLab) -> None:
    first = lab.make()

    def remove(point: str) -> None:
        with lab.fds() as (points_fd, _root_fd):
            shelf.remove(points_fd, point)

    other = lab.make()
    calls = counted(lambda: remove(other))
    assert len(calls) > 10
    clear(lab, first)
    for number in range(1, len(calls) + 1):
        second = lab.make(earlier=first)
        assert killed_at(number, lambda name=second: remove(name))
        check_after(lab, first, second)
        clear(lab, first)


def test_killed_while_it_is_marked(lab: PointLab) -> None:
    def mark(point: str) -> None:
        with lab.fds() as (points_fd, _root_fd):
            shelf.mark_bad(points_fd, point, "why", "now")

    first = lab.make()
    for number in range(1, len(counted(lambda: mark(lab.make()))) + 1):
        second = lab.make()
        killed_at(number, lambda name=second: mark(name))
        lab.verify(first)
        assert lab.states()[second] in ("good", "bad")


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.EACCES, errno.EMFILE])
def test_a_call_that_fails_leaves_nothing_behind(lab: PointLab, error: int) -> None:
    first = lab.make()
    calls = counted(lambda: lab.make(earlier=first))
    clear(lab, first)
    for number in range(1, len(calls) + 1):
        second = lab.new_id()
        with in_place_of_os(failing_at(number, error)):
            try:
                lab.make(earlier=first, point=second)
            except (OSError, PointError):
                assert lab.states().get(second) in (None, "unfinished")
        check_after(lab, first, second)
        clear(lab, first)


def test_short_writes_are_continued(lab: PointLab) -> None:
    with in_place_of_os(short_writes()):
        point = lab.make()
    lab.verify(point)


def clear(lab: PointLab, kept: str) -> None:
    with lab.fds() as (points_fd, _root_fd):
        for one in shelf.listed(points_fd):
            if one["id"] != kept:
                shelf.remove(points_fd, one["id"])


def test_the_broken_twin_that_finishes_first_is_caught(lab: PointLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A point that says that it is complete before its content is there must not get through the same harness."""
    put = disk.put

    def finished_at_once(points_fd: int, name: bytes, **more: t.Any) -> None:
        disk.make_folder(points_fd, name, **more)
        if points_fd_of(lab, points_fd):
            with verify.opened(points_fd, name.decode()) as fd:
                put(fd, verify.COMPLETE, b"")

    def says_good(points_fd: int, point: str) -> dict[str, t.Any]:
        return {"id": point, "state": "good" if (lab.folder / point / "COMPLETE").exists() else "unfinished"}

    first = lab.make()
    monkeypatch.setattr(make, "make_folder", finished_at_once)
    monkeypatch.setattr(shelf, "told", says_good)
    second = lab.new_id()
    assert killed_at(12, lambda: lab.make(point=second))
    with pytest.raises(AssertionError):
        check_after(lab, first, second)


def points_fd_of(lab: PointLab, fd: int) -> bool:
    return os.path.samestat(os.fstat(fd), lab.folder.stat())
