# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of two failures of one check the later is worse, or is not: by what was observed both times."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate.degrees import _OF, degrees, worse
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]

EVERY = {"max_s": 3, "min_s": 1}
# An earlier restart left two gaps of 3.4 s among 242, and the cycle goes on.
LATE = {"count": 243, "mean_s": 1.5, "max_s": 3.4, "over": 2, "under": 0, "since_last_s": 0.8, "span_s": 400.0}
ALL_RIGHT = {"count": 20, "mean_s": 1.5, "max_s": 1.6, "over": 0, "under": 0, "since_last_s": 0.8, "span_s": 30.0}
NEVER = {"count": 0, "mean_s": None, "max_s": None, "over": 0, "under": 0, "since_last_s": None, "span_s": 20.0}
NUMBERS = {"count": 400, "min": 1.0, "mean": 50.0, "max": 130.0, "over": 4, "under": 0}
WAITING = {"waiting": {"low": 1000, "high": 1000}, "pending": 10, "consumers": 1}
LENGTH = {"max_length": 100, "min_length": 5}

CASES = [
    ("logs", "interval", EVERY, LATE, {**LATE, "since_last_s": 4.1}, "it still came"),
    # The last line may have no parts of a second.
    ("logs", "interval", EVERY, LATE, {**LATE, "since_last_s": 3.9}, ""),
    ("logs", "interval", EVERY, LATE, NEVER, "it still came"),
    ("logs", "interval", EVERY, NEVER, {**ALL_RIGHT, "since_last_s": 9.0}, ""),
    ("logs", "interval", EVERY, {**LATE, "since_last_s": 500.0}, {**ALL_RIGHT, "since_last_s": 9.0}, ""),
    ("logs", "interval", EVERY, LATE, {**ALL_RIGHT, "over": 1, "max_s": 3.6}, ""),
    ("logs", "interval", EVERY, LATE, {**ALL_RIGHT, "over": 9, "max_s": 3.6}, "it came too late 2 times in 6 min 3 s"),
    ("logs", "interval", EVERY, LATE, {**ALL_RIGHT, "over": 1, "max_s": 7.0}, "it came after 3.4 s at most"),
    ("logs", "interval", EVERY, LATE, {**ALL_RIGHT, "under": 15}, "it came too early 0 times in 6 min 3 s"),
    ("logs", "interval", EVERY, {**LATE, "over": 0, "since_last_s": 500.0}, {**ALL_RIGHT, "over": 1, "max_s": 9.0}, ""),
    # It came not once in what was read, too short a part to tell, or one without times.
    ("logs", "interval", EVERY, {**NEVER, "span_s": 2.0}, NEVER, ""),
    ("logs", "interval", {**EVERY, "min_count": 1}, {**NEVER, "span_s": None}, NEVER, ""),
    # Nothing says how often it is to come: what did not come in a moment may still come.
    ("logs", "interval", {"min_count": 9}, LATE, NEVER, ""),
    ("logs", "max", {}, {"count": 1, "span_s": 86400.0}, {"count": 1, "span_s": 5.0}, "1 line in 1 d"),
    ("logs", "forbid", {}, {"count": 9, "span_s": None}, {"count": 90, "span_s": 5.0}, ""),
    ("logs", "require", {}, {"count": 90, "span_s": 90.0}, {"count": 0, "span_s": 30.0}, "90 lines in 1 min 30 s"),
    ("logs", "require", {}, {"count": 90, "span_s": 86400.0}, {"count": 0, "span_s": 30.0}, ""),
    ("logs", "numbers", {"max": 100}, NUMBERS, {**NUMBERS, "count": 40, "over": 2}, ""),
    ("logs", "numbers", {"max": 100}, NUMBERS, {**NUMBERS, "count": 40, "over": 9}, "4 of 400 numbers were over"),
    ("logs", "numbers", {"max": 100}, NUMBERS, {**NUMBERS, "max": 900.0}, "the max was 130"),
    ("logs", "numbers", {"mean_max": 40}, NUMBERS, {**NUMBERS, "mean": 101.0}, "the mean was 50"),
    (
        "logs",
        "numbers",
        {"min": 0},
        NUMBERS,
        {**NUMBERS, "count": 9, "over": 0, "under": 3},
        "0 of 400 numbers were under",
    ),
    ("logs", "fresh", {}, {"age_s": 400.0}, {"age_s": 40000.0}, ""),
    ("endpoints", "status", {}, {"status": 404}, {"status": 500}, "status 404"),
    ("endpoints", "status", {}, {"status": 503}, {"status": 500}, ""),
    ("endpoints", "status", {}, {"status": 500}, {"status": 404}, ""),
    ("endpoints", "answers", {}, {"failure": {"stage": "body"}}, {"failure": {"stage": "connect"}}, "a connection was"),
    ("endpoints", "answers", {}, {"failure": {"stage": "connect"}}, {"failure": {"stage": "answer"}}, ""),
    ("endpoints", "time", {}, {"median_ms": 600.0}, {"median_ms": 900.0}, ""),
    ("endpoints", "time", {}, {"median_ms": 600.0}, {"median_ms": 5000.0}, "it took 600 ms"),
    ("endpoints", "time", {}, {"median_ms": 12.0}, {"median_ms": 40.0}, ""),
    ("endpoints", "json", {}, {"value": "1", "broken": ["min"]}, {"value": None, "broken": []}, "there was a value"),
    ("endpoints", "json", {}, {"value": "1", "broken": ["min"]}, {"value": "0", "broken": ["min"]}, ""),
    ("endpoints", "fresh", {}, {"value": "1", "ages_s": [400.0]}, {}, "there was a time"),
    ("endpoints", "fresh", {}, {"value": "1", "ages_s": [400.0]}, {"value": "1", "ages_s": [4000.0]}, ""),
    ("endpoints", "items", {}, {"items": 3}, {"items": 0}, "there were 3"),
    ("endpoints", "items", {}, {"items": 3}, {"items": 2}, ""),
    ("endpoints", "items", {}, {"items": 0}, {"items": None}, "there was none"),
    ("processes", "instances", {"instances": 1}, {"instances": 2}, {"instances": 0}, "2 instances ran"),
    ("processes", "instances", {"instances": 1}, {"instances": 3}, {"instances": 0}, "3 instances ran"),
    ("processes", "instances", {"instances": 1}, {"instances": 2}, {"instances": 3}, "2 instances ran"),
    ("processes", "instances", {"instances": 4}, {"instances": 3}, {"instances": 1}, "3 instances ran"),
    ("processes", "instances", {"instances": 4}, {"instances": 1}, {"instances": 3}, ""),
    ("processes", "instances", {"instances": 1}, {"instances": 0}, {"instances": 2}, ""),
    ("units", "active", {"active": True}, {"active": "activating"}, {"active": "failed"}, "it was activating"),
    ("units", "active", {"active": True}, {"active": "inactive"}, {"active": "failed"}, ""),
    ("units", "active", {"active": False}, {"active": "activating"}, {"active": "active"}, ""),
    ("units", "restarts", {"max_restarts": 1}, {"restarts": 2}, {"restarts": 99}, ""),
    ("containers", "running", {}, {"state": "restarting"}, {"state": "exited"}, "it was restarting"),
    ("containers", "running", {}, {"state": "exited"}, {"state": "restarting"}, ""),
    ("containers", "memory", {}, {"memory": 100 << 20}, {"memory": 150 << 20}, ""),
    ("processes", "memory", {}, {"memory": 100 << 20}, {"memory": 150 << 20}, ""),
    ("containers", "memory_limit", {}, {"memory": 100 << 20}, {"memory": 201 << 20}, "100 MiB"),
    ("streams", "lag", {"max_lag": 10}, WAITING, {**WAITING, "waiting": {"low": 1200}}, ""),
    ("streams", "lag", {"max_lag": 10}, WAITING, {**WAITING, "waiting": {"low": 2001}}, "1000 entries to read"),
    ("streams", "pending", {"max_pending": 5}, WAITING, {**WAITING, "pending": 21}, "10 entries to acknowledge"),
    ("streams", "length", LENGTH, {"length": 3}, {"length": 0}, "it had 3 entries"),
    ("streams", "length", LENGTH, {"length": 101}, {"length": 300}, "it had 101 entries"),
    ("streams", "length", LENGTH, {"length": 3}, {"length": 101}, ""),
    ("resources", "memory", {}, {"used_percent": 91}, {"used_percent": 99}, ""),
    ("commands", "exit", {}, {"exit_code": 1}, {"exit_code": 2}, ""),
]


