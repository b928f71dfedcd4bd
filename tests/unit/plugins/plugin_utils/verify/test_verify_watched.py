# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from a watch: what did not stay as it was fails by name, and what was not seen never passes."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched import checks, not_watched
from watch_world import contract, document, group, instance, look, regular, unseen

Json = dict[str, t.Any]

STEADY_KB = 30_000


def judged(made: Json, check: str, subject: str | None = None) -> Json:
    """Return the only check of that name."""
    (found,) = [one for one in checks(made) if one["check"] == check and subject in (None, one["subject"])]
    return found


def outcome(made: Json, check: str, subject: str | None = None) -> str:
    return str(judged(made, check, subject)["outcome"])


def test_a_window_in_which_all_is_well_passes_everywhere() -> None:
    made = checks(document(regular()))
    assert {one["outcome"] for one in made} == {"pass"}, [one for one in made if one["outcome"] != "pass"]
    assert {(one["component"], one["check"]) for one in made} == {
        ("window", "window"),
        ("processes", "stable"),
        ("processes", "memory"),
        ("processes", "cpu"),
        ("units", "stable"),
        ("containers", "stable"),
        ("containers", "memory"),
        ("containers", "cpu"),
        ("endpoints", "available"),
        ("endpoints", "time"),
        ("streams", "lag"),
        ("memory", "memory"),
    }
    assert len({one["id"] for one in made}) == len(made)
    assert all(one["section"] == "watch" and one["host"] == "web1" for one in made)
    assert all(one["evidence"][0].startswith("watch/web1.json#") for one in made)
    json.dumps(made)


def from_300(**change: t.Any) -> t.Callable[[float], Json]:
    return lambda at_s: change if at_s >= 300 else {}


@pytest.mark.parametrize(
    ("change", "check", "subject", "said"),
    [
        (
            lambda at: {"processes": {"instances": [instance(at, 70 if at < 300 else 99)]}},
            "stable",
            "api",
            "1 new, 1 ended; 1 ran; 2023-11-14T22:18:20Z: process 70 is gone, and 1 more",
        ),
        (from_300(processes={"count": 0, "instances": []}), "stable", "api", "0 to 1 ran, not 1 in 11 looks"),
        (
            lambda at: {"processes": {"instances": [instance(at, start=500 if at < 300 else 501)]}},
            "stable",
            "api",
            "1 new, 1 ended",
        ),
        (from_300(units={"restarts": 3, "main_pid": 99}), "stable", "api.service", "it was restarted 3 times"),
        (from_300(units={"main_pid": 99}), "stable", "api.service", "it was restarted 1 time"),
        (
            from_300(units={"active": "failed"}),
            "stable",
            "api.service",
            "not active in 11 of 21 looks (active 10, failed 11)",
        ),
        (from_300(containers={"started": "2026-11-21T00:05:00Z"}), "stable", "web", "was restarted 1 time"),
        (from_300(containers={"id": "b" * 64}), "stable", "web", "was replaced by another 1 time"),
        (from_300(containers={"health": "unhealthy"}), "stable", "web", "was unhealthy in 11 looks"),
        (
            from_300(containers={"state": "exited", "exit_code": 1}),
            "stable",
            "web",
            "it is exited, exit code 1, was running",
        ),
        (from_300(containers={"oom_killed": True}), "stable", "web", "was killed for want of memory"),
        (from_300(endpoints={"status": 503}), "available", "health", "10 of 21 requests as declared, 47.619 %"),
        (from_300(endpoints={"failure": "refused", "status": None}), "available", "health", "11 x refused"),
        (from_300(endpoints={"broken": ["json status"]}), "available", "health", "11 x not as declared: json status"),
        (from_300(endpoints={"total_ms": 250.0}), "time", "health", "limit 100 ms; 11 of 21 over"),
        (from_300(units={"oom_kills": 2}), "stable", "api.service", "the kernel killed 2 processes of it for want"),
        (from_300(memory={"oom_kills": 2}), "memory", "host", "killed 2 processes, for which no limit accounts"),
    ],
)
def test_what_did_not_stay_as_it_was_fails_by_name(
    change: t.Callable[[float], Json], check: str, subject: str, said: str
) -> None:
    found = judged(document(regular(change)), check, subject)
    assert found["outcome"] == "fail", found
    assert said in found["summary"]


