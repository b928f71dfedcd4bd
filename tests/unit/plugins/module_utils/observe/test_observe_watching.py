# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A slice of a watch: looks are made when they are due, by a clock that a test drives; nobody waits."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import watch_look, watching
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.watching import Schedule
from ansible_collections.evenkeel.drift.plugins.module_utils.system.killed import killed_in
from endpoint_server import answer, serving
from hypothesis import given
from hypothesis import strategies as st

Json = t.Dict[str, t.Any]

SLEEPER = "import sys; print('ready', flush=True); sys.stdin.read()"


class HandClock(watching.Clock):
    """Goes on only when somebody sleeps, or a look takes its time."""

    def __init__(self, now_s: float = 1000.0, boot: str = "b1") -> None:
        self.now_s = now_s
        self.booted = boot
        self.slept: list[float] = []

    def now(self) -> float:
        return self.now_s

    def wall(self) -> float:
        return 1_700_000_000.0 + self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += max(seconds, 0.0)

    def boot(self) -> str:
        return self.booted


def request(every_s: float, left_s: float, budget_s: float, **watch: t.Any) -> Json:
    asked = {"every_s": every_s, "left_s": left_s, "budget_s": budget_s, "window": None, "last_s": None, **watch}
    return {"root": "/nonexistent", "timeout_s": 5, "nice": 0, "sections": {}, "watch": asked}


def watch(clock: HandClock, every_s: float, left_s: float, budget_s: float) -> list[Json]:
    """Return all slices of a watch, as a control node asks for them that waits where it is told to."""
    slices: list[Json] = []
    last: Json = {"window": None, "last_s": None}
    while not slices or not slices[-1]["over"]:
        asked = request(every_s, left_s, budget_s, window=last["window"], last_s=last["last_s"])
        last = watching.answer(asked, clock)
        slices.append(last)
        clock.now_s += max((last["next_in_s"] or 0.0) - 2.0, 0.0)
    return slices


def test_looks_are_made_when_they_are_due_and_the_last_one_at_the_end() -> None:
    (only,) = watch(HandClock(), 3, 10, 60)
    assert [look["at_s"] for look in only["looks"]] == [1000, 1003, 1006, 1009, 1010]
    assert only["over"]
    assert only["next_in_s"] is None


@given(every_s=st.integers(1, 700), times=st.integers(2, 40), budget_s=st.integers(3, 90))
def test_slices_of_any_length_make_the_same_looks(every_s: int, times: int, budget_s: int) -> None:
    whole = watch(HandClock(), every_s, every_s * times, every_s * times + 1)
    parts = watch(HandClock(), every_s, every_s * times, budget_s)
    due = [look["due_s"] for one in parts for look in one["looks"]]
    assert due == [look["due_s"] for one in whole for look in one["looks"]]
    assert due == [1000 + every_s * number for number in range(times + 1)]
    # The schedule does not drift: no look is later than it was due.
    assert all(look["at_s"] == look["due_s"] for one in parts for look in one["looks"])


def test_a_look_that_takes_longer_than_the_pause_leaves_others_out_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = HandClock()

    def slow(_asked: Json, _host: Host) -> Json:
        clock.now_s += 2.5
        return {}

    monkeypatch.setattr(watching, "look", slow)
    (only,) = watch(clock, 1, 10, 60)
    assert sum(look["skipped"] for look in only["looks"]) + len(only["looks"]) == 11
    assert only["looks"][1] == {**only["looks"][1], "due_s": 1002, "at_s": 1002.5, "took_s": 2.5, "skipped": 1}


def test_the_window_begins_anew_after_a_boot_and_is_as_long_as_what_is_left() -> None:
    clock = HandClock(5.0, boot="b2")
    old = {"boot": "b1", "at_s": 900.0, "end_s": 1500.0}
    answer = watching.answer(request(10, 20, 60, window=old, last_s=1000.0), clock)
    assert answer["window"] == {"boot": "b2", "at_s": 5.0, "end_s": 25.0}
    assert [look["at_s"] for look in answer["looks"]] == [5.0, 15.0, 25.0]


