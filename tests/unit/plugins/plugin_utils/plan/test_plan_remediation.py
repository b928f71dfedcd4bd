# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a remediation keeps in the folder of its deploy, and what it takes over of one that was interrupted."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import container_restarts, deploys, document
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import course, takeover
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from test_plan_document import change, example

CHANGED = {"outcome": "changed", "changed": ["src/app.py"], "left": [], "services": [], "point": "20261121T1-aaaaaa"}

_TOLD = {"id": "v-1", "verdict": "FAIL", "before": None, "reasons": [], "known": [], "again": None}

Json = dict[str, t.Any]


def opened(runs: Path, plan: Json, chain: bool = True) -> RunFolder:
    folder = deploys.open_deploy(str(runs), "prod", plan, {"user": "ops", "host": "control"})
    if chain:
        # The run that the plan is of is gone: a reviewed plan may be older than all that is kept.
        course.begin(folder, plan, audited=False)
    return folder


def idle(**host: t.Any) -> Json:
    plan = change(example(created=utc_now()), "hosts", 0, "actions", [])
    for name, value in host.items():
        plan = change(plan, "hosts", 0, name, value)
    return {**plan, "id": document.identity(plan)}


@pytest.fixture(name="interrupted")
def fixture_interrupted(tmp_path: Path) -> RunFolder:
    folder = opened(tmp_path, example())
    deploys.note(folder, "web1", "ops@control", "change", "done")
    deploys.keep_result(folder, "web1", CHANGED)
    return folder


def test_a_host_that_was_changed_and_not_verified_is_taken_over(tmp_path: Path, interrupted: RunFolder) -> None:
    current = opened(tmp_path, idle())
    assert takeover.take_over(current, idle(), {"web1"}) == {"web1": interrupted.id}
    kept = deploys.results(current)["web1"]
    assert (kept["of"], kept["outcome"], kept["point"]) == (interrupted.id, "changed", CHANGED["point"])
    assert course.due(current, ["web1", "web2"]) == ["web1"]
    # Interrupted as well, and again: it is still the change of the first.
    third = opened(tmp_path, idle())
    assert takeover.take_over(third, idle(), {"web1"}) == {"web1": current.id}
    assert course.source_of(third, deploys.results(third)["web1"]).id == interrupted.id
    part, level = course.way_back(third, "web1", deploys.results(third)["web1"])
    assert (part["actions"] != [], level) == (True, "config")


def verified(back: str | None) -> Json:
    return {**CHANGED, "verification": {**_TOLD, "back": back}}


@pytest.mark.parametrize(
    ("result", "taken"),
    [
        (verified(None), False),
        (verified("due"), True),
        ({**verified("done"), "outcome": "rolled_back"}, False),
        ({"outcome": "failed", "reason": "no space"}, False),
        ({"outcome": "unchanged", "changed": []}, False),
    ],
)
def test_only_what_still_waits_for_its_verification_is_taken_over(
    tmp_path: Path, interrupted: RunFolder, result: Json, taken: bool
) -> None:
    deploys.keep_result(interrupted, "web1", result)
    assert bool(takeover.take_over(opened(tmp_path, idle()), idle(), {"web1"})) == taken


@pytest.mark.parametrize("ended", [False, True])
def test_a_host_whose_way_back_did_not_come_to_its_end_is_taken_over(
    tmp_path: Path, interrupted: RunFolder, ended: bool
) -> None:
    """The host may have been out of reach just then; that of a play that came to its own end, too."""
    failed = {**verified("due"), "outcome": "failed", "reason": "the connection was lost"}
    deploys.keep_result(interrupted, "web1", failed)
    if ended:
        deploys.report(interrupted, example(), {})
    current = opened(tmp_path, idle())
    assert takeover.take_over(current, idle(), {"web1"}) == {"web1": interrupted.id}
    assert deploys.results(current)["web1"] == {**CHANGED, "host": "web1", "of": interrupted.id}
    assert course.due(current, ["web1"]) == ["web1"]


@pytest.mark.parametrize(
    "plan",
    [
        example(),
        idle(root="/srv/other"),
        idle(application="other"),
        idle(left_out=[{"path": "src/app.py", "kind": "host_work", "reason": "edited", "cure": "rescue it"}]),
        idle(gates=[{"name": "observed", "state": "refuse", "sentence": "web1 was not observed"}]),
    ],
    ids=["planned_again", "another_root", "another_application", "worked_on_since", "not_seen"],
)
def test_a_host_that_is_not_as_it_was_left_is_not_taken_over(
    tmp_path: Path, interrupted: RunFolder, plan: Json
) -> None:
    assert not interrupted.complete()
    assert takeover.take_over(opened(tmp_path, plan), plan, {"web1"}) == {}


