# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program writes, read while it runs: however much it says beside that, nobody waits for anybody."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import piped
from ansible_collections.evenkeel.drift.plugins.module_utils.act.program import ProgramFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from held import descriptors

_CHATTY = """
import sys
for number in range(40000):
    print(f"warning {number}: a line that nobody asked for", file=sys.stderr)
print("the archive")
sys.exit(int(sys.argv[1]))
"""
# It leaves the session of the program, and keeps what the program wrote to.
_LEAVES = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    # It is told once it has left, and not before.
    print(os.getpid(), flush=True)
    os.close(1)
    time.sleep(60)
    os._exit(0)
print("no space left", file=sys.stderr, flush=True)
os._exit(3)
"""


def read(program: str, word: str, limit_s: float = 20) -> bytes:
    argv = [sys.executable, "-c", program, word]
    with piped.output_of(argv, Host("/", limit_s), {}) as source:
        return b"".join(iter(source.read, b""))


def test_a_program_that_says_more_than_a_pipe_holds() -> None:
    assert read(_CHATTY, "0") == b"the archive\n"


def test_the_last_words_are_told_of_many() -> None:
    with pytest.raises(
        ProgramFailed, match=r"ended with 4 and said: .*warning 39998: .* \| warning 39999: a line"
    ) as told:
        read(_CHATTY, "4")
    assert len(str(told.value)) < 3000


def test_what_left_the_session_is_not_waited_for() -> None:
    threads, said = set(threading.enumerate()), b""
    argv = [sys.executable, "-c", _LEAVES]
    try:
        with pytest.raises(ProgramFailed, match="ended with 3 and said: no space left"), piped.output_of(
            argv, Host("/", 20), {}
        ) as source:
            said = b"".join(iter(source.read, b""))
    finally:
        with contextlib.suppress(ValueError, ProcessLookupError):
            os.kill(int(said), signal.SIGKILL)
    assert set(threading.enumerate()) <= threads


def test_a_program_that_cannot_be_started_leaves_nothing_open() -> None:
    threads, files = set(threading.enumerate()), descriptors()
    with pytest.raises(Unseen, match="cannot be started"), piped.output_of(["/nowhere/tar"], Host("/", 20), {}):
        pass
    assert set(threading.enumerate()) <= threads
    assert descriptors() <= files
