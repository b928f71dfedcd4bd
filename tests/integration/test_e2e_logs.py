# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: each fault that a log tells of is found with its cause, and a log that says what it should is in sync."""

from __future__ import annotations

import gzip
import os
import time
import typing as t
from pathlib import Path

from e2e_operator import Operator, Outcome

CYCLE = "INFO - monitoring cycle complete, 15/15 successful, 0 failed, total time: 0.02s"
HEALTHY: dict[str, t.Any] = {
    "name": "main",
    "path": "logs/main.log",
    "since": "1h",
    "fresh_s": "1m",
    "forbid": ["TypeError", {"pattern": "rate limit", "max": 2}],
    "require": ["cycle complete"],
    "max": {"ERROR": 0, "KeyError": 0, "Traceback": 0},
    "interval": {"name": "cycle", "pattern": "cycle complete", "max_s": 40},
    "numbers": [
        {"name": "fetch time", "pattern": r"total time: ([\d.]+)s", "max": 0.05},
        {"name": "successful", "pattern": r"(\d+)/15 successful", "min": 15},
    ],
}


def stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) + ",000"


def cycles(step: float, count: int, until: float | None = None) -> list[str]:
    """Return the lines of a loop that has just ended a cycle, or did at another time."""
    end = time.time() if until is None else until
    return [f"{stamp(end - step * number)} - {CYCLE}" for number in reversed(range(count))]


def write(root: Path, lines: list[str], name: str = "main.log") -> Path:
    path = root / "logs" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def audit(operator: Operator, root: Path, *entries: dict[str, t.Any]) -> Outcome:
    return operator.audit_one(root, drift_contract={"logs": list(entries)})


def summary(outcome: Outcome, subject: str) -> str:
    found = outcome.findings
    return next(str(one["summary"]) for one in found["findings"] + found["checks"] if one["subject"] == subject)


def test_a_log_that_says_what_it_should_is_in_sync(operator: Operator, tmp_path: Path) -> None:
    write(tmp_path, [*cycles(30, 20), f"{stamp(time.time())} - WARNING - Approaching endpoint rate limit"])
    outcome = audit(operator, tmp_path, HEALTHY)
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert outcome.findings["findings"] == []
    # Never a number of errors without what it was counted in.
    assert "0 lines of logs/main.log on web1 are of level ERROR or worse; read: 21 lines, " in summary(
        outcome, "main:ERROR"
    )
    assert "| cycle" not in outcome.report
    assert "`cycle` | max 40 s | 20 | 30 s | 30 s | 30 s | 0 |" in outcome.report


def test_each_fault_is_found_with_its_cause(operator: Operator, tmp_path: Path) -> None:
    now = time.time()
    lines = cycles(50, 10, now - 100)
    lines[5:5] = [
        f"{stamp(now - 300)} - ERROR - Task failed: password=hunter2hunter2",
        "Traceback (most recent call last):",
        '  File "src/main.py", line 7, in run',
        "TypeError: 'NoneType' object is not subscriptable",
        f"{stamp(now - 299)} - {CYCLE.replace('15/15', '14/15').replace('0.02', '0.2')}",
    ]
    write(tmp_path, lines)
    entry = {**HEALTHY, "require": ["started"]}
    outcome = audit(operator, tmp_path, entry, {"path": "logs/none.log"}, {"path": "logs/no.log", "required": False})
    assert outcome.brief() == {
        ("fresh", "main", "stale_data"),
        ("forbid", "main:TypeError", "forbidden_pattern"),
        ("require", "main:started", "missing_pattern"),
        ("max", "main:ERROR", "too_many_errors"),
        ("max", "main:Traceback", "too_many_errors"),
        ("interval", "main:cycle", "slow_interval"),
        ("numbers", "main:fetch time", "out_of_range"),
        ("numbers", "main:successful", "out_of_range"),
        ("log", "logs/none.log", "no_log"),
        ("log", "logs/no.log", "no_log"),
    }
    assert outcome.code != 0
    assert outcome.run is not None
    for path in outcome.run.rglob("*"):
        assert path.is_dir() or b"hunter2" not in path.read_bytes()


