# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The restore points of one application: which there are, which is the last good one, which may go. Private to the
collection.
"""

from __future__ import annotations

import calendar
import json
import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import manifest, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import put, read_member, remove_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, NoPoint, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

GOOD, BAD, UNFINISHED, DAMAGED = "good", "bad", "unfinished", "damaged"
_SMALL = 1 << 16
_DAY_S = 86400
_ID = manifest.ID

Json = t.Dict[str, t.Any]


class Keep(t.NamedTuple):
    """How many points are kept: the newest ``newest``, none older than ``days``, as many as fit into ``megabytes``; the
    latter two only when they are given.
    """

    newest: int
    days: int | None = None
    megabytes: int | None = None


def new_id(now: float) -> str:
    """Return the id of a point that is made now: ids sort by time."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}-{os.urandom(3).hex()}"


def created_at(point: str) -> str:
    """Return the time in an id, as documents spell it."""
    day, clock = point[:8], point[9:15]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}Z"


def listed(points_fd: int) -> list[Json]:
    """Return every point, the newest first: ``{id, created, state, reason, about, files, bytes, git}``.

    ``state`` is ``good`` (finished; whether its content still is what it was, only :func:`verify.verify` tells),
    ``bad`` (so marked), ``unfinished`` or ``damaged``, with the ``reason`` of the latter three.
    """
    names = sorted((name for name in os.listdir(points_fd) if _ID.fullmatch(name)), reverse=True)
    return [_told(points_fd, name) for name in names]


def _told(points_fd: int, point: str) -> Json:
    told: Json = {"id": point, "created": created_at(point), "state": GOOD, "reason": "", "about": {}, "notes": []}
    told.update(dict.fromkeys(("root", "files", "bytes", "git")))
    try:
        with verify.opened(points_fd, point) as fd:
            if files.look(fd, verify.COMPLETE) is None:
                return {**told, "state": UNFINISHED, "reason": "it was not finished: its making was interrupted"}
            document = verify.load(fd, point)
            mark = _mark(fd)
    except (PointError, Unseen) as error:
        return {**told, "state": DAMAGED, "reason": error.reason}
    kept = [one for one in document["entries"] if one["type"] == "file"]
    state = (BAD, mark["reason"]) if mark else (GOOD, "")
    return {
        **told,
        "state": state[0],
        "reason": state[1],
        "about": document["about"],
        "root": document["root"],
        "files": len(kept),
        "bytes": sum(manifest.members(document).values()),
        "git": {name: value for name, value in document["git"].items() if name != "objects"},
        "notes": document["notes"],
    }


def _mark(point_fd: int) -> Json | None:
    if files.look(point_fd, verify.BAD) is None:
        return None
    try:
        mark = json.loads(read_member(point_fd, verify.BAD, _SMALL))
    except ValueError:
        raise Damaged("its mark cannot be read") from None
    if not isinstance(mark, dict) or not isinstance(mark.get("reason"), str):
        raise Damaged("its mark cannot be read")
    return mark


def last_good(points_fd: int) -> str:
    """Return the newest point that is finished and not marked bad. Raises NoPoint, with what there is instead."""
    found = listed(points_fd)
    good = [one["id"] for one in found if one["state"] == GOOD]
    if good:
        return str(good[0])
    others = ", ".join(f"{one['id']} ({one['state']})" for one in found[:5])
    raise NoPoint(f"there is no good restore point on this host{': only ' + others if others else ''}")


def mark_bad(points_fd: int, point: str, reason: str, now: str) -> None:
    """Mark a point, so that no rollback picks it by itself. Raises NoPoint, Damaged, OSError."""
    with verify.opened(points_fd, point) as fd:
        mark = manifest.canonical({"reason": spelled(reason)[:1000], "when": now})
        # Prepared outside: a point holds nothing but what belongs to it, at any moment.
        put(fd, verify.BAD, mark, staging_fd=points_fd)


def remove(points_fd: int, point: str) -> None:
    """Remove a point. Killed on the way it is unfinished, never a point that lacks something.

    Raises PointError, OSError.
    """
    try:
        with verify.opened(points_fd, point) as fd:
            if files.look(fd, verify.COMPLETE) is not None:
                fs.unlink(fd, verify.COMPLETE)
                fs.sync_directory(fd)
    except Damaged:
        # Not even a folder of ours: what it is has to be looked at by somebody.
        raise PointError(f"{point} is not removed: it is not a folder that this made") from None
    remove_tree(points_fd, point.encode("ascii"))
    fs.sync_directory(points_fd)


def outdated(points_fd: int, keep: Keep, now: float) -> list[str]:
    """Return the points that may go, the oldest first.

    The newest good one stays whatever the limits say; damaged ones stay for somebody to look at. What was not finished
    goes: whoever asks this holds the lock, so nobody is making it.
    """
    found = listed(points_fd)
    gone = [one["id"] for one in found if one["state"] == UNFINISHED]
    for state in (GOOD, BAD):
        kept_bytes: dict[tuple[int, int], int] = {}
        for place, one in enumerate(one for one in found if one["state"] == state):
            _weigh(points_fd, one["id"], kept_bytes)
            if (place or state == BAD) and _exceeds(one["id"], place, sum(kept_bytes.values()), keep, now):
                gone.append(one["id"])
    return sorted(gone)


def _exceeds(point: str, place: int, size: int, keep: Keep, now: float) -> bool:
    age_s = now - calendar.timegm(time.strptime(point[:16], "%Y%m%dT%H%M%SZ"))
    return (
        place >= keep.newest
        or (keep.days is not None and age_s > keep.days * _DAY_S)
        or (keep.megabytes is not None and size > keep.megabytes << 20)
    )


def _weigh(points_fd: int, point: str, seen: dict[tuple[int, int], int]) -> None:
    """Add the objects of a point by inode: what points share takes its space once."""
    with verify.opened(points_fd, point) as fd, verify.objects_of(fd) as objects_fd, os.scandir(objects_fd) as listing:
        for one in listing:
            told = one.stat(follow_symlinks=False)
            seen[told.st_dev, told.st_ino] = told.st_size
