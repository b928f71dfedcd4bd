# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab that `make lab` brought up: its hosts, and the programs in them that know better."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import typing as t
from pathlib import Path

from waiting import LIMIT_S

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Lab:
    """``state`` is the lab's folder, ``hosts`` the name of the host of each environment (prod, staging)."""

    state: Path
    hosts: t.Mapping[str, str]

    @property
    def inventory(self) -> Path:
        return self.state / "inventory"

    @property
    def faults(self) -> Path:
        """What was planted, by environment."""
        return CHECKOUT / "tests" / "lab" / "faults.yml"

    def run(self, environment: str, *argv: str) -> str:
        """Return what a program says that runs inside the host, apart from the connection that audits use."""
        command = ["docker", "exec", self.hosts[environment], *argv]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_S).stdout

    def json(self, environment: str, *argv: str) -> t.Any:
        return json.loads(self.run(environment, *argv))


def find_lab() -> Lab | None:
    """Return the lab of this checkout; None when it is not up."""
    state = CHECKOUT / ".cache" / "lab"
    try:
        text = (state / "inventory" / "hosts.yml").read_text("utf-8")
    except OSError:
        return None
    names = [line.split(":")[0].strip() for line in text.splitlines() if "ansible_host:" in line]
    found = Lab(state, {name.rpartition("-")[2]: name for name in names})
    try:
        for environment in found.hosts:
            found.run(environment, "true")
    except (OSError, subprocess.SubprocessError):
        return None
    return found
