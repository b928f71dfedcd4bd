# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the programs of fake hosts, which are Python, inside this process: starting them takes most of the time where
thousands of changes are tried.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.command import Ran
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host


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
    real = command.execute

    def execute(
        argv: t.Sequence[str],
        host: Host,
        limit_s: float,
        cwd: str = "/",
        max_bytes: int = 1 << 20,
        stdin: int = subprocess.DEVNULL,
        environment: t.Mapping[str, str] | None = None,
        grace_s: float = 0.0,
        name: str = "",
        begun: t.Callable[[int], None] | None = None,
    ) -> Ran:
        if argv[0] not in codes:
            return real(argv, host, limit_s, cwd, max_bytes, stdin, environment, grace_s, name, begun)
        host.check_time()
        begun = time.monotonic()
        given = "" if stdin == subprocess.DEVNULL else os.read(stdin, 1 << 16).decode()
        code, out, err = _ran(codes[argv[0]], argv, given)
        return Ran(code, out.encode(), err.encode(), False, time.monotonic() - begun)

    monkeypatch.setattr(command, "execute", execute)


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
