# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a container that no comparison with Compose files covers: each is named, what is usual is not."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.unsaid import unsaid
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.containers import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from fake_containers import inspected, serve
from fake_engine import FakeEngine, replay

RECORDED = Path(__file__).parent / "recorded"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, []),
        ({"HostConfig": {"Devices": [], "ExtraHosts": None, "Dns": []}}, []),
        ({"HostConfig": {"ExtraHosts": ["a:192.0.2.1"], "Dns": ["192.0.2.53"]}}, ["Dns", "ExtraHosts"]),
        ({"HostConfig": {"Sysctls": {"net.core.somaxconn": "1"}, "Init": True}}, ["Init", "Sysctls"]),
        ({"HostConfig": {"ShmSize": 64 << 20, "IpcMode": "private"}}, []),
        ({"HostConfig": {"ShmSize": 1 << 20, "IpcMode": "host"}}, ["IpcMode", "ShmSize"]),
        ({"HostConfig": {"MemorySwap": 128 << 20}}, []),
        ({"HostConfig": {"MemorySwap": 64 << 20}}, ["MemorySwap"]),
        ({"HostConfig": {"LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}}}}, ["LogConfig"]),
        ({"HostConfig": {"LogConfig": {"Type": "syslog", "Config": {}}}}, ["LogConfig"]),
        ({"HostConfig": {"Tmpfs": {"/a": ""}}}, []),
        ({"HostConfig": {"Tmpfs": {"/a": "size=1m"}}}, ["Tmpfs"]),
        ({"Mounts": [{"Type": "bind", "Propagation": "rshared"}]}, ["Mounts"]),
        (
            {"Config": {"StopSignal": "SIGQUIT", "StopTimeout": 60, "OpenStdin": True}},
            ["OpenStdin", "StopSignal", "StopTimeout"],
        ),
    ],
)
def test_each_setting_is_named(changes: t.Any, named: list[str]) -> None:
    assert unsaid(Fields(inspected("web", **changes))) == named


def test_another_form_is_no_answer() -> None:
    with pytest.raises(Unseen):
        unsaid(Fields(inspected("web", HostConfig={"Devices": "all"})))


@pytest.mark.parametrize("recorded", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
def test_what_real_engines_write_by_themselves_is_usual(recorded: Path) -> None:
    with FakeEngine() as fake:
        replay(fake, recorded)
        data = collect({"socket": fake.socket}, Host("/", 20, key=b"key"))
    alone = {one["name"] for one in data["containers"] if one["compose"] is None}
    assert {one["name"] for one in data["outside"]} == alone
    told = {name for one in data["outside"] if not one["reason"] for name in one["unsaid"]}
    # One was made with a limit of its swap, and Podman tells limits that nobody gave.
    assert told <= {"MemorySwap", "Ulimits"}, told


def test_only_those_outside_of_compose_are_told_in_full() -> None:
    alone = inspected("alone")
    alone["Config"]["Labels"] = {}
    broken = inspected("broken", HostConfig={"Devices": "all"})
    broken["Config"]["Labels"] = {}
    with FakeEngine() as fake:
        serve(fake, inspected("web"), alone, broken)
        data = collect({"socket": fake.socket}, Host("/", 20, key=b"key"))
    assert [(one["name"], bool(one["reason"])) for one in data["outside"]] == [("alone", False), ("broken", True)]
    assert data["unread"] == []
