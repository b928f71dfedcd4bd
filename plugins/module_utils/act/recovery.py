# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finishing a change that was interrupted, forward or back. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import journal, lock
from ansible_collections.evenkeel.drift.plugins.module_utils.act.change import Change, Surprise
from ansible_collections.evenkeel.drift.plugins.module_utils.act.checks import said
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import journal as services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.act.steps import is_idle
from ansible_collections.evenkeel.drift.plugins.module_utils.act.taking import take_all
from ansible_collections.evenkeel.drift.plugins.module_utils.act.transaction import (
    finish,
    go_back,
    open_folders,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

MAX_TRIES = 5
"""A recovery that never ended so often does not begin again by itself."""

Json = t.Dict[str, t.Any]

NOTHING: t.Mapping[str, t.Any] = {
    "found": None,
    "direction": "none",
    "paths": [],
    "left": [],
    "reason": "",
    "warnings": [],
}
"""What a recovery returns that has nothing to do."""


def recover(state: State, direction: str = "auto", who: str = "", why: str = "recover") -> Json:
    """Finish the change of a state directory that was interrupted.

    ``direction`` is ``auto`` (back before its ``commit``, forward after it), ``back`` or ``forward``. A change can go
    forward only after ``commit``, and back only until what it replaced begins to be removed; where it cannot go as it
    is told, it goes the other way, and says so.

    Returns ``{found: null | summary of the journal, direction: back|forward|none, paths: [path], left: [{path,
    reason}], reason}``. Raises Busy, Refused, Stuck.
    """
    with lock.held(state, who, why):
        services.refuse_hook(state)
        open_journal = journal.find(state)
        if open_journal is None:
            return dict(NOTHING)
        summary = open_journal.summary()
        if direction == "auto" and open_journal.tries >= MAX_TRIES:
            raise Refused(
                f"{open_journal.tries} recoveries of the change of {summary['started']} began and none ended: "
                "look at docs/changes.md, then say direction: back or forward"
            )
        document = open_journal.document
        with open_folders(document["root"], state) as folders:
            change = Change(folders, document["steps"], document["id"])
            went, reason = _recover(change, open_journal, direction)
        return {
            "found": summary,
            "direction": went,
            "paths": sorted(step["path"] for step in change.steps if not is_idle(step)),
            "left": sorted(change.left, key=lambda item: item["path"]),
            "reason": reason,
            "warnings": change.warnings,
        }


def look(state: State | None) -> Json:
    """Return what :func:`recover` would find, and the way that it would go by itself; nothing is touched.

    Raises OSError, Refused.
    """
    open_journal = journal.find(state) if state is not None else None
    if open_journal is None:
        return {**NOTHING, **_services(state)}
    forward = open_journal.phase in (journal.COMMIT, journal.DONE)
    steps = open_journal.document["steps"]
    return {
        **NOTHING,
        "found": open_journal.summary(),
        "direction": "forward" if forward else "back",
        "paths": sorted(step["path"] for step in steps if not is_idle(step)),
    }


def _services(state: State | None) -> Json:
    """Return what a recovery would find of services, where the files need none."""
    record = services.find(state) if state is not None else None
    if record is None or record.phase == services.PENDING or record.is_unbegun:
        return {}
    return {"found": record.summary(), "direction": record.direction}


def _recover(change: Change, open_journal: journal.Journal, direction: str) -> tuple[str, str]:
    phase = open_journal.phase
    try:
        open_journal.advance(phase, tries=open_journal.tries + 1)
    except OSError as error:
        raise Refused(f"the journal cannot be marked: {said(error)}") from error
    if phase == journal.DONE:
        finish(change, open_journal)
        return "forward", "it was in place already, and cannot go back by itself" if direction == "back" else ""
    if phase == journal.COMMIT and direction != "back":
        try:
            take_all(change, None)
            open_journal.advance(journal.DONE)
        except (OSError, Unseen, Surprise, Refused) as error:
            reason = str(error) if isinstance(error, Surprise) else f"{change.at}: {said(error)}"
            go_back(change, open_journal, reason)
            return "back", f"it could not go forward: {reason}"
        finish(change, open_journal)
        return "forward", ""
    go_back(change, open_journal, "it was interrupted")
    forward = direction == "forward"
    return "back", "it had not come far enough to go forward" if forward else ""
