# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of containers. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Counts, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.running import Seen, Use
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.window import Moment

CONTAINERS = 1000
"""Of how many figures are kept; more are counted."""

UP = ("running", "restarting")
"""What a container is in that is meant to run: an engine that brings one back again and again finds it in either."""


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

    def killed(self, begin_of_id: str) -> bool:
        """Note that the kernel killed in it, if it is the one of that id; return whether it is."""
        mine = self._last is not None and self._last["id"].startswith(begin_of_id)
        self._oom = self._oom or mine
        return mine

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

    def killed(self, begin_of_id: str) -> str | None:
        """Note that the kernel killed a process in a container for want of memory, which its engine may have missed;
        return its name, or nothing where it is not among them.
        """
        return next((name for name, one in self._known.items() if one.killed(begin_of_id)), None)

    def told(self) -> Json:
        return {
            **self.seen(),
            "left_out": self._left_out,
            "containers": [
                {**one.told(), "expected": name in self._expected} for name, one in sorted(self._known.items())
            ],
        }
