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