@pytest.mark.parametrize(
    ("item", "broken"),
    [
        ({"failure": "refused", "status": None}, ["answers"]),
        ({"status": 500, "broken": ["json status"]}, ["status"]),
        ({"late": True}, ["time"]),
        ({"broken": ["json status", "min_items signals", "matches ok.*"]}, ["content", "items", "json"]),
        ({}, []),
    ],
)
def test_of_an_answer_that_is_not_as_declared_stands_which_checks_say_so(item: Json, broken: list[str]) -> None:
    """They say how bad it is, as in an audit."""
    found = judged(document(regular(from_300(endpoints=item))), "available")
    assert found["observed"]["broken"] == broken


@pytest.mark.parametrize(
    ("item", "outcome_now", "failures", "unseen"),
    [
        ({"untold": ["fresh at"]}, "unknown", {}, 11),
        ({"untold": ["fresh at"], "broken": ["json status"]}, "fail", {"not as declared: json status": 11}, 0),
        ({"untold": ["fresh at"], "late": True}, "fail", {"the answer did not end in time": 11}, 0),
    ],
)
def test_what_cannot_be_told_of_an_answer_is_unseen_unless_it_fails_by_another_thing(
    item: Json, outcome_now: str, failures: Json, unseen: int
) -> None:
    made = document(regular(from_300(endpoints=item)))
    (endpoint,) = made["endpoints"]
    assert (endpoint["failures"], endpoint["unseen"]) == (failures, unseen)
    assert outcome(made, "available", "health") == outcome_now


def test_a_container_that_is_gone_fails_and_one_that_came_later_is_not_judged() -> None:
    looks = regular()
    for one in looks[5:]:
        one["parts"]["containers"]["items"][0]["name"] = "other"
    made = document(looks)
    assert outcome(made, "stable", "web") == "fail"
    assert not [one for one in checks(made) if one["subject"].startswith("other")]


DONE = {"state": "exited", "policy": "no", "health": None}


def ended(at_s: float, **more: t.Any) -> Json:
    """A container that runs once, and ended after 300 s."""
    return {"containers": {**DONE, **more} if at_s >= 300 else {**DONE, "state": "running"}}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "observation"),
        ({"policy": ""}, "observation"),
        ({"exit_code": 1}, "fail"),
        ({"oom_killed": True}, "fail"),
        ({"policy": "on-failure"}, "fail"),
        ({"policy": "unless-stopped"}, "fail"),
        ({"state": "dead"}, "fail"),
        ({"health": "healthy"}, "fail"),
        ({"id": "b" * 64}, "fail"),
        ({"started": "2026-11-21T00:05:00Z"}, "fail"),
    ],
)
def test_a_container_that_runs_once_and_ends_well_is_told_of_and_fails_nothing(more: Json, expected: str) -> None:
    made = judged(document(regular(lambda at: ended(at, **more))), "stable", "web")
    assert made["outcome"] == expected
    if expected == "observation":
        assert "ended in the window with exit code 0" in made["summary"]
        assert "it is exited, exit code 0, was running" in made["summary"]
        assert made["verdict"] == verdicts.OBSERVATION


def test_a_container_that_ends_well_and_is_to_run_fails() -> None:
    declared = contract()
    declared["containers"] = {"expected": [{"name": "web", "running": True}]}
    assert outcome(document(regular(ended), declared=declared), "stable", "web") == "fail"


