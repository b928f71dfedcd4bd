# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be asked about the restore points of an application: make, verify, restore, mark, remove, list.

Nothing that is returned tells the content of a file or a digest of it: the files of a point may be secrets. Private to
the collection.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import journal, lock, recovery, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import gitstate, make, room, shelf, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import sweep
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import NoPoint, NoRoom, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.restore import Way, differences, way_to
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.wanted import What, wanted_of
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import default_folder
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import run as services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import (
    POINTS,
    State,
    open_state,
    utc_now,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

_NAMED = 5
_MAX_LISTED = 1000

Json = t.Dict[str, t.Any]


class Asked(t.NamedTuple):
    """Whose points, where they are kept, and who asks: ``state_dir`` None is the default of this user."""

    root: str
    application: str
    state_dir: str | None
    who: str
    why: str
    run: str


def present(asked: Asked, what: What, keep: shelf.Keep, host: Host, check: bool) -> Json:
    """Make a restore point, and remove those that are older than is kept.

    Raises ActError and Unseen with a reason, OSError.
    """
    begun = time.monotonic()
    with _root(asked) as root_fd:
        wanted, notes = wanted_of(what, asked.root, root_fd, asked.state_dir or default_folder(), host)
        if check:
            size = room.estimate(make.survey(root_fd, wanted, host, False))
            return {"changed": True, "point": None, **size, "pruned": [], "seconds": _since(begun)}
        with _opened(asked) as (state, points_fd):
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
        _refuse_unfinished(state)
        sweep(points_fd)
        document = _make(asked, what, fds, *wanted, host)
        pruned = shelf.outdated(points_fd, keep, time.time())
        for point in pruned:
            _remove(points_fd, root_fd, point)
    return {**_summary(document), "pruned": pruned}


def verified(asked: Asked, point: str | None, host: Host) -> Json:
    """Read a point back, every byte of it. Raises ActError and Unseen with a reason."""
    begun = time.monotonic()
    with _existing(asked) as (_state, points_fd):
        document = shelf.picked(points_fd, point, host)
    return {"changed": False, **_summary(document), "seconds": _since(begun)}


def restored(asked: Asked, point: str | None, host: Host, check: bool, save: bool = True) -> Json:
    """Bring the root to a point: the last good one when none is named.

    A change that was interrupted is finished first. What the root was before is saved as a point of its own, marked
    bad, so that it is kept and no rollback picks it by itself. With ``check`` the point is verified and what would be
    done is told, and nothing is changed. Raises ActError and Unseen with a reason, OSError.
    """
    begun = time.monotonic()
    with _root(asked) as root_fd, _existing(asked) as (state, points_fd):
        finished = _finish(asked, state, check)
        document = shelf.picked(points_fd, point, host)
        point = str(document["id"])
        if os.path.realpath(document["root"]) != os.path.realpath(asked.root):
            raise PointError(f"the restore point {point} is one of {document['root']}, not of {asked.root}")
        way = way_to(document, root_fd, host)
        _refuse_blocked(point, way)
        told = {**_summary(document), "recovered": finished, "changes": _changes(way), "left": way.left, "saved": None}
        told.update(total=len(way.operations), apart=[], services=[])
        if check:
            state.log({"what": "rollback rehearsed", "who": asked.who, "seconds": _since(begun), **_short(told)})
            return {"changed": bool(way.operations), **told, "at_point": not way.operations, "seconds": _since(begun)}
        if way.operations:
            told["saved"] = _save_present(asked, document, (points_fd, root_fd), state, host) if save else None
            told["left"] = way.left + _apply(asked, way, point, points_fd, state, host)
        told["services"] = services.take_back(state, asked.who, f"services after the rollback to {point}")
        known = {one["path"] for one in told["left"]}
        apart = [path for path in differences(document, root_fd, host) if path not in known]
        told.update(at_point=not apart, apart=apart[:_MAX_LISTED], seconds=_since(begun))
        state.log({"what": "rolled back", "who": asked.who, "why": asked.why, "at_point": not apart, **_short(told)})
    return {"changed": bool(way.operations or finished or told["services"]), **told}


def bad(asked: Asked, point: str, reason: str, check: bool) -> Json:
    """Mark a point, so that no rollback picks it by itself. Raises ActError, OSError."""
    with _existing(asked) as (state, points_fd):
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
        with _root(asked) as root_fd, _existing(asked) as (state, points_fd):
            if point not in shelf.names(points_fd):
                return {"changed": False, "point": point}
            if not check:
                with lock.held(state, asked.who, f"removal of the restore point {point}"):
                    _refuse_unfinished(state)
                    _remove(points_fd, root_fd, point)
                    state.log({"what": "restore point removed", "who": asked.who, "point": point})
    except NoPoint:
        return {"changed": False, "point": point}
    return {"changed": True, "point": point}


def info(asked: Asked) -> Json:
    """Return the points, the newest first, and what an interrupted change left. Raises ActError, OSError."""
    try:
        with _existing(asked) as (state, points_fd):
            found = journal.find(state)
            return {"points": shelf.listed(points_fd), "unfinished": None if found is None else found.summary()}
    except NoPoint:
        return {"points": [], "unfinished": None}


@contextlib.contextmanager
def _root(asked: Asked) -> t.Iterator[int]:
    fd = paths.open_root(asked.root)
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def _opened(asked: Asked, create: bool = True) -> t.Iterator[tuple[State, int]]:
    state = open_state(asked.state_dir or default_folder(), asked.application, create)
    if state is None:
        raise NoPoint(f"there is no restore point of {asked.application} on this host: none was ever made")
    with state:
        points_fd = state.folder(POINTS)
        try:
            yield state, points_fd
        finally:
            os.close(points_fd)


def _existing(asked: Asked) -> t.ContextManager[tuple[State, int]]:
    return _opened(asked, create=False)


def _make(
    asked: Asked,
    what: What,
    fds: tuple[int, int],
    wanted: list[str],
    notes: list[str],
    host: Host,
    kind: str = "backup",
) -> Json:
    points_fd, root_fd = fds
    point = shelf.new_id(time.time(), shelf.names(points_fd))
    created = shelf.created_at(point)
    about = {"kind": kind, "who": asked.who, "why": asked.why, "run": asked.run}
    try:
        earlier: str | None = shelf.last_good(points_fd)
    except NoPoint:
        earlier = None
    secret = Patterns([pair for tree in what.trees for pair in tree.get("secret", ())])
    git = functools.partial(gitstate.save, root_fd, point, created, secret, host) if what.git else make.no_repository
    request = make.Request(point, created, asked.root, root_fd, wanted, about, notes)
    return make.make(points_fd, request, host, earlier, git)


def _save_present(asked: Asked, document: Json, fds: tuple[int, int], state: State, host: Host) -> str:
    """Make a point of what a rollback is about to replace, and return its id."""
    replaced = asked._replace(why=f"what the rollback to {document['id']} replaced")
    wanted = [one["path"] for one in document["entries"]]
    with lock.held(state, asked.who, replaced.why):
        _refuse_unfinished(state)
        try:
            saved = _make(replaced, What((), (), (), False), fds, wanted, [], host, shelf.REPLACED)
        except NoRoom as error:
            reason = (
                f"what is to be replaced cannot be saved first: {error.reason}; or go without (rollback_save: false)"
            )
            raise NoRoom(reason) from None
    return str(saved["id"])


def _apply(asked: Asked, way: Way, point: str, points_fd: int, state: State, host: Host) -> list[Json]:
    about = {"id": point, "kind": "rollback", "who": asked.who, "why": asked.why, "run": asked.run}
    with verify.opened(points_fd, point) as point_fd, verify.objects_of(point_fd) as objects_fd:
        done = transaction.apply(way.operations, [objects_fd], asked.root, state, about, host)
    left: list[Json] = done["left"]
    return left


def _finish(asked: Asked, state: State, check: bool) -> Json | None:
    """Finish a change that was interrupted, and return what was found; None when there was none."""
    found = journal.find(state)
    if found is None:
        return None
    if check:
        raise Refused(
            "an earlier change was interrupted: nothing can be rehearsed before a rollback or a deploy has finished it"
        )
    done: Json = recovery.recover(state, "auto", asked.who, "finish what was interrupted, before a rollback")
    return done


def _refuse_unfinished(state: State) -> None:
    if journal.find(state) is not None:
        raise Refused("an earlier change was interrupted: a rollback or a deploy finishes it; then try again")


def _refuse_blocked(point: str, way: Way) -> None:
    if not way.blocked:
        return
    named = "; ".join(f"{one['path']}: {one['reason']}" for one in way.blocked[:_NAMED])
    more = f"; and {len(way.blocked) - _NAMED} more" if len(way.blocked) > _NAMED else ""
    raise PointError(f"nothing was changed, {point} cannot be restored: {named}{more}; move away what is in the way")


def _remove(points_fd: int, root_fd: int, point: str) -> None:
    shelf.remove(points_fd, point)
    # Without its ref git forgets the commit one day; a repository that is gone, or odd by now, is no obstacle.
    with contextlib.suppress(OSError, Unseen):
        gitstate.drop_ref(root_fd, point)


def _changes(way: Way) -> list[Json]:
    """Return what each operation does, without digests."""
    return [
        {"path": one["path"], "do": one["do"], "found": one["before"]["type"]} for one in way.operations[:_MAX_LISTED]
    ]


def _summary(document: Json) -> Json:
    git = {name: value for name, value in document["git"].items() if name != "objects"}
    size = room.estimate(document["entries"])
    named = {"point": document["id"], "created": document["created"], "about": document["about"]}
    return {**named, **size, "git": git, "notes": document["notes"]}


def _short(told: Json) -> Json:
    return {name: told[name] for name in ("point", "files", "bytes", "saved", "pruned") if told.get(name) is not None}


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 3)
