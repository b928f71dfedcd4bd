# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a remediation takes over when the control node was gone before the host had told that it was changed."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import changes_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys, document
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import course, takeover
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from test_plan_document import change, example

POINT = "20261121T160000Z-0a1b2c"
CHANGED = {"outcome": "changed", "changed": ["src/app.py"], "left": [], "services": [], "point": POINT}
VERIFIED = {"id": "v-1", "verdict": "PASS", "before": None, "reasons": [], "known": [], "back": None, "again": None}
RESTART = {"kind": "unit", "path": "web.service", "do": "restart"}
SERVICES_ALONE = change(example(), "hosts", 0, "actions", example()["hosts"][0]["actions"][1:])

Json = dict[str, t.Any]


def plan(made: Json) -> Json:
    return {**made, "id": document.identity(made)}


def opened(runs: Path, made: Json, chain: bool = True) -> RunFolder:
    folder = deploys.open_deploy(str(runs), "prod", made, {"user": "ops", "host": "control"})
    if chain:
        course.begin(folder, made, audited=False)
    return folder


def audited(runs: Path) -> RunFolder:
    run = RunFolder.create(str(runs), "2026-11-21T17:00:00Z", "prod")
    run.write("run.json", {"id": run.id})
    return run


class World:
    """A deploy that was interrupted when a host was being changed, and the audit that follows."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self.past: RunFolder

    def interrupted(self, made: Json, chain: bool = True) -> None:
        self.made = made
        self.past = opened(self.runs, made, chain)
        deploys.note(self.past, "web1", "ops@control", "check, save and change", "begun")

    def deployed(self, **more: t.Any) -> Json:
        return {"run": self.past.id, "id": self.made["id"], "point": POINT, "steps": [RESTART], **more}

    def taken(self, changes: Json | None, failure: Json | None = None) -> Json | None:
        """Return the result that is kept of the host when an audit shows it like that, with nothing to do there."""
        run = audited(self.runs)
        if changes is not None or failure is not None:
            evidence.keep(run, "web1", evidence.HOST, {"failure": failure, "changes": changes})
        run.seal()
        idle = change(example(run=run.id, created=utc_now()), "hosts", 0, "actions", [])
        current = opened(self.runs, plan(idle))
        found = takeover.take_over(current, idle, {"web1"})
        assert found == ({"web1": self.past.id} if found else {})
        kept = deploys.results(current)
        assert found.keys() == kept.keys()
        return kept.get("web1")


@pytest.fixture(name="world")
def fixture_world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.interrupted(example())
    return world


def record(deployed: Json | None, **more: t.Any) -> Json:
    return {"open": None, "under_way": None, "deployed": deployed, **more}


def test_a_change_that_its_host_ended_alone_is_taken_over(world: World) -> None:
    kept = world.taken(record(world.deployed()))
    assert kept == {
        "host": "web1",
        "outcome": "changed",
        "changed": ["src/app.py"],
        "services": [{**RESTART, "state": "done", "said": ""}],
        "left": [],
        "point": POINT,
        "of": world.past.id,
    }
    # The way back knows what the change has restarted, and where it is planned.
    assert course.source_of(world.past, kept).id == world.past.id
    (back,) = course.brought_along(world.past, "web1", kept)["services"]
    assert (back["path"], [one["do"] for one in back["steps"]]) == ("web.service", ["restart"])


@pytest.mark.parametrize(
    "other",
    [
        {"run": "20261121T150000Z-prod-9"},
        {"run": None},
        {"id": "plan-000000000000"},
        {"point": None},
        {"point": "x; reboot"},
    ],
)
def test_another_change_or_one_without_its_restore_point_is_not(world: World, other: Json) -> None:
    assert world.taken(record(world.deployed(**other))) is None


def test_a_host_whose_record_does_not_tell_is_not(world: World) -> None:
    told = world.deployed()
    assert world.taken(record(None)) is None
    assert world.taken(record(told, open={"phase": "services"})) is None
    assert world.taken(record(told, under_way={"pid": 1})) is None
    assert world.taken(None) is None
    assert world.taken(None, {"kind": "unreachable", "reason": "no route to host"}) is None
    # Evidence of an older version has no word of it.
    assert world.taken({"open": None, "under_way": None}) is None
    assert world.taken(record(told)) is not None


def test_a_change_of_services_alone_has_no_restore_point(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.interrupted(plan(SERVICES_ALONE))
    kept = world.taken(record(world.deployed(point=None)))
    assert kept is not None
    assert (kept["changed"], kept["point"]) == ([], None)


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(
    ("result", "taken"),
    [
        (None, True),
        ({"outcome": "failed", "reason": "the connection was lost", "point": None}, True),
        # Verified, or as far as that went; and taken back.
        ({**CHANGED, "outcome": "failed", "reason": "worse all the same", "verification": VERIFIED}, False),
        ({"outcome": "rolled_back", "reason": "no space left", "point": POINT}, False),
        ({"outcome": "not_begun", "reason": "web0 failed before it"}, False),
    ],
)
def test_only_who_was_not_heard_of_is_asked(world: World, result: Json | None, taken: bool, ended: bool) -> None:
    """A play whose connection was lost may have come to its own end: it could not tell either."""
    if result is not None:
        deploys.keep_result(world.past, "web1", result)
    if ended:
        deploys.report(world.past, example(), {})
    assert (world.taken(record(world.deployed())) is not None) == taken


def test_only_a_remediation_of_late(tmp_path: Path, world: World) -> None:
    about = world.past.read("run.json")
    world.past.write("run.json", {**about, "started": "2026-01-02T03:04:05Z"})
    assert world.taken(record(world.deployed())) is None
    other = World(tmp_path / "other")
    other.interrupted(example(), chain=False)
    assert other.taken(record(other.deployed())) is None


@pytest.mark.parametrize(
    ("deployed", "outcome", "taken"),
    [
        ({}, "ok", True),
        # Another deploy came after it, or a rollback.
        ({"run": "20261121T150000Z-prod-9"}, "ok", False),
        (None, "ok", False),
        # A record that cannot be read says nothing against it.
        (None, "unknown", True),
    ],
)
def test_a_change_that_its_host_told_of_counts_while_it_is_the_last(
    world: World, deployed: Json | None, outcome: str, taken: bool
) -> None:
    deploys.keep_result(world.past, "web1", CHANGED)
    told = None if deployed is None else world.deployed(**deployed)
    assert (world.taken(record(told, outcome=outcome)) is not None) == taken


@pytest.mark.parametrize("outcome", ["not_begun", "unchanged", "planned"])
def test_a_deploy_that_did_nothing_to_a_host_hides_no_earlier_one(world: World, outcome: str) -> None:
    later = opened(world.runs, example())
    deploys.keep_result(later, "web1", {"outcome": outcome, "reason": "the window has closed", "changed": []})
    assert world.taken(record(world.deployed())) is not None


@pytest.mark.parametrize(("key", "other"), [("application", "blog"), ("root", "/srv/b"), ("environment", "staging")])
@pytest.mark.parametrize("told", [True, False])
def test_another_application_that_was_deployed_on_the_host_since_hides_nothing(
    world: World, told: bool, key: str, other: str
) -> None:
    blog = opened(world.runs, plan(change(example(), "hosts", 0, key, other)))
    deploys.note(blog, "web1", "ops@control", "change", "begun")
    if told:
        deploys.keep_result(blog, "web1", CHANGED)
        deploys.report(blog, example(), {})
    kept = world.taken(record(world.deployed()))
    assert kept is not None and kept["of"] == world.past.id


def test_a_deploy_whose_plan_cannot_be_read_may_have_been_of_the_same_application(world: World) -> None:
    later = opened(world.runs, example())
    deploys.keep_result(later, "web1", CHANGED)
    Path(later.join(document.PLAN)).write_text("{")
    assert world.taken(record(world.deployed())) is None


def test_a_deploy_that_came_to_nothing_before_it_told_so_hides_no_earlier_one(world: World) -> None:
    later = opened(world.runs, example(), chain=False)
    deploys.note(later, "web1", "ops@control", "check, save and change", "begun")
    # Unless the host does not say that the earlier one still is the last that changed anything.
    assert world.taken(None) is None
    assert world.taken(record(world.deployed(run=later.id))) is None
    assert world.taken(record(world.deployed(), open={"phase": "services"})) is None
    kept = world.taken(record(world.deployed()))
    assert kept is not None and kept["of"] == world.past.id


def test_a_plan_that_is_older_than_the_change_says_nothing_of_what_it_left(tmp_path: Path, world: World) -> None:
    deploys.keep_result(world.past, "web1", CHANGED)
    idle = plan(change(example(), "hosts", 0, "actions", []))
    assert takeover.take_over(opened(tmp_path, idle), idle, {"web1"}) == {}


@pytest.mark.parametrize(("key", "other"), [("application", "blog"), ("root", "/srv/b"), ("environment", "staging")])
def test_another_application_or_another_host_of_that_name_is_not_taken_over(
    tmp_path: Path, key: str, other: str
) -> None:
    world = World(tmp_path)
    world.interrupted(plan(change(example(), "hosts", 0, key, other)))
    deploys.keep_result(world.past, "web1", CHANGED)
    assert world.taken(None) is None


def repeated(world: World, changes: Json) -> Json | None:
    """Return what is kept of the host when the same plan is applied again, and the host is as planned already."""
    current = opened(world.runs, example())
    earlier = takeover.Repeated(current, example()["id"])
    assert earlier
    return earlier.result(example()["hosts"][0], changes)


def test_the_same_plan_again_takes_over_what_its_host_ended_alone(world: World) -> None:
    kept = repeated(world, record(world.deployed(), outcome="ok"))
    assert kept is not None
    assert (kept["outcome"], kept["of"], kept["point"]) == ("changed", world.past.id, POINT)


def test_the_same_plan_again_takes_over_what_was_told_and_not_verified(world: World) -> None:
    deploys.keep_result(world.past, "web1", CHANGED)
    # One that was killed while it asked the host is passed over: the host names the one before.
    second = opened(world.runs, example())
    deploys.note(second, "web1", "ops@control", "check, save and change", "begun")
    kept = repeated(world, record(world.deployed(), outcome="ok"))
    assert kept is not None
    assert kept == {**CHANGED, "of": world.past.id}
    # And one that was killed when it had taken it over is gone on with.
    deploys.keep_result(second, "web1", kept)
    assert repeated(world, record(world.deployed(), outcome="ok")) == kept
    deploys.keep_result(second, "web1", {**kept, "verification": VERIFIED})
    assert repeated(world, record(world.deployed(), outcome="ok")) is None


@pytest.mark.parametrize("told", [True, False])
def test_the_same_plan_again_takes_nothing_over_that_the_host_does_not_vouch_for(world: World, told: bool) -> None:
    if told:
        deploys.keep_result(world.past, "web1", CHANGED)
    assert repeated(world, record(None, outcome="ok")) is None
    assert repeated(world, record(world.deployed(run="20261121T150000Z-prod-9"), outcome="ok")) is None
    assert repeated(world, changes_of({"changes": "garbled"})) is None
    deploys.keep_result(world.past, "web1", {"outcome": "rolled_back", "reason": "no space left", "point": POINT})
    assert repeated(world, record(world.deployed(), outcome="ok")) is None


def test_only_a_remediation_of_the_same_plan_is_repeated(tmp_path: Path, world: World) -> None:
    current = opened(tmp_path, example())
    assert not takeover.Repeated(current, plan(SERVICES_ALONE)["id"])
    deploy = opened(tmp_path, example(), chain=False)
    assert not takeover.Repeated(deploy, example()["id"])
    # Neither counts what is no remediation, or had not begun.
    only = opened(tmp_path / "other", example())
    opened(tmp_path / "other", example(), chain=False)
    (tmp_path / "other/deploys/20261121T180000Z-prod-1").mkdir()
    assert not takeover.Repeated(only, example()["id"])


def test_a_plan_whose_audit_is_gone_or_was_altered_tells_nothing(tmp_path: Path, world: World) -> None:
    idle = plan(change(example(), "hosts", 0, "actions", []))
    assert takeover.take_over(opened(tmp_path, idle), idle, {"web1"}) == {}
    run = audited(tmp_path)
    run.seal()
    evidence.keep(run, "web1", evidence.HOST, {"failure": None, "changes": record(world.deployed())})
    idle = {**idle, "run": run.id}
    assert takeover.take_over(opened(tmp_path, plan(idle)), idle, {"web1"}) == {}