def bad(section: str, check: str, expected: Json, observed: Json) -> Json:
    return degrees({"section": section, "check": check, "expected": expected, "observed": observed})


@pytest.mark.parametrize(("section", "check", "expected", "then", "now", "was"), CASES)
def test_a_failure_is_worse_by_what_was_observed(
    section: str, check: str, expected: Json, then: Json, now: Json, was: str
) -> None:
    before, after = bad(section, check, expected, then), bad(section, check, expected, now)
    told = worse(after, before)
    assert (told[: len(was)], bool(told)) == (was, bool(was))
    # The same is never worse, and what is worse one way is not worse the other.
    assert (worse(before, before), worse(after, after)) == ("", "")
    assert not told or not worse(before, after) or section == "logs"


def test_each_rule_has_a_case() -> None:
    assert set(_OF) <= {one[:2] for one in CASES}


MEASURED = st.lists(st.floats(0, 1e6) | st.integers(0, 10**6), min_size=2, max_size=2)
RULES = st.sampled_from(["often", "seldom", "share", "more", "times"])


@given(rule=RULES, of=MEASURED)
def test_what_is_the_same_is_never_worse(rule: str, of: list[float]) -> None:
    one = {"it": {"rule": rule, "of": of, "told": "as it was"}}
    assert worse(one, one) == ""


