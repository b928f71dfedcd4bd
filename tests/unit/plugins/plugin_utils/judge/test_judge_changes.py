# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's record of changes makes of the host."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs, judge_host

Json = dict[str, t.Any]

SETTINGS = {"contract": {}, "application": "shop", "root": "/srv/shop"}
NOTHING: Json = {
    "outcome": "ok",
    "reason": "",
    "path": "/var/lib/evenkeel/shop",
    "open": None,
    "under_way": None,
    "last": None,
    "last_reason": "",
    "trees": {},
}
OPEN: Json = {
    "kind": "sync",
    "who": "ops@laptop",
    "why": "deploy of plan-0123456789ab",
    "run": "",
    "id": "",
    "journal": "cafe0123",
    "started": "2026-11-21T15:45:00Z",
    "root": "/srv/shop",
    "phase": "commit",
    "tries": 0,
    "paths": 12,
    "direction": "forward",
    "damaged": "",
    "services": [],
}


def judged(changes: Json | None) -> list[tuple[str, str, str | None]]:
    made = judge_host(HostInputs("web1", "prod", None, SETTINGS, None, {}, changes), None, {})
    return [(check.outcome, check.severity, check.cause) for check in made.checks if check.check == "change"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (None, []),
        ({**NOTHING, "outcome": "none"}, []),
        (NOTHING, [("pass", "critical", None)]),
        ({**NOTHING, "open": OPEN}, [("fail", "critical", "interrupted_change")]),
        ({**NOTHING, "open": {**OPEN, "damaged": "cut short"}}, [("fail", "critical", "interrupted_change")]),
        (
            {**NOTHING, "open": {**OPEN, "paths": None, "journal": None, "services": ["shop.service"]}},
            [("fail", "critical", "interrupted_change")],
        ),
        # What else could not be read hides no change that was seen to be open.
        ({**NOTHING, "outcome": "unknown", "reason": "no", "open": OPEN}, [("fail", "critical", "interrupted_change")]),
        ({**NOTHING, "outcome": "unknown", "reason": "denied"}, [("unknown", "critical", "unseen")]),
        (
            {**NOTHING, "under_way": {"who": "ops", "why": "a deploy", "since": "now", "pid": 7}},
            [("unknown", "critical", "unseen")],
        ),
    ],
)
def test_a_record_of_changes(changes: Json | None, expected: t.Any) -> None:
    assert judged(changes) == expected


def test_an_interrupted_change_is_told_with_what_finishes_it() -> None:
    made = judge_host(HostInputs("web1", "prod", None, SETTINGS, None, {}, {**NOTHING, "open": OPEN}), None, {})
    (check,) = (check for check in made.checks if check.check == "change")
    for part in ("cafe0123", "2026-11-21T15:45:00Z", "ops@laptop", "deploy of plan-0123456789ab", "12 paths"):
        assert part in check.summary
    assert check.remedy is not None
    assert "state=recovered state_dir=/var/lib/evenkeel" in check.remedy["text"]
