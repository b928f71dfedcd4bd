# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: when the connection of a deploy is cut, or its host goes down, the next deploy repairs what that left."""

from __future__ import annotations

import collections
import json
import os
import random
import socket
import subprocess
import typing as t
from pathlib import Path

import pytest
from e2e_lab import SmallHost, small_host
from e2e_operator import Operator
from e2e_project import Repository
from waiting import wait_until

pytestmark = pytest.mark.lab

ALL = os.environ.get("EVENKEEL_FAULTS") == "all"
CUTS = 50 if ALL else 5
DEPLOY = "evenkeel.drift.deploy"
_CUTTER = Path(__file__).with_name("e2e_cutter.py")
_ROOT, _OLD, _STATES = "/srv/cut", "/srv/app", "/srv/states"
_FILES = 240
# A busy machine may need longer than the one that cuts waits for its moment.
_LIMIT_S = 300
# How long a deploy takes here, and its change, with some to spare: a cut may also come too late.
_DEPLOY_MS, _CHANGE_MS = 4000, 700
_MOMENTS = ("journal", "session", "journal")
_WAYS = ("session", "all", "drop", "reboot", "all")
# A server that sees sessions die refuses their address for a while; this one must not.
_PATIENT = "echo PerSourcePenalties no >/etc/ssh/sshd_config.d/cuts.conf && systemctl reload ssh"
_CONNECTION = "-o ControlMaster=no -o ServerAliveInterval=2 -o ServerAliveCountMax=4 -o ConnectTimeout=20"


class CutHost:
    """A small host of the lab, and an operator who deploys to it."""

    def __init__(self, host: SmallHost, reference: Path, operator: Operator) -> None:
        self.name = host.name
        self.address = host.address
        self.inside = host.inside
        self.operator = operator
        variables = {
            **host.variables("root"),
            "ansible_ssh_args": _CONNECTION,
            "drift_root": _ROOT,
            "drift_repo": str(reference),
            "drift_sections": ["trees"],
            "drift_state_dir": _STATES,
            "sync_prune": True,
        }
        self.inventory = operator.inventory({host.name: variables})

    def make_old(self) -> None:
        self.inside("sh", "-ec", f"rm -rf {_ROOT} {_STATES}; cp -a {_OLD} {_ROOT}")

    def deploy(self) -> subprocess.Popen[bytes]:
        return self.operator.start(DEPLOY, "-i", self.inventory, "-e", f"drift_output_dir={self.operator.runs}")

    def cut(self, moment: str, after_ms: int, way: str) -> tuple[dict[str, t.Any], str]:
        """Deploy and cut the connection; return what was cut, and what the operator was told."""
        argv = ["docker", "exec", "--interactive", self.name, "python3", "-", moment, str(after_ms), way, _STATES]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with open(_CUTTER, "rb") as program, subprocess.Popen(argv, stdin=program, **pipes) as cutter:
            with self.deploy() as play:
                if way == "reboot":
                    answer, errors = cutter.communicate(timeout=_LIMIT_S)
                    self.reboot()
                told = play.communicate(timeout=_LIMIT_S)[0].decode("utf-8", "replace")
            if way != "reboot":
                answer, errors = cutter.communicate(timeout=_LIMIT_S)
            assert cutter.returncode == 0, f"{moment}, {after_ms} ms, {way}: {errors.decode()}\n{told}"
            cut: dict[str, t.Any] = json.loads(answer)
        if way == "drop":
            self.inside("iptables", "--wait", "-F")
        return cut, told

    def reboot(self) -> None:
        """Take the power from the host, and give it back: every process of it ends at once, and systemd begins anew."""
        for do in ("kill", "start"):
            subprocess.run(["docker", do, self.name], capture_output=True, check=True, timeout=_LIMIT_S)
        wait_until(self._answers, f"{self.name} lets somebody in", _LIMIT_S)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.address, 22), timeout=5) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def left(self) -> str:
        """Return what a change leaves behind that is not finished."""
        return self.inside("find", _ROOT, _STATES, "-name", ".evenkeel-*", "-o", "-name", "journal.*")

    def sums(self) -> list[str]:
        return self.inside("sh", "-ec", f"cd {_ROOT} && find . -type f -exec sha256sum {{}} + | sort -k 2").splitlines()


def reference(folder: Path) -> tuple[Repository, Path]:
    """Make a repository of two commits that differ in most files, and a copy as of the first."""
    made = Repository(folder / "reference")
    names = [f"area{number % 12}/file{number:03}.txt" for number in range(_FILES)]
    first = made.commit("First", {name: f"{name} 1\n" * 40 for name in names})
    old = made.deploy(folder / "old", first, with_git=False)
    changed: dict[str, str | bytes | None] = {name: f"{name} 2\n" * 50 for name in names[20:]}
    made.commit("Second", {**changed, **dict.fromkeys(names[:10]), "new/deep/file.txt": "new\n"})
    return made, old


@pytest.fixture(name="host")
def fixture_host(tmp_path: Path, operator: Operator) -> t.Iterator[CutHost]:
    made, old = reference(tmp_path)
    with small_host(old) as host:
        host.inside("sh", "-ec", _PATIENT)
        yield CutHost(host, made.path, operator)


def test_the_next_deploy_recovers_from_any_cut(host: CutHost) -> None:
    chosen = random.Random(20261121)
    ends: collections.Counter[str] = collections.Counter()
    host.make_old()
    with host.deploy() as play:
        told = play.communicate(timeout=_LIMIT_S)[0].decode()
        assert play.returncode == 0, told
    wanted = host.sums()
    for number in range(CUTS):
        moment, way = _MOMENTS[number % len(_MOMENTS)], _WAYS[number % len(_WAYS)]
        host.make_old()
        cut, told = host.cut(moment, chosen.randrange(_CHANGE_MS if moment == "journal" else _DEPLOY_MS), way)
        where = f"cut {number}: {moment}, {way}, {cut}"
        ends["lost" if "UNREACHABLE" in told or "connection was lost" in told else "told nothing"] += 1
        ends["in the change" if cut["journal"] else "outside of it"] += 1
        with host.deploy() as play:
            told = play.communicate(timeout=_LIMIT_S)[0].decode()
        assert play.returncode == 0, f"{where}\n{told}"
        assert (host.sums(), host.left()) == (wanted, ""), where
        print(where)
    print(dict(ends))
    if ALL:
        # Of a few, none need be where it matters: that is up to how fast the machine is.
        assert ends["lost"] >= CUTS // 2, ends
        assert ends["in the change"] >= CUTS // 5, ends
