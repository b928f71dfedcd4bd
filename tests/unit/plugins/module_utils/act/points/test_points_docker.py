# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same with a real engine: what it says of a container makes the same container again."""

from __future__ import annotations

import contextlib
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act import engine as act_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import Writer, open_writer
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import looking, rollback, session, shelf
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Asked as Containers
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.services import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.wanted import What
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

Json = t.Dict[str, t.Any]
SOCKET = "/var/run/docker.sock"


@pytest.fixture(name="writer")
def fixture_writer() -> Writer:
    try:
        return open_writer(SOCKET, Host("/", 120), "docker")
    except Unseen as unseen:
        pytest.skip(f"no Docker engine on this machine: {unseen.reason}")


@pytest.fixture(name="image")
def fixture_image(writer: Writer) -> str:
    for one in writer.engine.get("/images/json"):
        if one.get("RepoTags") and one["Size"] < 200 << 20:
            return str(one["Id"])
    pytest.skip("no small image on this machine's Docker engine")


@pytest.fixture(name="name")
def fixture_name(writer: Writer) -> t.Iterator[str]:
    name = f"evenkeel-test-{os.getpid()}-{os.urandom(3).hex()}"
    yield name
    volumes: set[str] = set()
    for one in (name, f"{name}.evenkeel-old", f"{name}.evenkeel-new"):
        with contextlib.suppress(NotFound):
            mounts = writer.engine.get(f"/containers/{one}/json")["Mounts"]
            volumes |= {str(mount["Name"]) for mount in mounts if mount["Type"] == "volume"}
    for one in (name, f"{name}.evenkeel-old", f"{name}.evenkeel-new"):
        with contextlib.suppress(ActError, NotFound):
            writer.stop(one, 0)
            writer.remove(one)
    for volume in volumes:
        # Nothing of the collection removes a volume.
        with act_engine._Request(SOCKET, "DELETE", f"/volumes/{volume}", None, 20) as answer:
            assert answer.status in (204, 404)


def config(image: str, version: str) -> Json:
    return {
        "Image": image,
        "Entrypoint": ["sleep"],
        "Cmd": ["1000"],
        "Env": [f"VERSION={version}", "DB_PASSWORD=hunter2hunter2"],
        "Labels": {"a": "b"},
        "Volumes": {"/data": {}},
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_000_000_000},
        "HostConfig": {"Memory": 64 << 20, "NetworkMode": "none", "Tmpfs": {"/t": ""}, "CapDrop": ["NET_RAW"]},
        "StopTimeout": 1,
    }


def test_a_container_is_made_again_as_it_was(writer: Writer, image: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a").write_text("one\n")
    asked = Asked(str(tmp_path / "app"), "app", str(tmp_path / "state"), "ops", "a test", "")
    host = Host(str(tmp_path), 120)
    first = writer.create(name, config(image, "1"))
    writer.start(first)
    volume = writer.engine.get(f"/containers/{first}/json")["Mounts"][0]["Name"]
    running = Services(containers=Containers((), (name,), SOCKET), required=True)
    made = session.present(asked, What((), ("a",), (), False, running), shelf.Keep(10), host, False)
    assert made["running"] == {"units": 0, "containers": 1, "images": 1, "outside": 0}
    writer.stop(first)
    writer.remove(first)
    # As Compose does: the new container has the volume of the old one.
    changed = config(image, "2")
    changed["HostConfig"]["Binds"] = [f"{volume}:/data"]
    second = writer.create(name, changed)
    writer.start(second)
    # The point of a change that changes containers is gone back to as a whole.
    told = rollback.restored(asked, looking.Wanted(None, None), host, False)
    assert (told["level"], told["at_point"], told["not_back"]) == ("full", True, [])
    found = writer.engine.get(f"/containers/{name}/json")
    assert found["Id"] not in (first, second)
    assert "VERSION=1" in found["Config"]["Env"]
    assert found["State"]["Running"] is True
    assert found["Mounts"][0]["Name"] == volume
    again = rollback.restored(asked, looking.Wanted(None, None), host, False)
    assert (again["changed"], again["total"]) == (False, 0)
    rehearsed = rollback.restored(asked, looking.Wanted(None, "containers"), host, True)
    assert "1 image archives open and hold the images that they are to hold" in rehearsed["proven"]
