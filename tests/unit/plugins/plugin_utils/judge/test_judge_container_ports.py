# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A port that a container wants and somebody else holds."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.containers import SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_ports import ports
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_rules import Rules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope

Json = dict[str, t.Any]
BOUND = {"port": "80/tcp", "address": "127.0.0.1", "host_port": 8001, "wildcard": False}


def listener(**more: t.Any) -> Json:
    made = {"proto": "tcp", "address": "127.0.0.1", "port": 8001, "user": "root", "pid": 7, "name": "python3"}
    return {**made, "command": "python3 api.py", "unit": None, "container": None, "reason": "", **more}


def judged(
    *listeners: Json, state: str = "created", error: str = "", bound: Json | None = None, asked: bool = True
) -> t.Any:
    seen = {"ports": {"listeners": list(listeners)}} if asked else {}
    contract = SHAPE.read({}, "containers", Problems())
    scope = Scope(Context("prod", "web1", seen=seen), "containers", "web", contract, "operational")
    one = {"name": "web", "state": state, "error": error, "ports": {"bound": [bound or BOUND]}}
    return ports(Rules(scope, contract, one, {}))


@pytest.mark.parametrize(
    "holder",
    [
        listener(),
        listener(address="0.0.0.0"),
        listener(address="::"),
        listener(pid=None, name=None),
    ],
)
def test_a_port_that_another_holds_is_named_with_its_holder(holder: Json) -> None:
    (check,) = judged(holder, error="driver failed: port is already allocated")
    assert (check.outcome, check.cause, check.severity, check.subject) == (
        "fail",
        "port_conflict",
        "high",
        "web:80/tcp",
    )
    assert "port 8001 of web1" in check.summary
    assert "the container is created (driver failed: port is already allocated)" in check.summary
    assert ("pid 7" in check.summary) == (holder["pid"] is not None)


@pytest.mark.parametrize(
    ("holder", "state"),
    [
        (listener(name="docker-proxy"), "running"),
        (listener(name="rootlessport"), "running"),
        (listener(pid=None, name=None), "running"),
        (listener(port=8002), "created"),
        (listener(proto="udp"), "created"),
        (listener(address="192.0.2.7"), "created"),
    ],
)
def test_what_is_not_in_the_way_is_no_conflict(holder: Json, state: str) -> None:
    assert judged(holder, state=state) == []


def test_a_port_on_all_addresses_meets_any_listener() -> None:
    everywhere = {**BOUND, "address": "0.0.0.0", "wildcard": True}
    (check,) = judged(listener(), state="running", bound=everywhere)
    assert "the container runs without it" in check.summary


def test_without_the_ports_nothing_is_said() -> None:
    assert judged(listener(), asked=False) == []
