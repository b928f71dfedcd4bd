# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the section logs: each fault with its cause, nothing else, and never a number without its part."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.logs import reading
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.logs import SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context as Asked
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.logs import LogsExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import logs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache

START = 1795255200
"""2026-11-21T10:00:00Z"""

Json = dict[str, t.Any]
Found = set[tuple[str, str, str | None, str]]


def contract(entry: Json) -> list[Json]:
    problems = Problems()
    read = SHAPE.read([{"path": "x.log", "name": "x", **entry}], "logs", problems)
    problems.raise_any()
    return t.cast("list[Json]", read)


def exchange(entry: Json, tmp_path: Path) -> LogsExchange:
    return LogsExchange(contract(entry), Asked("web1", "/", Cache(str(tmp_path / "cache"))))


def observed(entry: Json, lines: list[str], root: Path, now_s: float) -> Json:
    """Return what the collector sees of a log, as the control node reads it."""
    (root / "x.log").write_text("".join(f"{line}\n" for line in lines))
    made = exchange(entry, root)
    (asked,) = made.request()["logs"]
    since = now_s - asked["age_s"] if "age_s" in asked else None
    found = reading.read_file(asked, since, Host(str(root), 60))
    about = {"name": "x", "kind": "path", "source": "x.log", "outcome": "ok", "reason": ""}
    return made.read({"now": "2026-11-21T10:10:00Z", "now_s": now_s, "logs": [{**about, **found}]})


def judged(entry: Json, lines: list[str], root: Path, now_s: float = START + 600, **read: t.Any) -> Judgement:
    evidence = observed(entry, lines, root, now_s)
    evidence["logs"][0]["read"].update(read)
    return logs.judge(contract(entry), evidence, Context("prod", "web1"))


def found(made: Judgement) -> Found:
    return {
        (check.check, check.subject, check.cause, check.outcome) for check in made.checks if check.outcome != "pass"
    }


def only(made: Judgement, check: str) -> Check:
    (one,) = [one for one in made.checks if one.check == check]
    return one


def at(second: float, text: str) -> str:
    return f"2026-11-21T10:{int(second) // 60:02d}:{second % 60:06.3f}Z {text}"


def cycles(step: float, count: int, start: float = 0) -> list[str]:
    return [at(start + step * number, "INFO cycle complete took 1.5s") for number in range(count)]


