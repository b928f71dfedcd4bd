# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: what is proposed for a real host is right by the programs that are installed there. Nothing changes."""

from __future__ import annotations

import json
import shlex
import typing as t
from pathlib import Path

import pytest
from e2e_lab import Lab
from e2e_operator import Operator

pytestmark = pytest.mark.lab

Json = dict[str, t.Any]


@pytest.fixture(name="proposals")
def fixture_proposals(lab: Lab, operator: Operator) -> Path:
    """Return the folder of the proposals for the drifted host."""
    extra = json.dumps({"drift_output_dir": str(operator.runs)})
    outcome = operator.play("evenkeel.drift.deploy", "-i", str(lab.inventory), "-e", extra, "--check")
    folders = list((operator.runs / "deploys").glob("*/proposals"))
    assert len(folders) == 1, outcome.text
    return folders[0]


def checked(lab: Lab, path: Path, name: str, command: str) -> str:
    """Return what a program of the host says of a file, which lies in a folder of its own for as long as that takes."""
    text = shlex.quote(path.read_text(encoding="utf-8"))
    # Where several look at once, each has its own; none is where the test of audits looks for what they have left.
    begin = 'folder=$(mktemp -d -p /run); cd "$folder"; export HOME="$folder"'
    script = f'{begin}; printf %s {text} >{name}; {command}; cd /; rm -r "$folder"'
    return lab.run("prod", "sh", "-ec", script)


def test_what_is_proposed_for_the_drifted_host_is_right(lab: Lab, proposals: Path) -> None:
    host = lab.hosts["prod"]
    names = {path.name for path in proposals.iterdir() if path.name.endswith(host)}
    units = {f"unit-{name}-{host}": f"virtuoso-{name}.service" for name in ("web", "monitor", "producer", "consumer")}
    others = ("clean-up", "gitignore", "compose-debug-shell", "removal-debug-shell")
    assert names >= {*units, *(f"{name}-{host}" for name in others)}
    for folder, unit in units.items():
        path = proposals / folder / unit
        made = path.read_text(encoding="utf-8")
        pid = next(line for line in made.splitlines() if "from process" in line).split("from process ")[1].split()[0]
        running = lab.run("prod", "cat", f"/proc/{pid}/cmdline").split("\0")[:-1]
        line = next(line for line in made.splitlines() if line.startswith("ExecStart="))
        assert line.removeprefix("ExecStart=/srv/virtuoso/").split() == running
        assert "venv_old" not in made
        # The environment file is made by who installs the unit.
        verify = f"sed -i /EnvironmentFile/d {unit}; systemd-analyze verify --man=no ./{unit} 2>&1"
        assert unit not in checked(lab, path, unit, verify)
    compose = proposals / f"compose-debug-shell-{host}" / "compose.yaml"
    told = json.loads(checked(lab, compose, "compose.yaml", "docker compose -f compose.yaml config --format json"))
    assert told["services"]["debug-shell"]["command"] == ["sleep", "infinity"]
    cleaned = (proposals / f"clean-up-{host}" / "files.txt").read_text(encoding="utf-8")
    assert [line.split()[-1] for line in cleaned.splitlines()] == ["src/consumer_working.py"]
