# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for streams and their groups."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.streams import CHECKS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import stream_check, stream_server
from streams_builders import Json, group, look, one_stream, stream, told

LIMITS: Json = {"max_lag": 5, "max_pending": 3, "max_idle_s": 60, "min_length": 1, "max_length": 100}
MOVES: Json = {"group": "billing", "must_progress_within_s": 30}


def members(**more: t.Any) -> Json:
    worker = {"name": "worker-1", "idle_ms": 500, "inactive_ms": None, "pending": 0, **more}
    idle = worker["idle_ms"]
    return {
        "listed": [worker],
        "total": 1,
        "least_idle_ms": idle,
        "oldest_pending": "2026-11-21T11:53:20Z",
        "reason": "",
    }


def test_each_check_has_a_severity_that_can_be_set() -> None:
    assert set(CHECKS) == set(stream_check.DEFAULTS) | set(stream_server.DEFAULTS)


def test_a_stream_within_all_limits_passes() -> None:
    made = one_stream({**LIMITS, "group": "billing"}, stream(look(group())))
    assert told(made) == set()
    assert {one.check for one in made.checks} >= {"stream", "length", "group", "consumers", "lag", "pending", "idle"}


@pytest.mark.parametrize(
    ("entry", "seen", "found"),
    [
        ({}, stream(None), ("fail", "stream", "orders", "no_stream")),
        ({}, stream(None, type="list"), ("fail", "stream", "orders", "wrong_type")),
        ({}, stream(None, outcome="unknown", reason="r"), ("unknown", "stream", "orders", "unseen")),
        ({"min_length": 11}, stream(look()), ("fail", "length", "orders", "out_of_range")),
        ({"max_length": 9}, stream(look()), ("fail", "length", "orders", "out_of_range")),
        ({"group": "billing"}, stream(look()), ("fail", "group", "orders:billing", "no_group")),
        ({"max_lag": 5}, stream(look()), ("fail", "group", "orders", "no_group")),
        (
            {"group": "billing"},
            stream(look(group(consumers=0))),
            ("fail", "consumers", "orders:billing", "no_consumer"),
        ),
        ({}, stream(look(group(consumers=0, low=1))), ("fail", "consumers", "orders:billing", "no_consumer")),
        ({"max_lag": 5}, stream(look(group(low=6))), ("fail", "lag", "orders:billing", "lagging")),
        ({"max_lag": 5}, stream(look(group(low=6, high=9))), ("fail", "lag", "orders:billing", "lagging")),
        ({"max_lag": 5}, stream(look(group(low=1, high=6))), ("unknown", "lag", "orders:billing", "unseen")),
        ({"max_pending": 3}, stream(look(group(pending=4))), ("fail", "pending", "orders:billing", "pending_entries")),
        (
            {"max_idle_s": 60},
            stream(look(group(low=1, members=members(idle_ms=60001)))),
            ("fail", "idle", "orders:billing", "idle_consumer"),
        ),
        (
            {"max_idle_s": 60},
            stream(look(group(members=members(idle_ms=60001, pending=1, inactive_ms=-1)))),
            ("fail", "idle", "orders:billing:worker-1", "idle_consumer"),
        ),
        (
            {"max_idle_s": 60},
            stream(look(group(members={**members(), "listed": [], "reason": "NOPERM"}))),
            ("unknown", "idle", "orders:billing", "unseen"),
        ),
        (
            {"max_idle_s": 60},
            stream(look(group(members={**members(pending=1), "total": 2}))),
            ("unknown", "idle", "orders:billing", "unseen"),
        ),
        ({}, stream(look(group(), groups_total=2)), ("unknown", "group", "orders", "unseen")),
        ({"fresh_s": 300}, stream(look(group())), ("fail", "fresh", "orders", "stale_data")),
        (
            {"fresh_s": 300},
            stream(look(group(), last_id="1-1", last_time=None)),
            ("unknown", "fresh", "orders", "unseen"),
        ),
        ({"fresh_s": 300}, stream(look(group(), at=-500)), ("unknown", "fresh", "orders", "unseen")),
    ],
)
def test_each_fault_has_its_cause(entry: Json, seen: Json, found: tuple[str, ...]) -> None:
    assert told(one_stream(entry, seen)) == {found}


@pytest.mark.parametrize(
    ("entry", "seen"),
    [
        ({}, stream(look(group(consumers=0)))),
        ({"max_lag": 5}, stream(look(group(low=1, high=5)))),
        ({"max_idle_s": 60}, stream(look(group(members=members(idle_ms=10**9))))),
        ({"max_idle_s": 60}, stream(look(group(members={**members(), "total": 200})))),
        ({"group": "billing"}, stream(look(group(), groups_total=2))),
        ({"fresh_s": 391}, stream(look(group()))),
        ({"fresh_s": 5}, stream(look(group(), at=-400))),
        ({"max_idle_s": 60}, stream(look(group(low=9, members=members(idle_ms=59_000))))),
    ],
)
def test_what_may_be_is_no_finding(entry: Json, seen: Json) -> None:
    assert told(one_stream(entry, seen)) == set()


BEFORE = group(low=3, last_delivered="1795262006000-0", read=7, pending=2)


