# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a watch against oracles, and against how long they are fed."""

from __future__ import annotations

import json
import math
import statistics

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Counts, Events, Halves, Times, Trend
from hypothesis import given
from hypothesis import strategies as st

_VALUES = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=60)


def fed(values: list[float], step_s: float = 30.0) -> Trend:
    trend = Trend()
    for number, value in enumerate(values):
        trend.add(number * step_s, value)
    return trend


@given(_VALUES)
def test_the_slope_is_that_of_the_line_that_fits_best(values: list[float]) -> None:
    wanted = statistics.linear_regression([number * 30.0 for number in range(len(values))], values)
    slope = fed(values).slope()
    assert slope is not None
    assert math.isclose(slope, wanted.slope, rel_tol=1e-6, abs_tol=1e-6)


@given(_VALUES)
def test_the_error_is_what_the_textbook_says(values: list[float]) -> None:
    times = [number * 30.0 for number in range(len(values))]
    line = statistics.linear_regression(times, values)
    rest = sum((value - line.slope * at - line.intercept) ** 2 for at, value in zip(times, values, strict=True))
    mean = statistics.fmean(times)
    wanted = math.sqrt(rest / (len(values) - 2) / sum((at - mean) ** 2 for at in times))
    error = fed(values).error()
    assert error is not None
    assert math.isclose(error, wanted, rel_tol=1e-4, abs_tol=1e-3)


def test_growth_counts_only_when_it_is_surely_none_of_the_noise() -> None:
    noise = [100.0, 103.0, 98.0, 102.0, 99.0, 101.0, 97.0, 104.0]
    assert not fed(noise).grows()
    assert fed([value + 10 * number for number, value in enumerate(noise)]).grows()
    assert not fed([value - 10 * number for number, value in enumerate(noise)]).grows()
    assert not fed([1.0, 9.0]).grows()


def test_a_large_number_does_not_hide_what_changes() -> None:
    slope = fed([1e12 + number for number in range(100)], 1.0).slope()
    assert slope == pytest.approx(1.0, rel=1e-9)


def test_nothing_and_one_value_have_no_slope() -> None:
    assert fed([]).told() == {
        "looks": 0,
        **dict.fromkeys(("first", "last", "least", "most", "mean", "per_hour", "error_per_hour")),
        "grows": False,
    }
    assert fed([5.0]).told()["per_hour"] is None


def test_the_later_half_is_apart() -> None:
    halves = Halves(50.0)
    for at in range(0, 101, 10):
        halves.add(at, min(at, 50))
    told = halves.told()
    assert told["grows"]
    assert told["later"]["per_hour"] == 0.0


@given(st.lists(st.floats(0.02, 900_000), min_size=1, max_size=200))
def test_the_median_is_within_six_percent_and_the_slowest_exact(values: list[float]) -> None:
    times = Times()
    for value in values:
        times.add(value, 0.0)
    median = times.median()
    assert median is not None
    assert statistics.median_low(values) / 1.062 <= median <= statistics.median_low(values) * 1.062
    assert times.told()["slowest_ms"] == round(max(values), 1)


def test_figures_stay_as_small_as_they_are() -> None:
    trend, times, events, counts = Halves(10.0), Times(), Events(), Counts()
    sizes = []
    for number in range(10_000):
        trend.add(number, number % 97)
        times.add(1 + number % 5000, number)
        events.add(number, f"event {number}")
        counts.add(f"word {number}")
        if number in (4999, 9999):
            sizes.append(len(json.dumps([one.told() for one in (trend, times, events, counts)])))
    assert sizes[1] - sizes[0] < 100
    assert events.told()["events_total"] == 10_000
    assert sum(counts.told().values()) == 10_000
