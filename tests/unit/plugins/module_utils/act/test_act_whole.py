# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change with everything in it at once, files of every kind, a repository or a release, every kind of step on what
runs: killed anywhere it ends all old or all new, and so does the way back. ``EVENKEEL_FAULTS=all`` (``make faults``)
tries every call, and thousands of pairs of a kill and another one in the recovery.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
import typing as t
from collections import Counter
from pathlib import Path

import pytest
from act_faults import counted, killed_at
from act_whole import Whole
from act_world import Json
from ansible_collections.evenkeel.drift.plugins.module_utils.act import transaction
from fake_compose_host import ComposeHost

ALL = os.environ.get("EVENKEEL_FAULTS") == "all"
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# Parts of a run, so that several processes share it; and pairs of each part, of each way and each strategy.
PARTS = 10 if ALL else 1
PAIRS = 125 if ALL else 4
_YEAR_S = 365 * 86_400


@pytest.fixture(name="whole", params=["git", "release"])
def fixture_whole(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Whole]:
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="evenkeel-") as made, ComposeHost(Path(made, "e")) as engine:
        whole = Whole(Path(made, "whole"), request.param, engine, monkeypatch)
        try:
            yield whole
        finally:
            whole.end()


class Forward:
    """The change: it ends old with nothing begun, or new with everything done."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.old = whole.told()
        # As at every point: what a copy lacks of what was made here counts, too.
        whole.again()
        request = whole.request()
        told: Json = {}
        self.calls = counted(lambda: told.update(whole.answer(request)))
        assert told["outcome"] == "applied", told
        assert {step["state"] for step in told["services"]} == {"done"}, told["services"]
        self.new = without_times(whole.told())
        assert [key for key in self.old if self.old[key] == self.new[key]] == []
        assert whole.said() == ["before_change", "after_change", "after_services"]

    def begin(self) -> t.Callable[[], object]:
        self.whole.again()
        request = self.whole.request()
        return lambda: self.whole.answer(request)

    def recover(self) -> bool:
        """Recover, and return whether there was anything to be recovered."""
        told = self.whole.recover()
        assert told["outcome"] == "recovered", told
        return told["found"] is not None

    def end(self) -> str:
        self.recover()
        whole = self.whole
        once = whole.told(), whole.said()
        found = "old" if once[0] == self.old else "new"
        if found == "new":
            assert differing(without_times(once[0]), self.new) == {}
            assert whole.said()[-1] == "after_services"
        elif whole.said():
            # A command that was interrupted is run again.
            assert whole.said()[-1] == "on_failure"
        assert not self.recover()
        assert (whole.told(), whole.said()) == once, "a second recovery changes nothing"
        assert whole.left() == []
        return found


class Back:
    """The way back from the change, whose last command failed; what interrupts it, the next rollback goes on with."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.old = self.told()
        self.point = ""
        whole.again()
        self._fail()
        if whole.clone is not None:
            whole.keep()
            whole.again()
        self.calls = counted(self.recover)
        # What was ended is not started again, what was restarted is restarted once more, and a release stays there.
        self.old.update(process=False, worker=True)
        if whole.clone is None:
            link, _names, first = self.old["at"]
            self.old["at"] = link, ["0123456789ab-1", "first"], first
        assert differing({**self.told(), "process": False}, self.old) == {}

    def _fail(self) -> None:
        self.point = self.whole.save()
        request = self.whole.request()
        hooks = {**request["hooks"], "after_services": [["false"]]}
        told = self.whole.answer({**request, "hooks": hooks, "about": {**request["about"], "point": self.point}})
        assert (told["outcome"], told["point"]) == ("services_failed", self.point), told

    def told(self) -> Json:
        """Return what is there; the time of the root itself is in no point."""
        told = self.whole.told()
        return {**told, "files": {path: about for path, about in told["files"].items() if path != "."}}

    def begin(self) -> t.Callable[[], object]:
        self.whole.again()
        if self.whole.clone is None:
            # A copy of the release before is not the one that was left: the link would not be switched back to it.
            self._fail()
        return self.recover

    def recover(self) -> bool:
        told = self.whole.ask_points(state="restored", point=self.point)
        assert told["at_point"], told["apart"]
        return bool(told["changed"])

    def end(self) -> str:
        whole = self.whole
        self.recover()
        assert differing({**self.told(), "process": False}, self.old) == {}
        assert not self.recover(), "a second rollback changes nothing"
        assert whole.left() == []
        return "old"


