# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of services: which, what depends on them, and the way back."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Proposal, Seen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.removals import removals
from proposals_seen import finding, process, processes, seen

Json = dict[str, t.Any]
CONTAINER: Json = {
    "id": "a" * 64,
    "name": "debug-shell",
    "state": "running",
    "image": {"name": "busybox"},
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
    return seen(contract, wrong, containers={"containers": [one, *others]})


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


def test_what_is_expected_or_not_judged_stays() -> None:
    assert removals(container("compose", name="web")) == []
    assert removals(container("health")) == []
    nothing = container("compose")
    assert removals(nothing.__class__(**{**vars(nothing), "contract": {"containers": {"expected": []}}})) == []
    assert removals(seen({"units": [{"name": "a.service"}]})) == []


UNIT = {"name": "old x.service", "active": "active", "enabled": "enabled", "outcome": "ok"}


@pytest.mark.parametrize(
    ("unit", "back"),
    [
        ({}, "systemctl enable --now 'old x.service'"),
        ({"enabled": "static"}, "systemctl start 'old x.service'"),
        ({"active": "inactive"}, "systemctl enable 'old x.service'"),
        ({"enabled": None}, "systemctl start 'old x.service'"),
    ],
)
def test_a_unit_is_stopped_and_disabled(unit: Json, back: str) -> None:
    wrong = [finding("units", "active", "old x.service", "old x.service", cause="only_on_host")]
    ports = {"listeners": [{"unit": "old x.service", "pid": 1, "proto": "tcp", "address": "0.0.0.0", "port": 80}]}
    host = seen({"units": [{"name": "a.service"}]}, wrong, units={"units": [{**UNIT, **unit}]}, ports=ports)
    (one,) = removals(host)
    assert commands(one) == ["systemctl disable --now 'old x.service'"]
    assert one.undo[0].commands == (back,)
    assert one.notes == ("it listens, so somebody may use it: tcp 0.0.0.0 port 80",)


def test_processes_that_must_not_run_are_ended() -> None:
    contract = {"processes": [{"name": "worker", "match": "x", "instances": 0}, {"name": "wanted", "match": "y"}]}
    wrong = [
        finding("processes", "instances", "worker", "worker"),
        finding("processes", "instances", "wanted", "wanted"),
    ]
    those = processes(process(41), process(42, unit="w.service"), process(43, unread={"unit": "denied"}, unit=None))
    (one,) = removals(seen(contract, wrong, processes=those))
    assert commands(one) == ["systemctl disable --now w.service", "TZ=UTC ps -o pid,lstart,args -p 41", "kill 41"]
    assert one.undo[1].commands == ("cd /srv/app && venv/bin/python src/worker.py --fast",)
    assert removals(seen(contract, wrong)) == []
