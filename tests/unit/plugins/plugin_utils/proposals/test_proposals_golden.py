# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator reads: all files of the proposals for one host, kept as a golden file.

``EVENKEEL_GOLDEN=write pytest tests/unit/plugins/plugin_utils/proposals`` writes it anew; read the difference.
"""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals import offer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from proposals_seen import finding, process, processes, seen

GOLDEN = Path(__file__).parent / "golden" / "proposals.txt"
Json = dict[str, t.Any]

STAGING = "services: {web: {image: shop/web, ports: ['8000:80'], restart: always}}\n"
PROD = STAGING.replace("8000", "80")


def container() -> tuple[Json, Json]:
    """Return a container that somebody started by hand: its record, and how it was made."""
    record = {
        "id": "a1" * 32,
        "name": "debug-shell",
        "state": "running",
        "image": {"name": "busybox", "id": "b" * 64, "now": "c" * 64},
        "started_s": 1795262400.0,
        "restart_policy": {"name": "unless-stopped", "maximum": 0},
        "network_mode": "shop",
        "networks": [{"name": "shop"}],
        "mounts": [{"type": "volume", "name": "data", "source": "", "target": "/data", "read_only": False}],
        "ports": {"published": [{"address": "127.0.0.1", "host_port": 8081}]},
        "layer": {"total": 1},
        "cut": {},
    }
    single = {
        "image": "busybox",
        "user": "",
        "working_dir": "",
        "hostname": "a1a1a1a1a1a1",
        "restart": "unless-stopped",
    }
    single.update(dict.fromkeys(("privileged", "read_only", "tty"), "false"), memory="67108864", pids="0", cpus="0")
    single.update({f"healthcheck.{one}": "0s" for one in ("interval", "timeout", "start_period", "start_interval")})
    single["healthcheck.retries"] = "0"
    several: dict[str, list[str]] = {
        "command": ["sleep", "infinity", "--token", "<masked>"],
        "networks": ["shop"],
        "aliases": ["shop:a1a1a1a1a1a1", "shop:debug"],
        "ports": ["127.0.0.1:8081->80/tcp"],
    }
    several.update({one: [] for one in ("entrypoint", "healthcheck.test", "cap_add", "cap_drop")})
    values = {**{key: [value] for key, value in single.items()}, **several}
    told = [{"key": key, "value": value, "digests": [f"{key}{value}"] * len(value)} for key, value in values.items()]
    made = {
        "id": "a1" * 32,
        "name": "debug-shell",
        "reason": "",
        "defaults": {"settings": [], "environment": [], "labels": []},
        "defaults_reason": "",
        "unsaid": ["Devices"],
        "settings": told,
        "environment": [{"name": "MODE", "digest": "1"}],
        "labels": [],
    }
    return record, made


def everything() -> list[t.Any]:
    """Return two hosts of which everything is proposed."""
    compose = [{"project": "bot", "directory": "bot", "files": ["prod.yml"]}]
    contract = {
        "processes": [
            {"name": "worker", "match": "worker", "supervised": True, "venv": "venv"},
            {"name": "old", "match": "old", "instances": 0},
        ],
        "containers": {"require_compose": True, "expected": [{"name": "web"}]},
        "logs": [{"path": "logs/a.log"}],
        "trees": [{"name": "source", "forbid": ["**/__pycache__/"]}],
        "compose": compose,
    }
    record, made = container()
    runs = processes(
        process(41, argv=["venv/bin/python", "src/worker.py", "--password", "<masked>", "a b"]),
        process(50, venv="/srv/app/venv_old", argv=["venv_old/bin/python", "src/worker.py"]),
        process(60, unit="old.service"),
    )
    runs["matches"] = {"worker": [41, 50], "old": [60]}
    read = {"bytes": 1 << 20, "dated": True, "first_s": 0.0, "last_s": 600.0}
    tree = {
        "name": "source",
        "outcome": "ok",
        "forbidden": [
            {"pattern": "**/__pycache__/", "path": "src/__pycache__/", "count": 2, "sample": ["src/__pycache__/a.pyc"]}
        ],
        "forbidden_files": [{"path": "src/__pycache__/a.pyc", "mode": "0644", "size": 120, "mtime_ns": 1}],
    }
    wrong = [
        *(finding("processes", "supervised", "worker", f"worker[{n}]", cause="unsupervised") for n in (41, 50)),
        finding("processes", "instances", "old", "old"),
        finding("containers", "compose", "debug-shell", "debug-shell"),
        finding("trees", "forbidden", "source", "src/__pycache__:**/__pycache__/"),
    ]
    sections = {
        "processes": runs,
        "containers": {
            "engine": {"kind": "docker", "socket": "/run/docker.sock"},
            "containers": [record],
            "outside": [made],
        },
        "ports": {"listeners": []},
        "trees": {"trees": [tree]},
        "logs": {
            "logs": [{"kind": "path", "source": "logs/a.log", "path": "logs/a.log", "size": 5 << 20, "read": read}]
        },
    }
    web = seen(contract, wrong, **sections)
    other = seen({"compose": [{**compose[0], "files": ["staging.yml"]}]}, host="web2")
    files = {"bot/prod.yml": PROD.encode(), "bot/staging.yml": STAGING.encode()}
    return [
        one.__class__(**{**vars(one), "environment": environment, "repository": "/repo", "committed": files.get})
        for one, environment in ((web, "prod"), (other, "staging"))
    ]


def test_golden(tmp_path: Path) -> None:
    offered = offer.propose(everything())
    assert {one.kind for one in offered.values()} == {
        *("unit", "compose", "gitignore", "clean_up", "log_rotation", "compose_overlay", "removal")
    }
    offer.write(RunFolder(str(tmp_path)), offered, {"run": "20260101T000000Z-prod-1"})
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    made = "".join(f"=== {path.relative_to(tmp_path)}\n{path.read_text()}" for path in files)
    if os.environ.get("EVENKEEL_GOLDEN") == "write":
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(made, encoding="utf-8")
    assert made == GOLDEN.read_text(encoding="utf-8")
    # What was masked is nothing that a program gets.
    assert not [path for path in files if path.suffix in (".service", ".yaml") and MARK in path.read_text()]
