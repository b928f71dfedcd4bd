# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of log lines, in the forms of real programs."""

from __future__ import annotations

import calendar
import time
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock, stamped

UTC = float(calendar.timegm((2026, 11, 21, 10, 0, 0)))
WRITTEN = UTC + 3600


@pytest.fixture(autouse=True)
def fixture_zone(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    """This host is two hours ahead of UTC in November, and three in summer."""
    monkeypatch.setenv("TZ", "EET-2EEST,M3.5.0/3,M10.5.0/4")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


LINES = [
    # With a zone: the moment itself.
    (b"2026-11-21T10:00:00Z started", UTC),
    (b"2026-11-21T10:00:00.250Z started", UTC + 0.25),
    (b"2026-11-21T12:00:00+02:00 started", UTC),
    (b"2026-11-21T05:00:00.5-0500 started", UTC + 0.5),
    (b"2026-11-21 10:00:00 +0000 started", UTC),
    (b"2026-11-21 10:00:00,125 UTC started", UTC + 0.125),
    (b'192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5', UTC),
    (b'21/Nov/2026:10:00:00 +0000 192.0.2.1 "GET / HTTP/1.1" 200 5', UTC),
    (b'192.0.2.1 "21/Nov/2026:10:00:00 +0000" "GET /21/Nov/2025:10:00:00 HTTP/1.1" 200 5', UTC),
    (b'{"level":"info","time":"2026-11-21T10:00:00Z","msg":"started"}', UTC),
    (b'{"log":"started\\n","stream":"stdout","time":"2026-11-21T10:00:00.500000000Z"}', UTC + 0.5),
    (b'{"msg":"' + b"x" * 500 + b'","ts":"2026-11-21T10:00:00Z"}', UTC),
    (b'{"level":30,"time":1795255200250,"msg":"started"}', UTC + 0.25),
    (b'{"ts": 1795255200.5, "msg": "started"}', UTC + 0.5),
    (b"1795255200 started", UTC),
    (b"[1795255200.500] started", UTC + 0.5),
    (b"1795255200250 started", UTC + 0.25),
    # Without one: this host's.
    (b"2026-11-21 12:00:00,123 - app.main - INFO - started", UTC + 0.123),
    (b"2026-11-21 12:00:00.123 | INFO | app:main:3 - started", UTC + 0.123),
    (b"[2026-11-21 12:00:00] app.INFO: started", UTC),
    (b"INFO 2026-11-21 12:00:00,000 app started", UTC),
    (b"2026/11/21 12:00:00 [error] 7#7: *1 open() failed", UTC),
    (b"2026/11/21 12:00:00.000250 main.go:7: started", UTC + 0.00025),
    (b"7:M 21 Nov 2026 12:00:00.123 * Ready to accept connections", UTC + 0.123),
    (b"[Sat Nov 21 12:00:00.250000 2026] [core:notice] [pid 7] started", UTC + 0.25),
    (b"Nov 21 12:00:00 web1 app[7]: started", UTC),
    (b"<30>Nov 21 12:00:00 web1 app[7]: started", UTC),
]


@pytest.mark.parametrize(("line", "expected"), LINES, ids=[repr(line[:40]) for line, _seconds in LINES])
def test_each_form_is_read(line: bytes, expected: float) -> None:
    assert Clock([line], WRITTEN).of(line) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "line",
    [
        b"started",
        b"",
        b"12:00:00 started",
        b"2026-13-21 12:00:00 no such month",
        b"2026-11-31 12:00:00 no such day",
        b"2026-11-21 25:00:00 no such hour",
        b"12026-11-21 12:00:00 a number",
        b"    2026-11-21 12:00:00 is inside of a traceback",
        b"x" * 300 + b" 2026-11-21 12:00:00",
        b"19-11-21 12:00:00",
        b"17952552000 a number of eleven digits",
    ],
)
def test_what_is_no_time_is_none(line: bytes) -> None:
    assert Clock([line], WRITTEN).of(line) is None


def test_the_form_is_that_of_most_lines() -> None:
    clock = Clock([b"Nov 21 12:00:00 web1 app: a", b"Nov 21 12:00:01 web1 app: b", b"2026-01-01 00:00:00 c"], WRITTEN)
    assert clock.of(b"Nov 21 12:00:00 web1 app: of 2026-01-01 00:00:00") == UTC
    assert clock.of(b"2026-01-01 00:00:00 a text within a record") is None


def test_a_year_that_is_left_out_is_the_one_before_the_file_was_written() -> None:
    january = float(calendar.timegm((2026, 1, 2, 0, 0, 0)))
    line = b"Dec 31 12:00:00 web1 app: of last year"
    assert Clock([line], january).of(line) == calendar.timegm((2025, 12, 31, 10, 0, 0))
    leap = b"Feb 29 12:00:00 web1 app: leap"
    assert Clock([leap], float(calendar.timegm((2024, 3, 1, 0, 0, 0)))).of(leap) == calendar.timegm(
        (2024, 2, 29, 10, 0, 0)
    )


def test_summer_time_counts() -> None:
    line = b"2026-07-01 12:00:00 started"
    assert Clock([line], WRITTEN).of(line) == calendar.timegm((2026, 7, 1, 9, 0, 0))


def test_stamped_lines_keep_time_and_text_apart() -> None:
    clock = Clock((), 0.0, stamps=True)
    line = stamped(UTC + 0.5, b"  indented 2026-01-01 00:00:00")
    assert clock.of(line) == UTC + 0.5
    assert clock.text(line) == b"  indented 2026-01-01 00:00:00"
    assert clock.text(stamped(UTC, b"")) == b""


def test_a_log_without_times_says_so() -> None:
    assert not Clock([b"started", b"stopped"], WRITTEN).dated
    assert not Clock([], WRITTEN).dated
