# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore points in a second place: brought there and proven, listed, and brought back. Private to the collection.

Without the second place a point is as good as ever: what fails here says that the point is on its host alone.
"""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs, lock
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    archive,
    place,
    restic,
    room,
    sealing,
    shelf,
    verify,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import make_folder
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import (
    NoPoint,
    NotSealed,
    OnlyHere,
    PointError,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.ways import RETURNED, sweep_returned
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

# A list is asked for by somebody who waits.
_LIST_S = 120.0

Json = t.Dict[str, t.Any]


def seal(recipient: sealing.Recipient, state: State, points_fd: int, point: str) -> Json:
    """Encrypt a finished point so that it can be fetched, as :func:`sealing.seal` tells it. Raises NotSealed."""
    try:
        return sealing.seal(recipient, state, points_fd, point)
    except (PointError, Unseen) as error:
        raise NotSealed(point, error.reason) from None
    except OSError as error:
        raise NotSealed(point, explain(error)) from None


def keep(second: restic.Place, asked: place.Asked, points_fd: int, point: str) -> Json:
    """Bring a finished point to the repository, read all of it back from there, and forget what is older than is kept.

    Returns ``{repository, snapshot, seconds, forgotten: [point], notes}``. Raises OnlyHere with the reason.
    """
    begun = time.monotonic()
    host = restic.limits(second)
    try:
        repository = restic.Repository(second, asked.application)
        with verify.opened(points_fd, point) as point_fd:
            wanted = archive.members(point_fd, verify.load(point_fd, point))
        snapshot = repository.save(points_fd, point, sum(one["size"] for one in wanted.values()), host)
        with repository.reading(snapshot, host) as source:
            archive.compare(source, point, wanted, host)
    except (PointError, Unseen) as error:
        raise OnlyHere(point, error.reason) from None
    except OSError as error:
        raise OnlyHere(point, explain(error)) from None
    forgotten, notes = _forget(repository, host)
    told = {"repository": spelled(repository.address), "snapshot": snapshot.id[:8], "forgotten": forgotten}
    return {**told, "notes": notes, "seconds": round(time.monotonic() - begun, 3)}


def _forget(repository: restic.Repository, host: Host) -> tuple[list[str], list[str]]:
    """Forget the snapshots that are more or older than is kept; the newest one always stays. That this cannot be done
    is a note: a repository to which one can only add is a good one.
    """
    try:
        found = repository.snapshots(host)
        old = shelf.beyond([one.point for one in found], repository.place.keep, repository.place.keep_days, time.time())
        repository.forget([one for one in found if one.point in old], host)
    except (PointError, Unseen) as error:
        return [], [f"older points in the repository could not be forgotten: {error.reason}"]
    return sorted(old), []


def listed(second: restic.Place | None, application: str, here: t.Container[str]) -> Json:
    """Return which points are in the repository, the newest first: ``{outcome: ok|unknown|not_asked, reason, address,
    points: [{id, created, bytes, on_host}]}``; ``here`` are those of the host.
    """
    about: Json = {"outcome": "not_asked", "reason": "", "address": None, "points": []}
    if second is None:
        return about
    try:
        repository = restic.Repository(second, application)
        about["address"] = spelled(repository.address)
        found = {one.point: one.size for one in reversed(repository.snapshots(restic.limits(second, _LIST_S)))}
    except (PointError, Unseen) as error:
        return {**about, "outcome": "unknown", "reason": error.reason}
    points = [
        {"id": point, "created": shelf.created_at(point), "bytes": found[point], "on_host": point in here}
        for point in sorted(found, reverse=True)
    ]
    return {**about, "outcome": "ok", "points": points}


def left(second: restic.Place, application: str, point: str) -> list[str]:
    """Return a note about the copies of a point in the repository, or why they cannot be seen; nothing without any."""
    try:
        repository = restic.Repository(second, application)
        found = [one.id[:8] for one in repository.snapshots(restic.limits(second, _LIST_S)) if one.point == point]
    except (PointError, Unseen) as error:
        return [f"whether a copy of it is in the repository of restic cannot be seen: {error.reason}"]
    if not found:
        return []
    return [
        f"its copy in the repository {spelled(repository.address)} stays; to remove it as well: restic forget --prune "
        f"{' '.join(found)}"
    ]


def bring_back(second: restic.Place, asked: place.Asked, point: str, check: bool) -> bool:
    """Bring a point that is no longer on the host back from the repository, and return whether that was done.

    It is written beside the points, and becomes one when every byte of it was verified. Raises NoPoint when neither
    has it, PointError, Unseen, OSError.
    """
    with contextlib.suppress(NoPoint), place.existing(asked) as (_state, points_fd):
        if point in shelf.names(points_fd):
            return False
    host = restic.limits(second)
    repository = restic.Repository(second, asked.application)
    snapshot = repository.find(point, host)
    if snapshot is None:
        raise NoPoint(
            f"there is no restore point {point} on this host, nor of the host {second.host} in {repository.address}"
        )
    if check:
        raise PointError(
            f"the restore point {point} is not on this host, but in {repository.address}: nothing can be rehearsed "
            "before it is back; restore_point with state: verified brings it, and changes nothing else"
        )
    with place.opened(asked) as (state, points_fd):
        held = lock.held(state, asked.who, f"return of {point}")
        with held:
            if point in shelf.names(points_fd):
                # Somebody else brought it back meanwhile.
                return False
            sweep_returned(points_fd)
            room.check_free(points_fd, snapshot.size)
            _receive(repository, snapshot, points_fd, host)
            state.log({"what": "restore point brought back from the repository", "who": asked.who, "point": point})
    return True


def _receive(repository: restic.Repository, snapshot: restic.Snapshot, points_fd: int, host: Host) -> None:
    name = snapshot.point.encode("ascii")
    make_folder(points_fd, RETURNED)
    try:
        folder_fd = paths.open_dir(points_fd, RETURNED)
        try:
            with repository.reading(snapshot, host) as source:
                archive.receive(source, snapshot.point, folder_fd, snapshot.size, host)
            verify.verify(folder_fd, snapshot.point, host)
            fs.rename(folder_fd, name, points_fd, name)
            fs.sync_directory(points_fd)
        finally:
            os.close(folder_fd)
    finally:
        sweep_returned(points_fd)


def hint(second: restic.Place, application: str) -> str:
    """Return a sentence about what the repository has, for somebody whose host has no good point."""
    told = listed(second, application, ())
    if told["outcome"] != "ok":
        return f"; what is in the repository cannot be seen: {told['reason']}"
    if not told["points"]:
        return f"; {told['address']} has none of the host {second.host} either"
    return (
        f"; {told['address']} has {len(told['points'])}, the newest is {told['points'][0]['id']}: name the one to use"
    )
