# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers for the engine that is none: what Docker answers about one, small but whole."""

from __future__ import annotations

import hashlib
import typing as t

from fake_engine import FakeEngine, body, frame

REVISION = "0123456789abcdef0123456789abcdef01234567"
STARTED = "2026-11-21T10:00:00.123456789Z"
NEVER = "0001-01-01T00:00:00Z"

Json = t.Dict[str, t.Any]


def hexed(name: str) -> str:
    """Return an id that belongs to a name."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def merged(value: Json, changes: Json) -> Json:
    """Return a value in which maps are changed key by key, everything else as a whole."""
    made = dict(value)
    for key, change in changes.items():
        old = made.get(key)
        made[key] = merged(old, change) if isinstance(old, dict) and isinstance(change, dict) else change
    return made


def inspected(name: str, **changes: t.Any) -> Json:
    """Return the answer about a healthy container; ``changes`` are merged into it."""
    made: Json = {
        "Id": hexed(name),
        "Name": f"/{name}",
        "Created": "2026-11-21T09:59:59Z",
        "Image": f"sha256:{hexed('image')}",
        "RestartCount": 0,
        "State": {
            "Status": "running",
            "Running": True,
            "OOMKilled": False,
            "Pid": 4321,
            "ExitCode": 0,
            "Error": "",
            "StartedAt": STARTED,
            "FinishedAt": NEVER,
            "Health": {
                "Status": "healthy",
                "FailingStreak": 0,
                "Log": [{"Start": STARTED, "End": "2026-11-21T10:05:00Z", "ExitCode": 0, "Output": "ok\n"}],
            },
        },
        "GraphDriver": {"Name": "overlay2", "Data": {"UpperDir": "/nowhere"}},
        "HostConfig": {
            "NetworkMode": "shop",
            "Memory": 64 << 20,
            "NanoCpus": 0,
            "PidsLimit": None,
            "PortBindings": {},
            "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
        },
        "Mounts": [],
        "Config": {
            "Image": "shop/web:1",
            "User": "app",
            "Hostname": "web",
            "Tty": False,
            "WorkingDir": "/app",
            "Env": ["MODE=live", "DB_PASSWORD=hunter2hunter2"],
            "Cmd": ["python3", "main.py"],
            "Entrypoint": None,
            "ExposedPorts": {"8000/tcp": {}},
            "Healthcheck": {"Test": ["CMD", "check"]},
            "Labels": {
                "com.docker.compose.project": "shop",
                "com.docker.compose.service": name,
                "com.docker.compose.container-number": "1",
                "com.docker.compose.oneoff": "False",
            },
        },
        "NetworkSettings": {
            "Ports": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18000"}]},
            "Networks": {"shop": {"Aliases": [name], "IPAddress": "192.0.2.2"}},
        },
    }
    return merged(made, changes)


def image(name: str = "image", **changes: t.Any) -> Json:
    """Return the answer about an image."""
    made = {
        "Id": f"sha256:{hexed(name)}",
        "RepoDigests": [f"shop/web@sha256:{hexed('digest')}"],
        "Created": "2026-11-20T10:00:00Z",
        "Config": {"Labels": {"org.opencontainers.image.revision": REVISION}},
    }
    return merged(made, changes)


def serve(
    fake: FakeEngine, *containers: Json, changes: t.Any = None, log: bytes = b"listening\n", used: int = 10 << 20
) -> None:
    """Have an engine answer about containers, all with the same changed files, log and use of memory."""
    fake.answers["/containers/json"] = [
        {"Id": one["Id"], "Names": [one["Name"]], "State": one["State"]["Status"]} for one in containers
    ]
    fake.answers["/info"] = {"Driver": "overlay2", "CgroupVersion": "2", "Warnings": None, "OperatingSystem": "Linux"}
    fake.answers[f"/images/sha256:{hexed('image')}/json"] = image()
    fake.answers["/images/shop/web:1/json"] = image()
    for one in containers:
        place = f"/containers/{one['Id']}"
        fake.answers[f"{place}/json"] = one
        fake.answers[f"{place}/stats"] = {
            "read": "2026-11-21T10:05:00.5Z",
            "memory_stats": {"usage": used + (1 << 20), "stats": {"inactive_file": 1 << 20}, "limit": 64 << 20},
            "cpu_stats": {"cpu_usage": {"total_usage": 2_500_000_000}, "system_cpu_usage": 10, "online_cpus": 2},
            "precpu_stats": {"cpu_usage": {"total_usage": 0}},
            "pids_stats": {"current": 3},
        }
        fake.answers[f"{place}/changes"] = changes
        fake.answers[f"{place}/logs"] = body(frame(1, log))
