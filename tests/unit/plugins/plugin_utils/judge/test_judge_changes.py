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


@pytest.mark.parametrize(
    ("phase", "said", "cure"),
    [
        ("rollback", "its files are in place, and what follows them is not done: db", "finishes it first"),
        ("begun", "it was about to bring files back, and what follows them is not done: db", "finishes it first"),
        ("stopped", "containers were stopped for it, and not started again: db", "The next backup or rollback of web1"),
    ],
)
def test_how_far_it_came_is_told(phase: str, said: str, cure: str) -> None:
    left = {**OPEN, "phase": phase, "paths": None, "journal": None, "services": ["db"], "direction": "forward"}
    made = judge_host(HostInputs("web1", "prod", None, SETTINGS, None, {}, {**NOTHING, "open": left}), None, {})
    (check,) = (check for check in made.checks if check.check == "change")
    assert said in check.summary
    assert check.remedy is not None
    assert cure in check.remedy["text"]
