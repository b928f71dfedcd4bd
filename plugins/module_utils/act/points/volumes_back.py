# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes of a rollback, brought back while nothing uses them; and what was stopped for that, started again. Private to
the collection.
"""

from __future__ import annotations

import contextlib
import functools
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import journal
from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import Uncertain
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError, Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import pending, refilling, volumes
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.account import Account
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.files import Files
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import Container
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.pending import Pending
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.refilling import Refill
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.target import Target
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

# What it takes at most to start what was stopped, beyond the time limit if need be.
_BACK_S = 90.0


class VolumesBack:
    """The volumes that a rollback brings back: ``wanted`` are those that are not as they were saved."""

    def __init__(
        self, target: Target, wanted: t.Sequence[Refill], files: Files, state: State, host: Host, account: Account
    ) -> None:
        self._target = target
        self._wanted = wanted
        self._files = files
        self._state = state
        self._host = host
        self._account = account
        self._stopped: list[Container] = []
        self._refilled: list[str] = []
        self._refilling = ""

    def bring(self, begun: Pending) -> Pending:
        """Bring the volumes back, and return how far the rollback is then. Raises as a transaction of files does, and
        PointError, Unseen.
        """
        if not self._wanted:
            return begun
        names = [one.name for one in self._wanted]
        if begun.volumes is not None:
            # What a rollback that was interrupted brought back is as it was saved, or was used since.
            self._refilled += [name for name in self._target.volume_names() if name not in names]
        self._stop_users(names)
        # From here on some may be of another age than others: whoever goes on with this has to end it.
        begun = pending.note(self._state, begun, volumes=begun.volumes or [])
        for one in self._wanted:
            self._refilling = one.name
            self._refill(one)
            begun = pending.note(self._state, begun, volumes=[*(begun.volumes or []), one.name])
            self._account.note({"what": "volume brought back", "name": one.name})
        return begun

    def _stop_users(self, names: t.Sequence[str]) -> None:
        writer = self._target.engines().writer
        for container in reversed(self._target.users().to_stop(names)):
            self._stopped.insert(0, container)
            writer.stop(container.id, container.stop_grace)
        volumes.refuse_running(self._target.users(), names)

    def _refill(self, one: Refill) -> None:
        engines, host = self._target.engines(), self._host
        volume = refilling.made(one.saved, engines)
        # What ended just now may have written until then.
        way = refilling.look(one.saved, engines, host).way
        self._files.write(way, volume.folder, functools.partial(refilling.shown, volume.name))
        self._refilled.append(volume.name)
        self._account.apart += refilling.apart(one.saved, engines, host)
        # What watches over a container may take seconds to start it again.
        volumes.refuse_running(self._target.users(), [one.name])

    @contextlib.contextmanager
    def started_again(self, begun: Pending) -> t.Iterator[None]:
        """Start what was stopped for volumes at once when anything fails before it is started with the others; but
        nothing that would work on volumes of two ages.
        """
        try:
            yield
        except (ActError, Unseen, OSError) as error:
            if isinstance(error, Uncertain) and self._stopped:
                self._end(self._stopped[0])
            down, why = self._kept_down(begun)
            ran = [*(one.name for one in self._stopped), *(name for name, did in begun.ran.items() if did)]
            self._start_all(name for name in ran if name not in down)
            if self._account.failed or why:
                reason = explain(error) if isinstance(error, OSError) else error.reason
                first = f"the volume {self._refilling}: {reason}" if why else reason
                more = [f"{one['path']}: {one['reason']}" for one in self._account.failed]
                raise PointError("; ".join([first, *more, *([why] if why else [])])) from error
            raise

    def _kept_down(self, begun: Pending) -> tuple[list[str], str]:
        """Return which containers may not be started, as some of their volumes came back and others did not, or one
        in part; and a sentence about it. Both are empty where all volumes are of one age.
        """
        names = [one.name for one in self._wanted]
        partly = [self._refilling] if self._is_half() else []
        untouched = [name for name in names if name not in self._refilled + partly]
        if not partly and not (untouched and (self._refilled or begun.torn)):
            if untouched:
                # All are as they were, which the next try is to know.
                with contextlib.suppress(OSError):
                    pending.note(self._state, begun, volumes=None)
            return [], ""
        try:
            down = self._target.users().depending([*self._refilled, *names])
        except Unseen:
            # The engine does not answer just now: nothing may be started that was stopped for them.
            down = sorted({one.name for one in self._stopped})
        states = [(self._refilled, "as it was saved"), (partly, "partly so"), (untouched, "not")]
        ages = "; ".join(f"{', '.join(which)}: {state}" for which, state in states if which)
        why = (
            f"of the volumes that come back ({ages}) some are of another age than others, so what uses them stays "
            f"stopped: {', '.join(down)}. Repair what is in the way, then roll back again, which goes on with it and "
            "starts them; docker start starts them with the volumes as they are"
        )
        self._account.note({"what": "containers kept stopped", "names": down, "why": why})
        return down, why

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
        grace = one.stop_grace
        self._host.deadline = max(self._host.deadline, time.monotonic() + _BACK_S + (grace or 0.0))
        try:
            self._target.engines().writer.stop(one.id, grace)
        except (ActError, Unseen) as error:
            self._account.fail(one.name, "container", f"it may end after it was started again: {error.reason}")

    def start_besides(self, begun: Pending) -> None:
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
                self._account.fail(
                    name, "container", f"it was stopped for a volume, and does not start again: {error.reason}"
                )
            return False
        return True
