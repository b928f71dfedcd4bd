# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: a verification watches containers of its engine. One goes on, one is restarted, one dies, one is
killed for want of memory, and one died between the audit and the first look.
"""

from __future__ import annotations

import json
import socket
import subprocess
import typing as t
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator
from endpoint_server import answer, serving
from lab_engine import IMAGE, docker

# The engine of the lab, and the image that its hosts are made of.
pytestmark = pytest.mark.lab

SLEEP = ["sleep", "1000"]
# Holds ever more memory from when it is told to: the shell of a container with little of it is killed by the kernel.
GREEDY = ["sh", "-c", "while [ ! -e /go ]; do sleep 0.1; done; exec tail /dev/zero"]
UNIFIED = Path("/sys/fs/cgroup/cgroup.controllers").exists()

Json = dict[str, t.Any]


class Containers:
    """Containers of one test, by short names; each request to its endpoint is a tick."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.ticks = 0
        self._short = ("steady", "restarted", "died", "greedy", "early")

    def start(self) -> None:
        for short in self._short:
            command, more = (GREEDY, ["--memory", "16m"]) if short == "greedy" else (SLEEP, [])
            limits = ["--network", "none", "--stop-timeout", "0", *more]
            docker("run", "--detach", "--name", f"{self.prefix}-{short}", *limits, IMAGE, *command)

    def end(self) -> None:
        names = [f"{self.prefix}-{short}" for short in self._short]
        subprocess.run(["docker", "rm", "--force", "--volumes", *names], capture_output=True, check=False, timeout=60)

    def handle(self, connection: socket.socket, _request: bytes) -> None:
        self.ticks += 1
        name = f"{self.prefix}-"
        # The audit looks at containers before it asks: what ends by its request is seen to run, and not by a look.
        if self.ticks == 1:
            docker("kill", f"{name}early")
        elif self.ticks == 3:
            # All in one look: a busy machine makes few of them.
            docker("restart", "--time", "0", f"{name}restarted")
            docker("kill", f"{name}died")
            docker("exec", f"{name}greedy", "touch", "/go")
        connection.sendall(answer(b"ok"))


@pytest.fixture(name="containers")
def fixture_containers() -> Iterator[Containers]:
    try:
        docker("image", "inspect", IMAGE)
    except (OSError, subprocess.SubprocessError):
        pytest.skip(f"no Docker engine with {IMAGE}: make lab")
    made = Containers(f"watched-{uuid.uuid4().hex[:8]}")
    try:
        made.start()
        yield made
    finally:
        made.end()


def test_what_does_not_stay_as_it_was_is_found_by_name(
    containers: Containers, operator: Operator, tmp_path: Path
) -> None:
    (tmp_path / "app").mkdir()
    with serving(containers.handle) as server:
        contract = {
            "containers": {"names": [f"{containers.prefix}-*"]},
            "endpoints": [{"name": "tick", "url": f"{server.url}/tick", "timeout_s": 20}],
            "resources": {},
        }
        inventory = operator.inventory({"web1": {"drift_root": str(tmp_path / "app"), "drift_contract": contract}})
        extra = {"drift_output_dir": str(operator.runs), "verify_watch": {"for": "20s", "every": "2s"}}
        done = operator.play("evenkeel.drift.verify", "-i", str(inventory), "-e", json.dumps(extra))
    made = json.loads((operator.runs / "verifications" / "latest" / "verify.json").read_text())
    stable = {
        one["subject"].removeprefix(f"{containers.prefix}-"): one
        for one in made["checks"]
        if (one["section"], one["component"], one["check"]) == ("watch", "containers", "stable")
    }
    told = {name: one["summary"] for name, one in stable.items()}
    assert {name: one["verdict"] for name, one in stable.items()} == {
        "steady": "PASS",
        "restarted": "FAIL",
        "died": "FAIL",
        "greedy": "FAIL",
        "early": "FAIL",
    }, (told, done.text)
    assert "restarted 1 time" in told["restarted"]
    assert "it is exited, exit code 137, was running" in told["died"]
    assert "exit code 137" in told["greedy"]
    looks = made["watch"][0]["window"]["looks"]
    assert f"not running in {looks} of {looks} looks" in told["early"]
    (host,) = [one for one in made["checks"] if (one["section"], one["subject"]) == ("watch", "host")]
    # The kernel counts what it kills, also where the engine misses it; with control groups of version 2 for whom.
    assert host["verdict"] == ("OBSERVATION" if UNIFIED else "FAIL"), host["summary"]
    assert made["overall"]["verdict"] == "FAIL"
    shown = subprocess.run(["bash", "-c", stable["restarted"]["command"]], capture_output=True, text=True, check=True)
    assert " running since " in shown.stdout
