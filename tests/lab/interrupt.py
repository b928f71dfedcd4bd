# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command, and kill it with all that it started (SIGKILL) once it has said something.

interrupt.py [--then COMMAND] WORDS COMMAND ARGUMENT...: as soon as a line of its output has WORDS, and, where it is
given, the command after --then (one line, for the shell) succeeds. Fails when it ended by itself before that.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_LIMIT_S = 120


def parent(pid: str) -> int:
    try:
        # The name, which may hold blanks and brackets, ends with the last bracket.
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def descendants(pid: int) -> list[int]:
    """Return a process and all below it: Ansible's workers have sessions of their own."""
    parents = {int(name): parent(name) for name in os.listdir("/proc") if name.isdigit()}
    found = [pid]
    for one in found:
        found += [child for child, above in parents.items() if above == one]
    return found


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process and all below it. One that has ended was waited for: its number, and theirs, may be of others."""
    if process.poll() is None:
        held = stopped(process.pid)
        for fd in held.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
            os.close(fd)
    process.wait()


def stopped(top: int) -> dict[int, int]:
    """Stop a process and all below it, and return a descriptor of each by its number.

    A number may pass on to another process before it is opened: so what was opened is looked for once more before it is
    sent anything. What is stopped begins nothing new, so it is done when nobody new is found.
    """
    held: dict[int, int] = {}
    while new := [pid for pid in descendants(top) if pid not in held]:
        found = {pid: fd for pid in new if (fd := opened(pid)) is not None}
        ours = set(descendants(top))
        for pid, fd in found.items():
            if pid in ours:
                held[pid] = fd
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(fd, signal.SIGSTOP)
            else:
                os.close(fd)
    return held


def opened(pid: int) -> int | None:
    """Return a descriptor of a process, None when there is none of that number any more."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def is_so(process: subprocess.Popen[str], command: str | None) -> bool:
    """Wait until a command succeeds; false when the process ended before that."""
    end = time.monotonic() + _LIMIT_S
    while command and subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, check=False).returncode:
        if process.poll() is not None or time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--then")
    parser.add_argument("words")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    process = subprocess.Popen(
        asked.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="")
        if asked.words in line:
            killed = is_so(process, asked.then) and process.poll() is None
            kill(process)
            print(f"killed: {killed}")
            return 0 if killed else 1
    print(f"it ended by itself, with {process.wait()}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
