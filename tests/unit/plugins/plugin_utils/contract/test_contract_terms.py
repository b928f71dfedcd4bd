# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The severity of an entry: one for all of its checks, or a map of checks."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import Severities

SHAPE = Severities(["instances", "user"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ("critical", {"instances": "critical", "user": "critical"}),
        ({"user": "low"}, {"user": "low"}),
    ],
)
def test_one_severity_stands_for_all_checks(given: Any, expected: dict[str, str]) -> None:
    problems = Problems()
    read = SHAPE.read(given, "severity", problems)
    assert (read, len(problems)) == (expected, 0)
    assert SHAPE.read(read, "severity", problems) == expected


@pytest.mark.parametrize("given", ["critcal", "", {"user": "critcal"}, {"usr": "low"}, ["low"], 1, True])
def test_anything_else_is_said(given: Any) -> None:
    problems = Problems()
    SHAPE.read(given, "severity", problems)
    assert len(problems) == 1
