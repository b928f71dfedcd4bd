# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a rollback that changes something. Private to the collection.

Files below the root change, then those outside of it, each as one transaction; containers, one after the other; units.
Everything after the files asks first how things are, so that it can be done again after a crash.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import journal, lock, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import Uncertain
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError, Moved, Refused, RolledBack
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.keeping_out import kept_out
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import checked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import pending, refilling, verify, volumes
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, NoPoint, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Container
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.looking import Looked, Wanted, is_old
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.pending import Pending
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.restore import Way
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.stopping import stop_grace
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.target import Target, steps_of
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.unfinished import refuse_unfinished
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release import back as switching
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import journal as service_journal
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import systemctl
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.journal import Record
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_root
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

_UNIT_S = 90.0
# What it takes at most to start what was stopped, beyond the time limit if need be.
_BACK_S = 90.0

Json = t.Dict[str, t.Any]


class Work:
    """One rollback that changes something. ``failed`` are containers and units that could not be brought back, with
    the reason; ``left`` paths that were left as they are; ``apart`` what of volumes is not as it was saved.
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
        self.apart: list[str] = []
        self._refilled: list[str] = []
        self._refilling = ""

    def run(self, point_fd: int, objects_fd: int, restarts: bool) -> None:
        """Do all of it; ``restarts`` is what was asked for of units, for who goes on with it.

        Raises ActError, Unseen, OSError when files could not be brought back: those are as before.
        """
        point, looked = str(self._target.document["id"]), self._looked
        why = f"rollback to {point}: {self._asked.why}"
        with lock.held(self._state, self._asked.who, why) as held:
            refuse_unfinished(self._state)
            _still_there(point_fd, point)
            about = (point, self._target.level, self._asked.who, self._asked.why)
            concerned = self._target.concerned(looked.files, looked.outside)
            known = pending.find(self._state) is not None
            ran, tags = self._target.running(looked.volumes), self._target.tags()
            change = self._note_change(point, why)
            begun = pending.begin(self._state, about, ran, concerned, restarts, tags)
            try:
                self._below_root(objects_fd, held)
            except (Refused, Moved, RolledBack):
                # Nothing was changed: what was not begun needs not be gone on with.
                if not known:
                    pending.end(self._state)
                    if change is not None:
                        change.close()
                raise
            self._files(looked.outside, objects_fd, self._wanted.top, held, "/{}".format)
            stopped: list[Container] = []
            with self._started_again(begun, stopped):
                begun = self._volumes(begun, stopped, objects_fd, held)
                begun = pending.note(self._state, begun, files=True, torn=False)
                if self._target.has_units() and begun.restart:
                    self._unit({"name": "", "do": "daemon-reload"})
                self._containers(begun)
                self._start_besides(begun)
            if self._wanted.restart:
                for one in self._target.units(is_old(begun)):
                    self._unit(one)
            # Where no file had to change nothing told the services so far which way they go; and from the next line on
            # whoever finishes this knows them alone.
            service_journal.turned(self._state)
            pending.end(self._state)

    def _note_change(self, point: str, why: str) -> Record | None:
        """Write down what the change brought along that is taken back, before its files are; None where that is known
        already, or is nothing.
        """
        if self._wanted.change is None or service_journal.find(self._state) is not None:
            return None
        about = {"kind": service_journal.WAY_BACK, "who": self._asked.who, "why": why}
        about.update(run=self._asked.run, point=point)
        change = self._wanted.change
        given = change.limit_s, change.actions, change.hooks
        record = service_journal.of_a_change(self._state, about, self._asked.root, *given)
        if not record.needed():
            return None
        record.write()
        return record

    def _below_root(self, objects_fd: int, held: lock.Held) -> None:
        """Switch back to the release that the point was made of, where the root is a link to another one; else bring
        the files back.
        """
        way = self._looked.files
        with kept_out(self._asked.root, [one["path"] for one in way.operations], self._host):
            self._switch_or_write(way, objects_fd, held)

    def _switch_or_write(self, way: Way, objects_fd: int, held: lock.Held) -> None:
        point, asked, at = str(self._target.document["id"]), self._asked, self._target.is_at
        back = switching.way(self._state, asked.root, point, at, self._host) if way.operations else None
        if back is None:
            self._files(way, objects_fd, asked.root, held)
            return
        self._files(Way(back.operations, [], []), objects_fd, back.above, held)
        # What is looked at from here on is the release that the root leads to now.
        now_fd = open_root(asked.root)
        os.dup2(now_fd, self._target.root_fd, inheritable=False)
        os.close(now_fd)

    def _files(
        self, way: Way, objects_fd: int, root: str, held: lock.Held, shown: t.Callable[[str], str] = str
    ) -> None:
        if not way.operations:
            return
        asked = self._asked
        about = {"id": self._target.document["id"], "kind": "rollback", "who": asked.who, "why": asked.why}
        operations = checked(way.operations)
        done = transaction.apply_locked(
            operations, [objects_fd], root, self._state, {**about, "run": asked.run}, self._host, held
        )
        self.left += [{**one, "path": shown(one["path"])} for one in done["left"]]

    def _volumes(self, begun: Pending, stopped: list[Container], objects_fd: int, held: lock.Held) -> Pending:
        """Bring volumes back, while no container uses them; what is stopped for it is added to ``stopped``."""
        wanted = self._looked.volumes
        if not wanted:
            return begun
        if begun.volumes is not None:
            # What a rollback that was interrupted brought back is as it was saved, or was used since.
            left = [one.name for one in wanted]
            self._refilled += [name for name in self._target.volume_names() if name not in left]
        engines, host = self._target.engines(), self._host
        for container in reversed(self._target.users().to_stop([one.name for one in wanted])):
            stopped.insert(0, container)
            engines.writer.stop(container.id, stop_grace(container))
        volumes.refuse_running(self._target.users(), [one.name for one in wanted])
        # From here on some may be of another age than others: whoever goes on with this has to end it.
        begun = pending.note(self._state, begun, volumes=begun.volumes or [])
        for one in wanted:
            self._refilling = one.name
            volume = refilling.made(one.saved, engines)
            # What ended just now may have written until then.
            way = refilling.look(one.saved, engines, host).way
            self._files(way, objects_fd, volume.folder, held, functools.partial(refilling.shown, volume.name))
            self._refilled.append(volume.name)
            self.apart += refilling.apart(one.saved, engines, host)
            # What watches over a container may take seconds to start it again.
            volumes.refuse_running(self._target.users(), [one.name])
            begun = pending.note(self._state, begun, volumes=[*(begun.volumes or []), volume.name])
            self._note({"what": "volume brought back", "name": volume.name})
        return begun

    @contextlib.contextmanager
    def _started_again(self, begun: Pending, stopped: t.Sequence[Container]) -> t.Iterator[None]:
        """Start what was stopped for volumes at once when anything fails before it is started with the others; but
        nothing that would work on volumes of two ages.
        """
        try:
            yield
        except (ActError, Unseen, OSError) as error:
            if isinstance(error, Uncertain) and stopped:
                self._end(stopped[0])
            down, why = self._kept_down(begun, stopped)
            ran = [*(one.name for one in stopped), *(name for name, did in begun.ran.items() if did)]
            self._start_all(name for name in ran if name not in down)
            if self.failed or why:
                reason = explain(error) if isinstance(error, OSError) else error.reason
                more = [f"{one['path']}: {one['reason']}" for one in self.failed]
                where = [f"the volume {self._refilling}: {reason}"] if why else [reason]
                raise PointError("; ".join([*where, *more, *why])) from error
            raise

    def _kept_down(self, begun: Pending, stopped: t.Sequence[Container]) -> tuple[list[str], list[str]]:
        """Return which containers may not be started, as some of their volumes came back and others did not, or one
        in part; and a sentence about it. Both are empty where all volumes are of one age.
        """
        names = [one.name for one in self._looked.volumes]
        half = self._is_half()
        new = [name for name in names if name not in self._refilled and not (half and name == self._refilling)]
        if not half and not (new and (self._refilled or begun.torn)):
            if new:
                # All are as they were, which the next try is to know.
                with contextlib.suppress(OSError):
                    pending.note(self._state, begun, volumes=None)
            return [], []
        known = [*self._refilled, *names]
        try:
            down = self._target.users().depending(known)
        except Unseen:
            # The engine does not answer just now: nothing may be started that was stopped for them.
            down = sorted({one.name for one in stopped})
        states = [(self._refilled, "as it was saved"), ([self._refilling] * half, "partly so"), (new, "not")]
        ages = "; ".join(f"{', '.join(which)}: {state}" for which, state in states if which)
        why = (
            f"of the volumes that come back ({ages}) some are of another age than others, so what uses them stays "
            f"stopped: {', '.join(down)}. Repair what is in the way, then roll back again, which goes on with it and "
            "starts them; docker start starts them with the volumes as they are"
        )
        self._note({"what": "containers kept stopped", "names": down, "why": why})
        return down, [why]

    def _is_half(self) -> bool:
        """Return whether a volume may be neither as before nor as it was saved: its change is stuck."""
        if not self._refilling or self._refilling in self._refilled:
            return False
        try:
            return journal.find(self._state) is not None
        except (Refused, OSError):
            return True

    def _end(self, one: Container) -> None:
        """Wait for a stop whose answer did not come: it goes on, and what is started before its end is ended by it."""
        grace = stop_grace(one)
        self._host.deadline = max(self._host.deadline, time.monotonic() + _BACK_S + (grace or 0.0))
        try:
            self._target.engines().writer.stop(one.id, grace)
        except (ActError, Unseen) as error:
            self._failed(one.name, "container", f"it may end after it was started again: {error.reason}")

    def _start_besides(self, begun: Pending) -> None:
        """Start the containers again that the level does not bring back, and that were stopped for a volume."""
        self._start_all(self._target.started_besides(begun.ran))

    def _start_all(self, names: t.Iterable[str]) -> None:
        # That the time is up is no reason to leave stopped what was stopped for this.
        self._host.deadline = max(self._host.deadline, time.monotonic() + _BACK_S)
        left = list(dict.fromkeys(names))
        # One that shares the network of another starts after that one: it is tried again.
        for again in (True, False):
            left = [name for name in left if not self._started(name, again)]

    def _started(self, name: str, again: bool) -> bool:
        try:
            self._target.engines().writer.start(name)
        except NotFound:
            # Somebody has taken it away meanwhile.
            return True
        except (ActError, Unseen) as error:
            if not again:
                self._failed(
                    name, "container", f"it was stopped for a volume, and does not start again: {error.reason}"
                )
            return False
        return True

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
        if self.failed:
            for name, reason in self._target.put_tags_back(begun.tags or {}):
                self._failed(name, "name of an image", f"it stands for the image of the point: {reason}")

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


def _still_there(point_fd: int, point: str) -> None:
    """Raise NoPoint when a point was removed after it was read back: only from here on the lock keeps it."""
    try:
        verify.load(point_fd, point)
    except Damaged:
        raise NoPoint(f"nothing was changed: the restore point {point} was removed meanwhile; pick another") from None
