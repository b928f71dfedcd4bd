# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of what runs: processes, units and containers. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Counts, Events, Halves, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.window import Moment

INSTANCES = 50
"""Of how many instances of one thing figures are kept; when it has had more, those that ended are let go first."""

CONTAINERS = 1000

UP = ("running", "restarting")
"""What a container is in that is meant to run: an engine that brings one back again and again finds it in either."""


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
        self._last: Json | None = None

    def add(self, item: Json, moment: Moment) -> None:
        if item["outcome"] != "ok":
            self.miss(item["reason"])
            return
        self.look()
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

    def told(self) -> Json:
        return {
            "name": self._entry["name"],
            "wanted": self._entry["active"],
            **self.seen(),
            "states": self._states.told(),
            "wrong": self._wrong,
            # A restart by systemd gives a new main process: it is one and the same.
            "restarts": max(self._restarts, self._pids),
        }


class Container(Seen):
    """One container by its name: whether it is the same all the while, and how it is."""

    def __init__(
        self, name: str, half_s: float, from_start: bool, wanted: bool = False, before: Json | None = None
    ) -> None:
        super().__init__()
        self._name = name
        self._wanted = wanted
        self._half_s = half_s
        self._from_start = from_start
        self._states, self._health = Counts(), Counts()
        self._first: Json | None = None
        self._last = before
        self._last_health: str | None = None
        self._gone = False
        self._restarts = self._replaced = self._stopped = 0
        self._oom = False
        # Whether it was ever seen to have ended in another way than what is done ends.
        self._ill = False
        self._use = Use(half_s)

    def add(self, item: Json, moment: Moment) -> None:
        if item["outcome"] != "ok":
            self.miss(item["reason"])
            return
        self.look()
        self._states.add(item["state"])
        if item["health"] is not None:
            self._health.add(item["health"])
        self._stopped += item["state"] != "running"
        self._ill = self._ill or not (item["state"] == "running" or _is_done(item))
        self._oom = self._oom or item["oom_killed"]
        if self._last is not None:
            self._changed(self._last, item, moment)
        self._first = self._first or item
        self._last, self._last_health, self._gone = item, item["health"], False
        if item["state"] == "running":
            self._use.add(moment.at_s, item["memory_kb"], item["cpu_s"])

    def missing(self, moment: Moment) -> None:
        """Note that the engine no longer has it."""
        self.look()
        self._stopped += 1
        self._states.add("gone")
        # What was done before may be removed; of what ran nobody knows how it ended.
        self._ill = self._ill or self._first is None or not _is_done(self._last or {})
        if not self._gone:
            self.events.add(moment.wall_s, "it is gone")
        self._gone = True

    def _changed(self, before: Json, now: Json, moment: Moment) -> None:
        if before["id"] != now["id"]:
            self._replaced += 1
            self.events.add(moment.wall_s, f"it is another container, {now['id'][:12]}, was {before['id'][:12]}")
        elif before["started"] != now["started"] and now["started"] is not None:
            self._restarts += max(now["restarts"] - before["restarts"], 1)
            self.events.add(moment.wall_s, f"it was started again, at {now['started']}; before at {before['started']}")
        if before["id"] != now["id"] or before["started"] != now["started"]:
            self._use = Use(self._half_s)
        if before["state"] != now["state"]:
            code = f", exit code {now['exit_code']}" if now["state"] in ("exited", "dead") else ""
            self.events.add(moment.wall_s, f"it is {now['state']}{code}, was {before['state']}")
        if before["health"] != now["health"]:
            self.events.add(moment.wall_s, f"its health is {now['health']}, was {before['health']}")

    def told(self) -> Json:
        # One that could never be read may run: it is told of, so that it is unknown and not forgotten.
        up = self._first is None or self._first["state"] in UP
        return {
            "name": self._name,
            "judged": self._wanted or (self._from_start and up),
            **self.seen(),
            "states": self._states.told(),
            "health": self._health.told(),
            "last_health": self._last_health,
            "stopped": self._stopped,
            "done": bool(self._stopped) and not (self._ill or self._restarts or self._replaced),
            "restarts": self._restarts,
            "replaced": self._replaced,
            "oom_killed": self._oom,
            **self._use.told(),
        }


def _is_done(item: Json) -> bool:
    """Return whether a container was to run once and did what it was to do, as one that migrates a database: nobody
    starts it again, and it ended without an error. One with a health check is to go on.
    """
    ended = item.get("state") == "exited" and item.get("exit_code") == 0 and not item.get("oom_killed")
    return ended and item.get("policy") in ("no", "") and item["health"] is None


class Containers(Seen):
    """The containers of the host, by name; those that come and go are counted once there are too many.

    ``wanted`` are those that the contract expects to run, whether they are there or not; ``before`` are those that ran
    when the host was observed before the window.
    """

    def __init__(self, half_s: float, wanted: t.Collection[str] = (), before: t.Sequence[Json] = ()) -> None:
        super().__init__()
        self._half_s = half_s
        self._before = {one["name"]: one for one in before}
        self._expected = frozenset(wanted)
        self._wanted = {*wanted, *self._before}
        self._known: dict[str, Container] = {}
        self._left_out = 0

    def add(self, items: t.Sequence[Json], moment: Moment) -> None:
        from_start = self.looks == self.unseen
        self.look()
        if from_start:
            self._known = {
                name: Container(name, self._half_s, True, True, self._before.get(name)) for name in sorted(self._wanted)
            }
        for item in items:
            name = item["name"]
            if name not in self._known and len(self._known) >= CONTAINERS:
                self._left_out += 1
                continue
            self._known.setdefault(name, Container(name, self._half_s, from_start)).add(item, moment)
        for name in self._known.keys() - {item["name"] for item in items}:
            self._known[name].missing(moment)

    def told(self) -> Json:
        return {
            **self.seen(),
            "left_out": self._left_out,
            "containers": [
                {**one.told(), "expected": name in self._expected} for name, one in sorted(self._known.items())
            ],
        }
