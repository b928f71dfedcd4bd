# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leads from how a host is to a restore point, looked at before anything changes. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.pending import Pending
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.refilling import Refill
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.replacing import Step
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.restore import Way
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.target import Target, steps_of
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import hooks, registry
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.looking import Services

_NAMED = 5

Json = t.Dict[str, t.Any]


class Wanted(t.NamedTuple):
    """Which point (None: the last good one), at which level (None: that of ``levels.default``), whether what is
    replaced is saved, and whether units that run are started anew. ``top`` is where paths outside of the root start
    from. Without ``volumes`` their content stays as it is, unless a rollback that was interrupted began to bring it
    back. ``change`` is what the change that is taken back brought along: it is brought back behind the files.
    """

    point: str | None
    level: str | None
    save: bool = True
    restart: bool = True
    top: str = "/"
    volumes: bool = True
    change: Services | None = None


def change(options: Json) -> Services | None:
    """Return what the change brought along that is taken back, None where nothing is known of it. Raises BadOperations,
    which names the place.
    """
    actions, commands = registry.checked(options["services"], done=True), options["hooks"]
    hooks.check(commands)
    return Services(actions, commands, float(options["step_timeout"])) if actions or commands else None


class Looked(t.NamedTuple):
    """What leads to the point; ``kept`` are the names of the volumes of the point that stay as they are."""

    files: Way
    outside: Way
    steps: list[Step]
    units: list[Json]
    volumes: list[Refill]
    kept: list[str]

    @property
    def total(self) -> int:
        files = len(self.files.operations) + len(self.outside.operations)
        return files + len(self.steps) + len(self.units) + sum(one.total for one in self.volumes)

    def changes(self) -> list[Json]:
        """Return what each change does, without digests."""
        found = [_change(one["path"], one["do"], one["before"]["type"]) for one in self.files.operations]
        found += [_change(f"/{one['path']}", one["do"], one["before"]["type"]) for one in self.outside.operations]
        found += [change for one in self.volumes for change in one.changes()]
        found += [_change(one.name, one.how, "container") for one in self.steps]
        return found + [_change(one["name"], one["do"], "unit") for one in self.units]


def look(target: Target, wanted: Wanted, earlier: Pending | None) -> Looked:
    """Look at everything. Raises Unseen, PointError, OSError."""
    files, outside = target.files(), target.outside()
    concerned = target.concerned(files, outside)

    def restarts(name: str, since_us: int) -> bool:
        return name in concerned or (earlier is not None and is_old(earlier)(name, since_us))

    units = target.units(restarts) if wanted.restart else []
    done = None if earlier is None else earlier.back_at(str(target.document["id"]))
    steps = steps_of(target.replacing({}))
    if not wanted.volumes and done is None:
        return Looked(files, outside, steps, units, [], target.volume_names())
    return Looked(files, outside, steps, units, target.refills(done or []), [])


def is_old(begun: Pending) -> t.Callable[[str, int], bool]:
    """Return what tells whether a unit that is active since a time has to be started anew."""
    return lambda name, since_us: name in begun.restart and begun.is_before(since_us)


def left(looked: Looked) -> list[Json]:
    """Return the paths that stay as they are, ``{path, reason}`` each."""
    of_volumes = [told for one in looked.volumes for told in one.told(one.way.left)]
    return looked.files.left + of_volumes + [{**one, "path": f"/{one['path']}"} for one in looked.outside.left]


def refuse_torn(target: Target, earlier: Pending | None) -> None:
    """Raise PointError when an interrupted rollback has touched volumes, and this one would leave some as they are and
    start what uses them.
    """
    names = target.volume_names()
    if earlier is None or not earlier.is_torn() or (names and {*(earlier.volumes or [])} <= {*names}):
        return
    raise PointError(
        f"nothing was changed: a rollback to {earlier.point} began to bring volumes back and did not come to its end, "
        f"so that they may be of two ages, and {target.document['id']} at the level {target.level} does not have them: "
        f"finish it first (-e rollback_to={earlier.point} -e rollback_level={earlier.level}), or go to another point "
        "that has them with -e rollback_level=full"
    )


def refuse_blocked(target: Target, looked: Looked) -> None:
    """Raise PointError when something stands in the way."""
    blocked = target.blocked((looked.files, looked.outside), looked.steps, looked.volumes)
    if not blocked:
        return
    named = "; ".join(f"{one['path']}: {one['reason']}" for one in blocked[:_NAMED])
    more = f"; and {len(blocked) - _NAMED} more" if len(blocked) > _NAMED else ""
    point = target.document["id"]
    raise PointError(f"nothing was changed, {point} cannot be restored: {named}{more}; move away what is in the way")


def _change(path: str, do: str, found: str) -> Json:
    return {"path": path, "do": do, "found": found}
