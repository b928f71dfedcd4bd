# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one command and writes ``exit_code seconds peak_kb`` to the descriptor that its first argument names.

A process of its own: what a command is said to need at most begins with what the process needed that started it, and
the one that measures everything has grown large by then.
"""

import os
import subprocess
import sys
import time

begun = time.monotonic()
process = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
_pid, status, usage = os.wait4(process.pid, 0)
seconds = time.monotonic() - begun
process.returncode = os.waitstatus_to_exitcode(status)
os.write(int(sys.argv[1]), f"{process.returncode} {seconds} {usage.ru_maxrss}".encode())
