# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that are stopped while volumes are copied, and started again whatever happens. Private to the collection.

``stopped.json`` in the state directory names them before the first one is stopped: when the process is killed, the next
backup, rollback or deploy starts them.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs, journal_form
from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import Uncertain
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError, Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import volumes
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.inventory import (
    Asked,
    Container,
    Engines,
    opened,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State, utc_now
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

NAME = journal_form.STOPPED
# What it takes at most to start what was stopped, beyond the time limit if need be.
_BACK_S = 90.0

Json = t.Dict[str, t.Any]


@contextlib.contextmanager
def stopped(
    containers: t.Sequence[Container], engines: Engines, state: State, why: str, host: Host
) -> t.Iterator[None]:
    """Stop containers, the last first, and start them again afterwards, the first first.

    Raises PointError when one is paused or would vanish by that, or does not start again; ActError and Unseen of the
    engine.
    """
    refused = volumes.not_to_stop(containers)
    if refused:
        raise PointError(refused[0])
    if not containers:
        yield
        return
    named = [{"id": one.id, "name": one.name} for one in containers]
    document = {"why": why, "started": utc_now(), "socket": engines.engine.socket, "containers": named}
    state.write(NAME, document)
    asked: list[Container] = []
    try:
        for one in reversed(containers):
            asked.append(one)
            engines.writer.stop(one.id, one.stop_grace)
        yield
    except (ActError, Unseen, OSError) as error:
        try:
            _start(document, engines, state, host, asked[-1] if isinstance(error, Uncertain) and asked else None)
        except PointError as second:
            first = explain(error) if isinstance(error, OSError) else error.reason
            raise PointError(f"{first}; and {second.reason}") from error
        raise
    _start(document, engines, state, host)


def find(state: State) -> Json | None:
    """Return what was stopped and not started again, None when nothing was. Raises OSError, Refused."""
    try:
        found = state.read(NAME)
        if found is None:
            return None
        return {
            **{key: str(found[key]) for key in ("why", "started", "socket")},
            "containers": [{key: str(one[key]) for key in ("id", "name")} for one in found["containers"]],
        }
    except (Unseen, ValueError, TypeError, KeyError):
        raise Refused(
            f"{state.path}/{NAME} cannot be read: it names the containers that were stopped while volumes were copied; "
            "start those that do not run, then remove it"
        ) from None


def resume(state: State, host: Host) -> list[str]:
    """Start what an interrupted backup left stopped, and return the names. Whoever asks this holds the lock.

    Raises PointError, Refused, Unseen, OSError.
    """
    document = find(state)
    if document is None:
        return []
    _start(document, opened(Asked((), (), document["socket"]), host), state, host)
    return [one["name"] for one in document["containers"]]


def _start(document: Json, engines: Engines, state: State, host: Host, ending: Container | None = None) -> None:
    """Start what was stopped; ``ending`` is one that may be about to end."""
    # That the time is up is no reason to leave stopped what was stopped for this.
    deadline, grace = host.deadline, 0.0 if ending is None else ending.stop_grace or 0.0
    host.deadline = max(deadline, time.monotonic() + _BACK_S + grace)
    failed = []
    try:
        for one in document["containers"]:
            try:
                if ending is not None and one["id"] == ending.id:
                    # Its stop goes on: what is started before its end is ended by it.
                    engines.writer.stop(ending.id, ending.stop_grace)
                engines.writer.start(one["id"])
            except NotFound:
                # Somebody has taken it away meanwhile.
                continue
            except (ActError, Unseen) as error:
                failed.append(f"{one['name']}: {error.reason}")
    finally:
        host.deadline = deadline
    if failed:
        raise PointError(
            f"what was stopped while volumes were copied does not start again: {'; '.join(failed)}; start it by hand, "
            "or make another restore point, which tries again"
        )
    fs.unlink(state.fd, NAME)
    fs.sync_directory(state.fd)
