# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of a watch: slices, lost connections, hosts that boot, garbled answers, interruptions."""

from __future__ import annotations

import json
import typing as t

import pytest
import watch_world
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched import checks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch import asking
from hypothesis import given
from hypothesis import strategies as st
from watch_world import BOOT, CONTRACT, FakeHost, context, contract, look, regular, state, unseen

LOST = HostUnseen("unreachable", "the connection was refused")


@given(st.integers(1, 30))
def test_how_a_window_is_sliced_makes_no_difference(slice_looks: int) -> None:
    sliced = FakeHost(slice_looks=slice_looks).run()
    whole = FakeHost(slice_looks=1000).run()
    same = ("processes", "units", "containers", "endpoints", "streams", "memory")
    assert {key: sliced[key] for key in same} == {key: whole[key] for key in same}
    assert sliced["window"] == whole["window"]
    assert sliced["window"]["looks"] == 21
    assert sliced["window"]["observed_s"] == 600


def test_progress_tells_the_time_that_is_left_in_each_slice() -> None:
    host = FakeHost()
    host.run()
    assert len(host.shown) == len(host.asked)
    assert host.shown[0] == "watched 1 min of 10 min, 3 looks, 9 min left: nothing has happened"
    assert host.shown[-1] == "watched 10 min of 10 min, 21 looks, the window is over: nothing has happened"


def test_a_window_is_over_after_its_last_look() -> None:
    """Looks that take longer than what lies between them: the last one begins when the window has passed."""

    class Slow(FakeHost):
        def ask(self, request: t.Any) -> t.Any:
            answer = super().ask(request)
            self.now_s += 35
            return answer

    host = Slow(slice_looks=1)
    host.run(for_s=60)
    assert ["the window is over" in line for line in host.shown] == [False] * (len(host.shown) - 1) + [True]
    assert "the last look is due" in host.shown[-2]


def test_progress_tells_what_the_kernel_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container can live through it, and so can its unit: nothing else tells of it."""
    monkeypatch.setattr(
        watch_world, "look", lambda at_s, **more: look(at_s, memory={"oom_kills": int(at_s // 200)}, **more)
    )
    host = FakeHost()
    host.run()
    assert host.shown[0].endswith("nothing has happened")
    assert host.shown[-1].endswith(
        ": memory: the kernel killed 1 for want of memory of the host (3 such things so far)"
    )


def test_a_lost_connection_is_a_gap_with_its_reason_and_too_many_are_unknown() -> None:
    document = FakeHost({2: LOST}).run()
    window = document["window"]
    assert document["complete"]
    assert window["gaps"] == []
    document = FakeHost({2: LOST, 3: LOST, 4: LOST}).run()
    window = document["window"]
    assert [gap["reason"] for gap in window["gaps"]] == [str(LOST)]
    assert window["observed_s"] < 570
    assert window["observed_s"] + window["gaps_s"] == pytest.approx(600, abs=1)
    made = {(check["check"], check["subject"]): check["outcome"] for check in checks(document)}
    assert set(made.values()) == {"unknown"} | ({"not_exercised"} & set(made.values()))


def test_what_is_lost_before_the_first_look_is_a_gap_with_its_reason() -> None:
    host = FakeHost({1: LOST, 2: LOST})
    document = host.run()
    window = document["window"]
    assert [gap["reason"] for gap in window["gaps"]] == [str(LOST)]
    assert window["gaps_s"] == 75
    (told,) = (check["summary"] for check in checks(document) if check["subject"] == "window")
    assert f"in all ({LOST})" in told
    # The line does not forget it when the host answers again.
    assert host.shown[-1].endswith(f"the window is over: what happened: not looked at for 1 min 15 s: {LOST}")


def test_progress_says_that_no_container_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are seen or none is: there is not one that it could be told of."""

    def blind(at_s: float, **more: t.Any) -> t.Any:
        made = look(at_s, **more)
        made["parts"]["containers"] = {"outcome": "unknown", "reason": "the socket is for root", "items": []}
        return made

    monkeypatch.setattr(watch_world, "look", blind)
    host = FakeHost()
    host.run()
    assert host.shown[0].endswith("what happened: containers cannot be seen: the socket is for root")


def test_progress_says_that_the_logs_of_the_window_are_read_in_the_end() -> None:
    host = FakeHost()
    host.run(declared=contract(**CONTRACT, logs=[{"name": "main", "path": "main.log"}]))
    assert host.shown[0].endswith("nothing has happened, but for its logs, which are read in the end")


def test_a_host_that_is_never_reached_ends_the_watch_and_passes_nothing() -> None:
    host = FakeHost(dict.fromkeys(range(1, 100), LOST))
    document = host.run(for_s=86_400)
    assert host.now_s < 240
    assert document["window"]["looks"] == 0
    assert document["reason"] == str(LOST)
    assert all(check["outcome"] in ("unknown", "not_exercised") for check in checks(document))


