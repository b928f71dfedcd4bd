# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container engine that is none, and that remembers what it is told to do: containers, images, networks."""

from __future__ import annotations

import copy
import hashlib
import io
import itertools
import json
import re
import tarfile
import typing as t
from pathlib import Path
from urllib.parse import parse_qs

from fake_engine import FakeEngine, Raw, body, empty, error

Json = t.Dict[str, t.Any]


def archive_of(content: bytes, tags: t.Sequence[str] = ()) -> bytes:
    """Return the archive of an image whose configuration has this content."""
    made = io.BytesIO()
    name = hashlib.sha256(content).hexdigest()
    with tarfile.open(fileobj=made, mode="w") as archive:
        listed = [{"Config": f"{name}.json", "RepoTags": list(tags), "Layers": ["layer.tar"]}]
        for path, data in (
            (f"{name}.json", content),
            ("layer.tar", b"files"),
            ("manifest.json", json.dumps(listed).encode()),
        ):
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


class KeptEngine(FakeEngine):
    """``containers`` are what the engine says of each, by id, ``images`` the contents of their configurations;
    ``volume_folder`` is where its volumes lie.
    """

    def __init__(self) -> None:
        super().__init__()
        self.containers: dict[str, Json] = {}
        self.images: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.networks: dict[str, Json] = {}
        self.volumes: dict[str, Json] = {}
        self.volume_folder = ""
        self._count = itertools.count(1)

    def image(self, content: str, *tags: str) -> str:
        """Give it an image, and return its id."""
        identity = "sha256:" + hashlib.sha256(content.encode()).hexdigest()
        self.images[identity] = content.encode()
        self.tags.update(dict.fromkeys(tags, identity))
        return identity

    def run(self, name: str, image: str, **config: t.Any) -> str:
        """Make and start a container, and return its id."""
        host = {"NetworkMode": "default", "Binds": None, **config.pop("HostConfig", {})}
        made = {"Image": image, "Healthcheck": {"Test": ["CMD", "true"]}, "Env": [], **config, "HostConfig": host}
        answer = self._create(name, made)
        assert answer.data.startswith(b"HTTP/1.1 201"), answer.data
        identity = str(json.loads(answer.data.partition(b"\r\n\r\n")[2])["Id"])
        self._start(self.containers[identity])
        return identity

    def named(self, name: str) -> Json | None:
        """Return the container of a name."""
        return next((one for one in self.containers.values() if one["Name"] == f"/{name}"), None)

    def running(self) -> dict[str, str]:
        """Return the images of the containers that run, by name."""
        up = [one for one in self.containers.values() if one["State"]["Running"]]
        return {one["Name"][1:]: one["Image"] for one in up}

    def answer(self, method: str, target: str, sent: bytes) -> t.Any:
        path, _mark, query = target.partition("?")
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if path == "/version":
            return super().answer(method, target, sent)
        if path == "/containers/json":
            return [{"Id": key, "Names": [one["Name"]], "Labels": one["Config"]["Labels"]} for key, one in self._all()]
        if path == "/containers/create":
            return self._create(asked["name"], json.loads(sent))
        if path == "/images/load":
            return self._load(sent)
        if path == "/volumes/create":
            made = json.loads(sent)
            self.volume(made["Name"], made["Labels"])
            return Raw(b"HTTP/1.1 201 Created\r\n\r\n{}")
        if path == "/networks/create":
            made = json.loads(sent)
            self.networks[made["Name"]] = made
            return Raw(b"HTTP/1.1 201 Created\r\n\r\n{}")
        for kind, answered in (("images", self._of_image), ("containers", self._of_container), ("networks", self._of)):
            found = re.fullmatch(rf"/{kind}/(.+?)(?:/(json|get|tag|start|stop|rename|connect))?", path)
            if found:
                return answered(method, found[1], found[2] or "", asked, sent)
        if path.startswith("/volumes/") and path[9:] in self.volumes:
            return self.volumes[path[9:]]
        return error(404, f"no such thing: {target}")

    def volume(self, name: str, labels: Json) -> Path:
        """Give it a volume below ``volume_folder``, and return where its content lies."""
        place = Path(self.volume_folder) / name / "_data"
        place.mkdir(parents=True, exist_ok=True)
        known = {"Name": name, "Driver": "local", "Mountpoint": str(place), "Labels": labels, "Options": None}
        self.volumes.setdefault(name, known)
        return place

    def _all(self) -> list[tuple[str, Json]]:
        return sorted(self.containers.items(), key=lambda item: str(item[1]["Name"]))

    def _create(self, name: str, made: Json) -> Raw:
        if self.named(name) is not None:
            return error(409, f"the name {name} is taken")
        image = self.tags.get(made["Image"], made["Image"])
        if image not in self.images:
            return error(404, f"No such image: {made['Image']}")
        number = next(self._count)
        identity = hashlib.sha256(f"container {number}".encode()).hexdigest()
        config = {key: one for key, one in made.items() if key not in ("HostConfig", "NetworkingConfig")}
        networks = copy.deepcopy(made.get("NetworkingConfig", {}).get("EndpointsConfig", {}))
        self.containers[identity] = {
            "Id": identity,
            "Name": f"/{name}",
            "Image": image,
            "RestartCount": 0,
            "State": {"Status": "created", "Running": False, "ExitCode": 0},
            "Config": {"Labels": {}, "Hostname": identity[:12], **config},
            "HostConfig": made["HostConfig"],
            "Mounts": [
                {"Type": "volume", "Name": bind.split(":")[0], "Destination": bind.split(":")[1]}
                for bind in made["HostConfig"].get("Binds") or []
            ],
            "NetworkSettings": {"Networks": networks},
        }
        return Raw(b"HTTP/1.1 201 Created\r\n\r\n" + json.dumps({"Id": identity, "Warnings": []}).encode())

    def _start(self, one: Json) -> Raw:
        taken = [other["HostConfig"].get("PortBindings") for other in self.containers.values() if _is_up(other)]
        if not _is_up(one) and one["HostConfig"].get("PortBindings") in [ports for ports in taken if ports]:
            return error(500, "port is already allocated")
        sick = one["Config"]["Labels"].get("sick")
        one["State"] = {"Status": "running", "Running": True, "ExitCode": 0}
        if one["Config"].get("Healthcheck"):
            one["State"]["Health"] = {"Status": "unhealthy" if sick else "healthy"}
        return empty(204)

    def _of_container(self, method: str, name: str, verb: str, asked: Json, _sent: bytes) -> t.Any:
        one = self.containers.get(name) or self.named(name) or self._begins(name)
        if one is None:
            return error(404, f"No such container: {name}")
        if method == "DELETE":
            if _is_up(one):
                return error(409, "You cannot remove a running container")
            del self.containers[one["Id"]]
            return empty(204)
        if verb == "json":
            return one
        if verb == "start":
            return self._start(one)
        if verb == "stop":
            one["State"] = {"Status": "exited", "Running": False, "ExitCode": 0}
            if one["HostConfig"].get("AutoRemove"):
                del self.containers[one["Id"]]
            return empty(204)
        if self.named(asked["name"]) is not None:
            return error(409, "the name is taken")
        one["Name"] = f"/{asked['name']}"
        return empty(204)

    def _begins(self, name: str) -> Json | None:
        """Return the container whose id begins with a name, as engines do where none has it."""
        found = [one for identity, one in self.containers.items() if identity.startswith(name)]
        return found[0] if len(found) == 1 else None

    def _of_image(self, _method: str, name: str, verb: str, asked: Json, _sent: bytes) -> t.Any:
        identity = self.tags.get(name, name)
        if identity not in self.images:
            return error(404, f"No such image: {name}")
        tags = sorted(tag for tag, image in self.tags.items() if image == identity)
        if verb == "get":
            return body(archive_of(self.images[identity], tags))
        if verb == "tag":
            self.tags[f"{asked['repo']}:{asked['tag']}"] = identity
            return empty(201)
        return {"Id": identity, "RepoTags": tags, "Size": 4096}

    def _of(self, _method: str, name: str, verb: str, _asked: Json, sent: bytes) -> t.Any:
        if name not in self.networks:
            return error(404, f"network {name} not found")
        if verb == "connect":
            made = json.loads(sent)
            self.containers[made["Container"]]["NetworkSettings"]["Networks"][name] = made["EndpointConfig"]
            return empty(200)
        return self.networks[name]

    def _load(self, sent: bytes) -> Raw:
        with tarfile.open(fileobj=io.BytesIO(sent)) as archive:
            listed = archive.extractfile("manifest.json")
            assert listed is not None
            one = json.load(listed)[0]
            config = archive.extractfile(one["Config"])
            assert config is not None
            self.image(config.read().decode(), *one["RepoTags"])
        return body(b'{"stream":"Loaded"}\r\n')


def _is_up(one: Json) -> bool:
    return bool(one["State"]["Running"])
