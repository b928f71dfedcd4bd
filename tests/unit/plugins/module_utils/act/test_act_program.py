# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that change something: what they are given, what is kept of what they say, and how they end."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act import program
from ansible_collections.evenkeel.drift.plugins.module_utils.act.fled import Fled
from ansible_collections.evenkeel.drift.plugins.module_utils.act.program import ProgramFailed, run
from waiting import has_text, lives, wait_until, within


def shell(script: str, limit_s: float = 20.0, **more: object) -> program.Done:
    return run(["/bin/sh", "-c", script], limit_s, **more)  # type: ignore[arg-type]  # as given


def test_the_environment_is_clean_and_the_input_is_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_THE_OPERATOR", "secret")
    # As with a Python that was built for a C library of 2014.
    monkeypatch.delattr(os, "memfd_create")
    said = shell(
        "env | sort; cat; pwd", stdin=b"from here\n", environment={"HOME": "/nonexistent"}, cwd="/usr"
    ).out.decode()
    names = {line.partition("=")[0] for line in said.splitlines() if "=" in line}
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {"HOME", "LC_ALL", "PATH"}
    assert said.splitlines()[-2:] == ["from here", "/usr"]


def test_a_failure_has_the_last_words_without_secrets() -> None:
    with pytest.raises(ProgramFailed) as failed:
        shell("for n in 1 2 3 4; do echo line $n >&2; done; echo password=correct-horse >&2; exit 7", name="the hook")
    assert str(failed.value) == "the hook ended with 7 and said: line 3 | line 4 | password=<masked>"
    assert shell("exit 3", understood=(0, 3)).exit_code == 3
    with pytest.raises(ProgramFailed, match=r"sh was ended by signal 9 and said: nothing"):
        shell("kill -9 $$")


def test_much_output_is_cut_and_blocks_nothing() -> None:
    done = shell("head -c 3000000 /dev/zero; echo end >&2")
    assert (len(done.out), done.said) == (256 << 10, "end")


def test_one_that_is_late_is_asked_to_end_and_nothing_of_it_stays(tmp_path: Path) -> None:
    asked, child = tmp_path / "asked", tmp_path / "pid"

    def late(limit_s: int) -> None:
        with pytest.raises(ProgramFailed, match=rf"sh was not done after {limit_s} s"):
            shell(f"trap 'touch {asked}; exit 1' TERM; sleep 300 & echo $! > {child}; wait", limit_s)

    within(lambda: has_text(child), late)
    assert asked.exists()
    pid = int(child.read_text())
    wait_until(lambda: not lives(pid), "what was killed is gone")


@pytest.mark.parametrize("leaves", ["setsid", "setpgid"])
def test_what_has_left_the_group_of_one_that_is_late_is_named_and_left_alone(tmp_path: Path, leaves: str) -> None:
    """As what a shell with job control (``set -m``) starts, which stays in its session."""
    begin = "import os, sys; getattr(os, sys.argv[1])(*[0, 0][: 2 * (sys.argv[1] == 'setpgid')])"
    then = f"open('{tmp_path}/pid', 'w').write(str(os.getpid())); os.execvp('sleep', ['sleep', '300'])"
    left = f'{sys.executable} -c "{begin}; {then}" {leaves}'
    try:
        with pytest.raises(ProgramFailed) as failed:
            shell(f"{left} & sleep 300 & wait", 5.0, name="the hook")
        pid = int((tmp_path / "pid").read_text())
        assert lives(pid)
    finally:
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert re.fullmatch(
        r"the hook was not done after 5 s; what it had started in a group of its own still runs, and is left alone: "
        rf"sleep \(process {pid}\)",
        str(failed.value),
    )


def test_what_ended_in_time_is_not_named() -> None:
    fled = Fled()
    with subprocess.Popen(["setsid", "sleep", "300"]) as process:
        fled.look(os.getpid())
        process.kill()
    assert fled.told() == ""


def test_one_that_is_not_there() -> None:
    with pytest.raises(ProgramFailed, match=r"nothing-here cannot be started: no such file or directory"):
        run(["/nonexistent/nothing-here"], 5.0)
