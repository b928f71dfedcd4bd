# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of named volumes on its way into a restore point. Private to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import recipe, stopping, volumes
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Engines, opened
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

if t.TYPE_CHECKING:
    from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.services import Found

Json = t.Dict[str, t.Any]
# Turns the paths of an open folder into entries whose contents are objects of the point.
Keep = t.Callable[[int, t.List[str]], t.List[Json]]


class Copied(t.NamedTuple):
    """A volume that is to be in a point, what it takes, and the names of the containers that use it."""

    volume: volumes.Volume
    size: int
    users: list[str]
    running: list[str]


def wanted(found: Found, host: Host) -> list[Copied]:
    """Return the volumes that are asked for, or of these, for a change, those that its containers use; and note which
    of the others its containers have.

    Raises PointError when one of them cannot be saved, Unseen.
    """
    names = volumes.checked(found.asked.volumes)
    used = {name for one in found.containers for name in volumes.volumes_of(one)}
    if found.asked.required:
        names = [name for name in names if name in used]
    unnamed = {name: (one.name, at) for one in found.containers for name, at in recipe.unnamed(one.inspected).items()}
    more = sorted(name for name in used - {*names} - unnamed.keys() if name)
    if more:
        found.notes.append(f"the content of these volumes is NOT in this point: {', '.join(more)} (backup_volumes)")
    found.notes += [
        f"the content of the volume without a name that {container} has at {text(at, 200)} is NOT in this point: a "
        f"rollback uses the volume again as it is then, while it exists (backup_volumes: [{name}])"
        for name, (container, at) in unnamed.items()
        if name not in names
    ]
    if not names:
        return []
    try:
        if found.engines is None:
            found.engines = opened(found.asked.containers, host)
        users = volumes.Users(found.engines)
        return [_looked(name, found.engines, users, host) for name in names]
    except Unseen as unseen:
        raise PointError(f"the volumes {', '.join(names)} cannot be saved: {unseen.reason}") from None


def _looked(name: str, engines: Engines, users: volumes.Users, host: Host) -> Copied:
    volume = volumes.must_find(engines, name)
    found = users.of(name)
    running = [one.name for one in found if one.running]
    with volumes.opened(volume) as fd:
        return Copied(volume, _size(fd, host), [one.name for one in found], running)


def _size(folder_fd: int, host: Host) -> int:
    return sum(size for _path, size in volumes.sizes(folder_fd, host))


def copy(found: Found, state: State | None, keep: Keep, host: Host) -> list[Json]:
    """Copy the volumes, and return their parts of the manifest. Containers that use them are stopped for it when that
    is asked; what was stopped runs again afterwards, also when it fails.

    Raises PointError, ActError and Unseen of the engine, OSError.
    """
    if not found.volumes or found.engines is None:
        return []
    names = [one.volume.name for one in found.volumes]
    copied = []
    with contextlib.ExitStack() as held:
        if found.asked.stop and state is not None:
            containers = volumes.Users(found.engines).to_stop(names)
            why = f"the volumes {', '.join(names)} are copied"
            held.enter_context(stopping.stopped(containers, found.engines, state, why, host))
            volumes.refuse_running(volumes.Users(found.engines), names)
        for one in found.volumes:
            with volumes.opened(one.volume) as fd:
                copied.append(_copied(found, one, keep(fd, volumes.paths_in(fd, host))))
        if found.asked.stop:
            # What watches over a container may take seconds to start it again.
            volumes.refuse_running(volumes.Users(found.engines), names)
    return copied


def _copied(found: Found, one: Copied, entries: list[Json]) -> Json:
    name = one.volume.name
    if one.running and not found.asked.stop:
        found.notes.append(
            f"{', '.join(one.running)} ran while the volume {name} was copied: each file is whole, and they may be of "
            "different moments (backup_volumes_stop: true)"
        )
    return {
        "name": name,
        "labels": one.volume.labels,
        "entries": entries,
        "users": one.users,
        "stopped": found.asked.stop or not one.running,
    }