def test_a_container_that_ended_well_may_be_removed_and_one_that_ran_may_not() -> None:
    looks = regular(ended)
    looks[-1]["parts"]["containers"]["items"] = []
    assert outcome(document(looks), "stable", "web") == "observation"
    looks = regular(lambda _at: {"containers": {**DONE, "state": "running"}})
    looks[-1]["parts"]["containers"]["items"] = []
    assert outcome(document(looks), "stable", "web") == "fail"


def test_a_container_that_is_restarted_all_the_time_fails_whatever_the_first_look_found() -> None:
    looks = regular(lambda at: {"containers": {"state": "restarting" if at % 60 == 0 else "running"}})
    assert outcome(document(looks), "stable", "web") == "fail"


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("name", ["web", "gone"])
def test_a_container_that_the_contract_expects_to_run_is_judged_from_the_first_look_on(
    name: str, running: bool
) -> None:
    declared = contract(containers={"expected": [{"name": name, "running": running}]})
    every = regular(lambda _at: {"containers": {"state": "exited", "exit_code": 1}})
    looks = [{**one, "parts": {"containers": one["parts"]["containers"]}} for one in every]
    made = [one for one in checks(document(looks, declared=declared)) if one["component"] == "containers"]
    assert [(one["subject"], one["outcome"]) for one in made] == ([(name, "fail")] if running else [])


RAN = {"name": "web", "id": "a" * 64, "state": "running", "started": "2026-11-21T00:00:00Z", "restarts": 0}


@pytest.mark.parametrize(
    ("now", "wanted", "said"),
    [
        ({}, "pass", "was the same, running and healthy, in all of 21 looks"),
        (
            {"state": "exited", "exit_code": 1},
            "fail",
            "not running in 21 of 21 looks; 2023-11-14T22:13:20Z: it is exited",
        ),
        ({"name": "other"}, "fail", "not running in 21 of 21 looks; 2023-11-14T22:13:20Z: it is gone"),
        ({"started": "2026-11-21T00:05:00Z"}, "fail", "restarted 1 time; 2023-11-14T22:13:20Z: it was started again"),
        ({"id": "b" * 64}, "fail", "replaced by another 1 time"),
        ({"outcome": "unknown", "reason": "it could not be read"}, "unknown", "it was not seen in 21 of 21 looks"),
    ],
)
def test_what_the_audit_saw_run_is_judged_from_then_on(now: Json, wanted: str, said: str) -> None:
    """What ends between the audit and the first look is not in the first look, and is not forgotten."""
    looks = regular(lambda _at: {"containers": now})
    found = judged(document(looks, ran=[{**RAN, "health": "healthy"}]), "stable", "web")
    assert found["outcome"] == wanted, found
    assert said in found["summary"]


def test_what_ended_before_the_first_look_is_forgotten_when_nobody_says_that_it_ran() -> None:
    """The twin of the test above."""
    looks = regular(lambda _at: {"containers": {"state": "exited", "exit_code": 1}})
    assert not [one for one in checks(document(looks)) if one["component"] == "containers"]


def test_a_container_that_could_never_be_read_is_unknown() -> None:
    looks = regular(lambda _at: {"containers": {"outcome": "unknown", "reason": "it could not be read"}})
    found = judged(document(looks), "stable", "web")
    assert found["outcome"] == "unknown"
    assert "it could not be read" in found["summary"]


@pytest.mark.parametrize(
    ("size_kb", "wanted"),
    [
        (lambda at: STEADY_KB + 20 * at, "fail"),
        (lambda at: STEADY_KB + 20 * min(at, 240), "observation"),
        (lambda at: STEADY_KB + 1500 * (at == 600), "pass"),
        (lambda at: STEADY_KB + (-1) ** int(at / 30) * 400, "pass"),
        (lambda at: STEADY_KB + at, "pass"),
        (lambda at: STEADY_KB * 2 - 20 * at, "pass"),
    ],
)
def test_a_leak_still_grows_in_the_later_half_and_by_more_than_noise(
    size_kb: t.Callable[[float], float], wanted: str
) -> None:
    found = document(regular(lambda at: {"processes": {"instances": [instance(at, rss_kb=int(size_kb(at)))]}}))
    assert outcome(found, "memory", "api:70") == wanted


