# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a variable that cannot be used: its place, what was found, and what to write."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.watch import WatchSettings, read_watch


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (None, None),
        ("", None),
        ("10m", WatchSettings(600, 30, 100)),
        (600, WatchSettings(600, 30, 100)),
        ({"for": "10m", "every": "1m"}, WatchSettings(600, 60, 100)),
        ({"for": "24h", "availability": 99.9}, WatchSettings(86400, 30, 99.9)),
        ({"for": 10}, WatchSettings(10, 5, 100)),
        ({"for": "10s", "every": 1}, WatchSettings(10, 1, 100)),
    ],
)
def test_what_is_understood(given: t.Any, wanted: WatchSettings | None) -> None:
    assert read_watch(given) == wanted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"fro": "10m"}, 'verify_watch.fro: unknown key, did you mean "for"?'),
        ({"for": "10m", "evry": 1}, 'verify_watch.evry: unknown key, did you mean "every"?'),
        ({}, "verify_watch.for: is missing: how long the host is watched"),
        ({"for": "9s"}, "verify_watch: for: a window is 10 s to 24 h long, found 9 s"),
        ("25h", "verify_watch: for: a window is 10 s to 24 h long, found 90000 s"),
        ({"for": "10m", "every": "6m"}, "verify_watch: every: 360 s is more than half of the window of 600 s"),
        ({"for": "10m", "every": 0}, "verify_watch.every: expected seconds, or a duration"),
        ({"for": "ten minutes"}, "verify_watch.for: expected seconds, or a duration like 90s"),
        ({"for": "10m", "availability": 101}, "verify_watch.availability: expected a number from 0 to 100"),
        (True, "verify_watch: expected a map, found true"),
        (["10m"], "verify_watch: expected a map, found the list"),
    ],
)
def test_what_is_not(given: t.Any, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        read_watch(given)
    assert said in str(caught.value)


def test_reading_twice_changes_nothing() -> None:
    first = read_watch({"for": "1h", "every": "10s"})
    assert first is not None
    assert read_watch({"for": first.for_s, "every": first.every_s, "availability": first.availability}) == first
