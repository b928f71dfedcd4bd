# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of the host's memory: what is in use, and whose ran out when the kernel killed. Private to the
collection.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.proc.supervisor import container_of, unit_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.containers import Containers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.figures import Counts, Json, Trend
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.running import Seen, grown
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.window import Moment

_TOP = "/"
_NOTHING = {"oom": 0, "own_oom": 0, "oom_kill": 0}


@dataclasses.dataclass(frozen=True)
class Blame:
    """What was killed between two looks: for want of memory of the host, within a limit of a control group (by the
    path of that which reached it, as far as it is known), and what can be said of neither.
    """

    host: int = 0
    limited: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    untold: int = 0
    reason: str = ""

    @property
    def total(self) -> int:
        return self.host + sum(self.limited.values()) + self.untold


def blame(before: Json, now: Json) -> Blame:
    """Return whose memory ran out between two looks of one boot (items of ``observe/watch_look.py``)."""
    total = grown(before["oom_kills"], now["oom_kills"])
    if not total:
        return Blame()
    if before["groups"] is None or now["groups"] is None:
        return Blame(untold=total, reason=now["reason"] or before["reason"])
    return _Tree(before, now).blame(total)


def allowing_late(before: Json, now: Json) -> Json:
    """Return the later of two looks as the next one is compared with it: a kill may come later than its limit.

    The kernel counts a limit, then writes a report, which a slow console holds up, and then counts the kill: a limit
    of which no kill has come yet counts for one that comes until the next look.
    """
    if before["groups"] is None or now["groups"] is None:
        return now
    was = {one["path"]: one for one in before["groups"]}
    groups = []
    for one in now["groups"]:
        more = {key: grown(was.get(one["path"], _NOTHING)[key], one[key]) for key in _NOTHING}
        late = max(more["oom"] - more["oom_kill"], 0)
        groups.append({**one, "oom": one["oom"] - late, "own_oom": one["own_oom"] - min(late, more["own_oom"])})
    return {**now, "groups": groups}


class _Tree:
    """What was counted in control groups between two looks."""

    def __init__(self, before: Json, now: Json) -> None:
        was = {one["path"]: one for one in before["groups"]}
        self._counts = {
            one["path"]: {key: grown(was.get(one["path"], _NOTHING)[key], one[key]) for key in _NOTHING}
            for one in now["groups"]
        }
        # Of a group of the first level nothing above it has what it had counted, unless the host has a group itself.
        first = {path for path in was if path.rfind("/") == 0 and path != _TOP}
        self._lost = _TOP not in self._counts and not first <= self._counts.keys()
        self._counts.setdefault(_TOP, _NOTHING)
        self._limited: dict[str, int] = {}

    def blame(self, total: int) -> Blame:
        unexplained = self._unexplained(_TOP, total)
        if self._lost and unexplained:
            return Blame(limited=self._limited, untold=unexplained, reason="a control group that counted it is gone")
        return Blame(host=unexplained, limited=self._limited)

    def _unexplained(self, path: str, kills: int) -> int:
        """Return how many of the kills in a group were for no limit of its own, or of a group in it; note the others.

        A group that is gone took its counters with it, but for what those above it have counted of it.
        """
        inner = self._inner(path)
        if sum(self._counts[one]["oom_kill"] for one in inner) > kills:
            # Not all levels were read at both looks, or not at one moment.
            inner = []
        further_in = sum(self._unexplained(one, self._counts[one]["oom_kill"]) for one in inner)
        kills -= sum(self._counts[one]["oom_kill"] for one in inner)
        own = self._counts[path]["own_oom"]
        gone = self._counts[path]["oom"] - own - sum(self._counts[one]["oom"] for one in inner)
        if own > 0:
            if path == _TOP:
                # The limit of the host itself: that is all the memory that it has.
                return kills + further_in
            kills, gone, further_in = kills + further_in, 1, 0
        if gone <= 0:
            return kills + further_in
        if kills:
            self._limited[path] = kills
        return further_in

    def _inner(self, path: str) -> list[str]:
        start = path if path == _TOP else f"{path}/"
        return [one for one in self._counts if one.startswith(start) and one != _TOP and "/" not in one[len(start) :]]


class Memory(Seen):
    """What is in use of the host's memory, and whether its kernel has killed for want of it."""

    def __init__(self) -> None:
        super().__init__()
        self._used = Trend()
        self._boot = ""
        self._last: Json | None = None
        self._compared: Json | None = None
        self._killed = self._of_host = 0
        self._limited = Counts()
        self._untold = ""

    def add(self, item: Json, moment: Moment, boot: str, containers: Containers | None) -> None:
        """Take in one look. What was killed within the limit of one of the ``containers`` is told to them."""
        self.look()
        self._used.add(moment.at_s, item["used_percent"])
        # After a boot the kernel counts anew.
        last = self._last if self._boot == boot else None
        found = blame(self._compared, item) if last is not None and self._compared is not None else Blame()
        self._compared = item if last is None else allowing_late(last, item)
        self._boot, self._last = boot, item
        self._killed += found.total
        self._of_host += found.host
        self._untold = found.reason or self._untold
        if found.host:
            self.events.add(moment.wall_s, f"the kernel killed {found.host} for want of memory of the host")
        if found.untold:
            self.events.add(moment.wall_s, f"the kernel killed {found.untold} for want of memory")
        for path, kills in sorted(found.limited.items()):
            name = _named(path, containers)
            self._limited.add(name, kills)
            self.events.add(moment.wall_s, f"the kernel killed {kills} within a limit of its own: {name}")

    def told(self) -> Json:
        return {
            **self.seen(),
            "used_percent": self._used.told(),
            "oom_kills": self._killed,
            "of_host": self._of_host,
            "limited": self._limited.told(),
            "untold": self._untold,
            "counted": self._last is not None and self._last["oom_kills"] is not None,
        }


def _named(path: str, containers: Containers | None) -> str:
    """Return what a control group is called: a container, which is told of it, a unit, or where it lies."""
    line = b"0::" + path.encode("utf-8")
    container, unit = container_of(line), unit_of(line)
    if container is not None:
        known = containers.killed(container) if containers is not None else None
        return f"container {known or container}"
    return f"unit {unit}" if unit is not None else f"something in {path}"
