# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When processes started: the kernel counts from its boot, files carry the time of day. Private to the collection.

The boot time follows every step of the clock. ``btime`` is whole seconds; the kernel's clocks tell it exactly, and both
are slewed alike. How far two times must be apart is in ``order.py``.
"""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.order import COARSE_S, EXACT_S
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc, Stat

TICKS = os.sysconf("SC_CLK_TCK")
_LIMIT = 64 << 20
_READINGS = 5
_AGREE_S = 2.0


class Boot(t.NamedTuple):
    """``time_s`` since 1970 at which the host booted; ``reason`` why that is doubtful, or nothing; ``within_s`` how far
    the start of a process and a change of a file must be apart.
    """

    time_s: float
    reason: str
    within_s: float = EXACT_S


def boot(proc: Proc) -> Boot:
    """Return when the host booted. Raises Unseen.

    The kernel's clocks tell it to the microsecond; ``btime`` must agree with them. It does not where something stands
    in for ``/proc/stat`` (lxcfs), or a clock was set between the two readings.
    """
    btime = _btime(proc)
    if proc.root != "/proc":
        return Boot(float(btime), "", COARSE_S)
    by_clocks = min(_reading() for _again in range(_READINGS))[1]
    apart = abs(by_clocks - btime)
    if apart > _AGREE_S:
        return Boot(by_clocks, f"/proc/stat and the kernel's clocks disagree about the boot time by {apart:.0f} s")
    return Boot(by_clocks, "")


def _reading() -> tuple[float, float]:
    """Return how long a reading of both clocks took, and the boot time by it: the shortest is the best."""
    before = time.clock_gettime(time.CLOCK_REALTIME)
    since_boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    after = time.clock_gettime(time.CLOCK_REALTIME)
    # A clock that was set back in between tells nothing.
    return (after - before if after >= before else float("inf")), (before + after) / 2 - since_boot


def boot_id(proc: Proc) -> str:
    """Return what names this boot, as no clock does; nothing where the kernel does not tell it."""
    try:
        with open(f"{proc.root}/sys/kernel/random/boot_id", encoding="ascii") as source:
            return source.read(64).strip()
    except (OSError, ValueError):
        return ""


def start_time(stat: Stat, booted_s: float) -> float:
    """Return when a process started, in seconds since 1970."""
    return booted_s + stat.starttime / TICKS


def _btime(proc: Proc) -> int:
    try:
        with open(f"{proc.root}/stat", "rb") as file:
            lines = file.read(_LIMIT).splitlines()
    except OSError as error:
        raise Unseen(f"{proc.root}/stat cannot be read: {explain(error)}") from None
    for line in lines:
        words = line.split()
        if words[:1] == [b"btime"] and len(words) == 2 and words[1].isdigit():
            return int(words[1])
    raise Unseen(f"{proc.root}/stat does not say when the host booted")
