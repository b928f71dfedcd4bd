# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times in JSON values: what each spelling means."""

from __future__ import annotations

import datetime
import time
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.moments import moments
from hypothesis import given
from hypothesis import strategies as st

# 2026-11-21T12:00:00Z
NOON = 1795262400.0


@pytest.fixture(name="zone")
def fixture_zone(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    monkeypatch.setenv("TZ", "EST5")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1795262400, [NOON]),
        (1795262400.25, [NOON + 0.25]),
        (1795262400250, [NOON + 0.25]),
        (1795262400250000, [NOON + 0.25]),
        (1795262400250000000, [NOON + 0.25]),
        ("1795262400", [NOON]),
        ("1795262400.5", [NOON + 0.5]),
        ("2026-11-21T12:00:00Z", [NOON]),
        ("2026-11-21 12:00:00 UTC", [NOON]),
        ("2026-11-21t12:00:00z", [NOON]),
        ("2026-11-21T12:00:00.25+00:00", [NOON + 0.25]),
        ("2026-11-21T12:00:00,25Z", [NOON + 0.25]),
        ("2026-11-21T14:00+02:00", [NOON]),
        ("2026-11-21T14:00:00+0200", [NOON]),
        ("2026-11-21T14:00:00+02", [NOON]),
        ("2026-11-21T06:30:00-05:30", [NOON]),
        ("2026-11-21T12:00:00.123456789Z", [NOON + 0.123456789]),
        ("2026-11-21T12:00:00", [NOON, NOON + 5 * 3600]),
        ("2026-11-21", [NOON - 12 * 3600, NOON - 7 * 3600]),
        ("2026-02-30T12:00:00Z", []),
        ("2026-13-01T12:00:00Z", []),
        ("2026-11-21T25:00:00Z", []),
        ("0001-01-01T00:00:00Z", []),
        ("0000-00-00", []),
        ("yesterday", []),
        ("", []),
        ("12", []),
        (12, []),
        (-1795262400, []),
        (0, []),
        (True, []),
        (None, []),
        ([1795262400], []),
        (1e400, []),
        ("\uff19" * 10, []),
    ],
)
def test_each_spelling_means_what_it_should(value: t.Any, found: list[float]) -> None:
    assert moments(value) == pytest.approx(found, abs=1e-6)


@given(
    st.datetimes(datetime.datetime(1974, 1, 1), datetime.datetime(2127, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_iso_text_is_read_as_python_writes_it(moment: datetime.datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=datetime.timezone(datetime.timedelta(minutes=minutes)))
    assert moments(aware.isoformat()) == pytest.approx([aware.timestamp()], abs=1e-3)


@given(st.one_of(st.text(max_size=40), st.floats(), st.integers()))
def test_any_value_is_read_or_not(value: t.Any) -> None:
    assert len(moments(value)) <= 2
