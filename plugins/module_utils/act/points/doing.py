# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a rollback that changes something. Private to the collection.

Files below the root change, then those outside of it, each as one transaction; containers, one after the other; units.
Everything after the files asks first how things are, so that it can be done again after a crash.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import lock
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Moved, Refused, RolledBack
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import pending, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.account import Account
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, NoPoint, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.files import Files
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.looking import Looked, Wanted, is_old
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.pending import Pending
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.target import Target, steps_of
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.unfinished import refuse_unfinished
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.volumes_back import VolumesBack
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import journal as service_journal
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import systemctl
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.journal import Record
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.order import APART_S

_UNIT_S = 90.0

Json = t.Dict[str, t.Any]


class Work:
    """One rollback that changes something; ``account`` is what came of it."""

    def __init__(self, asked: Asked, wanted: Wanted, target: Target, looked: Looked, state: State, host: Host) -> None:
        self._asked = asked
        self._wanted = wanted
        self._target = target
        self._looked = looked
        self._state = state
        self._host = host
        self.account = Account(state, asked.who)

    def run(self, point_fd: int, objects_fd: int, restarts: bool) -> None:
        """Do all of it; ``restarts`` is what was asked for of units, for who goes on with it.

        Raises ActError, Unseen, OSError when files could not be brought back: those are as before.
        """
        point = str(self._target.document["id"])
        why = f"rollback to {point}: {self._asked.why}"
        with lock.held(self._state, self._asked.who, why) as held:
            refuse_unfinished(self._state)
            _still_there(point_fd, point)
            files = Files(self._asked, self._target, objects_fd, self._state, held, self._host, self.account)
            begun = self._begin(files, why, restarts)
            files.write(self._looked.outside, self._wanted.top, "/{}".format)
            self._follow(files, begun)
            # Where no file had to change nothing told the services so far which way they go; and from the next line on
            # whoever finishes this knows them alone.
            service_journal.turned(self._state)
            pending.end(self._state)

    def _begin(self, files: Files, why: str, restarts: bool) -> Pending:
        """Write down what is about to be done, and bring the files below the root back. Raises as :meth:`run`."""
        point, looked = str(self._target.document["id"]), self._looked
        about = (point, self._target.level, self._asked.who, self._asked.why)
        concerned = self._target.concerned(looked.files, looked.outside)
        known = pending.find(self._state) is not None
        ran, tags = self._target.running(looked.volumes), self._target.tags()
        change = self._note_change(point, why)
        begun = pending.begin(self._state, about, ran, concerned, restarts, tags)
        try:
            files.below_root(looked.files)
        except (Refused, Moved, RolledBack):
            # Nothing was changed: what was not begun needs not be gone on with.
            if not known:
                pending.end(self._state)
                if change is not None:
                    change.close()
            raise
        return begun

    def _follow(self, files: Files, begun: Pending) -> None:
        """Let what runs follow the files."""
        if self._looked.files.operations or self._looked.outside.operations:
            # What is started now was started after the files, and by the times of both that can be told.
            time.sleep(APART_S)
        back = VolumesBack(self._target, self._looked.volumes, files, self._state, self._host, self.account)
        with back.started_again(begun):
            begun = back.bring(begun)
            begun = pending.note(self._state, begun, files=True, torn=False)
            if self._target.has_units() and begun.restart:
                self._unit({"name": "", "do": "daemon-reload"})
            self._containers(begun)
            back.start_besides(begun)
        if self._wanted.restart:
            units = self._target.units(is_old(begun))
            if not self._target.has_units() and any(self._is_own(one["name"]) for one in units):
                # systemd says nothing of a file that is older than the one that it has read.
                self._unit({"name": "", "do": "daemon-reload"})
            for one in units:
                self._unit(one)

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
                self.account.fail(step.name, "container", error.reason)
            else:
                self.account.note({"what": "container brought back", "name": step.name, "do": step.how})
        if self.account.failed:
            for name, reason in self._target.put_tags_back(begun.tags or {}):
                self.account.fail(name, "name of an image", f"it stands for the image of the point: {reason}")

    def _unit(self, one: Json) -> None:
        try:
            systemctl.do(one["do"], one["name"] or None, min(_UNIT_S, max(self._host.time_left(), 1.0)))
        except StepFailed as error:
            self.account.fail(one["name"] or "systemd", "unit", error.reason)
        else:
            self.account.note({"what": "unit brought back", "name": one["name"], "do": one["do"]})

    def _is_own(self, unit: str) -> bool:
        """Return whether a file of a unit lies below the root. What cannot be seen is told when the unit is started."""
        try:
            return systemctl.look(unit).has_files_in(self._asked.root)
        except Unseen:
            return False


def _still_there(point_fd: int, point: str) -> None:
    """Raise NoPoint when a point was removed after it was read back: only from here on the lock keeps it."""
    try:
        verify.load(point_fd, point)
    except Damaged:
        raise NoPoint(f"nothing was changed: the restore point {point} was removed meanwhile; pick another") from None
