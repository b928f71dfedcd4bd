# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a change that nobody verified, and that is not taken over: which it was, and what was before it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import deploys
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import course, takeover
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import final as ending
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import folder as verifications
from test_plan_document import change, example
from test_plan_takeover import CHANGED, POINT, VERIFIED, World, audited, opened, plan, record

Json = dict[str, t.Any]


@pytest.fixture(name="world")
def fixture_world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.interrupted(example())
    deploys.keep_result(world.past, "web1", CHANGED)
    return world


def planned(world: World, deployed: Json | None, **host: t.Any) -> RunFolder:
    """Return a remediation with something to do on the host, whose own record names the last deploy."""
    run = audited(world.runs)
    evidence.keep(run, "web1", evidence.HOST, {"failure": None, "changes": record(deployed, outcome="ok")})
    run.seal()
    made = example(run=run.id, created=utc_now())
    for key, value in host.items():
        made = change(made, "hosts", 0, key, value)
    made = plan(made)
    current = opened(world.runs, made)
    assert takeover.take_over(current, made, {"web1"}) == {}
    return current


def test_a_host_that_was_left_unverified_and_differs_again_is_known(world: World) -> None:
    current = planned(world, world.deployed())
    assert course.unproven(current) == {"web1": world.past.id}
    assert current.read("run.json")["chain"]["unproven"] == {"web1": {"deploy": world.past.id, "point": POINT}}
    assert deploys.results(current) == {}


@pytest.mark.parametrize("deployed", [None, {"run": "20261121T150000Z-prod-9", "id": "plan-1", "point": POINT}])
def test_one_that_was_changed_by_something_else_since_is_not(world: World, deployed: Json | None) -> None:
    assert course.unproven(planned(world, deployed)) == {}


def test_neither_is_one_that_was_verified_nor_another_application(world: World) -> None:
    assert course.unproven(planned(world, world.deployed(), application="blog")) == {}
    deploys.keep_result(world.past, "web1", {**CHANGED, "verification": VERIFIED})
    assert course.unproven(planned(world, world.deployed())) == {}


NEVER = {"id": None, "verdict": None, "before": None, "reasons": [], "known": [], "back": None, "again": None}


def verified(world: World, host: str = "web1", deploy: str | None = None) -> RunFolder:
    """Return a verification of the deploy that was interrupted, by hand or in its own end."""
    made = RunFolder.create(str(world.runs / verifications.FOLDER), utc_now(), "verify-prod")
    made.write("run.json", {"started": utc_now(), "finished": utc_now()})
    made.write(verifications.DOCUMENT, {"deploy": deploy or world.past.id, "hosts": [{"host": host}]})
    made.seal()
    return made


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_host_whose_verification_did_not_come_to_an_end_is_taken_over(world: World, by_hand: bool) -> None:
    """Unless somebody has verified that deploy since: who has, knows how the host is."""
    failed = {**CHANGED, "outcome": "failed", "reason": "not verified", "verification": NEVER}
    deploys.keep_result(world.past, "web1", failed)
    final = verified(world)
    deploys.report(world.past, example(), {"verification": {"id": final.id, "verdict": "PASS", "hosts": {}}})
    verified(world, host="web2")
    verified(world, deploy="20261121T150000Z-prod-9")
    # One that did not come to its end, either, and one that was damaged since.
    verified(world).write_bytes("INCOMPLETE", b"x")
    verified(world).write_bytes(verifications.DOCUMENT, b"")
    if by_hand:
        verified(world)
    kept = world.taken(record(world.deployed(), outcome="ok"))
    assert kept == (None if by_hand else {**CHANGED, "host": "web1", "of": world.past.id})


def ended(world: World, deployed: Json | None, fails: bool = True) -> Json | None:
    """Return what is kept of the last deploy of a host in the end of a remediation that did nothing to it."""
    run = audited(world.runs)
    evidence.keep(run, "web1", evidence.HOST, {"failure": None, "changes": record(deployed, outcome="ok")})
    final = RunFolder.create(str(world.runs / verifications.FOLDER), utc_now(), "verify-prod")
    final.write("run.json", {"started": utc_now(), "finished": utc_now()})
    host = {"host": "web1", "verdict": "FAIL", "fails": fails, "reasons": [], "failure": None}
    final.write(
        verifications.DOCUMENT, {"id": final.id, "run": run.id, "overall": {"verdict": "FAIL"}, "hosts": [host]}
    )
    final.seal()
    told = ending.ending(opened(world.runs, example()), final)["verification"]["hosts"]["web1"]["last"]
    return t.cast("Json | None", told)


def test_the_last_deploy_of_a_host_that_fails_is_what_its_own_record_names(world: World) -> None:
    elsewhere = "20261121T150000Z-prod-9"
    assert ended(world, world.deployed()) == {"run": world.past.id, "point": POINT, "known": "open"}
    assert ended(world, world.deployed(run=elsewhere)) == {"run": elsewhere, "point": POINT, "known": "nothing"}
    deploys.report(world.past, example(), {})
    assert ended(world, world.deployed()) == {"run": world.past.id, "point": POINT, "known": "ended"}
    assert ended(world, world.deployed(), fails=False) is None


@pytest.mark.parametrize("other", [{"run": None}, {"run": "x; reboot"}, {"point": None}, {"point": "x; reboot"}])
def test_what_is_no_deploy_or_no_restore_point_is_not_told(world: World, other: Json) -> None:
    assert ended(world, None) is None
    assert ended(world, world.deployed(**other)) is None
