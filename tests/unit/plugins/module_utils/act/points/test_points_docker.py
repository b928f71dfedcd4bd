# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same with a real engine: what it says of a container makes the same container again."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act import engine as act_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import Writer, open_writer
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import looking, rollback, session, shelf
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.by_hand import script
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Asked as Containers
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.services import Services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.wanted import What
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from lab_engine import IMAGE
from point_lab import PointLab
from waiting import wait_until

pytestmark = pytest.mark.lab

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
    try:
        return str(writer.engine.get(f"/images/{IMAGE}/json")["Id"])
    except NotFound:
        pytest.skip(f"no Docker engine with {IMAGE} on this machine")


@pytest.fixture(name="names")
def fixture_names(writer: Writer) -> t.Iterator[t.Callable[[str], str]]:
    """Take names for containers, which are gone afterwards with all that a rollback made of them."""
    taken: list[str] = []

    def take(name: str) -> str:
        taken.append(name)
        return name

    yield take
    every = [f"{name}{more}" for name in taken for more in ("", ".evenkeel-old", ".evenkeel-new", ".before")]
    volumes: set[str] = set()
    for one in every:
        with contextlib.suppress(NotFound):
            mounts = writer.engine.get(f"/containers/{one}/json")["Mounts"]
            volumes |= {str(mount["Name"]) for mount in mounts if mount["Type"] == "volume"}
    for one in every:
        with contextlib.suppress(ActError, NotFound):
            writer.stop(one, 0)
            writer.remove(one)
    for volume in volumes:
        remove_volume(volume)


def remove_volume(name: str) -> None:
    """Nothing of the collection removes a volume."""
    with act_engine._Request(SOCKET, "DELETE", f"/volumes/{name}", None, 20) as answer:
        assert answer.status in (204, 404)


@pytest.fixture(name="name")
def fixture_name(names: t.Callable[[str], str]) -> str:
    return names(f"evenkeel-test-{os.getpid()}-{os.urandom(3).hex()}")


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
    assert made["running"] == {"units": 0, "containers": 1, "images": 1, "outside": 0, "volumes": 0}
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
    # As Compose does when the volume was not declared for a while: all is as it was, with a new and empty one.
    writer.stop(found["Id"])
    writer.remove(found["Id"])
    other = writer.create(name, config(image, "1"))
    writer.start(other)
    empty = writer.engine.get(f"/containers/{other}/json")["Mounts"][0]["Name"]
    told = rollback.restored(asked, looking.Wanted(None, "containers"), host, False)
    found = writer.engine.get(f"/containers/{name}/json")
    try:
        assert (told["at_point"], found["Mounts"][0]["Name"]) == (True, volume)
        assert told["notes"][0].startswith(f"the volume without a name of {name} at /data is no longer used, and stays")
        assert told["notes"][0].endswith(empty)
    finally:
        remove_volume(empty)
    # Its volume has no name: the point says so, and a rollback that it is gone.
    assert any(f"backup_volumes: [{volume}]" in note for note in made["notes"])
    assert not any("EMPTY" in note for note in [*told["notes"], *rehearsed["notes"]])
    writer.stop(found["Id"])
    writer.remove(found["Id"])
    remove_volume(volume)
    told = rollback.restored(asked, looking.Wanted(None, "containers"), host, False)
    assert told["at_point"] is True
    assert f"{name} begins with an EMPTY volume at /data: {volume} is gone, and its" in told["notes"][0]


def by_hand(folder: Path, *level: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(folder / "ROLLBACK.sh"), *level], capture_output=True, text=True, check=False, timeout=120
    )


def test_by_hand_a_container_shares_the_network_of_the_new_one(
    writer: Writer, image: str, name: str, names: t.Callable[[str], str], tmp_path: Path
) -> None:
    if not (shutil.which("docker") and shutil.which("curl")):
        pytest.skip("no docker or curl on this machine")
    # By name the one that shares comes first.
    sharing = names(f"a-{name}")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a").write_text("one\n")
    asked = Asked(str(tmp_path / "app"), "app", str(tmp_path / "state"), "ops", "a test", "")
    host = Host(str(tmp_path), 120)
    plain = {**config(image, "1"), "Volumes": {}}
    first = writer.create(name, plain)
    writer.start(first)
    shared = {**plain, "HostConfig": {**plain["HostConfig"], "NetworkMode": f"container:{first}"}}
    writer.start(writer.create(sharing, shared))
    running = Services(containers=Containers((), (name, sharing), SOCKET), archive=False)
    point = session.present(asked, What((), ("a",), (), False, running), shelf.Keep(10), host, False)["point"]
    for one in (sharing, name):
        writer.stop(one, 0)
        writer.remove(one)
    done = by_hand(tmp_path / "state" / "app" / "points" / point, "containers")
    assert (done.returncode, done.stderr) == (0, "")
    now = writer.engine.get(f"/containers/{name}/json")
    mode = writer.engine.get(f"/containers/{sharing}/json")["HostConfig"]["NetworkMode"]
    assert mode in (f"container:{now['Id']}", f"container:{name}")
    assert now["Id"] != first


