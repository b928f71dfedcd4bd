# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many idle processes: ``python crowd.py COUNT`` forks them, says so, and ends them when its standard input closes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import typing as t

_PDEATHSIG = 1


@contextlib.contextmanager
def crowd(count: int) -> t.Iterator[None]:
    """Have ``count`` more processes on this machine."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            if not t.cast("t.IO[bytes]", process.stdout).readline():
                raise RuntimeError(f"{count} processes could not be started: is there a limit?")
            yield
        finally:
            t.cast("t.IO[bytes]", process.stdin).close()
            process.wait()


def _main(count: int) -> None:
    libc = ctypes.CDLL(None)
    pids = []
    try:
        for _number in range(count):
            pid = os.fork()
            if pid == 0:
                libc.prctl(_PDEATHSIG, signal.SIGKILL)
                signal.pause()
                os._exit(0)
            pids.append(pid)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