def test_a_leak_is_told_with_its_slope_and_error() -> None:
    made = document(regular(lambda at: {"processes": {"instances": [instance(at, rss_kb=int(STEADY_KB + 20 * at))]}}))
    summary = judged(made, "memory", "api:70")["summary"]
    # 20 KiB a second.
    assert "29.3 MiB at first and 41.02 MiB at last: +70.31 MiB/h (error 0 bytes/h) over the window" in summary


def test_what_tells_no_memory_could_show_no_leak() -> None:
    made = document(regular(lambda _at: {"containers": {"memory_kb": None, "cpu_s": None}}))
    assert outcome(made, "memory", "web") == "not_exercised"


def test_few_looks_tell_no_leak() -> None:
    looks = regular(for_s=120)
    assert outcome(document(looks, 120), "memory", "api:70") == "not_exercised"


def lag(of: t.Callable[[float], int | None], moving: bool = True) -> Json:
    looks = regular(lambda at: {"streams": {"groups": [group(of(at), at if moving else 0.0)]}})
    return judged(document(looks), "lag")


@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        (lambda at: 0, "pass"),
        (lambda at: max(int(1000 - 2 * at), 0), "pass"),
        (lambda at: int(at / 10) % 4, "pass"),
        (lambda at: int(100 + at), "fail"),
        (lambda at: int(5000 - at), "observation"),
        (lambda at: None, "unknown"),
    ],
)
def test_lag_grows_or_goes_to_nothing(of: t.Callable[[float], int | None], wanted: str) -> None:
    found = lag(of)
    assert found["outcome"] == wanted, found["summary"]
    # Neither the contract nor the group gave it another name, and neither is said twice.
    assert found["subject"] == "orders:workers"


def test_a_group_that_reads_nothing_fails_however_steady_it_is() -> None:
    found = lag(lambda at: 10_014, moving=False)
    assert found["outcome"] == "fail"
    assert "it read nothing in the whole window" in found["summary"]


def stalled(at: float, since_s: float, pause_s: float = 30) -> Json:
    """Return a group that reads all every ``pause_s``, and nothing more from ``since_s`` on; 5 entries come a look."""
    read_s = min(at, since_s) // pause_s * pause_s
    return group(int((at - read_s) / 6), read_s)


@pytest.mark.parametrize(
    ("since_s", "pause_s", "wanted"),
    [
        # It had caught up in the later half of the window, and hangs from then on.
        (300, 30, "fail"),
        # That may be a pause still.
        (450, 30, "observation"),
        (510, 30, "pass"),
        # Who pauses is not taken for one that hangs, also where the window ends in a pause.
        (600, 300, "pass"),
        (450, 90, "pass"),
        (420, 60, "observation"),
    ],
)
def test_a_group_that_stops_reading_does_not_pass(since_s: float, pause_s: float, wanted: str) -> None:
    looks = regular(lambda at: {"streams": {"groups": [stalled(at, since_s, pause_s)]}})
    found = judged(document(looks), "lag")
    assert found["outcome"] == wanted, found["summary"]
    assert ("it has read nothing since 2023-11-14T22:" in found["summary"]) == (wanted != "pass")


def test_less_than_a_minute_is_no_stop_however_often_it_is_looked_at() -> None:
    """The same looks, ten times as fast: 27 s without reading."""
    looks = [look(at / 10, streams={"groups": [stalled(at, 300)]}) for at in range(0, 601, 30)]
    assert judged(document(looks, 60, 3), "lag")["outcome"] == "observation"


