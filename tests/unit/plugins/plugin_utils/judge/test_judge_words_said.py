# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of numbers and times: evidence may hold any, and a report is written all the same."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import container_words, words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import timeline
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import degrees, report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import watched_check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Halves, Times, Trend
from hypothesis import example, given
from hypothesis import strategies as st

ABSURD = st.one_of(
    st.floats(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 10**5000, -0.0, float("nan"), 1e308, -62135596800, 253402300800]),
)
BELIEVED = st.one_of(st.floats(-1e29, 1e29), st.integers(-(10**30), 10**30))
"""What ``exchange/shape.py`` lets through."""


@pytest.mark.parametrize("say", [words.utc, words.duration, words.size])
@given(ABSURD)
@example(10**400)
@example(float("nan"))
@example(float("inf"))
def test_every_number_can_be_said_in_a_few_words(say: t.Callable[[float], str], value: float) -> None:
    said = say(value)
    assert 0 < len(said) < 45, said


@given(st.integers(-62135596800, 253402300799))
def test_a_time_has_four_digits_a_year(seconds: int) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", words.utc(seconds))


@given(BELIEVED)
def test_what_a_host_may_tell_can_be_said(value: float) -> None:
    container_words.mebibytes(value)
    words.held(int(value), 3)
    words.number(int(value), "thing")
    watched_check.percent(abs(value))
    assert report.real_s(value) is None or 0 <= value < 86400
    assert timeline._took(value)


@given(st.lists(st.tuples(st.floats(0, 1e6), BELIEVED), min_size=1, max_size=30))
def test_figures_of_a_window_are_numbers(points: list[tuple[float, float]]) -> None:
    trend, halves, times = Trend(), Halves(10.0), Times()
    for at_s, value in points:
        trend.add(at_s, value)
        halves.add(at_s, value)
        times.add(abs(value), at_s)
    for told in (trend.told(), halves.told(), times.told()):
        json.dumps(told, allow_nan=False)


NUMBER = st.one_of(st.integers(0, 10**30), st.floats(0, 1e29))


@pytest.mark.parametrize("rule", sorted(degrees._RULES))
@given(st.tuples(NUMBER, NUMBER), st.tuples(NUMBER, NUMBER))
def test_any_two_degrees_can_be_compared(rule: str, now: tuple[float, float], then: tuple[float, float]) -> None:
    first, second = ({"x": {"rule": rule, "of": list(of), "told": "so"}} for of in (now, then))
    assert degrees.worse(first, second) in ("", "so")
    assert degrees.worse(first, first) == ""
