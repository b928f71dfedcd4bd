# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real engines answered once, of several versions: all of it is read, and read as their own tools read it."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.containers import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from fake_engine import FakeEngine, replay

RECORDED = Path(__file__).parent / "recorded"
# Of each container, as `ps --all`, `stats`, `diff` and `logs` of the engine's own tool told it then: state, exit code,
# OOM, restarts, health, service, memory, published ports, changed files, the last line of the log.
SEEN: dict[str, dict[str, tuple[t.Any, ...]]] = {
    "docker-20.10.24": {
        "shop-host": ("running", 0, False, 0, None, "api", None, [], [], None),
        "shop-ok": ("running", 0, False, 0, None, None, 434176, [32768], ["/app/hot.py", "/app/main.py"], None),
        "shop-oom": ("exited", 137, False, 3, None, None, None, [], [], "eating"),
        "shop-paused": ("paused", 0, False, 0, None, None, None, [], [], None),
        "shop-sick": ("running", 0, False, 0, "unhealthy", None, 815104, [32769, 32768], [], "started"),
        "shop-tty": ("running", 0, False, 0, "healthy", None, None, [], [], None),
    },
    "docker-26.1.5": {
        "bot-bot-1": ("running", 0, False, 0, None, "bot", 352256, [], [], None),
        "bot-cache-1": ("exited", 137, True, 3, None, "cache", None, [], [], None),
        "bot-market-data-1": ("running", 0, False, 0, "healthy", "market-data", 503808, [], [], None),
        "bot-web-1": ("running", 0, False, 0, "unhealthy", "web", 622592, [8081], [], None),
        "debug-shell": ("running", 0, False, 0, None, None, 335872, [], [], None),
    },
    "podman-4.3.1": {
        "shop-done": ("exited", 3, False, 0, None, None, None, [], [], "bye"),
        "shop-sick": ("running", 0, False, 0, "unhealthy", "sick", 258048, [8088], [], "trouble"),
        "shop-web": ("running", 0, False, 0, None, None, 606208, [18099], ["/app/hot.py"], None),
    },
}


def observed(engine: str) -> dict[str, t.Any]:
    with FakeEngine() as fake:
        replay(fake, RECORDED / f"{engine}.json")
        return collect({"socket": fake.socket}, Host("/", 20, key=b"key"))


def told(one: t.Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    return (
        *(one[key] for key in ("state", "exit_code", "oom_killed", "restarts")),
        one["health"]["status"] if one["health"] else None,
        one["compose"]["service"] if one["compose"] else None,
        one["usage"]["memory"] if one["usage"] else None,
        [port["host_port"] for port in one["ports"]["published"]],
        [change["path"] for change in one["layer"]["changed"]],
        one["log"][-1] if one["log"] else None,
    )


@pytest.mark.parametrize("engine", SEEN)
def test_what_engines_of_several_versions_answer_is_read(engine: str) -> None:
    data = observed(engine)
    assert {one["name"]: told(one) for one in data["containers"]} == SEEN[engine]
    assert data["engine"]["version"].startswith(engine.partition("-")[2])
    assert data["engine"]["kind"] == engine.partition("-")[0]
    assert data["gone"] == []
    assert data["about"]["cgroup_version"] == "1"
    assert all(one["image"]["now"] == one["image"]["id"] for one in data["containers"])
    assert "hunter2" not in json.dumps(data)


def test_what_an_engine_cannot_measure_is_said() -> None:
    unread = observed("docker-20.10.24")["unread"]
    assert [(one["container"], one["what"]) for one in unread] == [("shop-host", "usage"), ("shop-tty", "usage")]
    assert observed("docker-26.1.5")["unread"] == []


def test_networks_and_limits_are_read() -> None:
    seen = {one["name"]: one for one in observed("docker-26.1.5")["containers"]}
    (network,) = seen["bot-market-data-1"]["networks"]
    assert network["name"] == "bot_default"
    assert {"market-data", "bot-market-data-1"} <= set(network["aliases"])
    assert seen["bot-market-data-1"]["limits"] == {"memory": 32 << 20, "cpus": None, "pids": None}
    (host,) = (one for one in observed("docker-20.10.24")["containers"] if one["name"] == "shop-host")
    assert host["limits"] == {"memory": None, "cpus": 0.5, "pids": 50}
    assert host["network_mode"] == "host"
    assert [mount["target"] for mount in host["mounts"]] == ["/scratch"]
