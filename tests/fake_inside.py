# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the programs of fake hosts, which are Python, inside this process, lets their engine answer here, and shows few
processes: starting, waiting and reading take most of the time where thousands of changes are tried.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.engine import transport
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.command import Ran
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc
from fake_engine import FakeEngine


def install(monkeypatch: pytest.MonkeyPatch, *programs: Path) -> None:
    """Let the code find these programs before the machine's, and run them here; all others start as ever.

    There is no Compose besides: that of the machine which the tests run on would be asked again and again.
    """
    docker = programs[0].parent / "docker"
    docker.write_text(f"""#!{sys.executable}\nimport sys\nsys.exit("docker: 'compose' is not a docker command")\n""")
    docker.chmod(0o755)
    programs = (*programs, docker)
    folders = [str(program.parent) for program in programs]
    monkeypatch.setattr(command, "_PATH", ":".join([*folders, "/usr/bin", "/bin"]))
    codes = {str(program): compile(program.read_text(), str(program), "exec") for program in programs}
    real, form = command.execute, inspect.signature(command.execute)

    def execute(argv: t.Sequence[str], host: Host, *given: t.Any, **options: t.Any) -> Ran:
        asked = form.bind(argv, host, *given, **options)
        if argv[0] not in codes:
            return real(*asked.args, **asked.kwargs)
        host.check_time()
        begun = time.monotonic()
        stdin = asked.arguments.get("stdin", subprocess.DEVNULL)
        code, out, err = _ran(codes[argv[0]], argv, "" if stdin == subprocess.DEVNULL else _all_of(stdin))
        return Ran(code, out.encode(), err.encode(), False, time.monotonic() - begun)

    monkeypatch.setattr(command, "execute", execute)


def _all_of(stdin: int) -> str:
    return os.read(stdin, 1 << 16).decode()


def _ran(code: t.Any, argv: t.Sequence[str], given: str) -> tuple[int, str, str]:
    out, err, ended = io.StringIO(), io.StringIO(), 0
    before = sys.argv, sys.stdin
    sys.argv, sys.stdin = list(argv), io.StringIO(given)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            exec(code, {"__name__": "__main__"})
    except SystemExit as exit_:
        if isinstance(exit_.code, str):
            err.write(exit_.code)
        ended = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    finally:
        sys.argv, sys.stdin = before
    return ended, out.getvalue(), err.getvalue()


class _Stream:
    """What is sent to an engine, and what it answers."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self._sent = io.BytesIO()

    def sendall(self, data: bytes) -> None:
        self._sent.write(data)

    def makefile(self, _mode: str) -> io.BytesIO:
        answer = io.BytesIO()
        self._engine.serve(io.BytesIO(self._sent.getvalue()), answer)
        return io.BytesIO(answer.getvalue())

    def close(self) -> None:
        self._sent.close()


def talk(monkeypatch: pytest.MonkeyPatch, engine: FakeEngine) -> None:
    """Let the code talk to an engine without its socket."""

    def connect(self: t.Any) -> None:
        assert self._path == engine.socket
        self.sock = _Stream(engine)

    monkeypatch.setattr(transport._Connection, "connect", connect)


def show_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show the code no other processes than this one, what led to it, and what these started."""

    def pids(_self: Proc) -> list[int]:
        pid, found = os.getpid(), []
        while pid:
            found += [pid, *(int(one) for one in _read(pid, f"task/{pid}/children").split())]
            pid = int(_read(pid, "stat").rpartition(")")[2].split()[1])
        return sorted(set(found))

    monkeypatch.setattr(Proc, "pids", pids)


def _read(pid: int, name: str) -> str:
    return Path("/proc", str(pid), name).read_text()
