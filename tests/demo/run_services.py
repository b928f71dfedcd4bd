# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the demonstration's services as careless operators left them, run a command, and end the services.

run_services.py FOLDER COMMAND...: FOLDER is what build_demo.py made. Two main processes run where one is allowed, the
monitoring API listens on all addresses, and the code is edited once more while they run.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from build_demo import ENVIRONMENT

PORT = int(os.environ.get("DEMO_PORT", "18001"))
EDITED = "src/monitoring/monitor.py"
AGE_S = 3.0
"""How old a process is before its code is edited: more than the tolerance with which an audit compares times."""
_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def die_with_parent() -> None:
    """Let the kernel end the service when this program is killed."""
    _LIBC.prctl(_PDEATHSIG, signal.SIGKILL)


def start(prod: Path, *arguments: str) -> subprocess.Popen[bytes]:
    kept = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(prod), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    return subprocess.Popen(
        [str(prod / ENVIRONMENT / "bin/python"), *arguments],
        cwd=prod,
        env=kept,
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )


@contextlib.contextmanager
def services(prod: Path) -> t.Iterator[None]:
    """Run the services; what one of them says in its last words is seen on standard error."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        for _twice in range(2):
            running.append(start(prod, "src/main.py"))
        running.append(start(prod, "src/web/monitoring_api.py", "--host", "0.0.0.0", "--port", str(PORT)))
        until = time.monotonic() + AGE_S
        while time.monotonic() < until:
            if any(service.poll() is not None for service in running):
                raise SystemExit(f"a service of the demonstration ended at once; is port {PORT} taken?")
            time.sleep(0.05)
        # Saved once more, as the hotfix that no running process has.
        os.utime(prod / EDITED)
        yield
    finally:
        for service in running:
            service.kill()
        for service in running:
            service.wait()


def main(folder: Path, command: t.Sequence[str]) -> int:
    # A signal ends this program through `finally`, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    with services(folder / "prod"):
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    raise SystemExit(main(Path(sys.argv[1]).absolute(), sys.argv[2:]))
