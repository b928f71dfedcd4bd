# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times and numbers of files, logs and servers that may be broken, or in other hands: each is said in one form."""

from __future__ import annotations

import json
import math
import re
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.moments import moments
from ansible_collections.evenkeel.drift.plugins.module_utils.logs import measures, times
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.redis import server
from hypothesis import example, given
from hypothesis import strategies as st

FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
ABSURD = st.one_of(st.floats(), st.integers(), st.sampled_from([10**400, -(10**400), -0.0, 253402300800, -62135596801]))
NOW_S = 1795255200.0


@given(ABSURD)
@example(float("nan"))
def test_every_number_is_a_time_of_four_digits_a_year(seconds: float) -> None:
    assert FORM.fullmatch(iso(seconds))


@pytest.mark.parametrize(
    "line",
    [
        b"[21/Nov/0000:10:00:00 +0000] GET /",
        b"[21/Nov/0021:10:00:00 +0000] GET /",
        b"[31/Dec/9999:23:59:60 -1400] GET /",
        b"21 Nov 0000 10:00:00.123 x",
        b"[Sat Nov 21 10:00:00.123456 0000] x",
        b"1900-01-01T00:00:00Z x",
    ],
)
def test_a_line_of_no_time_that_anybody_logs_at_has_none(line: bytes) -> None:
    """It was one line that kept a log, or all logs of a host, from being read."""
    assert times.Clock([line], NOW_S).of(line) is None


@pytest.mark.parametrize("newest_s", [9e17, -9e17, 253402300800.0])
def test_a_file_may_have_a_time_beyond_the_calendar(newest_s: float) -> None:
    """Its time says of which year lines are that have none; it ended the reading of the log."""
    line = b"Nov 22 10:00:00 web1 app: x"
    seconds = times.Clock([line], newest_s).of(line)
    assert seconds is None or FORM.fullmatch(measures.utc(seconds) or "")


CALENDAR = st.tuples(st.integers(0, 9999), st.integers(1, 12), st.integers(0, 99), *([st.integers(0, 99)] * 3))


@given(CALENDAR, st.sampled_from(["", " +0000", " -1400", " Z"]))
def test_each_line_has_a_time_that_can_be_told_or_none(parts: tuple[int, ...], zone: str) -> None:
    year, month, day, hour, minute, second = parts
    clock = f"{hour:02d}:{minute:02d}:{second:02d}{zone}"
    name = [*times._MONTHS][month - 1].decode()
    for text in (f"[{day:02d}/{name}/{year:04d}:{clock}] x", f"{year:04d}-{month:02d}-{day:02d} {clock} x"):
        line = text.encode()
        seconds = times.Clock([line], NOW_S).of(line)
        assert seconds is None or FORM.fullmatch(measures.utc(seconds) or "")
        assert seconds is None or seconds >= 0


@given(st.floats(allow_nan=False))
def test_a_stamp_is_as_long_as_every_other(seconds: float) -> None:
    line = times.stamped(seconds, b"text")
    clock = times.Clock([], NOW_S, stamps=True)
    assert (clock.text(line), math.isfinite(clock.of(line) or 0.0)) == (b"text", True)


WORDS = st.one_of(st.sampled_from(["1e308", "-1e308", "1e40", "1e999", "nan", "-0", "inf", "1" * 400, "1_0", "7"]))


@given(st.lists(WORDS, min_size=1, max_size=8))
def test_what_lines_hold_is_a_number_that_json_has(words: list[str]) -> None:
    numbers = measures.Numbers(
        {"name": "n", "pattern": "took (.*)", "max": 5}, times.Clock([], NOW_S), lambda _block, _at: None
    )
    numbers.feed("".join(f"took {word}\n" for word in words).encode())
    told = numbers.result()
    json.dumps(told, allow_nan=False)
    assert all(abs(told[key] or 0) < 1e30 for key in ("min", "mean", "max", "last"))
    assert told["count"] + told["unread"] == len(words)
    # What is larger than anything that can be told is beyond the limit all the same.
    assert told["over"] == sum(word in ("1e308", "1e40", "1_0", "7") for word in words)


class _Slow:
    """A server that tells of one slow command, at any time."""

    def __init__(self, at_s: int) -> None:
        self._at_s = at_s

    def ask(self, *words: t.Any) -> t.Any:
        return 1 if words[1] == "LEN" else [[0, self._at_s, 5, [b"GET", b"key"]]]

    def text(self, word: bytes, _limit: int = 0) -> str:
        return word.decode()


@given(st.integers(-(10**19), 10**19))
def test_a_server_can_say_any_time(at_s: int) -> None:
    (entry,) = server._slow_log(t.cast(t.Any, _Slow(at_s)))["entries"]
    assert FORM.fullmatch(entry["at"])


@given(st.one_of(st.floats(), st.integers(-(10**300), 10**300), st.text(), st.from_regex(r"\d{4}-\d\d-\d\d \d\d:\d\d")))
def test_the_moments_that_a_value_may_mean_are_moments(value: t.Any) -> None:
    assert all(0 <= one < 253402300800 + 86400 for one in moments(value))
