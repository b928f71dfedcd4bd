# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of services: which, what depends on them, and the way back."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import registry
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.joining import join, services
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Proposal, Seen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.removals import removals
from proposals_seen import finding, process, processes, seen

Json = dict[str, t.Any]
ENGINE = {"kind": "docker", "socket": "/var/run/docker.sock"}
CONTAINER: Json = {
    "id": "a" * 64,
    "name": "debug-shell",
    "state": "running",
    "image": {"name": "busybox", "id": "c" * 64},
    "started_s": 1795262400.5,
    "compose": None,
    "restart_policy": {"name": "on-failure", "maximum": 3},
    "network_mode": "shop",
    "networks": [{"name": "shop"}],
    "mounts": [{"type": "volume", "name": "data"}, {"type": "bind", "name": None}],
    "ports": {"published": [{"address": "127.0.0.1", "host_port": 80}]},
    "layer": {"total": 2},
}


def commands(proposal: Proposal) -> list[str]:
    return [line for step in proposal.apply for line in step.commands]


def container(check: str = "declared", others: t.Sequence[Json] = (), **more: t.Any) -> Seen:
    contract = {"containers": {"expected": [{"name": "web"}], "only_expected": True}}
    one = {**CONTAINER, **more}
    wrong = [finding("containers", check, one["name"], one["name"])]
    return seen(contract, wrong, containers={"engine": ENGINE, "containers": [one, *others]})


@pytest.mark.parametrize("check", ["declared", "compose"])
def test_a_container_is_stopped_and_stays(check: str) -> None:
    other = {**CONTAINER, "id": "b" * 64, "name": "user", "network_mode": f"container:{'a' * 64}"}
    (one,) = removals(container(check, [other]))
    assert commands(one) == [
        "docker update --restart no aaaaaaaaaaaa && docker stop aaaaaaaaaaaa",
        "docker rm aaaaaaaaaaaa",
    ]
    assert one.undo[0].commands == ("docker update --restart on-failure:3 aaaaaaaaaaaa && docker start aaaaaaaaaaaa",)
    told = " / ".join(one.notes)
    for said in (
        "no network without it: user",
        "in a network with it",
        "use a volume of it: user",
        "127.0.0.1:80",
        "inside it",
    ):
        assert said in told


def test_a_plan_stops_a_container_with_what_leads_back() -> None:
    (one,) = removals(container())
    (action,) = services([one], [])
    registry.checked([action])
    (step,) = action["steps"]
    assert (step["do"], step["container"], step["running"]) == ("stop", "a" * 64, True)
    assert step["restart"] == {"name": "on-failure", "maximum": 3}
    assert step["before"] == {"id": "a" * 64, "image_id": "c" * 64, "started_s": 1795262400.5}
    # What the plan does anyway, it does once.
    assert services([one], [action]) == []
    podman = container()
    data = podman.section("containers") or {}
    podman = podman.__class__(**{**vars(podman), "section": lambda _name: {**data, "engine": {"kind": "podman"}}})
    (by_hand,) = removals(podman)
    assert by_hand.actions == ()


def test_what_is_expected_or_not_judged_stays() -> None:
    assert removals(container("compose", name="web")) == []
    assert removals(container("health")) == []
    nothing = container("compose")
    assert removals(nothing.__class__(**{**vars(nothing), "contract": {"containers": {"expected": []}}})) == []
    assert removals(seen({"units": [{"name": "a.service"}]})) == []


def ended(*those: Json, **sections: Json) -> list[Proposal]:
    contract = {"processes": [{"name": "worker", "match": "x", "instances": 0}, {"name": "wanted", "match": "y"}]}
    wrong = [finding("processes", "instances", name, name) for name in ("worker", "wanted")]
    return removals(seen(contract, wrong, processes=processes(*those), **sections))


def test_a_process_that_must_not_run_is_ended_by_its_unit() -> None:
    ports = {"listeners": [{"unit": "w.service", "pid": 42, "proto": "tcp", "address": "0.0.0.0", "port": 80}]}
    (one,) = ended(process(42, unit="w.service"), process(43, unread={"unit": "denied"}, unit=None), ports=ports)
    assert (one.subject, commands(one)) == ("w.service", ["systemctl disable --now w.service"])
    assert one.undo[0].commands == ("systemctl enable --now w.service",)
    assert one.notes == ("it listens, so somebody may use it: tcp 0.0.0.0 port 80",)
    (action,) = one.actions
    assert registry.checked([{**action, "n": 1}])
    assert [(step["do"], step["unit"]) for step in action["steps"]] == [("disable", "w.service"), ("stop", "w.service")]


def test_a_process_without_a_unit_is_ended_by_hand() -> None:
    (one,) = ended(process(41))
    assert (one.subject, commands(one), one.actions) == (
        "worker",
        ["TZ=UTC ps -o pid,lstart,args -p 41", "kill 41"],
        (),
    )
    assert one.undo[0].commands == ("cd /srv/app && venv/bin/python src/worker.py --fast",)
    assert ended(process(41, container="a" * 64)) == []
    (user,) = ended(process(42, unit="w.service", unit_user=1000))
    assert not user.actions


def listening(**more: t.Any) -> list[Proposal]:
    observed = {"pid": 7, "name": "old", "unit": "old.service", "container": None, "command": "old", "address": "::"}
    made = finding("ports", "declared", "listeners", "tcp/::/80", cause="undeclared_listener")
    made["observed"] = {**observed, **more}
    second = {**made, "subject": "tcp/::/81"}
    return removals(seen({"ports": [{"port": 80}]}, [made, second]))


def test_what_listens_and_nothing_declares_is_ended_once() -> None:
    (one,) = listening()
    assert (one.subject, len(one.actions), len(one.why)) == ("old.service", 1, 2)
    (loose,) = listening(unit="session-1.scope")
    assert (loose.subject, loose.actions) == ("old", ())


@pytest.mark.parametrize(
    "more",
    [
        {"pid": None, "name": None},
        {"container": "a" * 64},
        {"name": "docker-proxy", "unit": "docker.service"},
        # For the unit of a socket, and what no host tells.
        {"pid": 1, "name": "systemd", "unit": "init.scope"},
        {"pid": -1, "unit": None},
    ],
)
def test_what_listens_for_containers_or_for_nobody_stays(more: Json) -> None:
    assert listening(**more) == []


@pytest.mark.parametrize(
    ("unit", "name"),
    [("ssh.service", "sshd"), ("sshd@7.service", "sshd"), ("systemd-networkd.service", "systemd-network")],
)
def test_what_lets_people_in_is_stopped_by_hand_alone(unit: str, name: str) -> None:
    (one,) = listening(unit=unit, name=name)
    assert (one.subject, one.actions) == (unit, ())
    assert one.notes[0].startswith("without it nobody may reach the host any more")


def test_steps_that_a_plan_has_anyway_are_not_taken_twice() -> None:
    proposals = ended(process(42, unit="w.service"))
    running = [{"steps": [{"do": "stop", "unit": "w.service"}]}, {"steps": [{"do": "end", "pid": 3}]}]
    (action,) = services(proposals, running)
    assert [step["do"] for step in action["steps"]] == ["disable"]
    assert services([*proposals, *proposals], []) == list(proposals[0].actions)
    # They follow the files, and are none of their actions.
    assert join([], [], proposals) == ([], [])
