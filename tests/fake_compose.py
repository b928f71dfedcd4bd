# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Compose project that runs as its files say: its files, and what an engine answers about its containers."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from fake_containers import hexed, merged
from fake_engine import FakeEngine

Json = dict[str, t.Any]

SECRET = "hunter2hunter2"
FILE = """\
services:
  market-data:
    image: shop/app:${TAG}
    command: ["serve", "--port", "8001"]
    environment: {MODE: live, DB_PASSWORD: "${DB_PASSWORD}"}
    ports: ["127.0.0.1:18001:8001"]
    volumes: ["./data:/data:ro", "state:/state"]
    networks: {back: {aliases: [md]}}
    healthcheck: {test: ["CMD", "check"], interval: 30s}
    restart: unless-stopped
    mem_limit: 64m
    labels: {team: blue}
  bot:
    image: shop/app:${TAG}
    environment: {MARKET_DATA_URL: "http://market-data:8001/api", CACHE_HOST: md}
    networks: [back]
networks: {back: {}}
volumes: {state: {}}
"""
ENV = f"TAG=1\nDB_PASSWORD={SECRET}\n"
# Long before the containers were made.
_OLD = 1_700_000_000
_IMAGE = f"sha256:{hexed('image')}"
_DEFAULTS = {
    "Cmd": ["run"],
    "Entrypoint": ["/entry"],
    "User": "app",
    "WorkingDir": "/app",
    "Env": ["PATH=/bin", "LANG=C"],
}


def write(folder: Path, text: str = FILE, name: str = "compose.yml", mtime: int = _OLD) -> None:
    """Write a file of the project."""
    (folder / name).write_text(text)
    os.utime(folder / name, (mtime, mtime))


def project(folder: Path) -> None:
    """Write the project's files."""
    write(folder)
    write(folder, ENV, ".env")


def container(service: str, folder: Path, **changes: t.Any) -> Json:
    """Return the answer about a container that was made of the project's files; ``changes`` are merged into it."""
    market = service == "market-data"
    own = (
        ["MODE=live", f"DB_PASSWORD={SECRET}"]
        if market
        else ["MARKET_DATA_URL=http://market-data:8001/api", "CACHE_HOST=md"]
    )
    made: Json = {
        "Id": hexed(service),
        "Name": f"/shop-{service}-1",
        "Created": "2026-11-20T10:00:00.123456789Z",
        "Image": _IMAGE,
        "State": {"Status": "running"},
        "HostConfig": {
            "NetworkMode": "shop_back",
            "PortBindings": {"8001/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18001"}]} if market else {},
            "RestartPolicy": {"Name": "unless-stopped" if market else "no", "MaximumRetryCount": 0},
            "Memory": 64 << 20 if market else 0,
            "Privileged": False,
            "CapAdd": None,
        },
        "Mounts": [
            {"Type": "bind", "Source": f"{folder}/data", "Destination": "/data", "RW": False},
            {"Type": "volume", "Name": "shop_state", "Source": "/var/lib/x", "Destination": "/state", "RW": True},
        ]
        if market
        else [],
        "Config": {
            **_DEFAULTS,
            "Image": "shop/app:1",
            "Cmd": ["serve", "--port", "8001"] if market else ["run"],
            "Env": [*own, *_DEFAULTS["Env"]],
            "Healthcheck": {"Test": ["CMD", "check"], "Interval": 30 * 10**9} if market else None,
            "Labels": {
                "com.docker.compose.project": "shop",
                "com.docker.compose.service": service,
                "com.docker.compose.container-number": "1",
                "com.docker.compose.oneoff": "False",
                "com.docker.compose.project.working_dir": str(folder),
                **({"team": "blue"} if market else {}),
            },
        },
        "NetworkSettings": {
            "Networks": {"shop_back": {"Aliases": [f"shop-{service}-1", service, *(["md"] if market else [])]}}
        },
    }
    return merged(made, changes)


def serve(fake: FakeEngine, *containers: Json) -> None:
    """Have an engine answer about the containers of a project."""
    fake.answers["/containers/json"] = [
        {
            "Id": one["Id"],
            "Names": [one["Name"]],
            "Labels": one["Config"]["Labels"],
            "NetworkSettings": {"Networks": {name: {} for name in one["NetworkSettings"]["Networks"]}},
        }
        for one in containers
    ]
    about = {"Id": _IMAGE, "Config": _DEFAULTS}
    fake.answers[f"/images/{_IMAGE}/json"] = about
    fake.answers["/images/shop/app:1/json"] = about
    for one in containers:
        fake.answers[f"/containers/{one['Id']}/json"] = one


def healthy(fake: FakeEngine, folder: Path) -> None:
    """Write the project and have the engine answer that all of it runs."""
    project(folder)
    serve(fake, container("market-data", folder), container("bot", folder))
