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


@pytest.mark.parametrize(
    ("result", "state", "said"),
    [
        ({"outcome": "not_begun", "reason": "not begun, because web0 failed before it"}, "never_asked", "web0 failed"),
        (None, "never_asked", "its change did not begin"),
        ({"outcome": "failed", "reason": "no space left"}, "unknown", "is not known: no space left"),
        ({"outcome": "refused", "reason": "app.py was edited"}, "unknown", "is not known: app.py was edited"),
        ({"outcome": "planned"}, "not_asked", "the host checks each path"),
    ],
)
def test_after_a_deploy_nothing_is_still_to_be_asked(result: Json | None, state: str, said: str) -> None:
    plan = {"gates": [], "hosts": [{"host": "web1", "actions": [{}], "gates": gates.on_the_host()}]}
    found = asked.as_it_went(plan, {} if result is None else {"web1": result})
    assert {one["state"] for one in found} == {state}
    assert all(said in one["sentence"] for one in found if one["name"] == "still_true")


def test_images_do_not_pass_on_a_host_that_may_have_refused_for_one() -> None:
    def images(outcome: str, kind: str) -> str:
        part = {"host": "web1", "actions": [{"kind": kind}], "gates": [gates.images()]}
        results = {"web1": {"outcome": outcome, "reason": "the image x is not on this host", "point": POINT}}
        return str(asked.as_it_went({"gates": [], "hosts": [part]}, results)[0]["state"])

    assert images("refused", "compose") == "unknown"
    assert images("refused", "file") == images("changed", "compose") == "pass"


def test_a_host_that_was_refused_was_asked_nothing_and_says_why() -> None:
    refused = gates.refused("names", "web will name db")
    plan = {"gates": [], "hosts": [{"host": "web1", "actions": [{}], "gates": [refused, *gates.on_the_host()]}]}
    for over, state in ((True, "never_asked"), (False, "not_asked")):
        _names, first, *_more = asked.as_it_went(plan, {}, over)
        assert first["state"] == state
    whole = {
        "gates": [gates.refused("window", "sync_window is closed")],
        "hosts": [{**plan["hosts"][0], "gates": gates.on_the_host()}],
    }
    assert "refused before that: sync_window is closed" in asked.as_it_went(whole, {})[1]["sentence"]


def test_what_a_host_is_never_asked_says_so_after_its_deploy() -> None:
    plan = {"gates": [], "hosts": [{"host": "web1", "actions": [{}], "gates": [gates.memory(None, 10)]}]}
    (found,) = asked.as_it_went(plan, {"web1": {"outcome": "changed", "point": POINT}})
    assert found["state"] == "never_asked"
    assert found["sentence"].startswith("the contract does not audit resources")
