# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log of 1 GB, searched since a time: the host's half of an audit against tail and grep over the same bytes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import clock
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import script
from bars import Bar
from clock import Case
from workshop import Workshop

SINCE, GREP = "the host's half of an audit of 1 GB", "tail -c | grep -c"
MB_LIMIT = 60
_BYTES = 1 << 30
_START = 1795255200
_PER_SECOND = 600
# What an ordinary application writes, at ordinary length.
_MESSAGES = (
    "monitoring.monitor - INFO - fetched 15/15 symbols in 0.013s, cache hit ratio 0.93 for BTCUSDT",
    "core.exchange - DEBUG - request v5/market/tickers took 0.021s, 200 entries, next poll in 1.00s",
    "monitoring.monitor - INFO - monitoring cycle complete, 15/15 successful, 0 failed, total time: 0.02s",
    'api.server - INFO - 192.0.2.7 - "GET /api/signals/top HTTP/1.1" 200 1834 0.004s',
    "signals.confluence - INFO - score 0.71 of ETHUSDT above threshold=0.65 [orderflow, volume]",
)
_SOUGHT = ("ERROR", "TypeError", "KeyError")


def _build(path: Path) -> None:
    """Write the log once: some 9 million lines in a bit more than four hours, an error in each 50,000."""
    if path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    made = path.with_suffix(".new")
    with made.open("wb") as file:
        second = _START
        while file.tell() < _BYTES:
            stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
            lines = [f"{stamp},{at * 1000 // _PER_SECOND:03d} - {_MESSAGES[at % 5]}\n" for at in range(_PER_SECOND)]
            if second % 83 == 0:
                lines[7] = f"{stamp},011 - core.exchange - ERROR - cannot handle: TypeError: 'NoneType' object\n"
            file.write("".join(lines).encode())
            second += 1
    made.rename(path)


def measure(shop: Workshop, count: int) -> tuple[list[Bar], dict[str, list[clock.Sample]]]:
    """Return the promises, and the times of each case."""
    path = shop.folder / "log" / "big.log"
    _build(path)
    log = {
        "name": "big",
        "path": str(path),
        "since_s": _START + 60,
        "forbid": [{"name": name, "pattern": name} for name in _SOUGHT[1:]],
        "require": [],
        "intervals": [],
        "numbers": [],
    }
    request = {"protocol": 1, "root": "/", "timeout_s": 300, "sections": {"logs": {"logs": [log]}}}
    program = shop.folder / "log" / "audit.py"
    program.write_bytes(script(request))
    grep = f"tail -c {os.path.getsize(path)} {path} | grep -cE '{'|'.join(_SOUGHT)}'"
    cases = [Case(GREP, ["sh", "-c", grep]), Case(SINCE, [sys.executable, str(program)])]
    taken = clock.rounds(cases, count, shop.env(), Case("nothing", ["cat", str(path)]))
    medians = {name: clock.median(samples) for name, samples in taken.items()}
    return [
        Bar(f"{SINCE} / {GREP}", medians[SINCE] / medians[GREP], 1.5),
        Bar("memory of its largest process", max(one.peak_mb for one in taken[SINCE]), MB_LIMIT, " MB"),
    ], taken
