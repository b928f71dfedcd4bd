# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records processes of this machine as test data: ``record_proc.py FOLDER PID…`` writes a small copy of ``/proc``.

Only what the tests read: the boot time, and of each process named ``stat``, ``cmdline``, ``status`` and ``cgroup``. No
environment, no memory, and no links: a test runner would walk through them. Look at the arguments before you keep what
it wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

_FILES = ("stat", "cmdline", "status", "cgroup")


def record(folder: Path, pids: list[str]) -> None:
    folder.mkdir(parents=True)
    btime = [line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime")]
    (folder / "stat").write_text("\n".join(btime) + "\n")
    for pid in pids:
        home = folder / pid
        home.mkdir()
        for name in _FILES:
            (home / name).write_bytes(Path("/proc", pid, name).read_bytes())


if __name__ == "__main__":
    record(Path(sys.argv[1]), sys.argv[2:])