BLIND: Json = {"complete": False, "reason": "it was truncated while it was read"}
SLOW = {"interval": {"name": "cycle", "pattern": "cycle complete", "max_s": 20}}
CASES: list[tuple[str, Json, list[str], Json, Found]] = [
    ("as declared", {**SLOW, "forbid": ["TypeError"], "max": {"ERROR": 0}}, cycles(20, 31), {}, set()),
    (
        "forbidden",
        {"forbid": ["TypeError"]},
        [at(1, "TypeError")],
        {},
        {("forbid", "x:TypeError", "forbidden_pattern", "fail")},
    ),
    ("forbidden, as often as it may", {"forbid": [{"pattern": "a", "max": 2}]}, ["a", "a"], {}, set()),
    (
        "forbidden, in a part",
        {"forbid": ["TypeError"]},
        [at(1, "TypeError")],
        BLIND,
        {("log", "x", "unseen", "unknown"), ("forbid", "x:TypeError", "forbidden_pattern", "fail")},
    ),
    (
        "not found in a part",
        {"forbid": ["TypeError"], "require": ["b"], "max": {"ERROR": 0}, **SLOW},
        cycles(20, 31),
        BLIND,
        {
            ("log", "x", "unseen", "unknown"),
            ("forbid", "x:TypeError", "unseen", "unknown"),
            ("require", "x:b", "unseen", "unknown"),
            ("max", "x:ERROR", "unseen", "unknown"),
            ("interval", "x:cycle", "unseen", "unknown"),
        },
    ),
    (
        "an empty log",
        {"forbid": ["a"], "require": ["b"], "max": {"ERROR": 0}, **SLOW},
        [],
        {},
        {
            ("forbid", "x:a", None, "not_exercised"),
            ("max", "x:ERROR", None, "not_exercised"),
            ("interval", "x:cycle", None, "not_exercised"),
            ("require", "x:b", "missing_pattern", "fail"),
        },
    ),
    (
        "worse than the limit",
        {"max": {"ERROR": 0, "WARNING": 5}},
        [at(1, "CRITICAL x")],
        {},
        {("max", "x:ERROR", "too_many_errors", "fail")},
    ),
    ("less bad than the limit", {"max": {"ERROR": 0}}, [at(1, "WARNING x")], {}, set()),
    (
        "exceptions",
        {"max": {"TypeError": 1, "KeyError": 0}},
        [at(1, "TypeError: 1"), at(2, "TypeError: 2")],
        {},
        {("max", "x:TypeError", "too_many_errors", "fail")},
    ),
    ("slow", SLOW, cycles(37.7, 16, 30), {}, {("interval", "x:cycle", "slow_interval", "fail")}),
    (
        "one was slow",
        SLOW,
        [*cycles(20, 15), *cycles(20, 15, 310)],
        {},
        {("interval", "x:cycle", "slow_interval", "fail")},
    ),
    ("it stopped", SLOW, cycles(10, 20), {}, {("interval", "x:cycle", "slow_interval", "fail")}),
    (
        "it began late",
        SLOW,
        [at(0, "INFO started"), *cycles(10, 30, 300)],
        {},
        {("interval", "x:cycle", "slow_interval", "fail")},
    ),
    ("not once", SLOW, [at(0, "INFO started")], {}, {("interval", "x:cycle", "slow_interval", "fail")}),
    ("no chance yet", SLOW, [at(590, "INFO started")], {}, {("interval", "x:cycle", None, "not_exercised")}),
    ("only one yet", SLOW, [at(590, "cycle complete")], {}, {("interval", "x:cycle", None, "not_exercised")}),
    ("not once in two hours", {**SLOW, "since": "2h"}, [], {}, {("interval", "x:cycle", "slow_interval", "fail")}),
    ("no times", SLOW, ["cycle complete", "cycle complete"], {}, {("interval", "x:cycle", "unseen", "unknown")}),
    (
        "too fast",
        {"interval": {"pattern": "cycle", "name": "cycle", "min_s": 30}},
        cycles(20, 31),
        {},
        {("interval", "x:cycle", "out_of_range", "fail")},
    ),
    (
        "too few",
        {"interval": {"pattern": "cycle", "name": "cycle", "min_count": 50}},
        cycles(20, 31),
        {},
        {("interval", "x:cycle", "slow_interval", "fail")},
    ),
    (
        "numbers",
        {
            "numbers": [
                {"name": "max", "pattern": r"took ([\d.]+)s", "max": 1},
                {"name": "min", "pattern": r"took ([\d.]+)s", "min": 2},
                {"name": "mean", "pattern": r"took ([\d.]+)s", "mean_max": 1.4},
                {"name": "fine", "pattern": r"took ([\d.]+)s", "min": 1.5, "max": 1.5},
                {"name": "none", "pattern": r"lag ([\d.]+)s", "max": 1},
                {"name": "words", "pattern": r"cycle (\w+)", "max": 1},
            ]
        },
        cycles(20, 31),
        {},
        {
            ("numbers", "x:max", "out_of_range", "fail"),
            ("numbers", "x:min", "out_of_range", "fail"),
            ("numbers", "x:mean", "out_of_range", "fail"),
            ("numbers", "x:none", None, "not_exercised"),
            ("numbers", "x:words", "unseen", "unknown"),
        },
    ),
    ("fresh", {"fresh_s": 10}, [at(595, "x")], {}, set()),
    ("stale", {"fresh_s": 10}, [at(500, "x")], {}, {("fresh", "x", "stale_data", "fail")}),
    ("of another zone", {"fresh_s": 10}, ["2026-11-21T12:00:00Z x"], {}, {("fresh", "x", "unseen", "unknown")}),
]


@pytest.mark.parametrize(
    ("entry", "lines", "read", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_fault_has_its_cause(entry: Json, lines: list[str], read: Json, expected: Found, tmp_path: Path) -> None:
    assert found(judged(entry, lines, tmp_path, **read)) == expected


ALL_RULES: Json = {
    "forbid": ["TypeError"],
    "require": ["ready"],
    "max": {"WARNING": 0, "ERROR": 0, "FATAL": 0, "KeyError": 0, "Traceback": 0},
    "numbers": {"name": "took", "pattern": r"took ([0-9.]+)s", "max": 2},
    **SLOW,
    "fresh_s": 60,
}
TWICE = re.compile(r"\b(\w+) \1\b|  | ,|\.\.|\bof lines of lines\b|\{|\bNone\b")


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("read", [{}, BLIND], ids=["whole", "in part"])
@pytest.mark.parametrize("text", ["WARNING", "ERROR", "FATAL", "KeyError: x", "TypeError", "ready took 9s", "other"])
def test_each_sentence_is_one(text: str, read: Json, count: int, tmp_path: Path) -> None:
    """No sentence says a word twice, has a hole, or counts one of several: whatever was found, and of how much."""
    lines = [at(second, f"{text} a") for second in range(count)]
    made = judged(ALL_RULES, lines, tmp_path, **read)
    assert len({check.summary for check in made.checks}) == len(made.checks) == 11
    for check in made.checks:
        assert not TWICE.search(check.summary), check.summary
        assert not re.search(r"\b1 (lines|times|intervals)\b|\b[03] (line|time|interval)\b", check.summary)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("ERROR", "lines of level ERROR or worse"),
        ("FATAL", "lines of level FATAL"),
        ("KeyError", "lines that tell of KeyError"),
    ],
)
def test_what_is_not_known_is_named_once(name: str, what: str, tmp_path: Path) -> None:
    (blind,) = [one for one in judged({"max": {name: 0}}, ["a"], tmp_path, **BLIND).checks if one.check == "max"]
    assert blind.summary.startswith(f"Whether x.log on web1 has more {what} is not known: it was truncated")
    (empty,) = [one for one in judged({"max": {name: 0}}, [], tmp_path).checks if one.check == "max"]
    assert empty.summary.endswith(f"so that nothing can be said of {what}")


