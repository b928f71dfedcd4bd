# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The restore points of one application: which there are, which is the last good one, which may go. Private to the
collection.
"""

from __future__ import annotations

import calendar
import contextlib
import json
import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import manifest, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import put, read_member, remove_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, NoPoint, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

GOOD, BAD, UNFINISHED, DAMAGED = "good", "bad", "unfinished", "damaged"
REPLACED = "replaced"
"""The kind of a point that has what a rollback replaced: it is born bad."""
_DAY_S = 86400
_SUMMARY: dict[str, type] = {
    **dict.fromkeys(("id", "created", "root"), str),
    **dict.fromkeys(("files", "bytes"), int),
    **dict.fromkeys(("about", "git"), dict),
    "notes": list,
}
# Said by points since there are services in them.
_SINCE: dict[str, type] = dict.fromkeys(("running", "levels"), dict)

Json = t.Dict[str, t.Any]


class Keep(t.NamedTuple):
    """How many points are kept: the newest ``newest``, none older than ``days``, as many as fit into ``megabytes``; the
    latter two only when they are given.
    """

    newest: int
    days: int | None = None
    megabytes: int | None = None


def new_id(now: float, points: t.Iterable[str] = ()) -> str:
    """Return the id of a point that is made now. Ids sort by time: where a clock went back, or two points are made
    within a second, the later one gets the next second.
    """
    latest = max((_seconds(point) for point in points), default=0)
    moment = time.gmtime(max(int(now), latest + 1))
    return f"{time.strftime('%Y%m%dT%H%M%SZ', moment)}-{os.urandom(3).hex()}"


def _seconds(point: str) -> int:
    return calendar.timegm(time.strptime(point[:16], "%Y%m%dT%H%M%SZ"))


def created_at(point: str) -> str:
    """Return the time in an id, as documents spell it."""
    day, clock = point[:8], point[9:15]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}Z"


def names(points_fd: int) -> list[str]:
    """Return the ids of all points, whatever their state, the newest first."""
    return sorted(filter(_is_id, os.listdir(points_fd)), reverse=True)


def _is_id(name: str) -> bool:
    if not manifest.ID.fullmatch(name):
        return False
    try:
        return _seconds(name) > 0
    except ValueError:
        return False


def listed(points_fd: int) -> list[Json]:
    """Return every point, the newest first: ``{id, created, state, reason, about, root, files, bytes, git, running,
    levels, notes}``.

    ``state`` is ``good`` (finished; whether its content still is what it was, only :func:`verify.verify` tells),
    ``bad`` (so marked, or what a rollback replaced), ``unfinished`` or ``damaged``, with the ``reason`` of the latter
    three.
    """
    return [told(points_fd, name) for name in names(points_fd)]


def told(points_fd: int, point: str) -> Json:
    """Return what :func:`listed` tells of one point. Nothing but what it was finished with is read."""
    about: Json = {"id": point, "created": created_at(point), "state": GOOD, "reason": "", "about": {}, "notes": []}
    about.update(dict.fromkeys(("root", "files", "bytes", "git", *_SINCE)))
    try:
        with verify.opened(points_fd, point) as fd:
            if files.look(fd, verify.COMPLETE) is None:
                return {**about, "state": UNFINISHED, "reason": "it was not finished: its making was interrupted"}
            about.update(_summary(fd, point))
            reason = _marked(fd)
    except (PointError, Unseen) as error:
        return {**about, "state": DAMAGED, "reason": error.reason}
    if not reason and about["about"].get("kind") == REPLACED:
        reason = about["about"]["why"]
    return {**about, "state": BAD, "reason": reason} if reason else about


def _summary(point_fd: int, point: str) -> Json:
    summary = _document(point_fd, verify.COMPLETE).get("summary")
    if not isinstance(summary, dict) or summary.get("id") != point or summary.keys() - _SINCE != _SUMMARY.keys():
        raise Damaged("what it was finished with cannot be read")
    summary = {**{name: {} for name in _SINCE}, **summary}
    wrong = any(not isinstance(summary[name], kind) for name, kind in {**_SUMMARY, **_SINCE}.items())
    if wrong or not manifest.is_about(summary["about"]):
        raise Damaged("what it was finished with is not what it must be")
    return summary


def _marked(point_fd: int) -> str:
    """Return why a point was marked bad, empty text when it was not."""
    if files.look(point_fd, verify.BAD) is None:
        return ""
    reason = _document(point_fd, verify.BAD).get("reason")
    if not isinstance(reason, str):
        raise Damaged("its mark cannot be read")
    return reason or "no reason was given"


def _document(point_fd: int, name: bytes) -> Json:
    try:
        document = json.loads(read_member(point_fd, name, verify.SMALL))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Damaged(f"{name.decode('ascii')} cannot be read")
    return document


def last_good(points_fd: int, before: str = "") -> str:
    """Return the newest point that is finished and not marked bad; ``before`` that point if it is given.

    Raises NoPoint, with what there is instead.
    """
    others = []
    for name in names(points_fd):
        if before and name >= before:
            continue
        state = told(points_fd, name)["state"]
        if state == GOOD:
            return name
        others.append(f"{name} ({state})")
    raise NoPoint(f"there is no good restore point on this host{': only ' + ', '.join(others[:5]) if others else ''}")


def picked(points_fd: int, point: str | None, host: Host, level_of: verify.Level | None = None) -> Json:
    """Return the manifest of the point that is named, or of the last good one, read back: whole, or as much as the
    level uses that ``level_of`` returns for it.

    Raises NoPoint, Damaged with what there is instead, Unseen when the time is up.
    """
    wanted = point or last_good(points_fd)
    try:
        return verify.verify(points_fd, wanted, host, level_of)
    except NoPoint as missing:
        raise NoPoint(f"{missing.reason}{_instead(points_fd)}") from None
    except Damaged as damaged:
        reason = f"the restore point {wanted} is not used: {damaged.reason}"
        with contextlib.suppress(NoPoint):
            reason += f"; the good one before it is {last_good(points_fd, wanted)}"
        raise Damaged(reason) from None


def _instead(points_fd: int) -> str:
    """Return the end of a sentence about a point that is not there."""
    try:
        newest = last_good(points_fd)
    except NoPoint as none:
        return f"; {none.reason}"
    return f"; it has {len(names(points_fd))}, the newest good one is {newest} (restore_point_info lists them)"


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
    gone = []
    places = {GOOD: 0, BAD: 0}
    weight: dict[tuple[int, int], int] = {}
    for one in listed(points_fd):
        point, state = one["id"], one["state"]
        if state == UNFINISHED:
            gone.append(point)
        elif state in places:
            try:
                _weigh(points_fd, point, weight)
            except Damaged:
                # It lacks its objects: no good one, and no reason to refuse a new one.
                continue
            newest_good = state == GOOD and not places[GOOD]
            if not newest_good and _exceeds(point, places[state], sum(weight.values()), keep, now):
                gone.append(point)
            places[state] += 1
    return sorted(gone)


def _exceeds(point: str, place: int, size: int, keep: Keep, now: float) -> bool:
    age_s = now - _seconds(point)
    return (
        place >= keep.newest
        or (keep.days is not None and age_s > keep.days * _DAY_S)
        or (keep.megabytes is not None and size > keep.megabytes << 20)
    )


def beyond(points: t.Iterable[str], newest: int, days: int | None, now: float) -> set[str]:
    """Return those of some points that are more than ``newest``, or older than ``days``; the newest one never is."""
    ordered = sorted(set(points), reverse=True)
    keep = Keep(newest, days)
    return {point for place, point in enumerate(ordered) if place and _exceeds(point, place, 0, keep, now)}


def _weigh(points_fd: int, point: str, seen: dict[tuple[int, int], int]) -> None:
    """Add the objects of a point by inode: what points share takes its space once."""
    with verify.opened(points_fd, point) as fd, verify.objects_of(fd) as objects_fd, os.scandir(objects_fd) as listing:
        for one in listing:
            told = one.stat(follow_symlinks=False)
            seen[told.st_dev, told.st_ino] = told.st_size
