# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section resources: the host's clock is compared with that of the control node. Private to the collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context, Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OUTCOME,
    PATH,
    GarbledAnswer,
    OneOf,
    Row,
    require,
)

_NUMBER = OneOf([int, float])
_NULL_OR_INT = OneOf([None, int])
_MEMORY = {"total_kb": int, "used_kb": int, "used_percent": _NUMBER}
_CONSUMER = {"pid": int, "name": str, "rss_kb": int, "cpu_percent": _NUMBER}
_DISK = {
    "total_kb": int,
    "used_kb": int,
    "available_kb": int,
    "used_percent": _NULL_OR_INT,
    "inodes": int,
    "inodes_used_percent": _NULL_OR_INT,
    "read_only": bool,
}
_CLOCK = {"now_s": _NUMBER, "elapsed_s": _NUMBER, "zone": str, "synchronized": OneOf([None, bool])}
_SHAPE = {
    "clock": _CLOCK,
    "memory": OneOf([None, {**_MEMORY, "available_kb": int}]),
    "swap": OneOf([None, {**_MEMORY, "free_kb": int}]),
    "disks": [{"path": PATH, "outcome": OUTCOME, "reason": str}],
    "load": OneOf([None, Row([_NUMBER, _NUMBER, _NUMBER])]),
    "cores": _NULL_OR_INT,
    "uptime_s": _NULL_OR_INT,
    "booted": OneOf([None, str]),
    "os": OneOf([None, {"id": str, "name": str, "version": str, "pretty": str}]),
    "kernel": str,
    "hostname": str,
    "addresses": OneOf([None, [str]]),
    "consumers": OneOf([None, {"memory": [_CONSUMER], "cpu": [_CONSUMER], "total": int, "unread": int}]),
    "unread": [{"what": str, "reason": str}],
}
_WHAT = "the answer about the resources"


class Clocks(t.NamedTuple):
    """The control node's clocks: the time of day, and one that is never set."""

    wall: t.Callable[[], float] = time.time
    steady: t.Callable[[], float] = time.monotonic


class ResourcesExchange(Exchange):
    """Takes the time before the question and after the answer: the host read its clock somewhere between the two."""

    def __init__(self, contract: t.Any, context: Context, clocks: Clocks | None = None) -> None:
        super().__init__(contract, context)
        self._clocks = clocks or Clocks()
        self._asked_s = self._asked_steady_s = 0.0

    def request(self) -> Json:
        self._asked_s, self._asked_steady_s = self._clocks.wall(), self._clocks.steady()
        return {"disks": self.contract["disks"]}

    def read(self, data: Json) -> Json:
        waited_s = self._clocks.steady() - self._asked_steady_s
        require(data, _SHAPE, _WHAT)
        answered = sorted(disk["path"] for disk in data["disks"])
        if not answered or (self.contract["disks"] and answered != sorted({*map(show, self.contract["disks"])})):
            raise GarbledAnswer(f"{_WHAT} is garbled: it is about other disks than were asked about")
        for disk in data["disks"]:
            if disk["outcome"] == "ok":
                require(disk, _DISK, f"{_WHAT}: a disk")
        if data["cores"] is not None and data["cores"] < 1:
            raise GarbledAnswer(f"{_WHAT} is garbled: it names {data['cores']} processors")
        host = data["clock"]
        # The host says how long after the question it looked at its clock; only as much of that as can be is believed.
        earliest_s = min(max(host["elapsed_s"], 0.0), waited_s)
        half_s = (waited_s - earliest_s) / 2
        skew_s = host["now_s"] - (self._asked_s + earliest_s + half_s)
        return {**data, "clock": {**host, "skew_s": round(skew_s, 3), "uncertainty_s": round(half_s, 3)}}
