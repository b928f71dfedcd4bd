# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of processes and units, and what is counted of all that is looked at. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Counts, Events, Halves, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.window import Moment

INSTANCES = 50
"""Of how many instances of one thing figures are kept; when it has had more, those that ended are let go first."""


class Use:
    """What one instance uses: its memory, and the share of one processor."""

    def __init__(self, half_s: float) -> None:
        self.memory = Halves(half_s)
        self._begun: tuple[float, float] | None = None
        self._last: tuple[float, float] | None = None
        self._most: float | None = None

    def add(self, at_s: float, memory_kb: float | None, cpu_s: float | None) -> None:
        if memory_kb is not None:
            self.memory.add(at_s, memory_kb)
        if cpu_s is None:
            return
        if self._last is not None and at_s > self._last[0]:
            share = max(cpu_s - self._last[1], 0.0) / (at_s - self._last[0])
            self._most = share if self._most is None else max(self._most, share)
        self._last = (at_s, cpu_s)
        self._begun = self._begun or self._last

    def told(self) -> Json:
        mean = None
        if self._begun and self._last and self._last[0] > self._begun[0]:
            mean = max(self._last[1] - self._begun[1], 0.0) / (self._last[0] - self._begun[0])
        return {
            "memory_kb": self.memory.told(),
            "cpu_mean_percent": None if mean is None else round(100 * mean, 1),
            "cpu_most_percent": None if self._most is None else round(100 * self._most, 1),
        }


class Seen:
    """How often something was looked at, and how often nothing could be told of it."""

    def __init__(self) -> None:
        self.looks = 0
        self.unseen = 0
        self._reason = ""
        self.events = Events()

    def look(self) -> None:
        self.looks += 1

    def miss(self, reason: str) -> None:
        self.looks += 1
        self.unseen += 1
        self._reason = reason

    def seen(self) -> Json:
        return {"looks": self.looks, "unseen": self.unseen, "reason": self._reason, **self.events.told()}


def grown(before: int | None, now: int | None) -> int:
    """Return by how much a counter of the host has grown; one that is less than it was has begun anew."""
    if before is None or now is None:
        return 0
    return now - before if now >= before else now


class Process(Seen):
    """The instances of one entry of the contract. One is known by its process id, its start and the host's boot."""

    def __init__(self, entry: Json, half_s: float) -> None:
        super().__init__()
        self._entry = entry
        self._half_s = half_s
        self._now: set[tuple[str, int, int]] | None = None
        self._uses: dict[tuple[str, int, int], Use] = {}
        self._started = self._ended = self._wrong = 0
        self._least: int | None = None
        self._most = 0

    def add(self, item: Json, moment: Moment, boot: str) -> None:
        self.look()
        found = {(boot, one["pid"], one["start"]): one for one in item["instances"]}
        count = item["count"]
        self._least = count if self._least is None else min(self._least, count)
        self._most = max(self._most, count)
        self._wrong += count != self._entry["instances"]
        if self._now is not None:
            self._changed(self._now, set(found), moment)
        self._now = set(found)
        for key, one in found.items():
            self._use(key).add(moment.at_s, one["rss_kb"], one["cpu_s"])

    def _changed(self, before: set[tuple[str, int, int]], now: set[tuple[str, int, int]], moment: Moment) -> None:
        for _boot, pid, _start in sorted(before - now):
            self._ended += 1
            self.events.add(moment.wall_s, f"process {pid} is gone")
        for _boot, pid, _start in sorted(now - before):
            self._started += 1
            self.events.add(moment.wall_s, f"process {pid} is new")

    def _use(self, key: tuple[str, int, int]) -> Use:
        if key not in self._uses and len(self._uses) >= INSTANCES:
            gone = next((one for one in self._uses if one not in (self._now or ())), None)
            if gone is None:
                return Use(self._half_s)
            del self._uses[gone]
        return self._uses.setdefault(key, Use(self._half_s))

    def told(self) -> Json:
        now = self._now or set()
        return {
            "name": self._entry["name"],
            "wanted": self._entry["instances"],
            **self.seen(),
            "started": self._started,
            "ended": self._ended,
            "wrong": self._wrong,
            "least": self._least,
            "most": self._most,
            "instances": [
                {"pid": key[1], "lives": key in now, **use.told()} for key, use in sorted(self._uses.items())
            ],
        }


class Unit(Seen):
    """One unit: the states that it was in, and how often systemd or somebody began it anew."""

    def __init__(self, entry: Json) -> None:
        super().__init__()
        self._entry = entry
        self._states = Counts()
        self._wrong = self._pids = self._restarts = 0
        self._killed: int | None = None
        self._last: Json | None = None

    def add(self, item: Json, moment: Moment) -> None:
        if item["outcome"] != "ok":
            self.miss(item["reason"])
            return
        self.look()
        if item["oom_kills"] is not None:
            # It was counted: only then can it be said that none was killed.
            self._killed = self._killed or 0
        self._states.add(item["active"])
        # A unit that reads its configuration anew, or keeps it up to date, is active all the while.
        self._wrong += (item["active"] in ("active", "reloading", "refreshing")) != self._entry["active"]
        if self._last is not None:
            self._changed(self._last, item, moment)
        self._last = item

    def _changed(self, before: Json, now: Json, moment: Moment) -> None:
        more = (now["restarts"] or 0) - (before["restarts"] or 0)
        if more > 0:
            self._restarts += more
            self.events.add(moment.wall_s, f"systemd restarted it {more} time{'s' if more > 1 else ''}")
        if before["main_pid"] != now["main_pid"] and now["main_pid"] is not None:
            # One that had none did not run: it is no restart when a timer starts it.
            self._pids += before["main_pid"] is not None
            self.events.add(moment.wall_s, f"its main process is {now['main_pid']}, was {before['main_pid'] or 'none'}")
        if before["active"] != now["active"]:
            self.events.add(moment.wall_s, f"it is {now['active']} ({now['sub']}), was {before['active']}")
        kills = grown(before["oom_kills"], now["oom_kills"])
        if kills:
            self._killed = (self._killed or 0) + kills
            self.events.add(moment.wall_s, f"the kernel killed {kills} of its processes for want of memory")

    def told(self) -> Json:
        return {
            "name": self._entry["name"],
            "wanted": self._entry["active"],
            **self.seen(),
            "states": self._states.told(),
            "wrong": self._wrong,
            # A restart by systemd gives a new main process: it is one and the same.
            "restarts": max(self._restarts, self._pids),
            "oom_kills": self._killed,
        }
