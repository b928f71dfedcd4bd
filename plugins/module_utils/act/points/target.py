# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leads from a host as it is to a restore point, at one level: files, what lies outside of the root, containers,
units. Looked at here, and not changed. Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    emptied,
    levels,
    outside,
    refilling,
    tagging,
    volumes,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Asked as AskedContainers
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Engines
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import opened as open_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.outside import UNIT
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.refilling import Refill
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.replacing import (
    MAKE,
    REPLACE,
    SAME,
    Replacing,
    Step,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.restore import Way, differences, way_to
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Json = t.Dict[str, t.Any]

_ACTIVE = ("active", "activating", "reloading", "refreshing")
START, STOP, RESTART = "start", "stop", "restart"


class Target:
    """A point at one level; ``top`` is where paths outside of the root start from, another directory in a test."""

    def __init__(self, document: Json, level: str, fds: tuple[int, int, int], host: Host, top: str = "/") -> None:
        """``fds`` are those of the root, of ``top``, and of the point's objects."""
        self.document = document
        self.level = level
        self.top = top
        self.root_fd, self._top_fd, self._objects_fd = fds
        self.host = host
        self._part: Json = document.get("services", {"outcome": "not_asked"})
        self._inside = {"entries": levels.entries(document, level), "folders": levels.folders(document, level)}
        self._containers = levels.containers(document, level)
        self._volumes = levels.volumes(document, level)
        self._engines: Engines | None = None

    def files(self) -> Way:
        """Return what leads to the files below the root. Raises Unseen."""
        return way_to(self._inside, self.root_fd, self.host)

    def is_at(self, root_fd: int) -> bool:
        """Return whether the files below another root are as the point has those of its own. Raises Unseen."""
        return not differences(self._inside, root_fd, self.host)

    def outside(self) -> Way:
        """Return what leads to the files outside of the root. Raises Unseen, OSError."""
        return way_to({"entries": self._outside()}, self._top_fd, self.host)

    def replacing(self, ran: t.Mapping[str, bool]) -> Replacing | None:
        """Return what brings the containers back, None when the level has none. Raises Unseen."""
        if not self._containers:
            return None
        return Replacing(self.engines(), self._part, self._objects_fd, ran, self.host)

    def emptied(self, steps: t.Sequence[Step]) -> list[str]:
        """Return sentences about the volumes of the containers that are made anew, where one is gone. Raises Unseen."""
        anew = {step.name for step in steps if step.how in (MAKE, REPLACE)}
        made = [one for one in self._containers if one["name"] in anew]
        return emptied.told(made, {one["name"] for one in self._volumes}, self._objects_fd, self.engines)

    def engines(self) -> Engines:
        """Return the engine of the point's containers and volumes. Raises Unseen."""
        if self._engines is None:
            engine = self._part["engine"] or {}
            self._engines = open_engine(AskedContainers((), (), engine.get("socket")), self.host)
        return self._engines

    def running(self, volumes: t.Sequence[Refill] = ()) -> dict[str, bool]:
        """Return of each container that the level brings back, or that has to be stopped for a volume, whether it runs,
        as far as it is there. Raises Unseen.
        """
        if not self._containers and not volumes:
            return {}
        names = self.engines().names()
        found = {one["name"]: self.engines().look(one["name"], names) for one in self._containers}
        more = {one.name: True for one in self.users().to_stop([one.name for one in volumes])} if volumes else {}
        return {**{name: one.running for name, one in found.items() if one is not None}, **more}

    def volume_names(self) -> list[str]:
        """Return the names of the volumes that the level brings back."""
        return [str(one["name"]) for one in self._volumes]

    def refills(self, done: t.Collection[str]) -> list[Refill]:
        """Return what leads to each volume that is not yet as it was saved; ``done`` names those that an interrupted
        rollback brought back, which were used since. Raises PointError, Unseen.
        """
        wanted = [one for one in self._volumes if one["name"] not in done]
        found = [refilling.look(one, self.engines(), self.host) for one in wanted]
        return [one for one in found if one.total or one.way.blocked]

    def users(self) -> volumes.Users:
        """Return the containers that use volumes. Raises Unseen."""
        return volumes.Users(self.engines())

    def started_besides(self, ran: t.Mapping[str, bool]) -> list[str]:
        """Return which containers ran before, and are not of those that the level brings back."""
        mine = {one["name"] for one in self._containers}
        return sorted(name for name, did in ran.items() if did and name not in mine)

    def tags(self) -> dict[str, str]:
        """Return which images the names stand for now that the level gives to others. Raises Unseen."""
        return tagging.present(self._part, self.engines()) if self._containers else {}

    def put_tags_back(self, before: t.Mapping[str, str]) -> list[tuple[str, str]]:
        """Give names of images back whose containers did not come back, and return those that could not be, each with
        the reason. Raises Unseen.
        """
        return tagging.put_back(self._part, self.engines(), before) if self._containers else []

    def has_units(self) -> bool:
        """Return whether the level brings back files of units."""
        return UNIT in self._part.get("roles", {}).values() and self.level == levels.FULL

    def concerned(self, files: Way, outside: Way) -> set[str]:
        """Return the units that use what is to be changed: they name the root, or a file of theirs is among it."""
        touched = {one["path"] for one in outside.operations}
        return {
            one["name"]
            for one in levels.units(self.document, self.level)
            if (files.operations and one["uses"]) or touched & {*one["files"]}
        }

    def units(self, is_old: t.Callable[[str, int], bool]) -> list[Json]:
        """Return what is to be done with units, ``{name, do}``: one that runs is started anew when ``is_old`` says so
        of it and the time at which it became active. Raises PointError when the state of one cannot be seen.
        """
        saved = levels.units(self.document, self.level)
        found = []
        for one, now in zip(saved, outside.states([one["name"] for one in saved], self.host)):
            if now.reason and self.level == levels.FULL:
                raise PointError(f"the state of {now.name} cannot be seen: {now.reason}")
            if now.reason:
                # Files come back whatever systemd says; that it cannot be asked is told when the unit does not start.
                found += [{"name": now.name, "do": RESTART}] if is_old(now.name, 0) else []
                continue
            wanted, active = one["active"] in _ACTIVE, now.active in _ACTIVE
            if self.level != levels.FULL:
                wanted = active
            if wanted != active:
                found.append({"name": now.name, "do": START if wanted else STOP})
            elif active and is_old(now.name, now.since_us):
                found.append({"name": now.name, "do": RESTART})
        return found

    def blocked(self, ways: t.Sequence[Way], steps: t.Sequence[Step], refills: t.Sequence[Refill]) -> list[Json]:
        """Return what stands in the way, ``{path, reason}`` each. Raises Unseen."""
        found = [*ways[0].blocked, *({**one, "path": f"/{one['path']}"} for one in ways[1].blocked)]
        found += [told for one in refills for told in one.told(one.way.blocked)]
        found += refilling.refuse_users(refills, self.users()) if refills else []
        return found + [{"path": f"the container {one.name}", "reason": one.reason} for one in steps if one.reason]

    def apart(self) -> list[str]:
        """Return what is not as it was saved: paths, containers, units. Raises Unseen, PointError, OSError."""
        found = differences(self._inside, self.root_fd, self.host)
        found += [f"/{path}" for path in differences({"entries": self._outside()}, self._top_fd, self.host)]
        replacing = self.replacing({})
        if replacing is not None:
            found += [f"the container {name}" for name in replacing.apart()]
        return found + [f"the unit {one['name']}" for one in self.units(lambda _name, _since_us: False)]

    def _outside(self) -> list[Json]:
        """Return the entries outside of the root: also those of what came to be there since, which is to go."""
        saved = levels.outside(self.document, self.level)
        known = {one["path"] for one in saved}
        looked = outside.Outside(self.document["root"], self.top)
        units = [one["name"] for one in self._part.get("units", [])] if self.level == levels.FULL else []
        since = {path for unit in units for path in looked.of_unit(unit)} - known
        return sorted(saved + [{"path": path, "type": "absent"} for path in since], key=lambda one: str(one["path"]))


def steps_of(replacing: Replacing | None) -> list[Step]:
    """Return the steps that change something. Raises Unseen."""
    return [step for step in replacing.plan() if step.how != SAME] if replacing is not None else []
