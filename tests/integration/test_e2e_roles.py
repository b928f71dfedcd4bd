# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles in plays of others, which have batches, strategies, conditions and tags of their own."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome
from e2e_project import Repository, application

VERIFY = "evenkeel.drift.verify"
SYNC = "evenkeel.drift.sync"
AUDIT = "evenkeel.drift.audit"

Json = dict[str, t.Any]


@pytest.fixture(name="hosts")
def fixture_hosts(operator: Operator, tmp_path: Path) -> Path:
    """Return the inventory of two hosts that are as their reference."""
    reference: Repository = application(tmp_path / "reference")
    roots = {name: {"drift_root": str(reference.deploy(tmp_path / name))} for name in ("web1", "web2")}
    return operator.inventory(
        roots,
        drift_repo=str(reference.path),
        drift_output_dir=str(operator.runs),
        drift_contract={"trees": [{"name": "source"}]},
    )


def play(operator: Operator, hosts: Path, content: Json, *arguments: str) -> Outcome:
    path = operator.desk / "ours.yml"
    path.write_text(json.dumps([{"name": "Ours", "hosts": "all", "gather_facts": False, **content}]))
    return operator.play(path, "-i", hosts, *arguments)


def include(role: str, **more: t.Any) -> Json:
    return {"ansible.builtin.include_role": {"name": role}, **more}


def test_each_batch_of_a_play_is_a_run_of_its_own(operator: Operator, hosts: Path) -> None:
    outcome = play(operator, hosts, {"serial": 1, "tasks": [include(VERIFY)]})
    assert outcome.code == 0, outcome.text
    reports = sorted((operator.runs / "verifications").glob("2*/verify.json"))
    found = [json.loads(report.read_text()) for report in reports]
    assert [[host["host"] for host in one["hosts"]] for one in found] == [["web1"], ["web2"]]
    assert {one["overall"]["verdict"] for one in found} == {"PASS"}


@pytest.mark.parametrize(
    ("role", "strategy"), [(AUDIT, "free"), (VERIFY, "ansible.builtin.host_pinned"), (SYNC, "free")]
)
def test_hosts_that_go_their_own_ways_are_refused(operator: Operator, hosts: Path, role: str, strategy: str) -> None:
    outcome = play(operator, hosts, {"strategy": strategy, "roles": [role]})
    assert (outcome.code, outcome.run) == (2, None)
    assert f"strategy: is {strategy}" in outcome.text
    assert "give the play strategy: ansible.builtin.linear" in outcome.text


@pytest.mark.parametrize("role", [AUDIT, VERIFY, SYNC])
def test_a_host_that_a_condition_keeps_from_the_role_fails_the_play(operator: Operator, hosts: Path, role: str) -> None:
    outcome = play(operator, hosts, {"tasks": [include(role, when="inventory_hostname == 'web2'")]})
    assert outcome.state() == (2, "unknown")
    assert "web1 took no part, so nothing is known there" in outcome.text


def test_a_host_whose_failure_is_rescued_took_part(operator: Operator, hosts: Path, tmp_path: Path) -> None:
    (tmp_path / "web2/src/app.py").write_text("edited\n")
    rescued = {"block": [include(AUDIT)], "rescue": [{"ansible.builtin.debug": {"msg": "what they do then"}}]}
    outcome = play(operator, hosts, {"tasks": [rescued]}, "-e", "drift_fail_on=low")
    assert outcome.state() == (0, "drift")
    assert "what they do then" in outcome.text
    assert "took no part" not in outcome.text


def test_a_tag_that_is_applied_runs_the_role_and_what_it_registers_can_be_used(operator: Operator, hosts: Path) -> None:
    role = {"ansible.builtin.include_role": {"name": VERIFY, "apply": {"tags": ["verify"]}}, "tags": ["verify"]}
    after = {"ansible.builtin.debug": {"msg": "it is {{ __verify_result.verdict }}"}, "tags": ["verify"]}
    before = {"ansible.builtin.fail": {"msg": "has another tag"}, "tags": ["rollout"]}
    outcome = play(operator, hosts, {"tasks": [before, role, after]}, "--tags", "verify")
    assert outcome.code == 0, outcome.text
    assert "it is PASS" in outcome.text
