# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for a host's Python interpreter: counts what goes in and out, and watches the memory of what it runs.

Only ever used in a run of its own, because watching takes time. ``BENCH_PROBE`` names the file that gets one JSON line,
``BENCH_PYTHON`` the interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import memory


def main() -> int:
    given = sys.stdin.buffer.read()
    # Without pipelining Ansible lays a file on the host and names it.
    files = sum(os.path.getsize(argument) for argument in sys.argv[1:] if os.path.isfile(argument))
    process = subprocess.Popen(
        [os.environ["BENCH_PYTHON"], *sys.argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with memory.Peak(process.pid, 0.005) as peak:
        answer, _errors = process.communicate(given)
    sys.stdout.buffer.write(answer)
    seen = {
        "sent": len(given) + files,
        "answered": len(answer),
        "together_mb": round(peak.together_mb, 1),
        "largest_mb": round(peak.largest_mb, 1),
    }
    with open(os.environ["BENCH_PROBE"], "a", encoding="ascii") as file:
        file.write(json.dumps(seen) + "\n")
    return process.returncode


if __name__ == "__main__":
    raise SystemExit(main())