def test_by_hand_an_image_that_is_nowhere_stops_before_anything_is_touched(
    writer: Writer, image: str, name: str, tmp_path: Path
) -> None:
    if not shutil.which("docker"):
        pytest.skip("no docker on this machine")
    lab = PointLab(tmp_path)
    lab.write("a", "one\n")
    document = {"id": "20261121T154500Z-3f9a1c", "created": "2026-11-21T15:45:00Z", "root": str(lab.root)}
    file = {"path": "a", "type": "absent"}
    gone = f"sha256:{'0' * 64}"
    part = {
        "engine": {"socket": SOCKET, "kind": "docker"},
        "containers": [
            {
                "name": name,
                "id": "1" * 64,
                "image": gone,
                "running": True,
                "files": ["a"],
                "after": [],
                "recipe": {"sha256": "2" * 64, "size": 1},
                "connect": {},
            }
        ],
        "images": [{"id": gone, "tags": ["evenkeel-test/gone:1"], "size": 1, "archive": None, "reason": "gone"}],
        "networks": [],
    }
    (tmp_path / "ROLLBACK.sh").write_bytes(script({**document, "entries": [file], "services": part}))
    done = by_hand(tmp_path, "full")
    assert done.returncode == 1
    assert f"the image {gone} of {name} is gone" in done.stderr
    assert (lab.root / "a").exists()


@pytest.fixture(name="volume")
def fixture_volume(writer: Writer, name: str) -> t.Iterator[Path]:
    """A volume of the engine, whose content this user may read; it is gone after the containers that use it."""
    writer.create_volume(name, {"of": "a test"})
    place = Path(writer.engine.get(f"/volumes/{name}")["Mountpoint"])
    if not os.access(place, os.W_OK):
        remove_volume(name)
        pytest.skip("the volumes of this machine's Docker engine are not on this machine, or not this user's")
    yield place


def written_by(writer: Writer, name: str, image: str, content: str) -> None:
    """Have a container with the volume run that writes to it when it is started first."""
    once = f"test -L /data/link || {{ {content}; }}; exec sleep 1000"
    made = {**config(image, "1"), "Volumes": {}, "Entrypoint": ["sh", "-c"], "Cmd": [once]}
    made["HostConfig"] = {**made["HostConfig"], "Binds": [f"{name}:/data"]}
    writer.start(writer.create(name, made))


@pytest.mark.parametrize("how", ["rollback", "by hand"])
def test_the_content_of_a_volume_comes_back(
    how: str, writer: Writer, image: str, name: str, volume: Path, tmp_path: Path
) -> None:
    if how == "by hand" and not (shutil.which("docker") and shutil.which("curl")):
        pytest.skip("no docker or curl on this machine")
    written_by(writer, name, image, "umask 077; mkdir /data/d; echo one >/data/d/table; ln -s d/table /data/link")
    wait_until((volume / "link").is_symlink, "the container writes")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a").write_text("one\n")
    asked = Asked(str(tmp_path / "app"), "app", str(tmp_path / "state"), "ops", "a test", "")
    host = Host(str(tmp_path), 120)
    running = Services(containers=Containers((), (name,), SOCKET), archive=False, volumes=(name,), stop=True)
    made = session.present(asked, What((), ("a",), (), False, running), shelf.Keep(10), host, False)
    assert made["running"]["volumes"] == 1
    assert writer.engine.get(f"/containers/{name}/json")["State"]["Running"] is True
    before = (volume / "d" / "table").stat()
    (volume / "d" / "table").write_text("spoiled\n")
    (volume / "d" / "table").chmod(0o644)
    (volume / "link").unlink()
    if how == "rollback":
        (volume / "came").write_text("since\n")
        told = rollback.restored(asked, looking.Wanted(made["point"], "full"), host, False)
        assert (told["at_point"], told["not_back"]) == (True, [])
        assert not (volume / "came").exists()
    else:
        done = by_hand(tmp_path / "state" / "app" / "points" / made["point"], "full")
        assert (done.returncode, done.stderr) == (0, "")
    assert writer.engine.get(f"/containers/{name}/json")["State"]["Running"] is True
    assert (volume / "d" / "table").read_text() == "one\n"
    assert (volume / "d" / "table").stat().st_mode == before.st_mode
    assert os.readlink(volume / "link") == "d/table"
