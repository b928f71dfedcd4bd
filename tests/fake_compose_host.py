# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with an engine and a ``docker-compose`` that keep their containers in a file: a real program in a folder of
its own, found before the machine's.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import container_state
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from fake_containers import hexed
from fake_engine import FakeEngine, Raw, body, error, frame

Json = t.Dict[str, t.Any]
PROJECT, IMAGE = "shop", f"sha256:{hexed('image')}"

# What a Compose file says is the whole of it: a container is made anew when it is another. Words in it make a container
# that is not well: unhealthy, crash.
_PROGRAM = """#!{python} -SE
import hashlib, json, os, sys, time
folder = {folder!r}
words = sys.argv[1:]
with open(folder + "/calls", "a") as calls:
    calls.write(json.dumps([words, dict(os.environ)]) + chr(10))
if "version" in words:
    print({version!r})
    sys.exit()
directory = words[words.index("--project-directory") + 1]
with open(directory + "/compose.yml") as file:
    text = file.read()
if "repeated" in text:
    sys.exit("line 2: unexpected character in variable name hunter2/G9w0BAQEFAASC")
if "refused" in text:
    sys.exit("service web: password=hunter2hunter2 is no key of a service")
declared = hashlib.sha256(text.encode()).hexdigest()
if "config" in words:
    sys.exit(print("web " + declared) if "--hash" in words else None)
with open(folder + "/engine.json") as file:
    known = json.load(file)
image = known["images"]["shop/app:1"]
if "-" in words:
    image = json.load(sys.stdin)["services"]["web"]["image"]
if os.path.exists(folder + "/late"):
    os.remove(folder + "/late")
    sys.exit("Error: the name shop-web-1 is in use")
wanted = hashlib.sha256((text + image).encode()).hexdigest()
if os.path.exists(folder + "/none"):
    sys.exit()
old = [one for one in known["containers"] if one["service"] == words[-1]]
if not old or old[0]["hash"] != wanted or "--force-recreate" in words or old[0]["state"] != "running":
    known["made"] += 1
    made = dict(service=words[-1], declared=declared, hash=wanted, image=image, text=text, started=time.time())
    made["id"] = hashlib.sha256(str(known["made"]).encode()).hexdigest()
    # As Compose does: a volume without a name is handed on as long as one is declared there.
    handed = old[0].get("volumes", []) if old else []
    made["volumes"] = (handed or [hashlib.sha256(made["id"].encode()).hexdigest()]) if "/data" in text else []
    made["state"] = "exited" if "crash" in text else "running"
    made["health"] = "unhealthy" if "unhealthy" in text else "healthy"
    known["containers"] = [one for one in known["containers"] if one["service"] != words[-1]] + [made]
with open(folder + "/engine.new", "w") as file:
    json.dump(known, file)
os.rename(folder + "/engine.new", folder + "/engine.json")
"""


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class ComposeHost(FakeEngine):
    """``engine.json`` below ``folder`` holds the containers; ``install`` has the code find the program."""

    def __init__(self, folder: Path, version: str = "2.26.1") -> None:
        self.state = folder
        self.log = b"cannot begin: password=hunter2hunter2\n"
        (folder / "bin").mkdir(parents=True)
        program = folder / "bin" / "docker-compose"
        program.write_text(_PROGRAM.format(python=sys.executable, folder=str(folder), version=version))
        program.chmod(0o755)
        self.save({"containers": [], "images": {"shop/app:1": IMAGE}, "made": 0})
        super().__init__()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(command, "_PATH", str(self.state / "bin"))
        monkeypatch.setattr(container_state, "STAYS_S", 0.02)
        monkeypatch.setattr(container_state, "POLL_S", 0.01)

    def load(self) -> Json:
        return t.cast(Json, json.loads((self.state / "engine.json").read_text()))

    def save(self, known: Json) -> None:
        (self.state / "engine.json").write_text(json.dumps(known))

    def web(self) -> Json | None:
        """Return the container of the service web, as far as there is one."""
        return next((one for one in self.load()["containers"] if one["service"] == "web"), None)

    def run(self, text: str, **more: t.Any) -> Json:
        """Have a container of the service web run with a Compose file, and return it."""
        known = self.load()
        made = {
            "service": "web",
            "hash": "",
            "declared": digest(text),
            "image": IMAGE,
            "text": text,
            "started": 1.0,
            "id": hexed("web"),
        }
        known["containers"] = [{**made, "state": "running", "health": "healthy", "files": [], **more}]
        self.save(known)
        return t.cast(Json, known["containers"][0])

    def calls(self, word: str) -> list[tuple[list[str], dict[str, str]]]:
        """Return what the program was called with, where a word is among it, and its environment."""
        path = self.state / "calls"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [(words, environment) for words, environment in lines if word in words]

    def answer(self, method: str, target: str, sent: bytes) -> t.Any:
        known = self.load()
        found = re.match("/containers/([0-9a-f]{64})(/[a-z]+)?", target)
        one = next((one for one in known["containers"] if found and one["id"] == found[1]), None)
        if target.startswith("/containers/json"):
            return [{"Id": one["id"], "Labels": _labels(one), "Names": ["/shop-web-1"]} for one in known["containers"]]
        image = re.match("/images/(.*)/json", target)
        if image:
            identity = known["images"].get(image[1])
            return error(404, "no such image") if identity is None else {"Id": identity}
        if found is None:
            return super().answer(method, target, sent)
        if one is None:
            return error(404, "no such container")
        if found[2] == "/update":
            one["policy"] = json.loads(sent)["RestartPolicy"]["Name"]
            self.save(known)
            return {"Warnings": []}
        return self._container(method, found[2] or "", one, known)

    def _container(self, method: str, what: str, one: Json, known: Json) -> t.Any:
        if what == "/json":
            return _inspected(one)
        if what == "/changes":
            return [{"Path": path, "Kind": 1} for path in one.get("files", [])]
        if what == "/logs":
            return body(frame(1, self.log))
        if method == "DELETE":
            known["containers"].remove(one)
        elif what in ("/restart", "/start"):
            one.update(started=time.time(), state="running")
        elif what == "/stop":
            one["state"] = "exited"
        else:
            return error(500, f"not known here: {method} {what}")
        self.save(known)
        return Raw(b"HTTP/1.1 204 No Content\r\n\r\n")


