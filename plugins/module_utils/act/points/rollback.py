# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a host back to a restore point, at one of three levels. Private to the collection.

The order: what is about to be replaced is saved; files below the root change, then those outside of it, each as one
transaction; containers, one after the other; units. Everything after the files asks first how things are, and a
document says that it is under way: killed anywhere, it is gone on with.
"""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import delivery, journal, lock, recovery
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.sweep import sweep
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    levels,
    pending,
    place,
    saving,
    shelf,
    stopping,
    verify,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.doing import Work
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import (
    NoRoom,
    PointError,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.looking import (
    Looked,
    Wanted,
    left,
    look,
    refuse_blocked,
    refuse_torn,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.outside import open_top
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.proving import prove
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.target import Target
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.unfinished import refuse_unfinished
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import journal as service_journal
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import run as services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

_MAX_LISTED = 1000

Json = t.Dict[str, t.Any]


def restored(asked: Asked, wanted: Wanted, host: Host, check: bool) -> Json:
    """Bring a host to a point.

    A change that was interrupted is finished first. What was there before is saved as a point of its own, marked bad,
    so that it is kept and no rollback picks it by itself. With ``check`` the point is proven and what would be done is
    told, and nothing is changed. Raises ActError and Unseen with a reason, OSError.
    """
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        state, points_fd = stack.enter_context(place.existing(asked))
        down = [] if check else _start_stopped(asked, state, host)
        finished = _finish(asked, state, check)
        # Not before: what is finished may have switched the link that the root is.
        root_fd = stack.enter_context(place.root(asked))
        earlier = pending.find(state)
        document, level = _chosen(asked, wanted, earlier, points_fd, host)
        point = str(document["id"])
        restarts = wanted.restart and not (earlier and earlier.point == point and not earlier.restarts)
        # A change that began to bring units along knows which they are, and brings these back itself.
        by_change = level == levels.CONFIG and service_journal.find(state) is not None
        wanted = wanted._replace(restart=restarts and not by_change)
        top_fd = open_top(wanted.top)
        stack.callback(os.close, top_fd)
        point_fd = stack.enter_context(verify.opened(points_fd, point))
        objects_fd = stack.enter_context(verify.objects_of(point_fd))
        target = Target(document, level, (root_fd, top_fd, objects_fd), host, wanted.top)
        refuse_torn(target, earlier)
        looked = look(target, wanted, earlier)
        refuse_blocked(target, looked)
        told = {**_told(target, looked), "recovered": finished}
        if check:
            told["proven"] = prove(document, level, objects_fd, host)
            told.update(at_point=not looked.total, seconds=_since(begun))
            _log(state, asked, "rollback rehearsed", told)
            return {"changed": bool(looked.total), **told}
        work = Work(asked, wanted, target, looked, state, host)
        if looked.total or earlier or wanted.change:
            told["saved"] = _saved(asked, wanted, target, looked, (points_fd, root_fd), state)
            work.run(point_fd, objects_fd, restarts)
            down = down and _start_stopped(asked, state, host)
        told.update(not_back=work.account.failed + down, left=told["left"] + work.account.left)
        told["services"] = services.take_back(state, asked.who, f"services after the rollback to {point}")
        apart = _apart(target, work.account.apart, told)
        told.update(at_point=not apart, apart=apart[:_MAX_LISTED], seconds=_since(begun))
        _log(state, asked, "rolled back", told)
    return {"changed": bool(looked.total or finished or told["services"]), **told}


def _chosen(
    asked: Asked, wanted: Wanted, earlier: pending.Pending | None, points_fd: int, host: Host
) -> tuple[Json, str]:
    """Return the manifest of the point that is brought back, read back as far as its level uses it, and the level.
    Raises PointError, Unseen.
    """
    asked_level = wanted.level or (earlier.level if earlier else None)

    def level_of(document: Json) -> str:
        return asked_level or levels.default(document)

    document = shelf.picked(points_fd, wanted.point or (earlier.point if earlier else None), host, level_of)
    if os.path.realpath(document["root"]) != os.path.realpath(asked.root):
        raise PointError(f"the restore point {document['id']} is one of {document['root']}, not of {asked.root}")
    return document, level_of(document)


def _told(target: Target, looked: Looked) -> Json:
    """Return what is told of a rollback before it begins. Raises Unseen."""
    document, level = target.document, target.level
    told = {**saving.summary(document), "level": level, "budget_s": levels.BUDGET_S[level]}
    told.update(changes=looked.changes()[:_MAX_LISTED], total=looked.total, saved=None, left=left(looked))
    told.update(apart=[], not_back=[], services=[], notes=[*target.emptied(looked.steps), *told["notes"]])
    told.update(volumes_left=looked.kept, proven=[], leaves=levels.told(document)[level]["leaves"])
    return told


def _apart(target: Target, of_volumes: t.Sequence[str], told: Json) -> list[str]:
    """Return what is not as it was saved, without what is told to be left. What cannot be looked at again counts, and
    hides nothing of what was done.
    """
    try:
        found = target.apart()
    except (PointError, Unseen, OSError) as error:
        reason = explain(error) if isinstance(error, OSError) else error.reason
        found = [f"what cannot be looked at again ({reason})"]
    known = {one["path"] for one in told["left"]}
    apart = [path for path in [*found, *of_volumes] if path not in known]
    # A unit that did not start anew may run all the same, or be down: either way it is not as it was.
    failed = (f"the {one['kind']} {one['path']}" for one in told["not_back"])
    return apart + [one for one in failed if one not in apart]


def _saved(
    asked: Asked, wanted: Wanted, target: Target, looked: Looked, fds: tuple[int, int], state: State
) -> str | None:
    """Make a point of what a rollback is about to replace, and return its id; None where nothing is, or nobody wants
    one.
    """
    # What goes on with volumes that were to be left: of what was written since there is no copy yet.
    late = bool(looked.volumes) and not wanted.volumes
    if not looked.total or not (wanted.save or late):
        return None
    volumes = [one.name for one in looked.volumes if one.volume is not None]
    replaced = asked._replace(why=f"what the rollback to {target.document['id']} replaced")
    with lock.held(state, asked.who, replaced.why):
        refuse_unfinished(state)
        try:
            saved = saving.make_replaced(replaced, target, volumes, fds, state)
        except NoRoom as error:
            reason = (
                f"what is to be replaced cannot be saved first: {error.reason}; or go without (rollback_save: false)"
            )
            raise NoRoom(reason) from None
    return str(saved["id"])


def _start_stopped(asked: Asked, state: State, host: Host) -> list[Json]:
    """Start what an interrupted backup left stopped. What does not start is told, and keeps nothing else from coming
    back: that may be why it does not.
    """
    stopped = stopping.find(state)
    if stopped is None:
        return []
    try:
        with lock.held(state, asked.who, "start what an interrupted backup left stopped"):
            stopping.resume(state, host)
    except (PointError, Unseen) as error:
        names = ", ".join(one["name"] for one in stopped["containers"])
        return [{"path": names, "kind": "container", "reason": error.reason}]
    return []


def _finish(asked: Asked, state: State, check: bool) -> Json | None:
    """Finish a change that was interrupted, and return what was found; None when there was none."""
    if check and (journal.find(state) is not None or pending.find(state) is not None):
        raise Refused(
            "an earlier change was interrupted: nothing can be rehearsed before a rollback or a deploy has finished it"
        )
    done: Json | None = None
    if journal.find(state) is not None:
        done = recovery.recover(state, "auto", asked.who, "finish what was interrupted, before a rollback")
    if not check:
        # Also where all files are in place: who was killed after that left its contents, and its lock in a repository.
        # What cannot be looked at is in nobody's way.
        with contextlib.suppress(OSError, Unseen):
            delivery.sweep(state)
            sweep(asked.root)
    return done


def _log(state: State, asked: Asked, what: str, told: Json) -> None:
    kept = {name: told[name] for name in ("point", "level", "files", "bytes", "saved", "at_point", "seconds")}
    try:
        state.log({"what": what, "who": asked.who, "why": asked.why, **kept})
    except OSError as error:
        # On a full disk, too, an operator is to know what was done, and where the state before is saved.
        told["notes"] = [f"the log in {state.path} has no line of it: {explain(error)}", *told["notes"]]


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 3)
