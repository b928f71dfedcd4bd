# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this process holds: open files, and children. A test asks before and after, and compares with ``<=``: what an
earlier test of the same process left may go meanwhile, and is nothing that the code under test left behind.
"""

from __future__ import annotations

import contextlib
import gc
import os
from pathlib import Path


def descriptors() -> set[int]:
    """Return the numbers of the files that are open here."""
    # Exceptions of earlier tests hold frames, and these hold files.
    gc.collect()
    # What is opened to list them is among them, with a number that is free, and closed by the time it is asked.
    return {int(name) for name in os.listdir("/proc/self/fd") if _is_open(int(name))}


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def children() -> set[int]:
    """Return the processes that this one has started and not waited for, those that have ended among them."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # One that ended meanwhile is nobody's child.
        with contextlib.suppress(OSError):
            if int(stat.read_bytes().rpartition(b")")[2].split()[1]) == os.getpid():
                found.add(int(stat.parent.name))
    return found