def test_a_group_that_reads_while_nobody_knows_its_lag_has_not_stopped() -> None:
    """Redis does not know it after an entry that waits was deleted, until the group is past that."""

    def of(at: float) -> Json:
        return stalled(at, 450) if at < 780 else group(None, at)

    made = document(regular(lambda at: {"streams": {"groups": [of(at)]}}, for_s=900), 900)
    assert made["streams"][0]["groups"][0]["still"] is None
    assert judged(made, "lag")["outcome"] == "unknown"


def test_a_window_that_was_kept_before_pauses_were_counted_is_judged() -> None:
    made = document(regular(lambda at: {"streams": {"groups": [stalled(at, 300)]}}))
    for key in ("still", "reads", "gone"):
        del made["streams"][0]["groups"][0][key]
    del made["endpoints"][0]["broken"]
    assert outcome(made, "lag") == "pass"
    assert judged(made, "available")["observed"]["broken"] == []


def test_an_idle_stream_is_not_exercised() -> None:
    looks = regular(lambda _at: {"streams": {"last_id": "5-0", "groups": [group(0, 5.0)]}})
    found = judged(document(looks), "lag")
    assert found["outcome"] == "not_exercised"
    assert "nothing was written and nothing was read" in found["summary"]


def test_a_declared_group_that_came_late_is_unknown() -> None:
    looks = regular(lambda at: {"streams": {"groups": [group(0, at)] if at >= 540 else []}})
    found = judged(document(looks), "lag")
    assert found["outcome"] == "unknown"
    assert "it was not seen in 18 looks: the group was not there" in found["summary"]


def test_a_declared_group_whose_lag_nobody_knew_fails_when_it_is_gone() -> None:
    looks = regular(lambda at: {"streams": {"groups": [group(None, at)] if at < 300 else []}})
    found = judged(document(looks), "lag")
    assert found["outcome"] == "fail"
    assert "lags behind is not known; then the group was gone" in found["summary"]


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        (lambda at: at < 300, "fail"),
        # Somebody deletes the stream, and whoever writes to it makes it anew, without the group.
        (lambda at: at < 600, "fail"),
        (lambda at: at < 270 or at >= 300, "pass"),
        (lambda at: at < 150 or at >= 300, "unknown"),
    ],
)
def test_a_declared_group_that_is_gone_in_the_end_fails(there: t.Callable[[float], bool], wanted: str) -> None:
    looks = regular(lambda at: {"streams": {"groups": [group(0, at)] if there(at) else []}})
    made = document(looks)
    found = judged(made, "lag")
    assert found["outcome"] == wanted, found["summary"]
    assert [one["what"] for one in made["streams"][0]["events"]] == ["the group workers is gone"]
    if wanted == "fail":
        assert "then the group was gone, and was not there again when the window ended" in found["summary"]


def test_a_declared_lag_is_a_limit() -> None:
    declared = contract(streams=[{"redis": "127.0.0.1:6379", "stream": "orders", "group": "workers", "max_lag": 50}])
    for waiting, wanted in ((40, "pass"), (60, "fail")):
        looks = [
            {**one, "parts": {"streams": one["parts"]["streams"]}}
            for one in regular(lambda at, waiting=waiting: {"streams": {"groups": [group(waiting, at)]}})  # type: ignore[misc]
        ]
        assert outcome(document(looks, declared=declared), "lag") == wanted


@pytest.mark.parametrize("part", ["processes", "units", "containers", "endpoints", "streams", "memory"])
def test_what_was_not_seen_in_all_looks_is_unknown_and_never_passes(part: str) -> None:
    looks = regular()
    for one in looks[3:9]:
        one["parts"][part] = unseen(one["parts"][part], "it could not be read")
    about = {part} if part != "memory" else {"memory"}
    told = [
        one
        for one in checks(document(looks))
        if one["component"] in about and one["check"] not in ("memory", "cpu", "time")
    ]
    told = told or [judged(document(looks), "memory", "host")]
    assert "unknown" in {one["outcome"] for one in told}
    assert any("it could not be read" in one["summary"] for one in told)