WAYS = {"forward": Forward, "back": Back}


def without_times(told: Json) -> Json:
    """Return what is there without the times of folders, which follow what is in them."""
    files = {
        path: (*about[:4], None, *about[5:]) if about[0] == "folder" else about for path, about in told["files"].items()
    }
    return {**told, "files": files}


def differing(found: Json, wanted: Json) -> Json:
    """Return what is not as it is to be: of files the paths."""
    apart = {key: (found[key], wanted[key]) for key in wanted if found[key] != wanted[key]}
    if "files" in apart:
        one, other = apart["files"]
        paths = sorted(one.keys() | other.keys())
        apart["files"] = {path: (one.get(path), other.get(path)) for path in paths if one.get(path) != other.get(path)}
    return apart


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("way", WAYS)
def test_killed_anywhere_it_is_all_old_or_all_new(whole: Whole, way: str, part: int) -> None:
    scenario = WAYS[way](whole)
    points = [(number, False) for number in range(1, len(scenario.calls) + 1)]
    points += [(number, True) for number, name in enumerate(scenario.calls, 1) if name == "write"]
    assert len(points) >= 300, len(points)
    ends = []
    killed = 0
    for number, torn in points[part::PARTS] if ALL else points[:: len(points) // 10]:
        # One that has a few calls less than the one that was counted ends by itself, and that is checked instead.
        killed += killed_at(number, scenario.begin(), torn)
        ends.append(scenario.end())
    print(f"{whole.strategy}, {way}: killed at {killed} of {len(points)} points, {dict(Counter(ends))}")
    assert killed > 0.9 * len(ends)
    if way == "forward":
        assert set(ends) == {"old", "new"}


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("way", WAYS)
def test_a_recovery_that_is_killed_as_well(whole: Whole, way: str, part: int) -> None:
    scenario = WAYS[way](whole)
    chosen = random.Random(part)
    pairs = once = twice = 0
    # Which calls are chosen depends on how many there are: it goes on until recoveries were killed, too.
    while pairs < PAIRS or (twice <= PAIRS // 8 and pairs < 8 * PAIRS):
        pairs += 1
        # One that has little to do ends before it is killed, and that is checked instead.
        once += killed_at(chosen.randint(1, len(scenario.calls)), scenario.begin())
        twice += killed_at(chosen.randint(1, len(scenario.calls) // 2), scenario.recover)
        scenario.end()
    print(f"{whole.strategy}, {way}: {pairs} pairs, {twice} recoveries killed")
    assert once > 0.9 * pairs and twice > PAIRS // 8


def test_a_clock_that_jumps_meanwhile_changes_nothing(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set back or forward by a year between a crash and its recovery, everywhere behind the files."""
    scenario = Forward(whole)
    real = time.time, time.gmtime
    # Not the very last ones: one that has a few calls less than the one that was counted ends by itself.
    for number in range(len(scenario.calls) // 2, len(scenario.calls) - 20, len(scenario.calls) // 8):
        for jump_s in (-_YEAR_S, _YEAR_S):
            assert killed_at(number, scenario.begin())
            with monkeypatch.context() as jumped:
                jumped.setattr(time, "time", lambda by=jump_s: real[0]() + by)
                jumped.setattr(time, "gmtime", lambda at=None, by=jump_s: real[1](real[0]() + by if at is None else at))
                scenario.end()


def test_an_engine_that_does_not_note_when_the_files_are_in_place_is_found_out(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken twin: killed behind the files, it forgets what runs."""
    scenario = Forward(whole)
    monkeypatch.setattr(transaction, "files_in_place", lambda _state, _token: None)
    for number in range(len(scenario.calls) // 2, len(scenario.calls) - 20, 9):
        killed_at(number, scenario.begin())
        try:
            scenario.end()
        except AssertionError:
            return
    raise AssertionError("it got through the same harness")
