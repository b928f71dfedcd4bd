# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts of the lab that end something: they end what is theirs, and nothing that has come to its number or name."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from test_lab_verify import load
from waiting import wait_until

LAB = Path(__file__).resolve().parents[2] / "lab"
# Each begins the next one in a session of its own, as Ansible does with its workers.
NESTED = "import os, subprocess, sys, time; print('up', os.getpid(), flush=True); n = int(sys.argv[1]); " + (
    "next = [sys.executable, '-c', sys.orig_argv[2], str(n - 1), sys.argv[2]]; "
    "n and subprocess.Popen(next, start_new_session=True); "
    "time.sleep(600)"
)


def test_all_that_a_command_has_started_is_killed(tmp_path: Path) -> None:
    mark = f"{tmp_path}/mark"
    named = f"pgrep -c -f '^{sys.executable} -c import os.* [0-9] {mark}$'"
    interrupt = [sys.executable, str(LAB / "interrupt.py"), "--then", f'test "$({named})" = 3', "up"]
    interrupt += [sys.executable, "-c", NESTED, "2", mark]
    ran = subprocess.run(interrupt, capture_output=True, text=True, check=False, timeout=100)
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "killed: True"), ran.stderr
    # Those whose parent is gone are waited for by another, which may take a moment.
    wait_until(lambda: subprocess.run(named, shell=True, check=False, stdout=subprocess.DEVNULL).returncode == 1, "end")


def test_a_number_that_passed_on_to_another_process_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt = load("interrupt")
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    ours, other = subprocess.Popen(sleep, text=True), subprocess.Popen(sleep)
    # The first look still finds the number as one of ours, the next ones do not.
    looks = iter([[ours.pid, other.pid]])
    monkeypatch.setattr(interrupt, "descendants", lambda _pid: next(looks, [ours.pid]))
    try:
        interrupt.kill(ours)
        assert (ours.returncode, other.poll()) == (-signal.SIGKILL, None)
        assert Path(f"/proc/{other.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "T"
        # One that has ended was waited for: nothing is sent to its number.
        sent: list[t.Any] = []
        monkeypatch.setattr(os, "kill", lambda *given: sent.append(given))
        monkeypatch.setattr(signal, "pidfd_send_signal", lambda *given: sent.append(given))
        interrupt.kill(ours)
        assert sent == []
    finally:
        monkeypatch.undo()
        for one in (ours, other):
            one.kill()
            one.wait()


@pytest.mark.parametrize(
    ("hosts", "down", "left"),
    [
        ("", True, ""),
        ("lab-prod lab-staging", False, ""),
        ("lab-remediate-1 lab-staging", False, ""),
        ("lab-remediate-1 lab-remediate-2", True, "lab-remediate-1 lab-remediate-2"),
        ("lab-change lab-prod-2", True, "lab-change lab-prod-2"),
    ],
)
@pytest.mark.parametrize("code", [0, 3])
def test_the_lab_is_left_as_it_was(hosts: str, down: bool, left: str, code: int, tmp_path: Path) -> None:
    lab = tmp_path / "tests" / "lab"
    lab.mkdir(parents=True)
    for name in ("lib.sh", "with.sh"):
        shutil.copy(LAB / name, lab / name)
    scripts = {
        lab / "up.sh": "echo up",
        lab / "down.sh": "echo down",
        tmp_path / "bin" / "docker": "test -z \"$HOSTS\" || printf '%s\\n' $HOSTS",
    }
    (tmp_path / "bin").mkdir()
    for path, text in scripts.items():
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOSTS": hosts}
    command = ["bash", str(lab / "with.sh"), "sh", "-c", f"echo runs; exit {code}"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == code
    assert ran.stdout.split() == ["up", "runs", *(["down"] if down else [])]
    assert (f"taken down with the lab: {left} " in ran.stderr) is bool(left)