def test_a_stream_with_all_its_groups_and_one_of_them_alone_have_checks_of_their_own() -> None:
    whole = {"redis": "127.0.0.1:6379", "stream": "orders"}
    looks = regular()
    for one in looks:
        items = one["parts"]["streams"]["items"]
        items.append({**items[0], "stream": 1})
        one["parts"] = {"streams": one["parts"]["streams"]}
    declared = contract(streams=[whole, {**whole, "group": "workers"}])
    lags = [one for one in checks(document(looks, declared=declared)) if one["check"] == "lag"]
    assert [one["subject"] for one in lags] == ["orders, group workers", "orders:workers"]
    assert len({one["id"] for one in lags}) == 2


def test_too_few_looks_for_a_leak_are_told_with_those_that_are_needed() -> None:
    summary = judged(document(regular(for_s=300), for_s=600), "memory", "api:70")["summary"]
    told = "11 looks, 1 of them in the later half of the window, are too few to tell a leak: 10 are needed, 5 of them"
    assert told in summary


def test_a_window_that_was_hardly_observed_passes_nothing() -> None:
    looks = [one for one in regular() if not 100 < one["at_s"] < 300]
    made = checks(document(looks))
    assert {one["outcome"] for one in made} == {"unknown"}
    assert "only 65 % of the window were observed, 95 % are needed" in made[0]["summary"]
    # Too little is not called what is needed.
    near = document(regular(), for_s=634)
    assert "only 94 % of the window were observed, 95 % are needed" in checks(near)[0]["summary"]
    assert checks(document([]))[0]["summary"].startswith("Nothing of 10 min was observed; ")
    # What failed in the part that was seen has failed.
    looks[2]["parts"]["endpoints"]["items"][0]["status"] = 500
    assert outcome(document(looks), "available") == "fail"


def test_a_unit_that_a_timer_starts_now_and_then_is_not_restarted() -> None:
    def change(at_s: float) -> Json:
        runs = at_s % 120 == 0
        return {"units": {"active": "activating" if runs else "inactive", "main_pid": 80 + int(at_s) if runs else None}}

    declared = contract(units=[{"name": "api.service", "active": False}])
    looks = [{**one, "parts": {"units": one["parts"]["units"]}} for one in regular(change)]
    assert outcome(document(looks, declared=declared), "stable") == "pass"


def test_an_optional_endpoint_is_told_and_does_not_fail() -> None:
    declared = contract(endpoints=[{"name": "health", "url": "http://127.0.0.1:1/", "required": False}])
    looks = [
        {**one, "parts": {"endpoints": one["parts"]["endpoints"]}}
        for one in regular(from_300(endpoints={"status": 404}))
    ]
    assert outcome(document(looks, declared=declared), "available") == "observation"


def cycle(**more: t.Any) -> Json:
    return {
        "name": "cycle",
        "min_s": None,
        "max_s": 37.72,
        "count": 49,
        "dated": 49,
        "first": None,
        "last": None,
        "over": 0,
        "longest": None,
        "mean_s": 37.7,
        "longest_s": 37.7,
        "until_first_s": 1.0,
        "since_last_s": 2.0,
        **more,
    }


def logs(*cycles: Json, window_s: float = 1860.0, **more: t.Any) -> Json:
    read = {"lines": 900, "first": None, "last": None, "dated": True, "complete": True, "reason": "", "unsorted": False}
    one = {
        "name": "main",
        "outcome": "ok",
        "reason": "",
        "required": True,
        "max": {},
        "read": read,
        "levels": {},
        "exceptions": {},
        "exceptions_rest": 0,
        "unhandled": {},
        "forbid": [],
        "cycles": list(cycles),
        **more,
    }
    span = {"from": "2026-11-21T18:04:00Z", "to": "2026-11-21T18:35:00Z", "window_s": window_s}
    return {"outcome": "ok", "reason": "", **span, "logs": [one]}


