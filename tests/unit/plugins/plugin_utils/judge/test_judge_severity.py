# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one severity mapping and the threshold."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import severity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.verdict import host_verdict


@pytest.mark.parametrize(
    ("fail_on", "failing"),
    [
        ("critical", {"critical"}),
        ("high", {"critical", "high"}),
        ("medium", {"critical", "high", "medium"}),
        ("low", {"critical", "high", "medium", "low"}),
        ("never", set()),
    ],
)
def test_threshold(fail_on: str, failing: set[str]) -> None:
    assert {level for level in severity.SEVERITIES if severity.at_or_above(level, fail_on)} == failing


def test_one_mapping() -> None:
    shown = {name: (level.priority, level.colour) for name, level in severity.LEVELS.items()}
    assert shown == {
        "critical": ("P0", "red"),
        "high": ("P1", "red"),
        "medium": ("P2", "yellow"),
        "low": ("P3", "green"),
        "info": ("", "none"),
    }


def test_worst_and_counts() -> None:
    assert severity.worst([]) is None
    assert severity.worst(["low", "high", "info"]) == "high"
    assert severity.counts(["low", "low"]) == {"critical": 0, "high": 0, "medium": 0, "low": 2, "info": 0}


def _finding(outcome: str, level: str) -> dict[str, str]:
    return {
        "id": "1",
        "outcome": outcome,
        "severity": level,
        "summary": "s",
        "host": "h",
        "environment": "prod",
        "section": "trees",
        "component": "source",
        "check": "read",
    }


def test_what_could_not_be_seen_fails_a_host_whatever_its_severity() -> None:
    for level in severity.SEVERITIES:
        for fail_on in ("critical", "high", "medium", "low"):
            assert host_verdict([_finding("unknown", level)], "h", "prod", fail_on)["failed"]
        assert not host_verdict([_finding("unknown", level)], "h", "prod", "never")["failed"]
    assert not host_verdict([_finding("fail", "low")], "h", "prod", "high")["failed"]