def test_a_host_that_boots_is_a_gap_and_fails() -> None:
    host = FakeHost({3: "reboot"})
    document = host.run()
    window = document["window"]
    assert window["boots"] == 1
    assert [gap["reason"] for gap in window["gaps"]] == ["the host was booted"]
    # The process has the same id and ticks: it is another one all the same.
    assert document["processes"][0]["started"] == 1
    outcomes = {check["check"]: check["outcome"] for check in checks(document) if check["subject"] == "window"}
    assert outcomes == {"window": "fail"}
    assert "what happened: the host booted 1 time; " in host.shown[-1]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"protocol": 1},
        [],
        None,
        "text",
        {"looks": [{"parts": {}}]},
    ],
)
def test_a_garbled_answer_is_a_reason_and_no_look(wrong: t.Any) -> None:
    host = FakeHost({2: lambda _request: wrong})
    document = host.run()
    assert document["complete"]
    assert document["window"]["looks"] == 21
    assert "garbled" in host.shown[1]
    assert "garbled" in FakeHost(dict.fromkeys(range(1, 999), lambda _request: wrong)).run()["reason"]


def test_a_host_that_says_to_come_again_in_years_does_not_keep_the_play() -> None:
    class Years(FakeHost):
        def ask(self, request: dict[str, t.Any]) -> dict[str, t.Any]:
            return {**super().ask(request), "over": False, "next_in_s": 1e9}

    host = Years()
    host.run()
    assert host.now_s < 900


def test_what_is_missing_in_a_look_is_garbled() -> None:
    declared = contract()
    sections = asking.asked(declared, context(declared))
    answer = {
        "protocol": 1,
        "window": {"boot": BOOT, "at_s": 0.0, "end_s": 9.0},
        "now_s": 9.0,
        "last_s": 9.0,
        "over": True,
        "next_in_s": None,
        "looks": [look(0.0)],
    }
    asking.check(answer, sections)
    for name in sections:
        broken = json.loads(json.dumps(answer))
        del broken["looks"][0]["parts"][name]
        with pytest.raises(asking.GarbledAnswer):
            asking.check(broken, sections)
        for key in list(answer["looks"][0]["parts"][name]["items"][0]):
            broken = json.loads(json.dumps(answer))
            del broken["looks"][0]["parts"][name]["items"][0][key]
            with pytest.raises(asking.GarbledAnswer):
                asking.check(broken, sections)
        if name != "containers":
            broken = json.loads(json.dumps(answer))
            broken["looks"][0]["parts"][name]["items"] = []
            with pytest.raises(asking.GarbledAnswer):
                asking.check(broken, sections)
    unknown = {**answer, "looks": [{**look(0.0), "parts": {name: unseen({}, "why") for name in sections}}]}
    asking.check(unknown, sections)


def test_an_interrupted_watch_leaves_how_far_it_came() -> None:
    host = FakeHost({4: KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        host.run()
    left = host.kept[-1]
    assert not left["complete"]
    assert left["window"]["looks"] == 9
    made = checks(left)
    assert {check["outcome"] for check in made} <= {"unknown", "not_exercised"}
    assert "interrupted" in made[0]["summary"]


def test_ten_thousand_looks_are_no_larger_than_a_hundred() -> None:
    sizes = []
    declared = contract()
    made = state([], 86_400, 8, declared)
    for number in range(10_000):
        # A process that crashes all the time, answers that vary, containers that come and go.
        changes = {
            "processes": {"instances": [{"pid": number, "start": number, "cpu_s": 0.0, "rss_kb": number}]},
            "endpoints": {"total_ms": 1.0 + number % 3000, "status": 200 + number % 7},
            "containers": {"name": f"job-{number % 60}", "started": str(number)},
        }
        made.add(look(number * 8.0, **changes), BOOT, number * 8.0)
        if number in (4_000, 9_999):
            sizes.append(len(json.dumps(made.told())))
    assert sizes[1] < sizes[0] * 1.05
    assert made.told()["processes"][0]["started"] == 9_999


def test_a_clock_that_is_set_is_told_and_does_not_count() -> None:
    looks = regular()
    for one in looks[10:]:
        one["wall_s"] += 3600
    told = state(looks).told()["window"]
    assert told["observed_s"] == 600
    assert [step["by_s"] for step in told["clock_steps"]] == [3600.0]


def test_a_host_that_slept_is_a_gap() -> None:
    looks = [one for one in regular() if not 200 < one["at_s"] < 400]
    told = state(looks).told()["window"]
    assert told["gaps_total"] == 1
    assert told["observed_s"] == 600 - told["gaps_s"]


def test_samples_and_progress_of_an_audit_are_not_asked_for_in_each_look() -> None:
    declared = contract(
        endpoints=[
            {"name": "here", "url": "http://127.0.0.1:1/", "samples": 20},
            {"name": "there", "url": "http://192.0.2.1:1/", "from": "control"},
            {"name": "order", "url": "http://127.0.0.1:1/order", "method": "POST"},
        ],
        streams=[{"redis": "127.0.0.1:6379", "stream": "orders", "must_progress_within_s": 60, "sample": 500}],
    )
    asked = asking.asked(declared, context(declared))
    assert [(one["name"], one["samples"]) for one in asked["endpoints"]["endpoints"]] == [("here", 1)]
    (stream,) = asked["streams"]["servers"][0]["streams"]
    assert (stream["progress_s"], stream["sample"]) == (None, 1)
    assert FakeHost({1: LOST}).run(declared=declared)["not_watched"] == ["order", "there"]


def test_a_look_has_time_for_an_endpoint_that_never_answers() -> None:
    host = FakeHost()
    host.run(every_s=1, for_s=10)
    assert {request["timeout_s"] for request in host.asked} == {40}
