# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An accepted run against this one: what got worse beyond the stated noise is found, with both numbers."""

from __future__ import annotations

import dataclasses
import math
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import accepted, checks, figures, regression
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Inputs
from hypothesis import given
from hypothesis import strategies as st
from verify_builders import check, files, run, seen

Json = dict[str, t.Any]

NOTHING: Json = {"features": [], "logs": [], "times": [], "memory": []}


def compare(then: Json, now: Json, hosts: t.Sequence[str] = ("web1",)) -> dict[tuple[str, str], Json]:
    known = [
        {
            "host": host,
            "section": "git",
            "component": "known",
            "verdict": "FAIL",
            "checks": 1,
            "passed": 0,
            "evidence": [],
        }
        for host in hosts
    ]
    against = regression.Against("accepted-1", {**NOTHING, "features": known, **then}, dict.fromkeys(hosts, "prod"))
    found = regression.checks({**NOTHING, "features": known, **now}, against)
    return {(one["check"], one["component"]): one for one in found}


def time_of(ms: float) -> Json:
    return {"times": [{"host": "web1", "endpoint": "/health", "ms": ms, "samples": 3}]}


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [
        (10, 10, "PASS"),
        (10, 35, "PASS"),
        (10, 36, "OBSERVATION"),
        (10, 60, "OBSERVATION"),
        (10, 61, "FAIL"),
        (1000, 1100, "PASS"),
        (1000, 1150, "OBSERVATION"),
        (1000, 1201, "FAIL"),
        (1000, 10, "PASS"),
    ],
)
def test_a_response_time_may_rise_by_its_bound(then: float, now: float, verdict: str) -> None:
    found = compare(time_of(then), time_of(now))["time", "endpoints:/health"]
    assert found["verdict"] == verdict
    assert f"takes {now} ms, {then} ms when it was accepted" in found["summary"]
    assert found["summary"].endswith("; medians of 3 requests, of 3 then")
    assert (found["expected"]["ms"], found["observed"]["ms"]) == (then, now)
    assert found["evidence"] == ["accepted.json", "evidence/web1/endpoints.json"]


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [(100, 105, "PASS"), (100, 115, "OBSERVATION"), (100, 121, "FAIL"), (10, 17, "OBSERVATION"), (10, 19, "FAIL")],
)
def test_memory_may_rise_by_its_bound(then: int, now: int, verdict: str) -> None:
    sides = [
        {"memory": [{"host": "web1", "section": "processes", "name": "app", "kib": mib * 1024}]} for mib in (then, now)
    ]
    assert compare(*sides)["memory", "processes:app"]["verdict"] == verdict


def log_of(seconds: float | None, **errors: int) -> Json:
    return {"logs": [{"host": "web1", "log": "main", "errors": errors, "more": 0, "lines": 9, "seconds": seconds}]}


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [
        (log_of(3600), log_of(3600, TypeError=1), "FAIL"),
        (log_of(None), log_of(3600, TypeError=1), "FAIL"),
        (log_of(3600, TypeError=4), log_of(3600, TypeError=4), "PASS"),
        (log_of(3600, TypeError=4), log_of(3600, TypeError=7), "OBSERVATION"),
        (log_of(3600, TypeError=4), log_of(3600, TypeError=9), "FAIL"),
        # As many in half the time are twice as many.
        (log_of(7200, TypeError=100), log_of(3600, TypeError=100), "FAIL"),
        (log_of(7200, TypeError=100), log_of(3600, TypeError=50), "PASS"),
        (log_of(None, TypeError=4), log_of(3600, TypeError=4), "UNKNOWN"),
        (log_of(3600, TypeError=4), log_of(None, TypeError=1), "UNKNOWN"),
        (log_of(3600, TypeError=4), log_of(3600), "PASS"),
    ],
)
def test_errors_are_compared_by_their_rate(then: Json, now: Json, verdict: str) -> None:
    found = compare(then, now)["errors", "logs:main:TypeError"]
    assert found["verdict"] == verdict
    assert "when it was accepted" in found["summary"]


@given(had=st.integers(1, 10_000), has=st.integers(0, 20_000), then_s=st.floats(1, 1e6), now_s=st.floats(1, 1e6))
def test_more_errors_are_never_better(had: int, has: int, then_s: float, now_s: float) -> None:
    order = ("PASS", "OBSERVATION", "FAIL")
    given_, more = (
        compare(log_of(then_s, E=had), log_of(now_s, E=count))["errors", "logs:main:E"]["verdict"]
        for count in (has, has + 1)
    )
    assert order.index(given_) <= order.index(more)
    expected = had * now_s / then_s
    if has > expected + 2 * math.sqrt(expected) + 1e-6 * expected:
        assert given_ == "FAIL"


