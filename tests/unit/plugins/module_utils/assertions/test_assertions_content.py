# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asserted of a content: each rule, and that nothing holds by not having been read."""

from __future__ import annotations

import json
import time
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.content import Content, examine, same
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.shown import hider
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from hypothesis import given
from hypothesis import strategies as st

Json = t.Dict[str, t.Any]
DOCUMENT = {
    "status": "healthy",
    "count": 3,
    "ratio": 0.5,
    "ok": True,
    "none": None,
    "list": [1, 2],
    "empty": [],
    "map": {"a": 1},
    "token": "tkn-4b1c9e7735aa42",
    "at": "2026-11-21T12:00:00Z",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=3), one, max_size=3),
    max_leaves=6,
)


def results(asked: Json, data: bytes = json.dumps(DOCUMENT).encode("ascii"), partial: str = "") -> list[Json]:
    return examine(Content(data, partial), asked, hider(), Host("/", 60))


def one(asked: Json, **more: t.Any) -> Json:
    (found,) = results(asked, **more)
    return found


@pytest.mark.parametrize(
    ("path", "rules", "broken"),
    [
        ("status", {"equals": "healthy"}, []),
        ("status", {"equals": "ill"}, ["equals"]),
        ("count", {"equals": 3.0}, []),
        ("count", {"equals": "3"}, ["equals"]),
        ("ok", {"equals": 1}, ["equals"]),
        ("none", {"equals": None}, []),
        ("none", {"equals": False}, ["equals"]),
        ("map", {"equals": {"a": 1}}, []),
        ("map", {"equals": {"a": True}}, ["equals"]),
        ("list", {"equals": [1, 2]}, []),
        ("list", {"equals": [2, 1]}, ["equals"]),
        ("count", {"min": 3, "max": 3}, []),
        ("count", {"min": 4, "max": 2}, ["max", "min"]),
        ("ratio", {"min": 0.5}, []),
        ("status", {"min": 0}, ["min"]),
        ("ok", {"min": 0}, ["min"]),
        ("none", {"max": 5}, ["max"]),
        ("status", {"one_of": ["ill", "healthy"]}, []),
        ("ok", {"one_of": [1, "true"]}, ["one_of"]),
        ("status", {"matches": "^heal"}, []),
        ("status", {"matches": "^eal"}, ["matches"]),
        ("count", {"matches": "3"}, ["matches"]),
        ("status", {"exists": True}, []),
        ("none", {"exists": True}, []),
        ("status", {"exists": False}, ["exists"]),
        ("count", {"type": "integer"}, []),
        ("count", {"type": "number"}, []),
        ("ratio", {"type": "integer"}, ["type"]),
        ("ok", {"type": "boolean"}, []),
        ("none", {"type": "null"}, []),
        ("list", {"type": "array"}, []),
        ("map", {"type": "object"}, []),
        ("status", {"type": "string"}, []),
    ],
)
def test_a_rule_holds_or_is_named(path: str, rules: Json, broken: list[str]) -> None:
    found = one({"json": {path: rules}})
    assert (found["outcome"], found["broken"], found["holds"]) == ("ok", broken, not broken)


def test_what_is_missing_breaks_every_rule_but_one() -> None:
    assert one({"json": {"empty[0].id": {"min": 1}}})["holds"] is False
    found = one({"json": {"empty[0].id": {"exists": True}}})
    assert (found["holds"], found["missing"]) == (False, "empty is an empty list, so it has no item 0")
    assert one({"json": {"empty[0].id": {"exists": False}}})["holds"] is True


def test_the_value_of_a_secret_is_compared_and_not_shown() -> None:
    found = one({"json": {"token": {"equals": DOCUMENT["token"]}}})
    assert found["holds"] is True
    assert "tkn-" not in json.dumps(found)
    long = json.dumps({"a": "x" * 500_000}).encode("ascii")
    assert len(one({"json": {"a": {"exists": True}}}, data=long)["shown"]) <= 200