def test_a_pause_longer_than_a_slice_is_left_to_the_control_node() -> None:
    clock = HandClock()
    first = watching.answer(request(600, 1200, 20), clock)
    assert len(first["looks"]) == 1
    assert first["next_in_s"] == 600
    assert clock.slept == [0.0]


@given(for_s=st.integers(10, 86400), every_s=st.integers(1, 4000), last=st.integers(0, 500), late_s=st.floats(0, 1e5))
def test_what_is_due_next_lies_after_the_last_and_before_the_end(
    for_s: int, every_s: int, last: int, late_s: float
) -> None:
    schedule = Schedule(0.0, float(for_s), float(every_s))
    last_s = float(min(last * every_s, for_s))
    found = schedule.next(last_s, last_s + late_s)
    if found is None:
        assert last_s == for_s
        return
    due_s, skipped = found
    assert last_s < due_s <= for_s
    assert skipped >= 0
    # One that is overdue is the newest of them, but for the last of all.
    assert due_s > last_s + late_s - every_s - 0.01 or due_s == for_s


def start(word: str) -> t.Any:
    child = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, word], stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    return child


def end(child: t.Any) -> None:
    child.communicate()


def test_real_processes_are_known_by_their_start_and_what_they_use() -> None:
    word = f"watched-{os.getpid()}-real"
    child = start(word)
    try:
        asked = {"processes": {"processes": [{"name": "it", "match": word, "containers": True}]}, "memory": {}}
        first = watch_look.look(asked, Host("/", 20.0))
        (item,) = first["processes"]["items"]
        assert item["count"] == 1
        assert item["instances"][0]["pid"] == child.pid
        assert item["instances"][0]["rss_kb"] > 1000
        again = watch_look.look(asked, Host("/", 20.0))["processes"]["items"][0]["instances"][0]
        assert again["start"] == item["instances"][0]["start"]
        assert 0 < first["memory"]["items"][0]["used_percent"] < 100
    finally:
        end(child)
    gone = watch_look.look(asked, Host("/", 20.0))["processes"]["items"]
    assert gone == [{"name": "it", "count": 0, "instances": []}]


def test_what_cannot_be_seen_is_unknown_and_never_empty() -> None:
    asked = {"processes": {"processes": [{"name": "it", "match": "x"}], "proc": "/nonexistent"}}
    part = watch_look.look(asked, Host("/", 20.0))["processes"]
    assert part["outcome"] == "unknown"
    assert "/nonexistent" in part["reason"]


def test_a_pattern_that_never_ends_ends_with_the_time_limit() -> None:
    word = "a" * 40
    child = start(word)
    try:
        asked = {"processes": {"processes": [{"name": "it", "match": "(a+)+$b", "containers": True}]}}
        part = watch_look.look(asked, Host("/", 0.2))["processes"]
    finally:
        end(child)
    assert part["outcome"] == "unknown"
    assert "time limit" in part["reason"]


