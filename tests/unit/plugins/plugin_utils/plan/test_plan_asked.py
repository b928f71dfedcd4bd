# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gate passes after a deploy where its host was asked, and nowhere else."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import asked, gates, host_gates

Json = dict[str, t.Any]

POINT = "20261121T160000Z-0a1b2c"
CHECKED = [
    gates.space(None, "/srv/shop", 1000),
    gates.memory(None, 10),
    gates.refused("names", "web will name db, which nothing is called"),
    *gates.on_the_host(),
]


def passed(actions: list[Json], result: Json) -> list[str]:
    part = {"host": "web1", "actions": actions, "gates": host_gates.as_planned(CHECKED, actions)}
    found = asked.as_it_went({"gates": [], "hosts": [part]}, {"web1": result})
    assert all("and it held: nothing is to be changed" not in one["sentence"] for one in found)
    return [one["name"] for one in found if one["state"] == "pass"]


@pytest.mark.parametrize("outcome", ["changed", "unchanged", "rolled_back"])
def test_what_only_an_audit_could_tell_was_not_asked_on_the_host(outcome: str) -> None:
    assert passed([{}], {"outcome": outcome, "point": POINT}) == ["space", "still_true", "journal", "restore_point"]


def test_a_host_that_was_taken_over_was_asked_nothing_now() -> None:
    """It would be refused if there were something to change."""
    assert passed([], {"outcome": "changed", "point": POINT, "of": "20261121T155900Z-prod-1"}) == ["restore_point"]


def test_a_host_whose_change_failed_passed_nothing() -> None:
    assert passed([{}], {"outcome": "failed", "point": None}) == []