@pytest.mark.parametrize(
    ("first", "second", "outcome", "words"),
    [
        (look(BEFORE), look(group(low=1, read=9, pending=2), at=4), "pass", "entries read went from 7 to 9"),
        (
            look({**BEFORE, "read": None}),
            look(group(low=1, read=None, last_delivered="1795262008000-0", pending=2), at=4),
            "pass",
            "it went from entry 1795262006000-0 to 1795262008000-0",
        ),
        (look(BEFORE), look({**BEFORE, "pending": 1}, at=4), "pass", "not acknowledged went from 2 to 1"),
        (
            look(BEFORE),
            look({**BEFORE, "waiting": {"low": 5, "high": 5}}, at=30, added=12, last_id="1795262011000-0"),
            "fail",
            "3 entries to read and 2 to acknowledge waited, and none was read or acknowledged between "
            "2026-11-21T12:00:00Z and 2026-11-21T12:00:30Z (30 s), while 2 were added; "
            "5 entries to read and 2 to acknowledge wait now; it has 1 consumer, "
            "it has read 7 entries, and stands at the one of 2026-11-21T11:53:29Z",
        ),
        (
            look(group(low=10, read=0, last_delivered="0-0", consumers=0)),
            look(group(low=10, read=0, last_delivered="0-0", consumers=0), at=30),
            "fail",
            "it has no consumer, it has never read an entry",
        ),
        (look(group()), look(group(), at=30), "not_exercised", "nothing waited, and no entry was added"),
        (
            look(group()),
            look(group(low=1), at=30, last_id="1795262030000-0"),
            "not_exercised",
            "only just before the second look",
        ),
        (look(group(pending=1)), look(group(pending=1), at=30), "fail", "0 entries to read and 1 to acknowledge"),
        (look(BEFORE), look(at=30), "fail", "is gone"),
        (look(BEFORE), None, "unknown", "it was looked at once"),
    ],
)
def test_what_moves_is_told_from_two_looks(first: Json, second: Json | None, outcome: str, words: str) -> None:
    made = one_stream(MOVES, stream(first, second))
    (progress,) = (one for one in made.checks if one.check == "progress")
    assert progress.outcome == outcome
    assert words in progress.summary


def test_too_little_time_to_wait_is_unknown_unless_it_moved() -> None:
    reason = "the time limit of 20 s left 15 of 30 s to wait"
    for second, outcome in ((look(BEFORE, at=15), "unknown"), (look(group(pending=2), at=15), "pass")):
        made = one_stream(MOVES, stream(look(BEFORE), second, second_reason=reason))
        (progress,) = (one for one in made.checks if one.check == "progress")
        assert progress.outcome == outcome
        assert (reason in progress.summary) == (outcome == "unknown")


@pytest.mark.parametrize(
    ("second", "outcome", "cause"),
    [
        (look(at=30), "fail", "stalled"),
        (look(at=4, last_id="1795262010000-0", added=11), "pass", None),
        (None, "unknown", "unseen"),
    ],
)
def test_a_stream_that_no_group_reads_must_get_entries(second: Json | None, outcome: str, cause: str | None) -> None:
    made = one_stream({"must_progress_within_s": 30}, stream(look(), second))
    (progress,) = (one for one in made.checks if one.check == "progress")
    assert (progress.outcome, progress.cause, progress.subject) == (outcome, cause, "orders")


def test_a_group_that_is_not_there_is_told_once() -> None:
    made = one_stream(MOVES, stream(look(others=["other"])))
    assert told(made) == {("fail", "group", "orders:billing", "no_group")}
    assert "there are other" in next(one.summary for one in made.checks if one.check == "group")


@pytest.mark.parametrize(
    ("values", "one", "outcome"),
    [
        (None, {"present": 20, "distinct": 1, "value": "unknown"}, "fail"),
        (None, {"present": 20, "distinct": 2}, "pass"),
        (None, {"present": 1, "distinct": 1, "value": "x"}, "not_exercised"),
        (None, {"present": 0, "distinct": 0}, "fail"),
        ([0, "none"], {"present": 20, "distinct": 2, "matching": 20}, "fail"),
        ([0], {"present": 20, "distinct": 1, "matching": 0, "value": "5"}, "pass"),
        ([0], {"present": 20, "distinct": 2, "matching": 19}, "pass"),
    ],
)
def test_a_value_that_never_changes(values: list[t.Any] | None, one: Json, outcome: str) -> None:
    shown = {"field": "funding", "matching": None, "value": None, **one}
    seen = {"entries": 20, "newest": None, "oldest": None, "fields": [], "required": [], "stuck": [shown]}
    made = one_stream({"stuck": [{"field": "funding", "values": values}]}, stream(look(), sample=seen))
    (value,) = (one for one in made.checks if one.check == "values")
    assert value.outcome == outcome


def test_an_empty_stream_has_no_entry_to_look_at() -> None:
    required = [{"field": "symbol", "present": 0}]
    seen = {"entries": 0, "newest": None, "oldest": None, "fields": [], "required": required, "stuck": []}
    made = one_stream({"required_fields": ["symbol"]}, stream(look(length=0), sample=seen))
    assert told(made) == {("not_exercised", "fields", "orders:symbol", None)}


def test_entries_that_could_not_be_read_are_unknown() -> None:
    made = one_stream({"required_fields": ["symbol"]}, stream(look(), sample_reason="an answer is larger"))
    assert told(made) == {("unknown", "fields", "orders", "unseen")}


def test_the_severity_of_a_stream_is_not_that_of_its_server() -> None:
    made = one_stream({"severity": "low", "max_lag": 1}, stream(look(group(low=2))))
    assert {one.check: one.severity for one in made.checks}["lag"] == "low"
    assert {one.check: one.severity for one in made.checks}["exposed"] == "high"


def test_where_a_stream_was_looked_at_is_told_whole() -> None:
    def expected(**entry: t.Any) -> Json:
        made = one_stream({"max_lag": 5, **entry}, stream(look(group(low=2))))
        return next(dict(one.expected) for one in made.checks if one.check == "lag")

    assert not {"user", "database"} & expected().keys()
    there = expected(user="audit", database=2, password_from={"file": ".env", "key": "A"})
    assert (there["user"], there["database"]) == ("audit", 2)
