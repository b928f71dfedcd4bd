# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's section logs: what is filled in, and what each mistake is told as."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.severity import UNHANDLED as COUNTED
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.log_shapes import UNHANDLED
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.logs import CHECKS, SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError, Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.log_rules import DEFAULTS


def read(*entries: t.Any) -> list[dict[str, t.Any]]:
    problems = Problems()
    made = SHAPE.read(list(entries), "logs", problems)
    problems.raise_any()
    return t.cast("list[dict[str, t.Any]]", made)


def test_a_log_is_read_in_its_last_lines_under_its_own_name() -> None:
    (entry,) = read({"path": "logs/./main.log", "forbid": ["TypeError"], "interval": {"pattern": "x", "max_s": "5m"}})
    assert (entry["name"], entry["lines"], entry["since"], entry["required"]) == ("logs/main.log", 10000, None, True)
    assert entry["forbid"] == [{"name": "TypeError", "pattern": "TypeError", "max": 0}]
    assert entry["interval"] == [{"name": "x", "pattern": "x", "max_s": 300, "min_s": None, "min_count": None}]


def test_what_was_read_once_is_read_as_itself() -> None:
    entry = {
        "container": "web",
        "since": "2026-11-21 10:00:00+01:00",
        "max": {"warn": 5, "app.errors.KeyError": 1, "Traceback": 0},
        "numbers": [{"name": "n", "pattern": "(1)", "mean_max": "0.5"}],
        "require": [{"pattern": "x", "name": "started", "min": 2}],
    }
    once = read(entry)
    assert read(*once) == once
    assert once[0]["since"] == "2026-11-21T09:00:00Z"
    assert once[0]["max"] == {"WARNING": 5, "KeyError": 1, "Traceback": 0}


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2h", 7200),
        (90, 90),
        ("deploy", "deploy"),
        ("2026-11-21", "2026-11-21T00:00:00Z"),
        ("2026-11-21T10:00:00", "2026-11-21T10:00:00Z"),
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"),
    ],
)
def test_since_is_a_duration_a_moment_or_the_deployment(since: object, expected: object) -> None:
    assert read({"path": "x", "since": since})[0]["since"] == expected


MISTAKES: list[tuple[dict[str, t.Any], str]] = [
    ({}, "logs[0]: expected exactly one of path, journal, container, found none"),
    (
        {"path": "x", "journal": "y"},
        "logs[0]: expected exactly one of path, journal, container, found path and journal",
    ),
    ({"paht": "x"}, 'logs[0].paht: unknown key, did you mean "path"?'),
    ({"path": "x", "lines": 5, "since": "2h"}, "expected at most one of lines, bytes, since, found lines and since"),
    ({"journal": "a", "bytes": 5}, "bytes belongs to path: say lines or since for a journal"),
    ({"journal": "a", "written_by": "a"}, "written_by belongs to path: who writes the log of a journal is known"),
    ({"path": "x", "socket": "/run/docker.sock"}, "socket belongs to container"),
    ({"path": "*/x.log"}, "only the last part of a path may have *"),
    ({"path": "../x.log"}, 'without ".."'),
    ({"journal": "-f"}, "expected the name of a unit"),
    ({"container": "a/../b"}, "expected the name of a container"),
    ({"path": "x", "since": "yesterday"}, "expected a duration like 2h, time like 2026-11-21T10:00:00Z, or deploy"),
    ({"path": "x", "since": "2026-13-01"}, "expected a duration like 2h, time like"),
    ({"path": "x", "forbid": ["("]}, "logs[0].forbid[0].pattern: expected a regular expression"),
    ({"path": "x", "forbid": ["a", "a"]}, "is already the one of logs[0].forbid[0]"),
    (
        {"path": "x", "max": {"oops": 1}},
        "logs[0].max.oops: expected a level (WARNING, ERROR, CRITICAL, FATAL), a class",
    ),
    ({"path": "x", "max": {"ERROR": 1, "ERR": 2}}, "ERROR is limited twice"),
    ({"path": "x", "interval": {"pattern": "x"}}, "says nothing: give max_s, min_s or min_count"),
    ({"path": "x", "interval": {"pattern": "x", "min_s": 5, "max_s": 2}}, "min_s is above max_s"),
    (
        {"path": "x", "numbers": [{"name": "n", "pattern": "x", "max": 1}]},
        "one group, the one around the number, found 0",
    ),
    ({"path": "x", "numbers": [{"name": "n", "pattern": "(x)"}]}, "says nothing: give min, max, mean_min or mean_max"),
    ({"path": "x", "numbers": [{"name": "n", "pattern": "(x)", "max": "fast"}]}, "expected a number, found the text"),
]


@pytest.mark.parametrize(("entry", "sentence"), MISTAKES, ids=[sentence[:60] for _entry, sentence in MISTAKES])
def test_each_mistake_is_told_with_its_place(entry: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(ContractError) as caught:
        read(entry)
    assert sentence in str(caught.value)


def test_two_logs_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ContractError, match="already the one of"):
        read({"path": "a.log"}, {"path": "./a.log"})


def test_the_checks_are_those_of_the_judge() -> None:
    assert set(CHECKS) == set(DEFAULTS)


def test_what_can_be_limited_is_counted() -> None:
    assert set(UNHANDLED) == set(COUNTED)
