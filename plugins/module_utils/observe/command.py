# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a program of the host: one that only reads, such as ``systemctl show``, or one that the contract names.
Private to the collection.

The program gets nothing of this process: no environment but a plain path and ``LC_ALL=C``, no standard input, no
terminal. Its whole process group ends with the time limit.
"""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import shutil
import signal
import subprocess
import threading
import time
import types
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
_LIMIT_S = 60.0
_MAX_BYTES = 64 << 20
_PART = 1 << 16
_KILLED_S = 5.0
_LOOK_S = 0.5


class TooLate(Unseen):
    """A program was not done in time. ``own`` says that this was its own limit, not what the host had left."""

    def __init__(self, reason: str, own: bool) -> None:
        super().__init__(reason)
        self.own = own


class Ran(t.NamedTuple):
    """How a program ended, and the beginning of what it said; ``cut`` says that there was more."""

    exit_code: int
    out: bytes
    err: bytes
    cut: bool
    seconds: float


def find(program: str) -> str | None:
    """Return the absolute path of a program of the host, None when it has none."""
    return shutil.which(program, path=_PATH)


def run(
    argv: t.Sequence[str],
    host: Host,
    understood: t.Container[int] = (0,),
    limit_s: float = _LIMIT_S,
    stdin: int = subprocess.DEVNULL,
    cwd: str = "/",
    name: str = "",
) -> bytes:
    """Return what a program wrote to its standard output.

    ``argv[0]`` is an absolute path, as :func:`find` gives it; ``stdin`` is an open file that it reads, ``name`` how it
    is called in a reason. Raises Unseen when the program cannot be started, ends with an exit code that is not
    ``understood``, says more than 64 MiB, or is not done within ``limit_s`` seconds or the host's deadline.
    """
    name = name or os.path.basename(argv[0])
    ran = execute(argv, host, limit_s, cwd, stdin=stdin)
    if ran.exit_code not in understood:
        raise Unseen(f"{name} ended with {ran.exit_code} and said: {_last_line(ran.err)}")
    if ran.cut:
        raise Unseen(f"{name} said more than {_MAX_BYTES >> 20} MiB")
    return ran.out


def execute(
    argv: t.Sequence[str],
    host: Host,
    limit_s: float,
    cwd: str = "/",
    max_bytes: int = _MAX_BYTES,
    stdin: int = subprocess.DEVNULL,
    environment: t.Mapping[str, str] | None = None,
    grace_s: float = 0.0,
    name: str = "",
    begun: t.Callable[[int], None] | None = None,
    late: t.Callable[[int], None] | None = None,
) -> Ran:
    """Run a program and return how it ended, whatever that is; of each output ``max_bytes`` are kept.

    ``environment`` is added to the plain one. A program that is late is asked to end, and killed ``grace_s`` later.
    ``name`` is how it is called in a reason; ``begun`` is called with its process id, at once, ``late``
    before it is ended because its time is up.
    Raises TooLate, and Unseen when the program cannot be started.
    """
    name = name or os.path.basename(argv[0])
    host.check_time()
    own = limit_s <= host.time_left()
    start = time.monotonic()
    limit_s = min(limit_s, host.time_left())
    process = _start(argv, cwd, stdin, subprocess.PIPE, subprocess.PIPE, environment or {})
    is_late, gone = False, True
    try:
        if begun is not None:
            begun(process.pid)
        out, err, cut = _listen(process, start + limit_s, max_bytes)
        code = process.wait(max(start + limit_s - time.monotonic(), 0.0))
    except subprocess.TimeoutExpired:
        is_late = True
        if late is not None:
            late(process.pid)
        _ask_to_end(process, grace_s)
    finally:
        gone = _end(process)
    if is_late:
        stays = "" if gone else f", and process {process.pid} cannot be killed: it waits in the kernel"
        raise TooLate(f"{name} was not done after {limit_s:.0f} s{stays}", own)
    return Ran(code, out, err, cut, round(time.monotonic() - start, 3))


def pour(argv: t.Sequence[str], host: Host, target: int, limit_s: float) -> bool:
    """Let a program write its output to an open file; return whether it ended well and in time.

    Raises Unseen when it cannot be started.
    """
    host.check_time()
    with beside(argv, subprocess.DEVNULL, target, {}) as process:
        try:
            return process.wait(min(limit_s, host.time_left())) == 0
        except subprocess.TimeoutExpired:
            return False


@contextlib.contextmanager
def beside(
    argv: t.Sequence[str],
    stdin: int,
    stdout: int,
    limits: t.Mapping[int, int],
    stderr: int = subprocess.DEVNULL,
    environment: t.Mapping[str, str] = types.MappingProxyType({}),
) -> t.Iterator[subprocess.Popen[bytes]]:
    """Run a program beside this process, between two open files, and end it with the block at the latest.

    ``limits`` are resource limits by ``resource.RLIMIT_*``; ``environment`` is added to the plain one. Raises Unseen
    when it cannot be started.
    """
    process = _start(argv, "/", stdin, stdout, stderr, environment)
    try:
        for kind, most in limits.items():
            _limit(process.pid, argv[0], kind, most)
        yield process
    finally:
        _end(process)


def ended(process: subprocess.Popen[bytes], limit_s: float) -> int | None:
    """Return the exit code of a program that runs beside this process, None when it has not ended in time."""
    try:
        return process.wait(max(limit_s, 0.0))
    except subprocess.TimeoutExpired:
        return None


def _limit(pid: int, program: str, kind: int, most: int) -> None:
    """Set a limit of a process, unless it has a lower one, which nobody but root could raise. Raises Unseen."""
    try:
        _soft, hard = resource.prlimit(pid, kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.prlimit(pid, kind, (most, most))
    except ProcessLookupError:
        # It is done already.
        pass
    except OSError as error:
        raise Unseen(f"{os.path.basename(program)} cannot be given a limit: {explain(error)}") from None


def _start(
    argv: t.Sequence[str],
    cwd: str,
    stdin: int,
    stdout: int,
    stderr: int,
    environment: t.Mapping[str, str] = types.MappingProxyType({}),
) -> subprocess.Popen[bytes]:
    hear_of_ends()
    try:
        return subprocess.Popen(  # noqa: S603  argv is a list, and no shell reads it
            argv,
            env={"LC_ALL": "C", "PATH": _PATH, **environment},
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    except OSError as error:
        raise Unseen(f"{os.path.basename(argv[0])} cannot be started: {explain(error)}") from None


def hear_of_ends() -> None:
    """Let this process learn how programs end, where whoever started it has it ignore that: each of them would count as
    one that succeeded.
    """
    ignored = signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN
    if ignored and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _listen(process: subprocess.Popen[bytes], end: float, max_bytes: int) -> tuple[bytes, bytes, bool]:
    """Return what a program says until it closes both outputs, and whether some of it was not kept.

    What it started in the background may hold them for ever: when it has ended itself, so does that.
    """
    kept: dict[t.Any, bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
    cut = ended = False
    with selectors.DefaultSelector() as selector:
        for pipe in kept:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            left = end - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(process.args, 0)
            ready = selector.select(min(left, _LOOK_S))
            if not ready and ended:
                # Something has left the group and holds a pipe: what is of interest was said.
                break
            if not ready and _has_ended(process):
                ended = True
                _kill(process)
            for key, _events in ready:
                part = os.read(key.fd, _PART)
                if not part:
                    selector.unregister(key.fileobj)
                said = kept[key.fileobj]
                room = max_bytes - len(said)
                cut = cut or len(part) > room
                said += part[:room]
    return bytes(kept[process.stdout]), bytes(kept[process.stderr]), cut


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "backslashreplace").strip().splitlines()
    return mask(lines[-1][:300]) if lines else "nothing"


def _ask_to_end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    if grace_s <= 0:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Return whether a program has ended; its number stays its own until it is waited for."""
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        # Whoever started this process has it leave its children to nobody: they are gone as soon as they end.
        return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> bool:
    """Leave nothing behind: neither the program, nor what it started. Returns whether it is gone: one that waits in the
    kernel, for a disk or a network, ends when that answers, and is not waited for.
    """
    _kill(process)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_KILLED_S)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    return process.returncode is not None