@pytest.mark.parametrize(
    ("one", "wanted", "said"),
    [
        (cycle(), "pass", "where at least 49 should come"),
        (cycle(count=26, dated=26), "fail", "26 of the 49 that the window should hold (one every 37.7 s)"),
        (cycle(count=0, dated=0, mean_s=None, longest_s=None), "fail", "0 of the 49"),
        (cycle(over=1, longest_s=90), "fail", "1 interval took longer than 37.7 s"),
        # A program that hangs in the end had time to do enough before.
        (cycle(count=80, dated=80, since_last_s=38.0), "fail", "the last came 38 s before the end"),
        (cycle(count=80, dated=80, until_first_s=600.0), "fail", "the first came only 10 min after the begin"),
        (cycle(max_s=None, min_s=1.0, since_last_s=600.0), "pass", "came 49 times"),
        (cycle(dated=3), "unknown", "not all of its lines have a time"),
        (
            cycle(count=1_200_000, dated=1_000_000),
            "unknown",
            "only the first 1000000 of its 1200000 lines were measured",
        ),
        (cycle(max_s=3600.0, count=0, dated=0), "not_exercised", "which the window is too short for"),
        (cycle(max_s=None, min_s=60.0), "fail", "more than the 32 that fit"),
        (cycle(max_s=None, min_s=60.0, count=0, dated=0), "not_exercised", "it never happened"),
    ],
)
def test_cycles_are_counted_against_what_the_window_should_hold(one: Json, wanted: str, said: str) -> None:
    found = judged(document(regular(for_s=1860), 1860, logs=logs(one)), "cycles")
    assert found["outcome"] == wanted
    assert said in found["summary"]


@pytest.mark.parametrize(
    ("ahead_s", "one", "wanted"),
    [
        (1.0, cycle(), "pass"),
        (1.1, cycle(), "observation"),
        (3600.0, cycle(), "observation"),
        (3600.0, cycle(over=1, longest_s=90), "fail"),
        # What may not come too often did not, however much older than the window some of it is.
        (3600.0, cycle(max_s=None, min_s=1.0), "pass"),
    ],
)
def test_a_cycle_by_times_that_are_ahead_of_the_clock_may_have_stopped(ahead_s: float, one: Json, wanted: str) -> None:
    found = judged(document(regular(for_s=1860), 1860, logs=logs(one, ahead_s=ahead_s)), "cycles")
    assert found["outcome"] == wanted
    said = "by times of which the newest is 1 h ahead of the host's clock: when they were written is not known"
    assert (said in found["summary"]) == (ahead_s == 3600)


def test_the_absence_of_errors_by_times_that_are_ahead_of_the_clock_is_none_of_the_window() -> None:
    hit = {"name": "TypeError", "count": 0, "max": 0, "last": None}
    looks = regular(for_s=1860)
    made = document(looks, 1860, logs=logs(cycle(), ahead_s=5.0, forbid=[hit]))
    assert outcome(made, "errors") == outcome(made, "forbid") == "observation"
    assert "5 s ahead" in judged(made, "errors")["summary"]
    made = document(looks, 1860, logs=logs(cycle(), ahead_s=5.0, forbid=[{**hit, "count": 1}]))
    assert outcome(made, "forbid") == "fail"


def test_logs_of_a_shorter_time_than_the_window_or_of_a_clock_that_was_set_prove_nothing() -> None:
    looks = regular(for_s=1860)
    assert outcome(document(looks, 1860, logs=logs(cycle(), window_s=900.0)), "cycles") == "unknown"
    for one in looks[9:]:
        one["wall_s"] -= 600
    made = document(looks, 1860, logs=logs(cycle()))
    assert outcome(made, "cycles") == "unknown"
    assert outcome(made, "errors") == "unknown"


