# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of a whole process tree, while it runs."""

from __future__ import annotations

import os
import threading


def descendants(pid: int) -> list[int]:
    """Return a process and everything below it, as far as it still runs."""
    found = [pid]
    for parent in found:
        try:
            for thread in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{thread}/children", encoding="ascii") as file:
                    found += [int(child) for child in file.read().split()]
        except OSError:
            continue
    return found


def share_kb(pid: int) -> int:
    """Return a process's proportional share of memory (PSS): what it shares with others counts by its part."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass  # it has ended
    return 0


def runs(pid: int, program: bytes) -> bool:
    """Return whether a process was started as ``program``; a fork keeps that of its parent."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return program in file.read()
    except OSError:
        return False


class Peak:
    """Watches a process tree from a thread; the sum of the shares counts every page of the tree once.

    With ``program``, only those processes of the tree count that were started as such.
    """

    def __init__(self, pid: int, every_s: float, program: bytes = b"") -> None:
        self._pid = pid
        self._every_s = every_s
        self._program = program
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.together_mb = 0.0
        self.largest_mb = 0.0

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self._every_s):
            watched = [pid for pid in descendants(self._pid) if not self._program or runs(pid, self._program)]
            shares = [share_kb(pid) / 1024 for pid in watched]
            self.together_mb = max(self.together_mb, sum(shares))
            self.largest_mb = max([self.largest_mb, *shares])
