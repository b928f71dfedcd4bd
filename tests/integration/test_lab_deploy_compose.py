# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab, on its engine and with a real Compose: a service follows its file, is kept while it holds work of its
own, and comes back when it is not well.
"""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from e2e_operator import Operator, Outcome
from e2e_project import git
from lab_engine import IMAGE, docker

# The engine of the lab, and the image that its hosts are made of.
pytestmark = pytest.mark.lab

DEPLOY, RESCUE = "evenkeel.drift.deploy", "evenkeel.drift.rescue"
FILE = """\
services:
  web:
    image: {image}
    init: true
    command: ["sleep", "600"]
    environment: {{MODE: {mode}}}
    healthcheck: {{test: ["CMD", "{check}"], interval: 1s, retries: 2}}
"""


def compose() -> list[str] | None:
    """Return how Compose is run on this machine, None when it cannot be, or the image is not there."""
    try:
        docker("image", "inspect", IMAGE)
    except (OSError, subprocess.SubprocessError):
        return None
    for argv in (["docker", "compose"], ["docker-compose"]):
        path = command.find(argv[0])
        found = [path, *argv[1:]] if path else None
        if found and subprocess.run([*found, "version"], capture_output=True, check=False).returncode == 0:
            return found
    return None


class Site:
    """A project that runs as its file says, and its reference."""

    def __init__(self, home: Path, operator: Operator, argv: list[str]) -> None:
        self.operator = operator
        self.root, self.repo = home / "root", home / "repo"
        self.project = f"evenkeel-{uuid.uuid4().hex[:8]}"
        for folder in (self.root, self.repo):
            folder.mkdir()
        git(self.repo, "init", "-q", "-b", "main")
        self.commit("one")
        (self.root / "compose.yml").write_text((self.repo / "compose.yml").read_text())
        words = ["--project-name", self.project, "--project-directory", str(self.root), "up", "--detach"]
        subprocess.run([*argv, *words], check=True, capture_output=True, timeout=60)

    def commit(self, mode: str, check: str = "true") -> None:
        (self.repo / "compose.yml").write_text(FILE.format(image=IMAGE, mode=mode, check=check))
        git(self.repo, "add", "compose.yml")
        git(self.repo, "commit", "-qm", mode)

    def play(self, name: str) -> Outcome:
        contract = {
            "trees": [{"name": "files", "path": "."}],
            "compose": [{"project": self.project}],
            "containers": {"names": [f"{self.project}-*"]},
        }
        variables = {"drift_root": str(self.root), "drift_repo": str(self.repo), "drift_contract": contract}
        states = str(self.operator.home / "state")
        inventory = self.operator.inventory({"web1": {}}, **variables, drift_environment="prod", drift_state_dir=states)
        extra = json.dumps({"drift_output_dir": str(self.operator.runs)})
        return self.operator.play(name, "-i", str(inventory), "-e", extra)

    def web(self) -> tuple[str, str]:
        """Return the id and the variable of the one container."""
        (identity,) = docker("ps", "-q", "--no-trunc", "--filter", f"name={self.project}-web").split()
        environment = json.loads(docker("inspect", "--format", "{{json .Config.Env}}", identity))
        return identity, next(one for one in environment if one.startswith("MODE="))

    def end(self) -> None:
        label = f"label=com.docker.compose.project={self.project}"
        for identity in docker("ps", "-aq", "--filter", label).split():
            docker("rm", "--force", "--volumes", identity)
        for identity in docker("network", "ls", "-q", "--filter", label).split():
            docker("network", "rm", identity)


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, operator: Operator) -> Iterator[Site]:
    argv = compose()
    if argv is None:
        pytest.skip(f"no engine with Compose 2 and {IMAGE} on this machine")
    site = Site(tmp_path, operator, argv)
    try:
        yield site
    finally:
        site.end()


def deployed(site: Site, word: str) -> Outcome:
    outcome = site.play(DEPLOY)
    assert word in outcome.text, outcome.text
    return outcome


def test_a_service_follows_its_file_keeps_its_own_work_and_comes_back(site: Site) -> None:
    first = site.web()
    docker("exec", first[0], "sh", "-c", "mkdir /app && echo hot > /app/hot.py")
    site.commit("two")
    outcome = deployed(site, "only its layer has /app/hot.py")
    assert site.web() == first, "what only the container has is not lost"

    rescued = site.play(RESCUE)
    assert f"rescued-containers/{site.project}-web-1/app/hot.py" in rescued.text, rescued.text
    outcome = deployed(site, "[CHANGED] web1")
    assert outcome.code == 0, outcome.text
    second = site.web()
    assert (second[0] != first[0], second[1]) == (True, "MODE=two")

    site.commit("three", check="false")
    outcome = deployed(site, "[ROLLED BACK] web1")
    assert outcome.code != 0
    assert "its health check fails" in outcome.text
    assert site.web()[1] == "MODE=two"
    assert "MODE: two" in (site.root / "compose.yml").read_text()