def _labels(one: Json) -> Json:
    prefix = "com.docker.compose."
    return {
        f"{prefix}config-hash": one["declared"],
        f"{prefix}project": PROJECT,
        f"{prefix}service": one["service"],
        f"{prefix}oneoff": "False",
    }


def _inspected(one: Json) -> Json:
    seconds, fraction = divmod(one["started"], 1)
    started = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f"{fraction:.6f}"[1:] + "Z"
    return {
        "Id": one["id"],
        "Name": "/shop-web-1",
        "Image": one["image"],
        "RestartCount": 0,
        "State": {
            "Status": one["state"],
            "ExitCode": 3 if one["state"] == "exited" else 0,
            "StartedAt": started,
            "Pid": one.get("pid", 0),
            "Health": {"Status": one["health"]} if one["health"] else None,
        },
        "HostConfig": {"RestartPolicy": {"Name": one.get("policy", "always")}},
        "Config": {
            "Labels": _labels(one),
            "Env": ["API_TOKEN=zu9KqT4vXw2p"],
            "Healthcheck": {"Test": ["CMD", "check"], "Interval": 10**9, "Timeout": 10**9, "Retries": 1},
        },
        "Mounts": [{"Type": "volume", "Name": name, "Destination": "/data"} for name in one.get("volumes", [])],
    }


@pytest.fixture(name="compose_host")
def fixture_compose_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ComposeHost]:
    with ComposeHost(tmp_path / "compose-host") as host:
        host.install(monkeypatch)
        yield host
