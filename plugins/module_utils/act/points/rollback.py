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

from ansible_collections.evenkeel.drift.plugins.module_utils.act import journal, lock, recovery, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Moved, Refused, RolledBack
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.sweep import sweep
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import checked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import (
    levels,
    pending,
    place,
    saving,
    shelf,
    verify,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import (
    Damaged,
    NoPoint,
    NoRoom,
    PointError,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.looking import (
    Looked,
    Wanted,
    is_old,
    left,
    look,
    refuse_blocked,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.outside import open_top
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.pending import Pending
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.proving import prove
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.restore import Way
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.target import Target, steps_of
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release import back as switching
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import journal as service_journal
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import run as services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import systemctl
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_root
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

_MAX_LISTED = 1000
_UNIT_S = 90.0

Json = t.Dict[str, t.Any]


def restored(asked: Asked, wanted: Wanted, host: Host, check: bool) -> Json:
    """Bring a host to a point.

    A change that was interrupted is finished first. What was there before is saved as a point of its own, marked bad,
    so that it is kept and no rollback picks it by itself. With ``check`` the point is proven and what would be done is
    told, and nothing is changed. Raises ActError and Unseen with a reason, OSError.
    """
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        root_fd = stack.enter_context(place.root(asked))
        state, points_fd = stack.enter_context(place.existing(asked))
        finished = _finish(asked, state, check)
        earlier = pending.find(state)
        document = shelf.picked(points_fd, wanted.point or (earlier.point if earlier else None), host)
        point = str(document["id"])
        if os.path.realpath(document["root"]) != os.path.realpath(asked.root):
            raise PointError(f"the restore point {point} is one of {document['root']}, not of {asked.root}")
        level = wanted.level or (earlier.level if earlier else levels.default(document))
        top_fd = open_top(wanted.top)
        stack.callback(os.close, top_fd)
        point_fd = stack.enter_context(verify.opened(points_fd, point))
        objects_fd = stack.enter_context(verify.objects_of(point_fd))
        if level == levels.CONFIG and service_journal.find(state) is not None:
            # A change that began to bring units along knows which they are, and brings these back itself.
            wanted = wanted._replace(restart=False)
        target = Target(document, level, (root_fd, top_fd, objects_fd), host, wanted.top)
        looked = look(target, wanted, earlier)
        refuse_blocked(target, looked)
        told = {**saving.summary(document), "level": level, "budget_s": levels.BUDGET_S[level], "recovered": finished}
        told.update(changes=looked.changes()[:_MAX_LISTED], total=looked.total, saved=None)
        told.update(apart=[], not_back=[], services=[])
        told.update(left=left(looked), proven=[], leaves=levels.told(document)[level]["leaves"])
        if check:
            told["proven"] = prove(document, level, objects_fd, host)
            told.update(at_point=not looked.total, seconds=_since(begun))
            _log(state, asked, "rollback rehearsed", told)
            return {"changed": bool(looked.total), **told}
        if looked.total or earlier:
            if wanted.save and looked.total:
                told["saved"] = _save_present(asked, target, (points_fd, root_fd), state, host)
            work = _Work(asked, wanted, target, looked, state, host)
            work.run(point_fd, objects_fd)
            told.update(not_back=work.failed, left=told["left"] + work.left)
        told["services"] = services.take_back(state, asked.who, f"services after the rollback to {point}")
        known = {one["path"] for one in told["left"]}
        apart = [path for path in _apart(target) if path not in known]
        # A unit that did not start anew may run all the same, or be down: either way it is not as it was.
        failed = (f"the {one['kind']} {one['path']}" for one in told["not_back"])
        apart += [one for one in failed if one not in apart]
        told.update(at_point=not apart, apart=apart[:_MAX_LISTED], seconds=_since(begun))
        _log(state, asked, "rolled back", told)
    return {"changed": bool(looked.total or finished or told["services"]), **told}


def resume(asked: Asked, host: Host, top: str = "/") -> Json | None:
    """Finish a rollback that was interrupted between its files and what follows them; None when none was.

    Raises ActError and Unseen with a reason, OSError.
    """
    with place.existing(asked) as (state, _points_fd):
        if pending.find(state) is None:
            return None
    return restored(asked, Wanted(None, None, save=False, top=top), host, check=False)


class _Work:
    """One rollback that changes something. ``failed`` are containers and units that could not be brought back, with
    the reason; ``left`` paths that were left as they are.
    """

    def __init__(self, asked: Asked, wanted: Wanted, target: Target, looked: Looked, state: State, host: Host) -> None:
        self._asked = asked
        self._wanted = wanted
        self._target = target
        self._looked = looked
        self._state = state
        self._host = host
        self.failed: list[Json] = []
        self.left: list[Json] = []

    def run(self, point_fd: int, objects_fd: int) -> None:
        """Do all of it. Raises ActError, Unseen, OSError when files could not be brought back: those are as before."""
        point, looked = str(self._target.document["id"]), self._looked
        why = f"rollback to {point}: {self._asked.why}"
        with lock.held(self._state, self._asked.who, why) as held:
            refuse_unfinished(self._state)
            _still_there(point_fd, point)
            about = (point, self._target.level, self._asked.who, self._asked.why)
            concerned = self._target.concerned(looked.files, looked.outside)
            known = pending.find(self._state) is not None
            begun = pending.begin(self._state, about, self._target.running(), concerned)
            try:
                self._below_root(objects_fd, held)
            except (Refused, Moved, RolledBack):
                # Nothing was changed: what was not begun needs not be gone on with.
                if not known:
                    pending.end(self._state)
                raise
            self._files(looked.outside, objects_fd, self._wanted.top, held)
            if self._target.has_units() and begun.restart:
                self._unit({"name": "", "do": "daemon-reload"})
            self._containers(begun)
            if self._wanted.restart:
                for one in self._target.units(is_old(begun)):
                    self._unit(one)
            pending.end(self._state)

    def _below_root(self, objects_fd: int, held: lock.Held) -> None:
        """Switch back to the release that the point was made of, where the root is a link to another one; else bring
        the files back.
        """
        point, asked, way = str(self._target.document["id"]), self._asked, self._looked.files
        at = self._target.is_at
        back = switching.way(self._state, asked.root, point, at, self._host) if way.operations else None
        if back is None:
            self._files(way, objects_fd, asked.root, held)
            return
        self._files(Way(back.operations, [], []), objects_fd, back.above, held)
        # What is looked at from here on is the release that the root leads to now.
        now_fd = open_root(asked.root)
        os.dup2(now_fd, self._target.root_fd, inheritable=False)
        os.close(now_fd)

    def _files(self, way: Way, objects_fd: int, root: str, held: lock.Held) -> None:
        if not way.operations:
            return
        asked = self._asked
        about = {"id": self._target.document["id"], "kind": "rollback", "who": asked.who, "why": asked.why}
        operations = checked(way.operations)
        done = transaction.apply_locked(
            operations, [objects_fd], root, self._state, {**about, "run": asked.run}, self._host, held
        )
        prefix = "" if root == asked.root else "/"
        self.left += [{**one, "path": prefix + one["path"]} for one in done["left"]]

    def _containers(self, begun: Pending) -> None:
        replacing = self._target.replacing(begun.ran)
        if replacing is None:
            return
        steps = steps_of(replacing)
        replacing.prepare(steps)
        for step in steps:
            try:
                replacing.do(step)
            except PointError as error:
                self._failed(step.name, "container", error.reason)
            else:
                self._note({"what": "container brought back", "name": step.name, "do": step.how})

    def _unit(self, one: Json) -> None:
        try:
            systemctl.do(one["do"], one["name"] or None, min(_UNIT_S, max(self._host.time_left(), 1.0)))
        except StepFailed as error:
            self._failed(one["name"] or "systemd", "unit", error.reason)
        else:
            self._note({"what": "unit brought back", "name": one["name"], "do": one["do"]})

    def _failed(self, name: str, kind: str, reason: str) -> None:
        self.failed.append({"path": name, "kind": kind, "reason": reason})
        self._note({"what": "not brought back", "name": name, "kind": kind, "reason": reason})

    def _note(self, line: Json) -> None:
        # A log that cannot be written is no reason to leave containers stopped: what was done is told all the same.
        with contextlib.suppress(OSError):
            self._state.log({"who": self._asked.who, **line})


def _apart(target: Target) -> list[str]:
    """Return what is not as it was saved. What cannot be looked at again counts, and hides nothing of what was done."""
    try:
        return target.apart()
    except (PointError, Unseen, OSError) as error:
        reason = explain(error) if isinstance(error, OSError) else error.reason
        return [f"what cannot be looked at again ({reason})"]


def _save_present(asked: Asked, target: Target, fds: tuple[int, int], state: State, host: Host) -> str:
    """Make a point of what a rollback is about to replace, and return its id."""
    replaced = asked._replace(why=f"what the rollback to {target.document['id']} replaced")
    with lock.held(state, asked.who, replaced.why):
        refuse_unfinished(state)
        try:
            saved = saving.make_replaced(replaced, target.document, target.level, fds, host, target.top)
        except NoRoom as error:
            reason = (
                f"what is to be replaced cannot be saved first: {error.reason}; or go without (rollback_save: false)"
            )
            raise NoRoom(reason) from None
    return str(saved["id"])


def _finish(asked: Asked, state: State, check: bool) -> Json | None:
    """Finish a change that was interrupted, and return what was found; None when there was none."""
    if check and (journal.find(state) is not None or pending.find(state) is not None):
        raise Refused(
            "an earlier change was interrupted: nothing can be rehearsed before a rollback or a deploy has finished it"
        )
    if journal.find(state) is None:
        return None
    done: Json = recovery.recover(state, "auto", asked.who, "finish what was interrupted, before a rollback")
    # What it left in a repository besides is in nobody's way when it cannot be looked at.
    with contextlib.suppress(OSError, Unseen):
        sweep(asked.root)
    return done


def refuse_unfinished(state: State, also_rollback: bool = False) -> None:
    """Raise Refused when a change of files was interrupted, Unfinished when that was a rollback of more, if asked."""
    if journal.find(state) is not None:
        raise Refused("an earlier change was interrupted: a rollback or a deploy finishes it; then try again")
    if also_rollback:
        transaction.refuse_rollback(state)


def _still_there(point_fd: int, point: str) -> None:
    """Raise NoPoint when a point was removed after it was read back: only from here on the lock keeps it."""
    try:
        verify.load(point_fd, point)
    except Damaged:
        raise NoPoint(f"nothing was changed: the restore point {point} was removed meanwhile; pick another") from None


def _log(state: State, asked: Asked, what: str, told: Json) -> None:
    kept = {name: told[name] for name in ("point", "level", "files", "bytes", "saved", "at_point", "seconds")}
    try:
        state.log({"what": what, "who": asked.who, "why": asked.why, **kept})
    except OSError as error:
        # On a full disk, too, an operator is to know what was done, and where the state before is saved.
        told["notes"] = [*told["notes"], f"the log in {state.path} has no line of it: {explain(error)}"]


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 3)
