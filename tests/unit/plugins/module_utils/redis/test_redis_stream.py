# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a server and its streams, from answers that real servers gave."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.redis import server
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.sample import sample
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.stream import consumers, kind, look, waiting
from fake_redis import client, fake, recorded, replay
from hypothesis import given
from hypothesis import strategies as st

VERSIONS = ("7.0.15", "8.0.2")
SAMPLE = {"sample": 20, "required": ["symbol", "side"], "stuck": []}


def fields(reply: list[t.Any]) -> dict[str, t.Any]:
    return dict(zip(reply[::2], reply[1::2]))


def older(answers: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the answers as Redis 5 and 6 give them by their documentation: nothing is counted, there is no lag."""
    new = {"entries-added", "entries-read", "lag", "max-deleted-entry-id", "recorded-first-entry-id", "inactive"}

    def strip(reply: list[t.Any]) -> list[t.Any]:
        return [part for name, value in fields(reply).items() if name not in new for part in (name, value)]

    made = copy.deepcopy(answers)
    made["XINFO STREAM orders"] = strip(made["XINFO STREAM orders"])
    for command in [one for one in made if one.startswith(("XINFO GROUPS", "XINFO CONSUMERS"))]:
        made[command] = [strip(one) for one in made[command]]
    made["INFO server"] = made["INFO server"].replace("redis_version:7.0.15", "redis_version:6.0.16")
    return made


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_tells_of_itself(version: str) -> None:
    with fake(replay(recorded(version))) as (seen, place):
        redis = client(place)
        about = server.describe(redis)
        redis.close()
    assert (about["version"], about["mode"], about["replication"]["role"]) == (version, "standalone", "master")
    assert about["memory"]["used"] > 10**5
    assert (about["memory"]["policy"], about["keys"]["value"]) == ("noeviction", 2)
    assert about["settings"]["save"] == {"value": "", "reason": ""}
    assert [one["cmd"] for one in about["clients"]["listed"]] == ["client|list"]
    assert "SET session:token" in [one["command"] for one in about["slow_log"]["value"]["entries"]]
    assert "abc" not in json.dumps(about["slow_log"])
    # Redis knows since 7.2 how to read without counting as a use.
    assert ([b"CLIENT", b"NO-TOUCH", b"ON"] in seen.asked) == (version == "8.0.2")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stream_with_its_groups(version: str) -> None:
    with fake(replay(recorded(version))) as (_seen, place):
        redis = client(place)
        assert kind(redis, b"orders") == "stream"
        seen = look(redis, b"orders", None)
        members = consumers(redis, b"orders", b"billing")
        redis.close()
    assert (seen["length"], seen["added"], seen["last_id"]) == (6, 7, "1795262009000-0")
    assert (seen["first_time"], seen["last_time"]) == ("2026-11-21T11:53:20Z", "2026-11-21T11:53:29Z")
    groups = {group["name"]: group for group in seen["groups"]}
    assert set(groups) == {"billing", "gap", "late"}
    billing = groups["billing"]
    assert (billing["read"], billing["pending"], billing["consumers"]) == (4, 3, 1)
    # An entry in front of it was deleted: the server does not know the lag, and 1 to 3 entries are left.
    assert (billing["lag"], billing["waiting"]) == (None, {"low": 1, "high": 3})
    assert groups["gap"]["waiting"] == {"low": 1, "high": 5}
    assert (members["total"], members["oldest_pending"]) == (1, "2026-11-21T11:53:21Z")
    assert (members["listed"][0]["name"], members["listed"][0]["pending"]) == ("worker-1", 3)
    assert (members["listed"][0]["inactive_ms"] is None) == (version == "7.0.15")


def test_one_group_is_asked_about_and_the_others_are_named() -> None:
    with fake(replay(recorded("7.0.15"))) as (_seen, place):
        seen = look(client(place), b"orders", b"gap")
    assert ([group["name"] for group in seen["groups"]], seen["others"]) == (["gap"], ["billing", "late"])


def test_a_server_that_counts_no_entries_has_a_lag_that_is_not_known() -> None:
    with fake(replay(older(recorded("7.0.15")))) as (_seen, place):
        seen = look(client(place), b"orders", None)
    assert seen["added"] is None
    for group in seen["groups"]:
        assert (group["read"], group["lag"]) == (None, None)
        assert group["waiting"] == {"low": 1, "high": 6}


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 30), st.data())
def test_the_bounds_of_what_waits_hold_the_truth(left: list[bool], read: int, data: st.DataObject) -> None:
    """``left`` says of each entry that was added whether it is still there; a group has read the first ones."""
    read = min(read, len(left))
    there = [number for number, is_there in enumerate(left, 1) if is_there]
    truth = sum(1 for number in there if number > read)
    last = (there[-1], 0) if there else None
    added, known = (len(left), read) if data.draw(st.booleans()) else (None, None)
    low, high = waiting(None, known, (read, 0), added, len(there), last)
    assert low <= truth <= high
    assert (low == 0) == (truth == 0)


def test_the_entries_and_their_values() -> None:
    stuck = [
        {"field": "regime", "values": None},
        {"field": "regime", "values": ["unknown", "none"]},
        {"field": "price", "values": ["9.0"]},
        {"field": "absent", "values": None},
    ]
    with fake(replay(recorded("8.0.2"))) as (_seen, place):
        seen = sample(client(place), b"orders", {**SAMPLE, "stuck": stuck})
    assert (seen["entries"], seen["oldest"], seen["newest"]) == (6, "2026-11-21T11:53:20Z", "2026-11-21T11:53:29Z")
    assert seen["required"] == [{"field": "symbol", "present": 6}, {"field": "side", "present": 0}]
    assert [one["field"] for one in seen["fields"]] == ["price", "regime", "symbol"]
    told = [(one["present"], one["distinct"], one["matching"], one["value"]) for one in seen["stuck"]]
    assert told == [(6, 1, None, "unknown"), (6, 1, 6, "unknown"), (6, 6, 1, None), (0, 0, None, None)]
    # Only of a field that the contract names a value is told, and only one that never changes.
    assert "BTC" not in json.dumps(seen)


def test_what_is_inside_of_a_field_that_holds_json() -> None:
    payloads = [
        '{"regime": "unknown", "legs": [{"rate": 0}]}',
        '{"regime": "unknown", "legs": [{"rate": 0.0}]}',
        "x",
        "7",
    ]
    entries = [[f"{number}-0", ["data", payload, "a.b", "plain"]] for number, payload in enumerate(payloads)]
    stuck = [{"field": "data.regime", "values": None}, {"field": "data.legs[0].rate", "values": ["0"]}]
    wanted = {
        "sample": 20,
        "required": ["data.regime", "data.side", "a.b", "data", "none.x", "..", "[0]"],
        "stuck": stuck,
    }
    with fake(replay({"XREVRANGE s + - COUNT 20": entries})) as (_seen, place):
        seen = sample(client(place), b"s", wanted)
    assert [one["present"] for one in seen["required"]] == [2, 0, 4, 4, 0, 0, 0]
    told = [(one["present"], one["distinct"], one["matching"], one["value"]) for one in seen["stuck"]]
    assert told == [(2, 1, None, "unknown"), (2, 2, 2, None)]


def test_a_secret_that_never_changes_is_masked() -> None:
    entries = [[f"{number}-0", ["api_token", "korrekt-Pferd-7"]] for number in (2, 1)]
    with fake(replay({"XREVRANGE s + - COUNT 20": entries})) as (_seen, place):
        seen = sample(client(place), b"s", {**SAMPLE, "stuck": [{"field": "api_token", "values": None}]})
    assert seen["stuck"][0]["value"] == "<masked>"
    assert "korrekt" not in json.dumps(seen)


def test_the_streams_of_a_database() -> None:
    pages = {
        "SCAN 0 COUNT 500 TYPE stream": ["7", ["b"]],
        "SCAN 7 COUNT 500 TYPE stream": ["0", ["a", "b"]],
    }
    with fake(replay(pages)) as (_seen, place):
        assert server.streams(client(place)) == {"names": [b"a", b"b"], "complete": True}


def test_a_scan_that_never_ends_is_ended() -> None:
    with fake(replay({"SCAN 0 COUNT 500 TYPE stream": ["7", ["a"]], "SCAN 7 COUNT 500 TYPE stream": ["7", []]})) as (
        seen,
        place,
    ):
        found = server.streams(client(place))
    assert found == {"names": [b"a"], "complete": False}
    assert len(seen.asked) < 300


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("XINFO STREAM s", None),
        ("XINFO STREAM s", ["length"]),
        ("XINFO STREAM s", ["length", "many"]),
        ("XINFO STREAM s", ["length", 1, "last-generated-id", "x"]),
        ("XINFO GROUPS s", [["name", 1]]),
        ("XINFO GROUPS s", [[1, 2]]),
        ("XREVRANGE s + - COUNT 20", [["1-0"]]),
        ("XREVRANGE s + - COUNT 20", [["1-0", ["a"]]]),
        ("XREVRANGE s + - COUNT 20", [["x", ["a", "b"]]]),
        ("XREVRANGE s + - COUNT 20", [["1-0", ["a", 1]]]),
        ("TYPE s", 1),
        ("INFO server", []),
        ("SCAN 0 COUNT 500 TYPE stream", ["0"]),
    ],
)
def test_answers_of_another_form_are_said(command: str, said: t.Any) -> None:
    right = {"XINFO STREAM s": ["length", 0, "last-generated-id", "0-0"], "XINFO GROUPS s": [], command: said}
    with fake(replay(right)) as (_seen, place):
        redis = client(place)
        ask: dict[str, t.Callable[[], t.Any]] = {
            "XINFO": lambda: look(redis, b"s", None),
            "XREVR": lambda: sample(redis, b"s", SAMPLE),
            "TYPE ": lambda: kind(redis, b"s"),
            "INFO ": lambda: server.describe(redis),
            "SCAN ": lambda: server.streams(redis),
        }
        with pytest.raises(Unseen):
            ask[command[:5]]()
        redis.close()


def test_what_a_user_may_not_ask_costs_only_itself() -> None:
    answers = {name: reply for name, reply in recorded("7.0.15").items() if not name.startswith(("CONFIG", "SLOWLOG"))}
    del answers["CLIENT LIST"]
    with fake(replay(answers)) as (_seen, place):
        about = server.describe(client(place))
    assert about["version"] == "7.0.15"
    assert about["settings"]["bind"]["value"] is None
    assert "CONFIG GET" in about["settings"]["bind"]["reason"]
    assert (about["slow_log"]["value"], about["clients"]["listed"]) == (None, [])
    assert about["slow_log"]["reason"]
    assert about["clients"]["reason"]