def test_only_the_newest_deploy_of_a_host_counts_and_only_a_remediation(tmp_path: Path, interrupted: RunFolder) -> None:
    assert takeover.take_over(opened(tmp_path, idle()), idle(), {"web2"}) == {}
    plain = opened(tmp_path, example(), chain=False)
    deploys.keep_result(plain, "web1", CHANGED)
    assert takeover.take_over(opened(tmp_path, idle()), idle(), {"web1"}) == {}
    assert interrupted.id < plain.id


def test_what_was_interrupted_days_ago_is_left_alone(tmp_path: Path, interrupted: RunFolder) -> None:
    about = interrupted.read("run.json")
    interrupted.write("run.json", {**about, "started": "2026-01-02T03:04:05Z"})
    assert takeover.take_over(opened(tmp_path, idle()), idle(), {"web1"}) == {}


def test_a_deploy_that_ended_leaves_nothing_to_take_over(tmp_path: Path, interrupted: RunFolder) -> None:
    deploys.report(interrupted, example(), {})
    assert takeover.take_over(opened(tmp_path, idle()), idle(), {"web1"}) == {}


def test_a_host_whose_verification_did_not_end_fails_and_stays(interrupted: RunFolder) -> None:
    assert course.decide(interrupted, ["web1"], None) == {}
    kept = deploys.results(interrupted)["web1"]
    assert kept["outcome"] == "failed"
    assert f"evenkeel.drift.rollback -e rollback_to={CHANGED['point']} --limit web1" in kept["reason"]
    assert deploys.failures(interrupted) == {"web1": kept["reason"]}
    assert course.due(interrupted, ["web1"]) == []


def test_what_cannot_be_verified_after_the_way_back_is_not_called_rolled_back(interrupted: RunFolder) -> None:
    deploys.keep_result(interrupted, "web1", {**verified("done"), "outcome": "rolled_back", "reason": "500"})
    assert course.due_again(interrupted, ["web1"]) == ["web1"]
    course.confirm(interrupted, ["web1"], None)
    kept = deploys.results(interrupted)["web1"]
    assert (kept["outcome"], kept["verification"]["again"]) == ("failed", {"id": None, "verdict": None, "still": []})
    assert "whether all is well again is not known" in kept["reason"]
    assert course.due_again(interrupted, ["web1"]) == []


def test_what_the_change_brought_along_is_known_to_the_way_back(tmp_path: Path) -> None:
    """Only what was done: a unit that ran already is not stopped by taking back that it was to be started."""

    def container(name: str) -> Json:
        seen = {"id": name[-1] * 64, "name": name, "started_s": 1.0, "image": {"id": f"sha256:{'0' * 64}"}}
        return container_restarts.restart_action(seen, "it uses src/app.py", [], None)

    steps = [
        {"do": "enable", "unit": "a.service", "before": {"enabled": "disabled"}},
        {"do": "start", "unit": "a.service", "before": {"active": "inactive"}},
    ]
    restarts = [container("shop-a"), container("shop-b")]
    unit = {**restarts[0], "kind": "unit", "path": "a.service", "steps": steps}
    actions = [*example()["hosts"][0]["actions"], restarts[0], unit, restarts[1]]
    plan = change(example(), "hosts", 0, "actions", actions)
    plan["id"] = document.identity(plan)
    folder = opened(tmp_path, plan)
    told = [("container", "shop-a", "restart", "done"), ("unit", "a.service", "enable", "done")]
    told += [("unit", "a.service", "start", "unchanged"), ("container", "shop-b", "restart", "unchanged")]
    services = [{"kind": kind, "path": path, "do": do, "state": state} for kind, path, do, state in told]
    services[1]["ill"] = "it was failed"
    found = course.brought_along(folder, "web1", {**CHANGED, "services": services})
    assert [(one["path"], one["steps"]) for one in found["services"]] == [
        ("shop-a", restarts[0]["steps"]),
        ("a.service", [{**steps[0], "ill": "it was failed"}]),
    ]
    assert (found["hooks"], found["step_timeout"]) == (plan["policy"]["hooks"], plan["policy"]["step_timeout"])
    assert course.brought_along(folder, "web1", CHANGED)["services"] == []
