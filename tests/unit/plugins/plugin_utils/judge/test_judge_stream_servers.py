# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for the servers of the section streams."""

from __future__ import annotations

import typing as t

import pytest
from streams_builders import LOCAL, REDIS, WIDE, Json, about, judged, look, server, stream, told

MEMCACHED: Json = {
    "version": "1.6.18",
    "uptime_s": 60,
    "memory": {"used": 90, "max": 100},
    "clients": {"connected": 1, "max": 1024},
    "evicted": 0,
    "auth_required": False,
}


def on_server(entry: Json, **more: t.Any) -> set[tuple[str, str, str, str | None]]:
    return told(judged([entry], server(**more)))


def test_a_server_that_is_well_passes() -> None:
    made = judged([{"max_memory_percent": 80}], server())
    assert told(made) == set()
    assert {one.check for one in made.checks} == {"answering", "memory", "exposed", "evictions", "slow_log"}
    summary = next(one.summary for one in made.checks if one.check == "answering")
    assert summary == "Redis at 127.0.0.1:6379 of web1 answers: version 7.0.15, up 2 h 5 min"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("silent", ("fail", "answering", REDIS, "not_answering")), ("unknown", ("unknown", "answering", REDIS, "unseen"))],
)
def test_a_server_that_does_not_answer_hides_its_streams(outcome: str, expected: tuple[str, ...]) -> None:
    made = judged(
        [{"stream": "orders"}, {"stream": "trades"}],
        server(outcome=outcome, reason="nothing listens at 127.0.0.1:6379", about=None),
    )
    hidden = {("unknown", "stream", name, "unseen") for name in ("orders", "trades")}
    assert told(made) == {expected, *hidden}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"binding": LOCAL}, None),
        ({"binding": WIDE, "about": about(auth_required=True)}, None),
        ({"binding": WIDE}, None),
        ({"binding": WIDE, "about": about(settings={"protected-mode": "no"})}, "fail"),
        ({"binding": WIDE, "about": about(version="6.0.16", settings={"bind": "0.0.0.0"})}, "fail"),
        ({"binding": WIDE, "about": about(version="6.0.16")}, None),
        ({"binding": WIDE, "about": about(settings={"protected-mode": {"value": None, "reason": "r"}})}, "unknown"),
        (
            {"binding": WIDE, "about": about(version="5.0.3", settings={"bind": {"value": None, "reason": "r"}})},
            "unknown",
        ),
        ({"binding": {**WIDE, "outcome": "unknown", "reason": "r", "open": None}}, "unknown"),
        ({"binding": {**WIDE, "outcome": "not_asked", "reason": "elsewhere", "open": None}}, None),
        ({"binding": WIDE, "about": about(auth_required=None, settings={"protected-mode": "no"})}, "unknown"),
    ],
)
def test_who_can_reach_it(more: Json, expected: str | None) -> None:
    cause = {"fail": "exposed", "unknown": "unseen"}.get(str(expected))
    assert on_server({}, **more) == ({(expected, "exposed", REDIS, cause)} if expected else set())


@pytest.mark.parametrize(
    ("binding", "expected"),
    [
        (WIDE, ("fail", "exposed")),
        ({**WIDE, "outcome": "not_asked", "reason": "elsewhere", "open": None}, ("unknown", "unseen")),
    ],
)
def test_bound_locally_means_not_even_with_a_password(binding: Json, expected: tuple[str, str]) -> None:
    found = on_server({"bind_local": True}, binding=binding, about=about(auth_required=True))
    assert found == {(expected[0], "exposed", REDIS, expected[1])}


@pytest.mark.parametrize(
    ("memory", "outcome"),
    [
        ({"used": 81, "max": 100, "system": None}, "fail"),
        ({"used": 80, "max": 100, "system": None}, "pass"),
        ({"used": 81, "max": 0, "system": 100}, "fail"),
        ({"used": 81, "max": 0, "system": None}, "unknown"),
        ({"used": None, "max": 100, "system": 100}, "unknown"),
    ],
)
def test_memory_over_the_limit(memory: Json, outcome: str) -> None:
    made = judged([{"max_memory_percent": 80}], server(about=about(memory={**memory, "policy": None, "peak": None})))
    (check,) = (one for one in made.checks if one.check == "memory")
    assert check.outcome == outcome


def test_the_strictest_of_several_entries_counts() -> None:
    seen = server(stream(look()), about=about(memory={"used": 60, "max": 100, "peak": 1, "policy": None}))
    made = judged([{"stream": "orders", "max_memory_percent": 50}, {"max_memory_percent": 70}], seen)
    assert ("fail", "memory", REDIS, "over_threshold") in told(made)


def test_what_only_informs_is_an_observation() -> None:
    slow = {
        "length": 3,
        "entries": [{"at": "2026-11-21T12:00:00Z", "took_ms": 120.5, "command": "HGETALL big", "arguments": 1}],
    }
    seen = server(about=about(evicted=7, slow_log={"value": slow, "reason": ""}))
    made = judged([{"severity": "critical"}], seen)
    assert told(made) == {
        ("observation", "evictions", REDIS, "over_threshold"),
        ("observation", "slow_log", REDIS, "too_slow"),
    }


def test_a_cache_without_password_on_all_addresses_is_found() -> None:
    entry = {"memcached": "127.0.0.1:11211", "max_memory_percent": 80}
    seen = {**server(), "kind": "memcached", "address": "127.0.0.1:11211", "about": MEMCACHED, "binding": WIDE}
    assert told(judged([entry], seen)) == {
        ("fail", "exposed", "127.0.0.1:11211", "exposed"),
        ("fail", "memory", "127.0.0.1:11211", "over_threshold"),
    }


@pytest.mark.parametrize(
    ("outcome", "reason", "said"),
    [("unknown", "its user may not run SCAN", "may not run SCAN"), ("ok", "", "more streams or keys")],
)
def test_streams_that_were_not_listed_are_a_reason_of_the_coverage(outcome: str, reason: str, said: str) -> None:
    found = {"outcome": outcome, "reason": reason, "complete": False, "streams": []}
    made = judged([{}], server(found=found))
    assert any(said in one for one in made.coverage["reasons"])
    assert told(made) == set()
