# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of what answers and moves: endpoints, consumer groups of streams. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.endpoint_content import KIND_CHECKS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import utc
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Counts, Halves, Json, Times, Trend
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.running import Seen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.window import Moment

GROUPS = 200
_NAMED = 3
"""So many things are named that an answer does not keep."""


class Endpoint(Seen):
    """How often an endpoint answered as the contract says, and how long it took."""

    def __init__(self, entry: Json) -> None:
        super().__init__()
        self._entry = entry
        self._times = Times()
        self._failures = Counts()
        self._broken: set[str] = set()
        self._failed = self._over = 0
        self._first_s: float | None = None
        self._last_s: float | None = None
        self._down = False

    def add(self, item: Json, moment: Moment) -> None:
        if item["outcome"] != "ok":
            self.miss(item["reason"])
            return
        wrong, broken = self._wrong(item)
        if item["untold"] and not wrong:
            self.miss(f"what its answer holds could not be told: {', '.join(sorted(item['untold'])[:_NAMED])}")
            return
        self.look()
        if wrong:
            self._failed += 1
            self._failures.add(wrong)
            self._broken |= broken
            self._first_s = moment.wall_s if self._first_s is None else self._first_s
            self._last_s = moment.wall_s
        else:
            self._times.add(item["total_ms"], moment.wall_s)
            limit = self._entry["under_ms"]
            self._over += limit is not None and item["total_ms"] > limit
        if bool(wrong) != self._down:
            self.events.add(moment.wall_s, f"it fails: {wrong}" if wrong else "it answers again")
        self._down = bool(wrong)

    def _wrong(self, item: Json) -> tuple[str, set[str]]:
        """Return in a few words why an answer is none, or not the one that is wanted, and which checks of an audit
        would say so.
        """
        if item["failure"] is not None:
            return str(item["failure"]), {"answers"}
        if item["status"] not in self._entry["status"]:
            return f"status {item['status']}", {"status"}
        if item["late"]:
            return "the answer did not end in time", {"time"}
        if not item["broken"]:
            return "", set()
        kinds = {KIND_CHECKS.get(one.partition(" ")[0], "content") for one in item["broken"]}
        return f"not as declared: {', '.join(sorted(item['broken'])[:_NAMED])}", kinds

    def told(self) -> Json:
        asked = self.looks - self.unseen
        return {
            "name": self._entry["name"],
            "required": self._entry["required"],
            "under_ms": self._entry["under_ms"],
            **self.seen(),
            "asked": asked,
            "ok": asked - self._failed,
            "availability_percent": round(100 * (asked - self._failed) / asked, 3) if asked else None,
            "failures": self._failures.told(),
            "broken": sorted(self._broken),
            "first_failure": None if self._first_s is None else utc(self._first_s),
            "last_failure": None if self._last_s is None else utc(self._last_s),
            "over": self._over,
            **self._times.told(),
        }


class Reading:
    """At how many looks a consumer group had read something, and for how long it has not while entries wait."""

    def __init__(self) -> None:
        self._reads = self._looks = 0
        self._delivered: str | None = None
        self._since: Moment | None = None
        self._lag = self._lasted_s = self._longest_s = 0.0

    def add(self, lag: float | None, delivered: str, moment: Moment) -> None:
        """Take in one look; without a ``lag`` it tells only whether something was read."""
        read = self._delivered is not None and delivered != self._delivered
        self._reads += read
        self._delivered = delivered
        if self._since is not None:
            self._lasted_s = moment.at_s - self._since.at_s
        if read or lag == 0:
            # What was still until now went on.
            self._longest_s = max(self._longest_s, self._lasted_s)
            self._since = None
            self._looks, self._lasted_s = 0, 0.0
        if not lag:
            return
        if self._since is None:
            self._since, self._lag, self._looks, self._lasted_s = moment, lag, 1, 0.0
        else:
            self._looks += 1

    def told(self) -> Json:
        """Return ``{reads, still}``. ``still`` is null where nothing waits, else since when nothing was read, for how
        long, at how many looks, how much waited then, and whether that is more than twice as long as ever before in the
        window.
        """
        if self._since is None:
            return {"reads": self._reads, "still": None}
        longer = self._lasted_s > 2 * self._longest_s
        about = {"looks": self._looks, "lag": self._lag, "longer": longer}
        still = {"since": utc(self._since.wall_s), "lasted_s": round(self._lasted_s, 3), **about}
        return {"reads": self._reads, "still": still}


class Group(Seen):
    """How a consumer group keeps up: what waits for it, over the window and over its later half."""

    def __init__(self, name: str, half_s: float) -> None:
        super().__init__()
        self._name = name
        self._half_s = half_s
        self._lag = Halves(half_s)
        self._pending = Trend()
        self._reading = Reading()
        self._delivered: list[str] = []
        self._caught_up_s: float | None = None
        self._caught_up_late = False
        self.gone = False

    def lose(self) -> bool:
        """Note that it is not there any more; return whether it was in the look before."""
        self.miss("the group is gone")
        was, self.gone = self.gone, True
        return not was

    def add(self, item: Json, moment: Moment) -> None:
        self.gone = False
        if item["lag"] is None:
            self.miss("the server does not know how many entries wait")
        else:
            self.look()
            self._lag.add(moment.at_s, item["lag"])
            if item["lag"] == 0:
                self._caught_up_s = moment.wall_s
                self._caught_up_late = moment.at_s >= self._half_s
        self._reading.add(item["lag"], item["last_delivered"], moment)
        self._pending.add(moment.at_s, item["pending"])
        self._delivered = [*self._delivered[:1], item["last_delivered"]]

    def told(self) -> Json:
        return {
            "group": self._name,
            **self.seen(),
            "lag": self._lag.told(),
            "pending": self._pending.told(),
            "moved": len(set(self._delivered)) > 1,
            **self._reading.told(),
            "caught_up": None if self._caught_up_s is None else utc(self._caught_up_s),
            "caught_up_late": self._caught_up_late,
            "gone": self.gone,
        }


class Stream(Seen):
    """One declared stream: whether it grows, and its groups."""

    def __init__(self, entry: Json, half_s: float) -> None:
        super().__init__()
        self._entry = entry
        self._half_s = half_s
        self._length = Trend()
        self._last_ids: list[str] = []
        self._groups: dict[str, Group] = {}

    def add(self, item: Json, moment: Moment) -> None:
        if item["outcome"] != "ok":
            self.miss(item["reason"])
            return
        self.look()
        self._length.add(moment.at_s, item["length"])
        self._last_ids = [*self._last_ids[:1], item["last_id"]]
        seen = {group["name"]: group for group in item["groups"]}
        for name, group in seen.items():
            if name in self._known(name):
                self._groups.setdefault(name, Group(name, self._half_s)).add(group, moment)
        for name in sorted(self._groups.keys() - seen.keys()):
            if self._groups[name].lose():
                self.events.add(moment.wall_s, f"the group {name} is gone")

    def _known(self, name: str) -> t.Collection[str]:
        """Return the groups that count: the one of the contract, or all."""
        wanted = self._entry["group"]
        if wanted is not None:
            return (wanted,)
        return self._groups if len(self._groups) >= GROUPS else (name,)

    def told(self) -> Json:
        return {
            "name": self._entry["name"],
            "stream": self._entry["stream"],
            "max_lag": self._entry["max_lag"],
            "group_wanted": self._entry["group"],
            **self.seen(),
            "length": self._length.told(),
            "written": len(set(self._last_ids)) > 1,
            "groups": [one.told() for _name, one in sorted(self._groups.items())],
        }
