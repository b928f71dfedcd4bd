# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the host: what they say, and what counts as not having said anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from waiting import has_text, lives, wait_until, within


def _script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def _reason(argv: list[str], host: Host, **more: float) -> str:
    with pytest.raises(Unseen) as caught:
        command.run(argv, host, **more)
    return caught.value.reason


def test_it_returns_the_bytes_and_gives_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    said = command.run([_script(tmp_path, "env; pwd; cat; printf '\\377'")], Host("/", 60))
    assert said.endswith(b"\xff")
    assert b"hunter2" not in said
    assert b"LC_ALL=C\n" in said
    assert b"\n/\n" in said


def test_an_exit_code_must_be_understood(tmp_path: Path) -> None:
    program = _script(tmp_path, "echo first >&2; echo 'password=hunter2' >&2; exit 3")
    assert command.run([program], Host("/", 60), understood=(0, 3)) == b""
    assert _reason([program], Host("/", 60)) == "program ended with 3 and said: password=<masked>"


def test_a_program_that_is_not_there_is_unseen(tmp_path: Path) -> None:
    assert _reason([str(tmp_path / "none")], Host("/", 60)) == "none cannot be started: no such file or directory"


def test_what_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    child = tmp_path / "child"
    program = _script(tmp_path, f"sleep 600 & echo $! > {child}; wait")

    def late(limit_s: int) -> None:
        assert f"was not done after {limit_s} s" in _reason([program], Host("/", 60), limit_s=limit_s)

    within(lambda: has_text(child), late)
    pid = int(child.read_text())
    wait_until(lambda: not lives(pid), "its child has ended too")


def test_a_program_is_not_started_after_the_deadline(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    assert "time limit" in _reason([_script(tmp_path, f"touch {mark}")], Host("/", -1))
    assert not mark.exists()


def test_programs_are_found_where_a_host_keeps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    _script(tmp_path, "")
    assert command.find("program") is None
    assert (command.find("sh") or "").startswith("/")


def test_a_limit_that_is_lower_already_stays(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = f"""
import resource, sys
sys.path[:0] = {sys.path!r}
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
resource.setrlimit(resource.RLIMIT_CPU, (600, 600))
with open({str(said)!r}, "wb") as target, open("/dev/null") as source:
    # It reads its limit when this process has had the time to set it.
    argv = ["/bin/sh", "-c", "until [ $(ulimit -n) = 77 ]; do :; done; ulimit -t"]
    limits = {{resource.RLIMIT_CPU: 1200, resource.RLIMIT_NOFILE: 77}}
    with command.beside(argv, source.fileno(), target.fileno(), limits) as process:
        process.wait(30)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert said.read_text() == "600\n"


def test_a_child_that_holds_the_output_is_not_waited_for(tmp_path: Path) -> None:
    child = tmp_path / "child"
    program = _script(tmp_path, f"echo done; sleep 600 & echo $! > {child}")
    assert command.run([program], Host("/", 60), limit_s=50) == b"done\n"
    pid = int(child.read_text())
    wait_until(lambda: not lives(pid), "its child has ended too")


def test_one_that_cannot_be_killed_is_not_waited_for_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process is that waits in the kernel: a signal reaches it only when its disk answers."""
    monkeypatch.setattr(command, "_KILLED_S", 0.05)
    with monkeypatch.context() as patch:
        patch.setattr(os, "killpg", lambda _group, _signal: None)
        reason = _reason(["/bin/sleep", "600"], Host("/", 60), limit_s=0.1)
    pid = int(reason.partition(", and process ")[2].partition(" ")[0])
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert reason.endswith(f"and process {pid} cannot be killed: it waits in the kernel")


def test_children_that_are_left_to_nobody_stop_nothing(tmp_path: Path) -> None:
    """A process can be started with its children's ends ignored, and hands that down."""
    program = _script(tmp_path, f"echo done; sleep 600 & echo $! > {tmp_path / 'child'}")
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert command.run([program], Host("/", 60), limit_s=50) == b"done\n"
    finally:
        signal.signal(signal.SIGCHLD, before)
    pid = int((tmp_path / "child").read_text())
    wait_until(lambda: not lives(pid), "its child has ended too")


def test_one_that_fails_where_the_ends_of_children_are_ignored_has_failed(tmp_path: Path) -> None:
    """Python takes an end that it cannot hear of for a success."""
    program = _script(tmp_path, "exit 3")
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert command.execute([program], Host("/", 60), 50).exit_code == 3
    finally:
        signal.signal(signal.SIGCHLD, before)