@pytest.mark.parametrize(
    ("more", "wanted", "said"),
    [
        ({}, "pass", "no errors"),
        ({"levels": {"WARNING": 5}}, "pass", "no errors"),
        ({"levels": {"ERROR": 2}, "exceptions": {"KeyError": 1}}, "observation", "ERROR 2, KeyError 1"),
        ({"levels": {"ERROR": 2}, "max": {"ERROR": 1}}, "fail", "ERROR 2, where 1 may be"),
        ({"levels": {"CRITICAL": 2}, "max": {"ERROR": 1}}, "fail", "ERROR 2, where 1 may be"),
        ({"unhandled": {"Traceback": 1}, "max": {"Traceback": 0}}, "fail", "Traceback 1, where 0 may be"),
        ({"levels": {"ERROR": 1}, "max": {"ERROR": 1}}, "pass", "ERROR 1"),
        ({"levels": {"CRITICAL": 1}, "max": {"WARNING": 5}}, "pass", "CRITICAL 1"),
        ({"exceptions": {"KeyError": 1}, "max": {"KeyError": 1}}, "pass", "KeyError 1"),
        ({"levels": {"ERROR": 500}, "max": {"TypeError": 0}}, "observation", "ERROR 500"),
        ({"levels": {"ERROR": 500}, "max": {"CRITICAL": 0}}, "observation", "ERROR 500"),
    ],
)
def test_errors_of_the_window_by_class(more: Json, wanted: str, said: str) -> None:
    found = judged(document(regular(for_s=1860), 1860, logs=logs(**more)), "errors")
    assert found["outcome"] == wanted
    assert said in found["summary"]
    assert "read: 900 lines of 2026-11-21T18:04:00Z to 2026-11-21T18:35:00Z" in found["summary"]


@pytest.mark.parametrize("limits", [{}, {"ERROR": 0}])
def test_a_log_in_which_nothing_came_proves_nothing(limits: Json) -> None:
    quiet = {**logs()["logs"][0]["read"], "lines": 0}
    forbidden = [{"name": "TypeError", "count": 0, "max": 0, "last": None}]
    made = document(regular(for_s=1860), 1860, logs=logs(max=limits, read=quiet, forbid=forbidden))
    assert outcome(made, "errors") == "not_exercised"
    assert outcome(made, "forbid") == "not_exercised"
    assert "nothing was logged in the window" in judged(made, "errors")["summary"]


def test_logs_that_were_not_read_are_unknown() -> None:
    read = {"outcome": "unknown", "reason": "the host was gone", "from": None, "to": None, "window_s": 0.0, "logs": []}
    assert outcome(document(regular(), logs=read), "log") == "unknown"
    lost = logs()
    lost["logs"][0].update(outcome="missing", reason="there is none")
    assert outcome(document(regular(), logs=lost), "log") == "unknown"


def test_a_host_that_was_not_watched_is_unknown() -> None:
    (found,) = not_watched("web1", "prod")
    assert (found["outcome"], found["verdict"], found["evidence"]) == ("unknown", "UNKNOWN", [])


def test_each_check_has_the_verdict_of_its_outcome() -> None:
    for looks in (regular(), regular(from_300(units={"restarts": 1})), regular()[:12]):
        made = checks(document(looks), "prod")
        assert all(one["verdict"] == verdicts.of_check(one["outcome"], one["severity"]) for one in made)
        assert {one["environment"] for one in made} == {"prod"}


def test_a_busy_process_is_told() -> None:
    looks = regular(lambda at: {"processes": {"instances": [{**instance(at), "cpu_s": at * 0.97}]}})
    found = judged(document(looks), "cpu", "api:70")
    assert found["outcome"] == "observation"
    assert "97 % of a processor on average" in found["summary"]


def test_a_document_with_nothing_seen_at_all_gives_checks() -> None:
    assert {one["outcome"] for one in checks(document([]))} == {"unknown"}
    assert outcome(document([look(0.0)]), "window") == "unknown"
