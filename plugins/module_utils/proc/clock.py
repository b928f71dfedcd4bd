# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When processes started: the kernel counts from its boot, files carry the time of day. Private to the collection.

The boot time follows every step of the clock, and ``btime`` is whole seconds: two times that are not further apart than
`TOLERANCE_S` cannot be told apart.
"""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc, Stat

TOLERANCE_S = 2.0
TICKS = os.sysconf("SC_CLK_TCK")
_LIMIT = 64 << 20


class Boot(t.NamedTuple):
    """``time_s`` since 1970 at which the host booted; ``reason`` why that is doubtful, or nothing."""

    time_s: float
    reason: str


def boot(proc: Proc) -> Boot:
    """Return when the host booted. Raises Unseen.

    The kernel's clocks tell it to the millisecond; ``btime`` must agree with them. It does not where something stands
    in for ``/proc/stat`` (lxcfs), or a clock was set between the two readings.
    """
    btime = _btime(proc)
    if proc.root != "/proc":
        return Boot(float(btime), "")
    by_clocks = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    apart = abs(by_clocks - btime)
    if apart > TOLERANCE_S:
        return Boot(by_clocks, f"/proc/stat and the kernel's clocks disagree about the boot time by {apart:.0f} s")
    return Boot(by_clocks, "")


def boot_id(proc: Proc) -> str:
    """Return what names this boot, as no clock does; nothing where the kernel does not tell it."""
    try:
        with open(f"{proc.root}/sys/kernel/random/boot_id", encoding="ascii") as source:
            return source.read(64).strip()
    except (OSError, ValueError):
        return ""


def boot_time(proc: Proc) -> float:
    """Return when the host booted, in seconds since 1970. Raises Unseen."""
    return boot(proc).time_s


def start_time(stat: Stat, booted_s: float) -> float:
    """Return when a process started, in seconds since 1970."""
    return booted_s + stat.starttime / TICKS


def iso(seconds: float) -> str:
    """Return a time as ``YYYY-MM-DDTHH:MM:SSZ``; times that no calendar has are cut to its ends."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(min(max(seconds, 0.0), 253402300799.0)))


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
