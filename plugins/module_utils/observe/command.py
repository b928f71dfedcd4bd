# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a program of the host that only reads, such as ``systemctl show``. Private to the collection.

The program gets nothing of this process: no environment but a plain path and ``LC_ALL=C``, no standard input, no
terminal. Its whole process group ends with the time limit.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
_LIMIT_S = 60.0
_MAX_BYTES = 64 << 20


def find(program: str) -> str | None:
    """Return the absolute path of a program of the host, None when it has none."""
    return shutil.which(program, path=_PATH)


def run(argv: t.Sequence[str], host: Host, understood: t.Container[int] = (0,), limit_s: float = _LIMIT_S) -> bytes:
    """Return what a program wrote to its standard output.

    ``argv[0]`` is an absolute path, as :func:`find` gives it. Raises Unseen when the program cannot be started, ends
    with an exit code that is not ``understood``, says more than 64 MiB, or is not done within ``limit_s`` seconds or
    the host's deadline.
    """
    name = os.path.basename(argv[0])
    host.check_time()
    limit_s = min(limit_s, host.time_left())
    try:
        process = subprocess.Popen(  # noqa: S603  argv is a list, and no shell reads it
            argv,
            env={"LC_ALL": "C", "PATH": _PATH},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise Unseen(f"{name} cannot be started: {explain(error)}") from None
    try:
        out, err = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        raise Unseen(f"{name} was not done after {limit_s:.0f} s") from None
    finally:
        _end(process)
    if process.returncode not in understood:
        raise Unseen(f"{name} ended with {process.returncode} and said: {_last_line(err)}")
    if len(out) > _MAX_BYTES:
        raise Unseen(f"{name} said more than {_MAX_BYTES >> 20} MiB")
    return out


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "backslashreplace").strip().splitlines()
    return mask(lines[-1][:300]) if lines else "nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind: neither the program, nor what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
