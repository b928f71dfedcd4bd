# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a remediation: boxes that are computed, how each host was verified, and where the time went."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import report

Json = dict[str, t.Any]


def at(second: int) -> str:
    return f"2026-11-21T18:{second // 60:02d}:{second % 60:02d}Z"


def step(host: str, what: str, result: str, second: int, restarts_s: float = 0.0) -> Json:
    told: Json = {"host": host, "what": what, "result": result, "at": at(second)}
    return {**told, "restarts_s": restarts_s} if restarts_s else told


def restarted(state: str = "done") -> Json:
    return {
        "outcome": "changed",
        "services": [{"kind": "unit", "path": "web.service", "do": "restart", "state": state}],
    }


def test_what_is_neither_a_check_nor_a_restart_is_the_share_of_the_chain() -> None:
    steps = [
        step("web1", "check, save and change", "begun", 20),
        step("web2", "check, save and change", "begun", 20),
        step("web1", "save", "done", 30),
        step("web1", "change", "done", 30, 6.2),
        step("web2", "change", "failed: it ended at once", 34, 7.9),
        step("web1", "roll back", "begun", 50),
        step("web1", "roll back", "done", 55),
    ]
    spans = [(at(0), at(10)), (at(35), at(45))]
    took = report.took(at(0), at(60), spans, steps, {"web1": restarted(), "web2": restarted()})
    # Beside each other, from 24 to 34, is counted once; what comes before the restarts is the chain's own.
    assert took == (60, 20, 15)
    assert took.own == 25
    assert took.sentence().endswith("20 s audits and verifications, 15 s restarts, 25 s the chain itself")
    # A change that restarted nothing is the chain's own, and so is its way back.
    steps = [{key: value for key, value in one.items() if key != "restarts_s"} for one in steps]
    idle = report.took(at(0), at(60), spans, steps, {"web1": restarted("unchanged"), "web2": {"outcome": "changed"}})
    assert (idle.restarts, idle.own) == (0, 40)


def test_a_step_that_never_ended_took_no_time_that_is_known() -> None:
    steps = [step("web1", "roll back", "begun", 24)]
    assert report.took(at(0), at(60), [], steps, {"web1": restarted()}).restarts == 0


@pytest.mark.parametrize("told", [float("nan"), float("inf"), -1, 1e300, "7", None, {}])
def test_a_time_that_no_step_can_take_is_none(told: t.Any) -> None:
    services = [{"seconds": 1.5}, {"seconds": told}, "garbled", {}]
    assert report.restarts_s({"services": services}) == 1.5


def gate(name: str, state: str) -> Json:
    return {"name": name, "state": state, "sentence": f"{name} says so"}


def plan() -> Json:
    gates = [gate("space", "pass"), gate("restore_point", "not_asked"), gate("rehearsed", "not_declared")]
    return {"gates": [gate("window", "refuse")], "hosts": [{"host": "web1", "actions": [{}], "gates": gates}]}


@pytest.mark.parametrize(
    ("outcome", "box"),
    [("changed", "[x] [PASS]"), ("rolled_back", "[x] [PASS]"), ("failed", "[ ] [UNKNOWN]"), (None, "[ ] [NOT ASKED]")],
)
def test_each_box_of_the_gate_is_computed(outcome: str | None, box: str) -> None:
    results = {} if outcome is None else {"web1": {"outcome": outcome, "point": "p-1"}}
    text = report.sections({}, plan(), results)[1]
    lines = text.splitlines()
    assert lines[0] == "- [ ] [REFUSE] window: window says so"
    assert lines[1] == "- [x] [PASS] space of web1: space says so"
    assert lines[2].startswith(f"- {box} restore point of web1")
    assert (": p-1 holds what was changed" in lines[2]) == box.startswith("[x]")
    # What nobody declared has no box, and blocks nothing.
    assert lines[3] == "- [NOT DECLARED] rehearsed of web1: rehearsed says so"


def told(**more: t.Any) -> Json:
    about = {"id": "v-1", "verdict": "FAIL", "before": "run-1", "reasons": [], "known": [], "back": None, "again": None}
    return {"outcome": "rolled_back", "verification": {**about, **more}}