@pytest.mark.parametrize(
    ("asked", "partial", "holds"),
    [
        ({"contains": ["healthy"]}, "cut", True),
        ({"contains": ["ill"]}, "", False),
        ({"contains": ["ill"]}, "cut", None),
        ({"not_contains": ["healthy"]}, "cut", False),
        ({"not_contains": ["ill"]}, "", True),
        ({"not_contains": ["ill"]}, "cut", None),
        ({"matches": ['"count": \\d']}, "cut", True),
        ({"matches": ["absent"]}, "", False),
        ({"matches": ["absent"]}, "cut", None),
        ({"json": {"status": {"equals": "healthy"}}}, "cut", None),
        ({"min_items": {"list": 1}}, "cut", None),
        ({"fresh": {"path": "at", "within_s": 5}}, "cut", None),
    ],
)
def test_what_was_not_read_may_hold_it(asked: Json, partial: str, holds: bool | None) -> None:
    found = one(asked, partial=partial)
    assert found["holds"] is holds
    assert found["outcome"] == ("unknown" if holds is None else "ok")
    assert found["reason"] == ("cut" if holds is None else "")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"<html>", "expecting value in line 1, column 1"),
        (b'{"a": 1', "line 1, column 8"),
        (b'{"a": 1} {', "extra data"),
        (b'"\xff"', "byte 2 is no UTF-8"),
        (b"NaN", "NaN is no JSON number"),
        (b'{"a": Infinity}', "Infinity is no JSON number"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_fails_and_says_why(data: bytes, reason: str) -> None:
    found = one({"json": {"a": {"exists": False}}}, data=data)
    assert (found["outcome"], found["holds"]) == ("ok", False)
    assert found["missing"].startswith("the answer is no JSON: ")
    assert reason in found["missing"]


def test_an_endless_number_is_read_in_time() -> None:
    begun = time.monotonic()
    found = one({"json": {"$": {"max": 5}}}, data=b"9" * 1_000_000)
    assert found["broken"] == ["max"]
    assert time.monotonic() - begun < 30


def test_a_pattern_without_end_is_unknown_and_costs_only_its_share() -> None:
    asked = {"matches": ["(a+)+$", "(a+)+$"], "contains": ["b"]}
    begun = time.monotonic()
    text, first, second = results(asked, data=b"a" * 64 + b"b")
    assert text["holds"] is True
    assert (first["outcome"], second["outcome"]) == ("unknown", "unknown")
    assert "time limit of 5 s" in first["reason"]
    assert time.monotonic() - begun < 40


def test_items_are_counted_in_lists_and_maps_alone() -> None:
    assert [
        item["holds"] for item in results({"min_items": {"empty": 0, "list": 2, "map": 2, "status": 0, "x": 0}})
    ] == [
        True,
        True,
        False,
        None,
        False,
    ]


def test_results_come_in_one_order() -> None:
    asked = {
        "min_items": {"list": 1},
        "json": {"status": {"exists": True}, "count": {"exists": True}},
        "fresh": {"path": "at", "within_s": 5},
        "matches": ["a"],
        "not_contains": ["z"],
        "contains": ["a"],
    }
    assert [(item["kind"], item["subject"]) for item in results(asked)] == [
        ("contains", "a"),
        ("not_contains", "z"),
        ("matches", "a"),
        ("json", "count"),
        ("json", "status"),
        ("fresh", "at"),
        ("min_items", "list"),
    ]


@given(JSON, JSON)
def test_equal_means_equal_as_json(one_value: t.Any, other: t.Any) -> None:
    assert same(one_value, one_value)
    assert same(one_value, other) == same(other, one_value)
    if json.dumps(one_value, sort_keys=True) == json.dumps(other, sort_keys=True):
        assert same(one_value, other)


@given(st.binary(max_size=200))
def test_any_content_gets_an_answer(data: bytes) -> None:
    found = one({"json": {"a.b[0]": {"min": 1}}}, data=data)
    assert found["holds"] in (True, False)
    json.dumps(found).encode("utf-8")