def test_a_log_without_errors_says_so_with_both_windows() -> None:
    found = compare(log_of(3600), log_of(60))["errors", "logs:main"]
    assert found["verdict"] == "PASS"
    assert "in a window" not in found["summary"] and "1 min" in found["summary"] and "1 h" in found["summary"]


def test_a_log_in_which_nothing_came_is_no_better() -> None:
    now = log_of(3600)
    now["logs"][0]["lines"] = 0
    found = compare(log_of(3600, TypeError=4), now)
    assert {key: one["verdict"] for key, one in found.items() if key[0] == "errors"} == {
        ("errors", "logs:main"): "NOT_EXERCISED"
    }


def test_exceptions_that_are_only_counted_are_compared_as_well() -> None:
    now = log_of(3600)
    now["logs"][0]["more"] = 40
    assert compare(log_of(3600), now)["errors", "logs:main:other exceptions"]["verdict"] == "FAIL"


@pytest.mark.parametrize(
    ("then", "key"),
    [
        (time_of(10), ("time", "endpoints:/health")),
        (
            {"memory": [{"host": "web1", "section": "containers", "name": "db", "kib": 9}]},
            ("memory", "containers:db"),
        ),
        (log_of(3600, TypeError=4), ("errors", "logs:main")),
    ],
)
def test_what_could_be_measured_and_cannot_now_is_told(then: Json, key: tuple[str, str]) -> None:
    found = compare(then, {})[key]
    assert found["verdict"] == "NOT_EXERCISED"
    assert "was measured when it was accepted, and could not be now" in found["summary"]


def feature(verdict: str, passed: int, host: str = "web1") -> Json:
    made = {
        "host": host,
        "section": "endpoints",
        "component": "/health",
        "verdict": verdict,
        "checks": 4,
        "passed": passed,
    }
    return {"features": [{**made, "evidence": ["evidence/web1/endpoints.json"]}]}


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [
        (feature("PASS", 4), feature("PASS", 4), "PASS"),
        (feature("PASS", 4), feature("FAIL", 3), "FAIL"),
        (feature("OBSERVATION", 3), feature("UNKNOWN", 0), "FAIL"),
        (feature("PASS", 4), NOTHING, "NOT_EXERCISED"),
        (feature("PASS", 4), feature("NOT_EXERCISED", 0), "NOT_EXERCISED"),
        (feature("FAIL", 3), feature("FAIL", 1), None),
    ],
)
def test_what_worked_must_work(then: Json, now: Json, verdict: str | None) -> None:
    found = compare(then, now).get(("feature", "endpoints:/health"))
    assert (found and found["verdict"]) == verdict


def test_a_host_that_was_not_there_is_told() -> None:
    against = regression.Against("accepted-1", {**NOTHING, **feature("PASS", 4)}, {"web1": "prod", "web2": "prod"})
    found = regression.checks({**NOTHING, **feature("PASS", 4)}, against)
    assert [(one["host"], one["check"], one["verdict"]) for one in found] == [
        ("web1", "feature", "PASS"),
        ("web2", "host", "NOT_EXERCISED"),
    ]


def read(**more: t.Any) -> Json:
    return {"complete": True, "lines": 5, "first_s": 1000.0, "last_s": 4000.0, "reason": "", **more}


@pytest.mark.parametrize(
    ("since", "changes", "seconds"),
    [
        (600, None, 600.0),
        (None, None, 3600.0),
        ("deploy", {"last": {"time_s": 4000.0}}, 600.0),
        # It was read since its writer was started anew, and that is how long the window is.
        ("deploy", {"last": {"time_s": 4000.0}, "starts": {"first": {"time_s": 4100.0}, "of": {}}}, 500.0),
        ("1970-01-01T01:00:00Z", None, 1000.0),
    ],
)
def test_the_window_of_a_log_is_what_was_asked_for(since: t.Any, changes: Json | None, seconds: float) -> None:
    log = {
        "name": "main",
        "outcome": "ok",
        "read": read(),
        "levels": {"ERROR": 2, "WARNING": 9},
        "exceptions": {"KeyError": 1},
        "exceptions_rest": 0,
    }
    one = seen(
        "web1",
        changes=changes,
        logs={"now_s": 4600.0, "logs": [log, {**log, "name": "half", "read": read(complete=False)}]},
    )
    inputs = Inputs(run(), {}, None, [dataclasses.replace(one, windows={"main": since})])
    assert figures.of(inputs, [])["logs"] == [
        {
            "host": "web1",
            "log": "main",
            "errors": {"ERROR": 2, "KeyError": 1},
            "more": 0,
            "lines": 5,
            "seconds": seconds,
        }
    ]