@pytest.mark.parametrize(
    ("verification", "words"),
    [
        ({"back": None, "verdict": "PASS"}, "| PASS | nothing | nothing | none |"),
        ({"back": "due"}, "did not come to its end"),
        ({"back": "done"}, "done, not verified"),
        ({"back": "done", "again": {"id": "v-2", "verdict": "FAIL", "still": []}}, "verified again: [`v-2`]"),
        ({"back": "done", "again": {"id": None, "verdict": None, "still": []}}, "verified again: none, not known"),
        ({"id": None, "verdict": None}, "| none | not known |"),
        ({"reasons": [{"id": "a", "verdict": "FAIL", "sentence": "a | b"}]}, "FAIL: a \\| b"),
    ],
)
def test_the_table_tells_how_each_host_was_verified(verification: Json, words: str) -> None:
    text = "\n\n".join(report.sections({}, plan(), {"web1": told(**verification)}))
    assert words in text


def test_what_is_as_before_is_counted_whole_and_by_what_it_is() -> None:
    """Of many that failed before as well 20 are kept, and what could not be told did not fail."""
    kept = [{"id": None, "verdict": "FAIL", "sentence": "a line"}] * 20
    counted = {"reasons": {}, "known": {"FAIL": 23, "UNKNOWN": 1, "OBSERVATION": 2}}
    result = told(known=kept, counted=counted)
    assert report.verified(result) == (
        "; verified: FAIL, 23 checks failed before the change as well, 1 thing could not be told before the change "
        "either, 2 observations as before the change"
    )
    assert "and 21 more" in "\n\n".join(report.sections({}, plan(), {"web1": result}))
    assert report.verified(told(known=kept[:1])) == "; verified: FAIL, 1 check failed before the change as well"


FAILS = {"verdict": "FAIL", "fails": True, "sentence": "/health answers 500", "last": None}
POINT = "20261121T160000Z-0a1b2c"
BACK = f"ansible-playbook evenkeel.drift.rollback -e rollback_to={POINT} --limit web1 brings back what it replaced"


def ended(unproven: Json | None = None, **final: t.Any) -> Json:
    chain = {} if unproven is None else {"unproven": {"web1": unproven}}
    return {"chain": chain, "verification": {"hosts": {"web1": {**FAILS, **final}}}}


def test_what_takes_a_host_back_is_counted_whole() -> None:
    """Of many reasons only some are kept."""
    told = {"reasons": [{"verdict": "FAIL", "sentence": f"check {number}"} for number in range(20)]}
    shown = "check 0; check 1; check 2 (and "
    assert report.named({**told, "counted": {"reasons": {"FAIL": 30, "UNKNOWN": 3}}}) == f"{shown}30 more)"
    # An older version has not counted them.
    assert report.named(told) == f"{shown}17 more)"
    assert report.named({"reasons": told["reasons"][:2]}) == "check 0; check 1"


def test_a_host_that_nothing_was_done_to_and_that_fails_is_told_the_way_back() -> None:
    assert "evenkeel.drift.rollback --limit web1" in report.hint("web1", "nothing", ended())
    assert report.hint("web1", "nothing", ended(fails=False)) == ""
    assert report.hint("web1", "changed", ended()) == ""
    assert report.hint("web1", "nothing", {}) == ""


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ("nothing", ", of which nothing is known here"),
        ("open", ", which was interrupted before it was verified or taken back"),
        ("ended", ""),
    ],
)
def test_it_is_told_which_deploy_was_the_last_to_change_it(known: str, said: str) -> None:
    last = {"run": "20261121T155900Z-prod-1", "point": POINT, "known": known}
    assert report.hint("web1", "nothing", ended(last=last)).endswith(
        f". The last to change it was the deploy 20261121T155900Z-prod-1{said}. Where that brought it about, {BACK}"
    )


@pytest.mark.parametrize("outcome", ["changed", "rolled_back"])
def test_a_host_that_was_left_unverified_and_differed_again_is_told_how_it_was_before_both(outcome: str) -> None:
    left = {"deploy": "20261121T155900Z-prod-1", "point": POINT}
    said = report.hint("web1", outcome, ended(left))
    assert said.startswith("; before that it was changed by the deploy 20261121T155900Z-prod-1, which was interrupted")
    assert said.endswith(BACK)
    # A deploy of services alone has no restore point.
    assert "rollback" not in report.hint("web1", outcome, ended({**left, "point": None}))
    assert report.hint("web1", outcome, ended(left, fails=False)) == ""
