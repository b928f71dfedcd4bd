# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host sends: nothing of it ends a plan, steers a terminal, or leaves its line."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals import offer, readme
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.screen import Screen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from proposals_seen import finding, process, processes, seen

Json = dict[str, t.Any]

NAMES = [
    "a\nb\n# heading",
    "\x1b[31mred",
    "{{ lookup('pipe', 'id') }}",
    "`rm -rf /` $(id) ${IFS}",
    "</code><script>",
    "..\\x2f..",
    "\\xZZ not a spelling",
    "\u202ertl",
    "x" * 5000,
    "",
    "%n %s ;",
    "<masked>",
    "a|b",
]


def hostile(name: str) -> list[t.Any]:
    """Return a host of which every text is ``name``."""
    contract = {
        "processes": [
            {"name": "worker", "match": "x", "supervised": True},
            {"name": "gone", "match": "x", "instances": 0},
        ],
        "containers": {"require_compose": True, "expected": [{"name": "web"}]},
        "logs": [{"path": "a.log"}],
        "ports": [{"port": 80}],
        "trees": [{"name": "source", "forbid": ["*.bak"]}],
    }
    one = process(7, argv=[name, name], exe=name, cwd=name, venv=name, user=name, started=name, unit=None)
    two = process(8, argv=[name], started=name, unit=f"{name}.service")
    container = {
        "id": "a" * 64,
        "name": name,
        "state": name,
        "image": {"name": name, "id": name, "now": "b"},
        "started_s": 1795262400.0,
        "restart_policy": {"name": name, "maximum": 1},
        "network_mode": name,
        "networks": [{"name": name}],
        "mounts": [{"type": name, "name": name, "source": name, "target": name, "read_only": True}],
        "ports": {"published": [{"address": name, "host_port": None}]},
        "layer": None,
        "cut": {name: 1},
    }
    keys = ["image", "user", "working_dir", "hostname", "privileged", "read_only", "tty", "restart", "cpus"]
    keys += [f"healthcheck.{key}" for key in ("interval", "timeout", "start_period", "start_interval", "test")]
    keys += ["command", "entrypoint", "cap_add", "cap_drop", "ports", "networks", "aliases"]
    values: list[Json] = [{"key": key, "value": [name], "digests": ["1"]} for key in keys]
    values += [{"key": key, "value": ["5"], "digests": ["1"]} for key in ("memory", "pids", "healthcheck.retries")]
    pair = {"name": name, "value": name, "digest": "1"}
    made = {"settings": values, "environment": [pair], "labels": [pair], "unsaid": [name], "defaults": None}
    outside = {"id": "a" * 64, "name": name, "reason": "", "defaults_reason": name, **made}
    log = {"kind": "path", "source": name or "x", "path": name, "size": 1 << 40, "read": None}
    listener = {"unit": f"{name}.service", "pid": 9, "name": name, "command": name, "container": None}
    listener.update(address=name, proto=name, port=1)
    tree = {
        "name": "source",
        "outcome": "ok",
        "forbidden": [{"pattern": "*.bak", "path": "./", "count": 1, "sample": [f"{name}.bak"]}],
        "forbidden_files": [{"path": f"{name.replace('/', '')}.bak", "mode": "0644", "size": None, "mtime_ns": 1}],
    }
    wrong = [
        finding("processes", "supervised", "worker", "worker[7]", cause="unsupervised", summary=name),
        finding("processes", "instances", "gone", "gone", summary=name),
        finding("containers", "compose", name, name, summary=name),
        finding("ports", "declared", name, name, cause="undeclared_listener", observed=listener),
        finding("trees", "forbidden", "source", ".:*.bak", summary=name),
    ]
    runs = processes(one, two)
    runs["matches"] = {"worker": [7], "gone": [7, 8]}
    containers = {
        "engine": {"kind": "docker", "socket": "/run/docker.sock"},
        "containers": [container],
        "outside": [outside],
    }
    ports = {"listeners": [listener]}
    sections = {"processes": runs, "containers": containers, "ports": ports, "trees": {"trees": [tree]}}
    return [seen(contract, wrong, host=name or "h", logs={"logs": [log]}, **sections)]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_nothing_of_a_host_ends_a_plan_or_leaves_its_line(name: str, tmp_path: Path) -> None:
    offered = offer.propose(hostile(name))
    # A path that is masked is not known well enough to be removed.
    removing = set() if "<masked>" in name else {"clean_up"}
    assert {one.kind for one in offered.values()} >= {"unit", "compose", "removal"} | removing
    plan = {"run": "20260101T000000Z-prod-1"}
    offer.write(RunFolder(str(tmp_path)), offered, plan)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert path.parent.parent == tmp_path / "proposals"
            text = path.read_text(encoding="utf-8")
            assert all(char.isprintable() or char == "\n" for char in text), path
        if path.name == "README.md":
            headings = [line for line in path.read_text().split("\n") if line.startswith("#")]
            assert all(line.startswith("# ") for line in headings[:1])
            assert set(headings[1:]) <= {"## Why", "## To be looked at first", "## Review", "## Apply", "## Undo"}
    listed = offer.listed(offered, set())
    screen = Screen(80, False)
    readme.show(screen, listed)
    assert len(screen.text().split("\n")) == 2 * len(listed) + 4
    assert "\x1b" not in screen.text() + "".join(readme.document(listed))


def test_settings_that_no_collector_tells_are_no_container() -> None:
    host = hostile("web1")[0]
    outside = host.section("containers")["outside"][0]
    for key in ("memory", "ports", "image"):
        broken = {**outside, "settings": [one for one in outside["settings"] if one["key"] != key]}
        data = {**host.section("containers"), "outside": [broken]}
        sections = {"containers": data}
        changed = host.__class__(**{**vars(host), "section": sections.get})
        assert all(one.kind != "compose" for one in offer.propose([changed]).values())