@given(st.sampled_from(["often", "more", "times"]), MEASURED, MEASURED)
def test_what_is_worse_is_more(rule: str, now: list[float], then: list[float]) -> None:
    was = {"it": {"rule": rule, "of": then, "told": "less"}}
    if worse({"it": {"rule": rule, "of": now, "told": ""}}, was):
        assert now[0] > then[0] or (rule == "often" and now[1] < then[1])


def test_what_is_compared_by_another_rule_is_not_compared() -> None:
    then, now = {"rule": "more", "of": [0], "told": "less"}, {"rule": "often", "of": [9, 1.0], "told": "more"}
    assert worse({"it": now}, {"it": then}) == ""
    assert worse({"it": now}, {"other": then}) == ""


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        ((1, 100), (0, 100), False),
        ((5, 100), (0, 100), False),
        ((6, 100), (0, 100), True),
        ((1, 3), (0, 2), False),
        ((1, 10), (0, 1000), False),
        ((2, 10), (0, 1000), True),
        ((1, 1), (0, 10_000), True),
        ((100, 100), (0, 100), True),
        ((100, 100), (1, 100), True),
        ((1, 0), (0, 0), False),
    ],
)
def test_a_value_beyond_a_limit_where_there_was_none_is_worse_when_that_is_no_chance(
    now: tuple[int, int], then: tuple[int, int], expected: bool
) -> None:
    """The mean was over its limit before: the change goes back for what it made worse, and not for one value more."""
    observed = {"over": 0, "under": 0, "max": 1, "mean": 1}
    made = [
        degrees(
            {
                "section": "logs",
                "check": "numbers",
                "observed": {**observed, "over": over, "count": count},
                "expected": {"max": 5, "mean_max": 2},
            }
        )
        for over, count in (now, then)
    ]
    assert bool(worse(*made)) == expected


def test_one_late_cycle_where_none_was_late_is_chance_and_many_are_not() -> None:
    def late(over: int, span_s: float) -> dict[str, object]:
        return {"over": {"rule": "often", "of": [over, span_s], "told": "so"}}

    assert worse(late(1, 3600), late(0, 3600)) == ""
    assert worse(late(9, 3600), late(0, 3600)) == "so"
    assert worse(late(1, 3), late(0, 86400)) == "so"
