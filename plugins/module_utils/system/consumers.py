# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes take most of a host's memory and processor time. Private to the collection."""

from __future__ import annotations

import heapq
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.clock import TICKS
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc, Stat
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

LISTED = 5
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


def consumers(proc: Proc, uptime_s: float, host: Host) -> dict[str, t.Any]:
    """Return the ``memory`` and ``cpu`` lists, biggest first, and how many processes were ``total`` and ``unread``.

    ``cpu_percent`` is the share of one processor over the whole life of the process, as ps shows it. Raises Unseen.
    """
    stats: list[Stat] = []
    unread = 0
    for pid in proc.pids():
        host.check_time()
        try:
            stats.append(proc.stat(pid))
        except Gone:
            continue
        except Unseen:
            unread += 1

    def one(stat: Stat) -> dict[str, t.Any]:
        return {
            "pid": stat.pid,
            "name": mask(show(stat.comm)),
            "rss_kb": stat.rss_pages * _PAGE_KB,
            "cpu_percent": _cpu(stat, uptime_s),
        }

    return {
        "memory": [one(stat) for stat in heapq.nlargest(LISTED, stats, key=lambda stat: (stat.rss_pages, -stat.pid))],
        "cpu": [
            one(stat) for stat in heapq.nlargest(LISTED, stats, key=lambda stat: (_cpu(stat, uptime_s), -stat.pid))
        ],
        "total": len(stats) + unread,
        "unread": unread,
    }


def _cpu(stat: Stat, uptime_s: float) -> float:
    # A process of less than a second has no rate worth the name.
    age = max(uptime_s - stat.starttime / TICKS, 1.0)
    return round((stat.utime + stat.stime) / TICKS * 100 / age, 1)
