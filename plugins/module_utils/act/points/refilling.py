# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leads a named volume back to what a restore point has of it. Private to the collection.

A volume comes back as a whole: what came to be in it since is removed, for the files of a database belong together.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import volumes
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Engines
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.look import look as look_at
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.restore import Way, differences, way_to
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Json = t.Dict[str, t.Any]

_MAKE = "make"
_THERE = "a device, a socket or a FIFO that came since: it stays"


class Refill(t.NamedTuple):
    """One volume of a point; ``volume`` None: it is gone, and is made before it is filled."""

    saved: Json
    volume: volumes.Volume | None
    way: Way

    @property
    def name(self) -> str:
        return str(self.saved["name"])

    @property
    def total(self) -> int:
        """How many changes lead there."""
        return len(self.way.operations) if self.volume is not None else len(self.saved["entries"])

    def changes(self) -> list[Json]:
        """Return what each change does, without digests."""
        if self.volume is None:
            return [{"path": f"volume {self.name}", "do": _MAKE, "found": "absent"}]
        return [
            {"path": self.shown(one["path"]), "do": one["do"], "found": one["before"]["type"]}
            for one in self.way.operations
        ]

    def shown(self, path: str) -> str:
        """Return a path of the volume as it is told."""
        return shown(self.name, path)

    def told(self, found: t.Sequence[Json]) -> list[Json]:
        """Return ``{path, reason}`` each, with the paths as they are told."""
        return [{**one, "path": self.shown(one["path"])} for one in found]


def shown(name: str, path: str) -> str:
    """Return a path of a volume as it is told."""
    return f"volume {name}{path[len(volumes.DATA) :]}"


def look(saved: Json, engines: Engines, host: Host) -> Refill:
    """Return what leads to a volume as it was saved. Raises PointError, Unseen."""
    volume = volumes.find(engines, str(saved["name"]))
    if volume is None:
        return Refill(saved, None, Way([], [], []))
    with volumes.opened(volume) as fd:
        wanted, staying = _with_what_came(saved, fd, host)
        found = way_to({"entries": wanted}, fd, host)
    return Refill(saved, volume, Way(found.operations, found.left + staying, found.blocked))


def apart(saved: Json, engines: Engines, host: Host) -> list[str]:
    """Return what of a volume is not as it was saved, as it is told. Raises PointError, Unseen."""
    volume = volumes.must_find(engines, str(saved["name"]))
    with volumes.opened(volume) as fd:
        wanted, _staying = _with_what_came(saved, fd, host)
        return [shown(volume.name, path) for path in differences({"entries": wanted}, fd, host)]


def made(saved: Json, engines: Engines) -> volumes.Volume:
    """Return a volume, made first where there is none. Raises PointError, ActError, Unseen."""
    name = str(saved["name"])
    if volumes.find(engines, name) is None:
        engines.writer.create_volume(name, saved["labels"])
    return volumes.must_find(engines, name)


def _with_what_came(saved: Json, fd: int, host: Host) -> tuple[list[Json], list[Json]]:
    """Return the entries of a volume with those that came to be there, which are to go; and what of these stays."""
    known = {one["path"] for one in saved["entries"]}
    came = [path for path in volumes.paths_in(fd, host) if path not in known]
    kinds = {path: seen["type"] for path, seen in look_at(fd, came, host, content=False)}
    gone = [{"path": path, "type": "absent"} for path in came if kinds[path] != "other"]
    staying = [{"path": path, "reason": _THERE} for path in came if kinds[path] == "other"]
    return sorted([*saved["entries"], *gone], key=lambda one: str(one["path"])), staying


def refuse_users(refills: t.Sequence[Refill], users: volumes.Users) -> list[Json]:
    """Return the volumes that cannot be brought back because a container that uses one cannot be stopped."""
    found = []
    for one in refills:
        refused = volumes.not_to_stop(users.to_stop([one.name]))
        if refused:
            found.append({"path": f"the volume {one.name}", "reason": f"it is in use: {refused[0]}"})
    return found
