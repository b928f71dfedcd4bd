# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a condition: what another process does is seen when it is done, not when it was asked for."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

# Far more than a busy machine needs: it only ends a test that would hang.
LIMIT_S = 300


def wait_until(reached: t.Callable[[], object], what: str, limit_s: float = LIMIT_S) -> None:
    """Return as soon as the condition holds; fail with its name after the limit."""
    end = time.monotonic() + limit_s
    while not reached():
        assert time.monotonic() < end, f"waited {limit_s:g} s in vain: {what}"
        time.sleep(0.01)


def lives(pid: int) -> bool:
    """Say whether a process still runs. One that has ended and only waits for its parent does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def within(reached: t.Callable[[], object], attempt: t.Callable[[int], object]) -> None:
    """Make an attempt that ends at a limit in seconds; once more with a longer one where it had not come so far:
    what takes a program a moment may take a busy machine seconds.
    """
    for limit_s in (1, 8, LIMIT_S):
        attempt(limit_s)
        if reached():
            return
    raise AssertionError(f"not reached within {LIMIT_S} s")


def has_text(path: Path) -> bool:
    """Say whether a file is there, and whoever writes a line to it has done so."""
    return path.exists() and path.read_bytes().endswith(b"\n")