def looked(body: t.Callable[[], bytes], **said: t.Any) -> Json:
    """Return what one look sees of an endpoint of which the contract says something."""

    def handle(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(answer(body()))

    with serving(handle) as server:
        about = {"method": "GET", "samples": 1, "timeout_s": 10, "redirects": 0, "verify": True, "headers": {}}
        entry = {"name": "feed", "url": f"{server.url}/feed", **about, **said}
        return t.cast(Json, watch_look.look({"endpoints": {"endpoints": [entry]}}, Host("/", 20.0))["endpoints"])


def aged(seconds: float) -> t.Callable[[], bytes]:
    return lambda: json.dumps({"at": time.time() - seconds}).encode("ascii")


@pytest.mark.parametrize(
    ("body", "broken", "untold"),
    [
        (aged(0), [], []),
        (aged(-30), [], []),
        (aged(1000), ["fresh at"], []),
        (aged(-1000), [], ["fresh at"]),
        (lambda: b"{}", ["fresh at"], []),
        (lambda: b'{"at": "soon"}', ["fresh at"], []),
        (lambda: b"no JSON", ["fresh at"], []),
        # What is longer than the limit is cut off: nothing is known of it.
        (lambda: b'{"at": "' + b"x" * (2 << 20) + b'"}', [], ["fresh at"]),
    ],
)
def test_a_time_is_fresh_in_a_look_by_the_clock_of_the_host(
    body: t.Callable[[], bytes], broken: list[str], untold: list[str]
) -> None:
    (item,) = looked(body, fresh={"path": "at", "within_s": 300})["items"]
    assert (item["broken"], item["untold"], item["status"]) == (broken, untold, 200)


def test_the_time_is_one_of_several_things_that_an_answer_holds() -> None:
    said = {"json": {"at": {"min": 1}, "state": {"equals": "up"}}, "fresh": {"path": "at", "within_s": 300}}
    (item,) = looked(aged(0), **said, contains=["at"], min_items={"at": 1})["items"]
    assert (item["broken"], item["untold"]) == (["json state", "min_items at"], [])


def test_the_real_clocks_tell_this_boot() -> None:
    clock = watching.Clock()
    assert len(clock.boot()) == 36
    assert clock.now() <= clock.now()


def test_waiting_ends_when_nobody_listens_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    try:
        monkeypatch.setattr(watching, "_ANSWERS_GO_TO", writer)
        watching.Clock().sleep(0.0)
        os.close(reader)
        with pytest.raises(Unseen, match="no longer listens"):
            watching.Clock().sleep(600.0)
    finally:
        os.close(writer)


def test_no_boot_no_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_BOOT", "/nonexistent/boot_id")
    with pytest.raises(Unseen, match="boot_id"):
        watching.Clock().boot()


@pytest.mark.parametrize(
    ("kind", "reason"), [("none", "there is no such stream"), ("list", "it is no stream, but list")]
)
def test_a_stream_that_is_gone_is_told_as_that(monkeypatch: pytest.MonkeyPatch, kind: str, reason: str) -> None:
    stream = {"outcome": "ok", "reason": "", "type": kind, "first": None}
    answered = {"servers": [{"outcome": "ok", "reason": "", "streams": [stream]}]}
    monkeypatch.setattr(watch_look, "collector", lambda _section: lambda _asked, _host: answered)
    (item,) = watch_look.PARTS["streams"]({"servers": [{"streams": [{}]}]}, Host("/", 5.0))
    assert (item["outcome"], item["reason"]) == ("unknown", reason)


def test_a_unit_is_told_with_what_was_killed_in_its_own_control_group(
    monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any
) -> None:
    group = tmp_path / "system.slice" / "api.service"
    group.mkdir(parents=True)
    (group / "memory.events").write_text("oom 2\noom_kill 3\n")
    monkeypatch.setattr(watch_look, "killed_in", lambda name: killed_in(name, str(tmp_path)))
    known = {"outcome": "ok", "reason": "", "active": "active", "sub": "running", "main_pid": 7, "restarts": 0}
    units = [
        {**known, "name": "api.service", "since": None, "cgroup": "/system.slice/api.service"},
        {**known, "name": "idle.service", "since": None, "cgroup": ""},
        {"name": "odd.service", "outcome": "unknown", "reason": "systemctl does not tell its Id"},
    ]
    answered = {"systemd": True, "reason": "", "version": "252", "units": units}
    monkeypatch.setattr(watch_look, "collector", lambda _section: lambda _asked, _host: answered)
    items = watch_look.PARTS["units"]({"units": []}, Host("/", 5.0))
    assert {one["name"]: one["oom_kills"] for one in items} == {
        "api.service": 3,
        "idle.service": None,
        "odd.service": None,
    }
