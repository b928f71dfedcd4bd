# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be asked about the restore points of an application: make, verify, restore, mark, remove, list.

Nothing that is returned tells the content of a file or a digest of it: the files of a point may be secrets. Private to
the collection.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import journal, lock
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    gitstate,
    make,
    pending,
    place,
    room,
    saving,
    services,
    shelf,
    stopping,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import sweep
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import NoPoint
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.kept import sizes
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.unfinished import refuse_unfinished
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.wanted import What, wanted_of
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.ways import sweep_ways
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import default_folder
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import journal as service_journal
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State, utc_now
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

Json = t.Dict[str, t.Any]


def present(asked: Asked, what: What, keep: shelf.Keep, host: Host, check: bool) -> Json:
    """Make a restore point, and remove those that are older than is kept.

    Raises ActError and Unseen with a reason, OSError.
    """
    begun = time.monotonic()
    with place.root(asked) as root_fd:
        wanted, notes = wanted_of(what, asked.root, root_fd, asked.state_dir or default_folder(), host)
        if check:
            size = room.estimate(make.survey(root_fd, wanted, host, False))
            size.update(_estimated(what, asked, host))
            return {"changed": True, "point": None, **size, "pruned": [], "seconds": _since(begun)}
        with place.opened(asked) as (state, points_fd):
            told = _make_and_prune(asked, what, keep, (points_fd, root_fd), state, (wanted, notes), host)
            told["seconds"] = _since(begun)
            state.log({"what": "restore point made", "who": asked.who, "why": asked.why, **_short(told)})
    return {"changed": True, **told}


def _make_and_prune(
    asked: Asked,
    what: What,
    keep: shelf.Keep,
    fds: tuple[int, int],
    state: State,
    wanted: tuple[list[str], list[str]],
    host: Host,
) -> Json:
    points_fd, root_fd = fds
    with lock.held(state, asked.who, f"restore point: {asked.why}"):
        refuse_unfinished(state, also_rollback=True)
        sweep(points_fd)
        sweep_ways(state, points_fd)
        stopping.resume(state, host)
        document = saving.make_point(asked, what, fds, wanted, host, state=state)
        pruned = shelf.outdated(points_fd, keep, time.time())
        for point in pruned:
            _remove(points_fd, root_fd, point)
    return {**saving.summary(document), "pruned": pruned}


def _estimated(what: What, asked: Asked, host: Host) -> Json:
    """Return what a point would have of what runs: ``{running, notes, images: bytes that no point has, volumes: bytes
    of their files}``.
    """
    if not what.services.any():
        return {"running": sizes({}), "notes": [], "images": 0, "volumes": 0}
    try:
        with place.existing(asked) as (_state, points_fd):
            found = services.Found(what.services, asked.root, points_fd, host)
    except NoPoint:
        found = services.Found(what.services, asked.root, None, host)
    return {"running": found.sizes(), "notes": found.notes, "images": found.size, "volumes": found.size_of_volumes}


def verified(asked: Asked, point: str | None, host: Host) -> Json:
    """Read a point back, every byte of it. Raises ActError and Unseen with a reason."""
    begun = time.monotonic()
    with place.existing(asked) as (_state, points_fd):
        document = shelf.picked(points_fd, point, host)
    return {"changed": False, **saving.summary(document), "seconds": _since(begun)}


def bad(asked: Asked, point: str, reason: str, check: bool) -> Json:
    """Mark a point, so that no rollback picks it by itself. Raises ActError, OSError."""
    with place.existing(asked) as (state, points_fd):
        if point not in shelf.names(points_fd):
            raise NoPoint(f"there is no restore point {point} on this host")
        changed = shelf.told(points_fd, point)["state"] == shelf.GOOD
        if changed and not check:
            shelf.mark_bad(points_fd, point, mask(reason), utc_now())
            state.log({"what": "restore point marked bad", "who": asked.who, "point": point, "why": mask(reason)})
    return {"changed": changed, "point": point}


def absent(asked: Asked, point: str, check: bool) -> Json:
    """Remove a point. Raises ActError, OSError."""
    try:
        with place.root(asked) as root_fd, place.existing(asked) as (state, points_fd):
            if point not in shelf.names(points_fd):
                return {"changed": False, "point": point, "notes": []}
            if not check:
                with lock.held(state, asked.who, f"removal of the restore point {point}"):
                    refuse_unfinished(state, also_rollback=True)
                    _remove(points_fd, root_fd, point)
                    state.log({"what": "restore point removed", "who": asked.who, "point": point})
    except NoPoint:
        return {"changed": False, "point": point, "notes": []}
    return {"changed": True, "point": point, "notes": []}


def info(asked: Asked) -> Json:
    """Return the points, the newest first, and what an interrupted change left. Raises ActError, OSError."""
    try:
        with place.existing(asked) as (state, points_fd):
            return {"points": shelf.listed(points_fd), "unfinished": _unfinished(state)}
    except NoPoint:
        return {"points": [], "unfinished": None}


def _unfinished(state: State) -> Json | None:
    """Return what was interrupted: a change of files, a rollback, or what follows the files of a change; None when
    nothing was. Raises OSError.
    """
    try:
        files, back, following = journal.find(state), pending.find(state), service_journal.find(state)
        stopped = stopping.find(state)
    except ActError as error:
        return {"damaged": error.reason}
    if files is not None:
        return files.summary()
    if back is not None:
        return back.summary()
    # One whose files never came into place has nothing that is left to do.
    due = following is not None and following.phase != service_journal.PENDING
    if following is not None and due:
        return following.summary()
    return None if stopped is None else {"kind": "backup", **stopped}


def _remove(points_fd: int, root_fd: int, point: str) -> None:
    shelf.remove(points_fd, point)
    # Without its ref git forgets the commit one day; a repository that is gone, or odd by now, is no obstacle.
    with contextlib.suppress(OSError, Unseen):
        gitstate.drop_ref(root_fd, point)


def _short(told: Json) -> Json:
    return {name: told[name] for name in ("point", "files", "bytes", "saved", "pruned") if told.get(name) is not None}


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 3)
