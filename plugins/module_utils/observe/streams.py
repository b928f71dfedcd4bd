# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section streams: Redis with its streams, Memcached and InfluxDB, asked over their own protocols. Private to the
collection.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.look import Watched
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.server import Server

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "redis": {"type": "str"},
    "memcached": {"type": "str"},
    "influxdb": {"type": "str"},
    "stream": {"type": "str"},
    "group": {"type": "str"},
    "user": {"type": "str"},
    "credentials_file": {"type": "path"},
    # The name of a value, not the value.
    "credentials_key": {"type": "str", "no_log": False},
    "sample": {"type": "int", "default": 20},
    "wait": {"type": "int", "default": 0},
    "timeout": {"type": "int", "default": 60},
}

# What waiting for progress leaves of the time limit at least.
_RESERVE_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0


def collect(spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """Return what the servers in ``spec["servers"]`` say of themselves and of their streams (``docs/design.md``)."""
    began = time.time()
    servers = []
    try:
        for one in spec["servers"]:
            host.check_time()
            servers.append(Server(one, host))
            servers[-1].begin()
        waited = _wait([one for server in servers for one in server.watched], host)
        return {"now_s": round(began, 3), "waited_s": waited, "servers": [server.data for server in servers]}
    finally:
        for server in servers:
            server.close()


def _wait(watched: t.Sequence[Watched], host: Host) -> float:
    """Look again at the streams that must move, all at once, until each has moved or its time is over.

    Returns the seconds that this took. What would take longer than the time limit allows is waited for half as long as
    it allows: the sections that follow need time too.
    """
    begun = time.monotonic()
    pause = _FIRST_PAUSE_S
    room = max(host.time_left() - _RESERVE_S, 0.0)
    waiting = {one: one.progress_s if one.progress_s <= room else room / 2 for one in watched if one.waits}
    while waiting:
        now = time.monotonic() - begun
        time.sleep(max(min(pause, min(waiting.values()) - now), 0.0))
        pause = min(pause * 1.5, _LONGEST_PAUSE_S)
        passed = time.monotonic() - begun
        for one, until in waiting.items():
            one.again()
            if one.waits and until <= passed < one.progress_s:
                one.give_up(f"the time limit of {host.timeout_s:g} s left {passed:.0f} of {one.progress_s} s to wait")
        waiting = {one: until for one, until in waiting.items() if one.waits and passed < until}
    return round(time.monotonic() - begun, 3)
