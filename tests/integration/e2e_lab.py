# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab that `make lab` brought up: its hosts, and the programs in them that know better."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import subprocess
import typing as t
from collections.abc import Iterator
from pathlib import Path

from waiting import LIMIT_S

CHECKOUT = Path(__file__).resolve().parents[2]
_LAB = CHECKOUT / "tests" / "lab"
_STATE = CHECKOUT / ".cache" / "lab"


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
        return _LAB / "faults.yml"

    def run(self, environment: str, *argv: str) -> str:
        """Return what a program says that runs inside the host, apart from the connection that audits use."""
        command = ["docker", "exec", self.hosts[environment], *argv]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_S).stdout

    def json(self, environment: str, *argv: str) -> t.Any:
        return json.loads(self.run(environment, *argv))


def find_lab() -> Lab | None:
    """Return the lab of this checkout; None when it is not up."""
    try:
        text = (_STATE / "inventory" / "hosts.yml").read_text("utf-8")
    except OSError:
        return None
    names = [line.split(":")[0].strip() for line in text.splitlines() if "ansible_host:" in line]
    found = Lab(_STATE, {name.rpartition("-")[2]: name for name in names})
    try:
        for environment in found.hosts:
            found.run(environment, "true")
    except (OSError, subprocess.SubprocessError):
        return None
    return found


@dataclasses.dataclass(frozen=True)
class SmallHost:
    """A host of the lab's image, without the application, that nobody else uses."""

    name: str
    address: str

    def variables(self, user: str) -> dict[str, t.Any]:
        """Return what an inventory says of how a user reaches it."""
        return {
            "ansible_connection": "ssh",
            "ansible_host": self.address,
            "ansible_user": user,
            "ansible_ssh_private_key_file": str(_STATE / "keys" / "lab"),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={_STATE / 'known_hosts'} -o IdentitiesOnly=yes",
            "ansible_ssh_args": "-o ControlMaster=no",
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    def inside(self, *argv: str) -> str:
        command = ["docker", "exec", self.name, *argv]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_S).stdout


@contextlib.contextmanager
def small_host(folder: Path) -> Iterator[SmallHost]:
    """Make such a host for the length of a block, with a folder at /srv/app.

    The lab has one fleet: who comes second waits until the first one's is removed.
    """
    with (_STATE / "fleet.turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        try:
            subprocess.run([_LAB / "fleet.sh", "up", "1", str(folder)], check=True, timeout=LIMIT_S)
            name, address = (_STATE / "fleet").read_text("utf-8").split()
            yield SmallHost(name, address)
        finally:
            subprocess.run([_LAB / "fleet.sh", "down"], check=True, timeout=LIMIT_S)