def window(begin: str = "2026-11-21T18:40:00Z", **more: t.Any) -> Json:
    log = {"name": "main", "outcome": "ok", "read": read(), "levels": {"ERROR": 1}, "exceptions": {"KeyError": 1}}
    return {"logs": {"from": begin, "window_s": 60.0, "logs": [{**log, "exceptions_rest": 0, **more}]}}


AUDITED_S = 1_795_286_400.0  # 2026-11-21T18:40:00Z


@pytest.mark.parametrize(
    ("after", "errors"),
    [
        (window(), {"ERROR": 3, "KeyError": 1}),
        (window("2026-11-21T18:39:59Z"), {"ERROR": 2}),
        (window(read=read(complete=False)), {"ERROR": 2}),
        (window(name="other"), {"ERROR": 2}),
        (None, {"ERROR": 2}),
    ],
)
def test_errors_of_the_window_after_the_audit_count(after: Json | None, errors: Json) -> None:
    log = {"name": "main", "outcome": "ok", "read": read(), "levels": {"ERROR": 2}, "exceptions": {}}
    one = seen("web1", logs={"now_s": AUDITED_S, "logs": [{**log, "exceptions_rest": 0}]})
    inputs = Inputs(run(), {}, None, [dataclasses.replace(one, windows={"main": 600})])
    (made,) = figures.of(inputs, [], [], {} if after is None else {"web1": after})["logs"]
    assert made["errors"] == errors
    assert made["seconds"] == (660.0 if "KeyError" in errors else 600.0)


def test_what_failed_in_the_window_does_not_work() -> None:
    findings = run(check("endpoints", "status", component="/health"))
    failed = {**check("watch", "available", "fail", component="endpoints", subject="/health"), "verdict": "FAIL"}
    failed["evidence"] = ["watch/web1.json#endpoints//health"]
    (made,) = figures.of(Inputs(findings, {}, None, [seen()]), checks.of_run(findings), [failed])["features"]
    assert (made["verdict"], made["passed"], made["checks"]) == ("FAIL", 1, 2)
    assert made["evidence"] == ["evidence/web1/endpoints.json", "watch/web1.json"]


def test_figures_are_of_what_was_measured() -> None:
    asked = {"url": "http://127.0.0.1:8002/health", "method": "GET", "from": "host"}
    endpoint = {**asked, "name": "/health", "median_ms": 12.5, "samples": 3, "outcome": "pass", "failure": ""}
    silent = {**asked, "name": "/gone", "median_ms": None, "samples": 0, "outcome": "fail", "failure": "refused"}
    process = {"name": "app", "running": 2, "instances": [{"rss_kb": 10}, {"rss_kb": 20}]}
    facts = [
        {"host": "web1", "section": "endpoints", "facts": {"endpoints": [endpoint, silent], "total": 2}},
        {
            "host": "web1",
            "section": "processes",
            "facts": {"processes": [process, {**process, "name": "more", "running": 3}]},
        },
        {
            "host": "web1",
            "section": "containers",
            "facts": {"containers": [{"name": "db", "memory": 4096}, {"name": "x", "memory": None}]},
        },
    ]
    findings = run(check("endpoints", "time", component="/health"), facts=facts)
    made = figures.of(Inputs(findings, files(findings), None, [seen()]), checks.of_run(findings))
    assert made["times"] == [{"host": "web1", "endpoint": "/health", "ms": 12.5, "samples": 3}]
    assert [(one["name"], one["kib"]) for one in made["memory"]] == [("app", 30), ("db", 4)]
    assert [(one["component"], one["passed"]) for one in made["features"]] == [("/health", 1)]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"application": "other", "environments": ["prod"]}, "is of the application other, and this is shop"),
        ({"application": "shop", "environments": ["staging"]}, "is of staging, and this is of prod"),
    ],
)
def test_what_is_of_something_else_is_refused(found: Json, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        accepted.comparable({"name": "accepted-1", **found}, run())
