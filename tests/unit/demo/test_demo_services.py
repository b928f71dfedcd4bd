# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that the demonstration starts stays running, however it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_port import own_port
from waiting import wait_until

DEMO = Path(__file__).parents[2] / "demo"


def running(folder: Path) -> list[str]:
    """Return the command lines of the demonstration's services."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = process.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if arguments[0].startswith(str(folder / "prod")):
            found.append(" ".join(arguments[1:]))
    return sorted(found)


@pytest.fixture(autouse=True)
def fixture_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever runs `make audit` beside this has the usual one."""
    with own_port() as port:
        monkeypatch.setenv("DEMO_PORT", str(port))
        yield


def test_services_run_beside_the_command_and_end_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    subprocess.run([sys.executable, str(DEMO / "build_demo.py"), str(folder)], check=True)
    runner = [sys.executable, str(DEMO / "run_services.py"), str(folder)]
    ready = tmp_path / "ready"

    done = subprocess.run([*runner, "sh", "-c", "exit 7"], check=False)
    assert done.returncode == 7
    assert running(folder) == []

    for ending in (signal.SIGTERM, signal.SIGKILL):
        ready.unlink(missing_ok=True)
        process = subprocess.Popen([*runner, "sh", "-c", f"touch {ready}; read forever"], stdin=subprocess.PIPE)
        try:
            wait_until(ready.exists, "the services run")
            assert [line.split()[0] for line in running(folder)] == [
                "src/main.py",
                "src/main.py",
                "src/web/monitoring_api.py",
            ]
            process.send_signal(ending)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.kill()
            process.wait()
        wait_until(lambda: not running(folder), "the services have ended")
