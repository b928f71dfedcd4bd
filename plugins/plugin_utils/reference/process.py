# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one program on the control node: no shell, a given environment, limits on time and output. Private to the
collection.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.command import hear_of_ends
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable, one_line

_MAX_ERROR = 4096
_TAIL = 16 << 10


class Done(t.NamedTuple):
    """How a program ended: exit code, standard output, and the first line that it wrote to standard error."""

    code: int
    output: bytes
    error: str


class Program:
    """A running program. Read ``output``, then :meth:`finish`."""

    def __init__(self, process: subprocess.Popen[bytes], stderr: t.IO[bytes], seconds: float) -> None:
        self.output = t.cast("t.IO[bytes]", process.stdout)
        self._process = process
        self._stderr = stderr
        self._seconds = seconds
        self._late = False
        self._timer = threading.Timer(seconds, self._too_late)
        self._timer.daemon = True
        self._timer.start()

    def _too_late(self) -> None:
        self._late = True
        self.kill()

    def kill(self) -> None:
        """End the program and everything that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Leave nothing of the program behind, finished or not."""
        if self._process.returncode is None:
            self.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._timer.cancel()

    def finish(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and the first line of standard error."""
        # Not reaped yet, its number is that of no other group: what it left in the background ends with it.
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self._timer.cancel()
        self.kill()
        code = self._process.wait()
        if self._late:
            raise ReferenceUnavailable(f"{_name(self._process.args)} took longer than {self._seconds:g} s")
        self._stderr.seek(0)
        lines = self._stderr.read(_MAX_ERROR).decode("utf-8", "backslashreplace").splitlines()
        return code, one_line(lines[0]) if lines else ""


def _name(argv: t.Any) -> str:
    return os.path.basename(str(argv[0]))


@contextlib.contextmanager
def start(
    argv: t.Sequence[str],
    env: t.Mapping[str, str],
    cwd: str,
    stdin: bytes = b"",
    seconds: float = 120.0,
    stdout: int = subprocess.PIPE,
    together: bool = False,
) -> t.Iterator[Program]:
    """Run a program and read what it writes while it runs. Whatever happens, it has ended when the block is left.

    ``stdin`` is spooled to a file first, so that neither side can wait for the other. ``stdout`` is a pipe, or
    an open file; ``together``: standard error goes there as well.
    """
    with contextlib.ExitStack() as stack:
        stderr = stack.enter_context(tempfile.TemporaryFile())
        source: t.IO[bytes] | int = subprocess.DEVNULL
        if stdin:
            source = stack.enter_context(tempfile.TemporaryFile())
            source.write(stdin)
            source.seek(0)
        hear_of_ends()
        try:
            process = subprocess.Popen(  # noqa: S603  argv is a list, and no shell reads it
                argv,
                env=env,
                cwd=cwd,
                stdin=source,
                stdout=stdout,
                stderr=subprocess.STDOUT if together else stderr,
                start_new_session=True,
                umask=0o022,
            )
        except OSError as error:
            raise ReferenceUnavailable(f"{_name(argv)} cannot be run: {error.strerror}") from error
        program = Program(process, stderr, seconds)
        try:
            yield program
        finally:
            program.end()


def run(
    argv: t.Sequence[str],
    env: t.Mapping[str, str],
    cwd: str,
    stdin: bytes = b"",
    seconds: float = 120.0,
    max_output: int = 256 << 20,
) -> Done:
    """Run a program to its end. Raises ReferenceUnavailable when it cannot be run or passes a limit."""
    with start(argv, env, cwd, stdin, seconds) as program:
        output = program.output.read(max_output + 1)
        if len(output) > max_output:
            raise ReferenceUnavailable(f"{_name(argv)} wrote more than {max_output} bytes")
        code, error = program.finish()
    return Done(code, output, error)


def succeeds(argv: t.Sequence[str], env: t.Mapping[str, str], cwd: str, seconds: float) -> Done:
    """Run a program to its end, and return the end of all that it wrote as its ``output``. That goes to a file: what it
    started in the background holds nothing that is waited for, and ends with it. Raises ReferenceUnavailable as
    :func:`run`.
    """
    with tempfile.TemporaryFile() as written:
        with start(argv, env, cwd, seconds=seconds, stdout=written.fileno(), together=True) as program:
            code, error = program.finish()
        written.seek(max(0, written.seek(0, os.SEEK_END) - _TAIL))
        return Done(code, written.read(_TAIL), error)