def test_the_absence_of_errors_names_what_was_read(tmp_path: Path) -> None:
    """Mistake c: 0 errors in 10,000 lines of a log of 194 MB, without a first and a last time."""
    made = judged({"max": {"ERROR": 0}, "lines": 10}, cycles(20, 31), tmp_path)
    assert only(made, "max").summary == (
        "0 lines of x.log on web1 are of level ERROR or worse; read: 10 lines, 2026-11-21T10:07:00Z to "
        "2026-11-21T10:10:00Z, the last 550 bytes of 1.665 KiB"
    )


@pytest.mark.parametrize(("begun", "now_s", "outcome"), [(0, 600.9, "pass"), (0, 601.1, "fail"), (0.5, 600.9, "fail")])
def test_a_time_without_parts_of_a_second_is_of_any_moment_of_it(
    begun: float, now_s: float, outcome: str, tmp_path: Path
) -> None:
    """A line of 10:09:40 may have come at 10:09:40.9: 20 s have not passed at 10:10:00.9."""
    assert only(judged(SLOW, cycles(20, 30, begun), tmp_path, START + now_s), "interval").outcome == outcome


@pytest.mark.parametrize(
    ("rule", "ahead_s", "outcome"),
    [
        ({"max_s": 20}, 119, "pass"),
        ({"max_s": 20}, 121, "unknown"),
        ({"max_s": 10}, 121, "fail"),
        ({"min_s": 10}, 121, "pass"),
    ],
)
def test_what_came_last_in_the_future_is_not_known_to_come_still(
    rule: Json, ahead_s: float, outcome: str, tmp_path: Path
) -> None:
    entry = {"interval": {"name": "cycle", "pattern": "cycle complete", **rule}}
    made = observed(entry, cycles(20, 31), tmp_path, START + 600 - ahead_s)
    # The last write was before the audit: no line was written later.
    made["logs"][0]["mtime_s"] = START
    one = only(logs.judge(contract(entry), made, Context("prod", "web1")), "interval")
    assert one.outcome == outcome
    assert ("2026-11-21T10:10:00Z, 2 min 1 s after the audit" in one.summary) == (outcome == "unknown")


def test_what_came_once_has_no_interval_whenever_that_was(tmp_path: Path) -> None:
    """Of what is rare a log that is read since a deploy has one line, and that is no reason to take the deploy back."""
    made = observed(SLOW, cycles(20, 1), tmp_path, START - 3600)
    made["logs"][0]["mtime_s"] = START - 3600
    assert only(logs.judge(contract(SLOW), made, Context("prod", "web1")), "interval").outcome == "not_exercised"


def test_a_line_that_was_written_while_logs_were_read_is_not_of_the_future(tmp_path: Path) -> None:
    made = observed(SLOW, cycles(20, 31), tmp_path, START + 400)
    made["logs"][0]["mtime_s"] = START + 600
    assert only(logs.judge(contract(SLOW), made, Context("prod", "web1")), "interval").outcome == "pass"
    # A clock that was set back makes files of the future as well.
    made["logs"][0]["mtime_s"] = made["now_s"] = START
    made["logs"][0]["mtime_s"] += 600
    assert only(logs.judge(contract(SLOW), made, Context("prod", "web1")), "interval").outcome == "unknown"


def test_cycles_are_counted_against_the_time_that_was_looked_at(tmp_path: Path) -> None:
    """Mistake b: 26 cycles are no proof for 40 minutes. 37.7 s are seen where 20 s are declared."""
    summary = only(judged(SLOW, cycles(37.7, 16, 30), tmp_path), "interval").summary
    assert '"cycle complete" came every' not in summary
    assert summary.startswith(
        '"cycle" came every 37.7 s on average, after 37.7 s at most, in x.log on web1: 16 times in'
    )
    assert "9 min 25 s; declared are at most 20 s: 15 of 15 intervals took longer" in summary