def test_a_loop_that_stopped_is_slow_however_fast_it_was(operator: Operator, tmp_path: Path) -> None:
    write(tmp_path, cycles(30, 20, time.time() - 600))
    outcome = audit(operator, tmp_path, {**HEALTHY, "fresh_s": None})
    assert outcome.brief() == {("interval", "main:cycle", "slow_interval")}
    assert "the last came 10 min" in summary(outcome, "main:cycle")


def test_a_silent_log_is_not_exercised_and_lacks_what_it_must_have(operator: Operator, tmp_path: Path) -> None:
    write(tmp_path, cycles(30, 20, time.time() - 7200))
    outcome = audit(operator, tmp_path, {**HEALTHY, "fresh_s": None, "interval": None, "numbers": None})
    outcomes = {one["subject"]: one["outcome"] for one in outcome.findings["findings"]}
    assert outcomes == {
        **dict.fromkeys(("main:TypeError", "main:rate limit", "main:ERROR", "main:KeyError"), "not_exercised"),
        "main:Traceback": "not_exercised",
        "main:cycle complete": "fail",
    }


def test_what_rotation_took_away_is_read_too(operator: Operator, tmp_path: Path) -> None:
    now = time.time()
    write(tmp_path, cycles(30, 10))
    older = [*cycles(30, 10, now - 300), f"{stamp(now - 290)} - ERROR - lost in rotation"]
    oldest = [*cycles(30, 100, now - 610), f"{stamp(now - 605)} - ERROR - packed"]
    os.utime(write(tmp_path, older, "main.log.1"), (now - 290, now - 290))
    packed = tmp_path / "logs" / "main.log.2.gz"
    packed.write_bytes(gzip.compress("".join(f"{line}\n" for line in oldest).encode()))
    os.utime(packed, (now - 605, now - 605))
    outcome = audit(operator, tmp_path, {"name": "main", "path": "logs/main.log", "since": "30m", "max": {"ERROR": 0}})
    found = summary(outcome, "main:ERROR")
    assert "2 lines of logs/main.log on web1 are of level ERROR" in found
    assert "main.log.2.gz, main.log.1 before it" in found


def test_a_part_that_cannot_be_read_proves_nothing_absent(operator: Operator, tmp_path: Path) -> None:
    now = time.time()
    write(tmp_path, [*cycles(30, 10), f"{stamp(now)} - ERROR - KeyError: 'x'"])
    packed = write(tmp_path, ["not read"], "main.log.1.xz")
    os.utime(packed, (now - 400, now - 400))
    outcome = audit(operator, tmp_path, {**HEALTHY, "fresh_s": None})
    outcomes = {one["subject"]: one["outcome"] for one in outcome.findings["findings"]}
    assert outcomes == {
        **dict.fromkeys(("main", "main:TypeError", "main:rate limit", "main:Traceback", "main:cycle"), "unknown"),
        **dict.fromkeys(("main:fetch time", "main:successful"), "unknown"),
        **dict.fromkeys(("main:ERROR", "main:KeyError"), "fail"),
    }


def test_an_expression_without_end_costs_only_its_own_log(operator: Operator, tmp_path: Path) -> None:
    write(tmp_path, cycles(30, 3))
    write(tmp_path, ["a" * 60], "hang.log")
    hang = {"path": "logs/hang.log", "forbid": ["(a+)+b"]}
    contract = {"logs": [hang, {"path": "logs/main.log", "max": {"ERROR": 0}}]}
    outcome = operator.audit_one(tmp_path, drift_contract=contract, drift_host_timeout=10)
    assert outcome.brief() == {("log", "logs/hang.log", "unseen")}
    assert "time limit" in summary(outcome, "logs/hang.log")


def test_links_are_not_followed_and_denied_logs_are_unknown(operator: Operator, tmp_path: Path) -> None:
    write(tmp_path, ["root:x:0:0"], "secret")
    (tmp_path / "logs" / "main.log").symlink_to("secret")
    outcome = audit(operator, tmp_path, {"path": "logs/main.log", "forbid": ["root"]}, {"path": "logs"})
    assert outcome.brief() == {("log", "logs/main.log", "unseen"), ("log", "logs", "unseen")}
    assert "root:x" not in outcome.report