def test_a_log_that_is_not_there_is_one_finding(tmp_path: Path) -> None:
    entry = {"forbid": ["a"], "severity": {"forbid": "critical"}}
    log = {"name": "x", "kind": "path", "source": "x.log", "reason": "x.log does not exist"}
    for outcome, required, expected in (
        ("missing", True, ("fail", "no_log", "critical")),
        ("missing", False, ("observation", "no_log", "info")),
        ("unknown", True, ("unknown", "unseen", "critical")),
        ("unknown", False, ("unknown", "unseen", "critical")),
    ):
        evidence = {"now": None, "now_s": START, "logs": [{**log, "outcome": outcome}]}
        wanted = contract({**entry, "required": required})
        (check,) = logs.judge(wanted, exchange(entry, tmp_path).read(evidence), Context("prod", "web1")).checks
        assert (check.outcome, check.cause, check.severity) == expected


def test_facts_show_what_was_declared_and_what_was_seen(tmp_path: Path) -> None:
    facts = judged(SLOW, cycles(37.7, 16, 30), tmp_path).facts
    (performance,) = facts["performance"]
    assert (performance["expected"], performance["mean"], performance["beyond"]) == ({"max_s": 20}, 37.7, 15)
    assert facts["logs"][0]["part"].startswith("16 lines, 2026-11-21T10:00:30Z")


def test_the_same_evidence_gives_the_same_findings(tmp_path: Path) -> None:
    evidence = observed(SLOW, cycles(37.7, 16), tmp_path, START + 600)
    both = [logs.judge(contract(SLOW), evidence, Context("prod", "web1")) for _time in range(2)]
    assert both[0] == both[1]


def _put(data: Json, path: tuple[t.Any, ...], value: t.Any) -> None:
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("logs",), {}),
        (("logs",), []),
        (("now_s",), "now"),
        (("logs", 0, "name"), "y"),
        (("logs", 0, "outcome"), "fine"),
        (("logs", 0, "read"), None),
        (("logs", 0, "read", "lines"), "many"),
        (("logs", 0, "read", "first"), "`rm`"),
        (("logs", 0, "levels"), {"ERROR": "0"}),
        (("logs", 0, "forbid"), []),
        (("logs", 0, "forbid", 0, "count"), None),
        (("logs", 0, "forbid", 0, "samples"), [{"text": 5}]),
        (("logs", 0, "intervals", 0, "max_s"), "20"),
        (("logs", 0, "intervals", 0, "longest"), None),
        (("logs", 0, "intervals", 0, "longest"), []),
        (("logs", 0, "intervals", 0, "first_s"), None),
        (("logs", 0, "intervals", 0, "dated"), 0),
        (("logs", 0, "newest"), None),
        (("logs", 0, "levels"), {"NONE": 1}),
        (("logs", 0, "unhandled"), {"x": 1}),
        (("logs", 0, "read", "first_s"), float("nan")),
    ],
)
def test_what_is_no_answer_is_garbled(path: tuple[t.Any, ...], value: t.Any, tmp_path: Path) -> None:
    entry = {**SLOW, "forbid": ["a"]}
    data = observed(entry, cycles(20, 5), tmp_path, START + 600)
    _put(data, path, value)
    with pytest.raises(GarbledAnswer, match="logs"):
        exchange(entry, tmp_path).read(data)


@pytest.mark.parametrize(("ago_s", "wanted"), [(5, "not_exercised"), (3600, "fail")])
def test_a_log_that_says_nothing_since_a_deploy_is_as_long_as_the_deploy_is_ago(
    tmp_path: Path, ago_s: int, wanted: str
) -> None:
    """A program that hangs since it was started anew writes no line that could say how long."""
    now_s = START + 7200.0
    evidence = observed(SLOW, [], tmp_path, now_s)
    changes = {"last": {"time": "", "time_s": now_s - ago_s}, "starts": {"first": None, "of": {}}}
    context = Context("prod", "web1", changes=changes)
    made = logs.judge([{**contract(SLOW)[0], "since": "deploy", "lines": None}], evidence, context)
    assert only(made, "interval").outcome == wanted
    when = {"since": "2026-11-21T11:59:55Z" if ago_s == 5 else "2026-11-21T11:00:00Z"}
    made = logs.judge(contract({**SLOW, **when}), evidence, Context("prod", "web1"))
    assert only(made, "interval").outcome == wanted
    unknown = logs.judge([{**contract(SLOW)[0], "since": "deploy", "lines": None}], evidence, Context("prod", "web1"))
    assert only(unknown, "interval").outcome == "not_exercised"
