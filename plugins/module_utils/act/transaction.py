# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of files as one transaction: all of it happens, or nothing. Private to the collection.

Lock; look; journal ``begin``; prepare; look again; journal ``commit``; rename; journal ``done``; remove what was
replaced; close the journal. Each mark of the journal is on the disk before what follows it begins, so that a change
that was interrupted anywhere goes back before ``commit``, and forward after it (docs/changes.md).
"""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import checks, journal, journal_form, lock, steps
from ansible_collections.evenkeel.drift.plugins.module_utils.act.change import Change, Surprise
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import (
    Refused,
    RolledBack,
    Stuck,
    Unfinished,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.folders import Folders
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import Operation, checked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.journal import LABEL, files_in_place
from ansible_collections.evenkeel.drift.plugins.module_utils.act.staging import check_contents, prepare
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State, utc_now
from ansible_collections.evenkeel.drift.plugins.module_utils.act.taking import check_again, take_all
from ansible_collections.evenkeel.drift.plugins.module_utils.act.tidying import tidy_all
from ansible_collections.evenkeel.drift.plugins.module_utils.act.undoing import undo_all
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_root
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain

Json = t.Dict[str, t.Any]

_HOW = "deploy or roll back, or run apply_plan with state: recovered"
_FAILURES = (OSError, Unseen, Surprise, Refused)


def apply(
    operations: t.Any,
    sources: t.Sequence[int] | None,
    root: str,
    state: State | None,
    about: t.Mapping[str, t.Any],
    host: Host,
    check: bool = False,
) -> Json:
    """Apply operations (``operations.py``) below ``root``, an absolute path.

    ``sources`` are descriptors of directories of contents, each named by its SHA-256 (None: with ``check``, when they
    are elsewhere). ``about`` has ``id``, ``kind``, ``who``, ``why`` and ``run``, for the lock, the journal and the log.
    With ``check`` all is looked at and nothing is touched; only then may ``state`` be None, when there is none yet. The
    time limit of ``host`` holds until the new files begin to take their places.

    Returns ``{changed: [path], unchanged: [path], left: [{path, reason}], warnings: [text], bytes, seconds}``, the
    bytes being those of new files. Raises BadOperations, and an ActError: Refused, Moved, Busy and Unfinished when
    nothing was touched, RolledBack when all is as it was, Stuck when a recovery has to end it.
    """
    began = time.monotonic()
    wanted = checked(operations)
    if state is None or check:
        with _Root(root, state) as folders:
            if state is not None:
                refuse_unfinished(state)
            made = _look(folders, wanted, sources, host)
            return _told(made, Change(folders, made, "check"), began)
    with lock.held(state, str(about.get("who")), str(about.get("why"))) as held:
        refuse_unfinished(state)
        return apply_locked(wanted, sources or (), root, state, about, host, held)


def apply_locked(
    wanted: t.Sequence[Operation],
    sources: t.Sequence[int],
    root: str,
    state: State,
    about: t.Mapping[str, t.Any],
    host: Host,
    held: lock.Held,
) -> Json:
    """Apply operations that were checked, as :func:`apply` does, by who holds the lock and has found no journal."""
    began = time.monotonic()
    with _Root(root, state) as folders:
        made = _look(folders, wanted, sources, host)
        change = Change(folders, made, os.urandom(4).hex())
        change.warnings += lock.taken_over(held)
        if not all(steps.is_idle(step) for step in made):
            _transact(change, sources, state, root, about, host)
        return _told(made, change, began)


def refuse_unfinished(state: State) -> None:
    """Raise Unfinished when a change of this state directory was interrupted."""
    found = journal.find(state)
    if found is not None:
        summary = found.summary()
        raise Unfinished(
            f"an earlier change was interrupted: {summary['why']}, by {summary['who']}, of {summary['started']}, "
            f"{summary['paths']} paths below {summary['root']}. It has to be finished first: {_HOW}",
            summary,
        )
    refuse_rollback(state)


def refuse_rollback(state: State) -> None:
    """Raise Unfinished when a rollback was interrupted between its files and what follows them."""
    try:
        left = state.read(journal_form.ROLLBACK)
    except (Unseen, ValueError):
        left = {}
    if left is not None:
        told = left if isinstance(left, dict) else {}
        about = {key: str(told.get(key) or "") for key in ("who", "why", "started")}
        raise Unfinished(
            f"a rollback to {told.get('point', 'a restore point')} was interrupted: {about['why']}, by {about['who']}, "
            f"of {about['started']}. It has to be finished first: roll back again, and it is gone on with",
            {**about, "kind": "rollback", "id": told.get("point"), "paths": 0},
        )


class _Root(Folders):
    """The directories below a root, opened by its path."""

    def __init__(self, root: str, state: State | None) -> None:
        try:
            fd = open_root(root)
        except Unseen as unseen:
            raise Refused(unseen.reason) from None
        barred = []
        if state is not None:
            seen = os.fstat(state.fd)
            barred.append((seen.st_dev, seen.st_ino))
        super().__init__(fd, barred)
        os.close(fd)


def open_folders(root: str, state: State | None) -> Folders:
    """Return the directories below a root; the state directory is none of them. Raises Refused."""
    return _Root(root, state)


def _look(
    folders: Folders, wanted: t.Sequence[Operation], sources: t.Sequence[int] | None, host: Host
) -> list[steps.Step]:
    """Look at everything, and return the steps. Raises Refused, Moved."""
    entries = checks.look_at_all(folders, wanted, host)

    def owner_of(folder: str) -> steps.Owner:
        try:
            seen = os.fstat(folders.fd(folder))
        except (OSError, Unseen) as error:
            raise Refused(f"the directory {folder} cannot be opened: {checks.said(error)}") from error
        return (seen.st_uid, seen.st_gid)

    made = steps.make(wanted, entries, owner_of)
    checks.check_moved(wanted, made, entries)
    checks.find_staying(folders, made)
    checks.check_possible(folders, made, entries)
    if sources is not None:
        check_contents(folders, made, sources)
    return made


def _transact(
    change: Change, sources: t.Sequence[int], state: State, root: str, about: t.Mapping[str, t.Any], host: Host
) -> None:
    document = {
        "id": change.journal_id,
        "about": dict(about),
        # A link on the way to the root may lead elsewhere by the time that a recovery follows it.
        "root": os.path.realpath(root),
        "started": utc_now(),
        "steps": list(change.steps),
        "folders": _mtimes(change),
    }
    open_journal = journal.Journal(state, document)
    try:
        note(open_journal, "begins")
    except OSError as error:
        raise Refused(f"the log in {state.path} cannot be written: {explain(error)}") from error
    try:
        open_journal.write()
        prepare(change, sources, host)
        seen = check_again(change)
        open_journal.advance(journal.COMMIT)
        take_all(change, seen)
        open_journal.advance(journal.DONE)
    except _FAILURES as error:
        raise _gone_back(change, open_journal, error) from error
    finish(change, open_journal)


def _gone_back(change: Change, open_journal: journal.Journal, error: BaseException) -> RolledBack:
    """Undo everything after a failure, and return what is to be raised."""
    path, reason = change.at, _sentence(change.at, error)
    go_back(change, open_journal, reason)
    return RolledBack(reason, path, change.left)


def go_back(change: Change, open_journal: journal.Journal, why: str) -> None:
    """Undo a change however far it came, and close its journal. Raises Stuck."""
    taken = open_journal.phase != journal.BEGIN
    try:
        if open_journal.phase not in (journal.BEGIN, journal.BACK):
            open_journal.advance(journal.BACK)
        undo_all(change, taken, open_journal.document["folders"])
        open_journal.close()
    except _FAILURES as error:
        reason = f"{why}; going back failed as well: {_sentence(change.at, error)}: when its cause is gone, {_HOW}"
        raise Stuck(reason, change.at) from error
    _note_end(change, open_journal, "went back", why)


def finish(change: Change, open_journal: journal.Journal) -> None:
    """Clean up after a change that is in place, and close its journal. Raises Stuck."""
    try:
        tidy_all(change)
        files_in_place(open_journal.state, open_journal.document["about"].get(LABEL))
        open_journal.close()
    except _FAILURES as error:
        reason = (
            f"the change is in place, and cleaning up after it failed: {_sentence(change.at, error)}: "
            f"when its cause is gone, {_HOW}"
        )
        raise Stuck(reason, change.at) from error
    _note_end(change, open_journal, "is in place", "")


def note(open_journal: journal.Journal, what: str, **more: t.Any) -> None:
    """Add a line to the log of the state directory. Raises OSError."""
    summary = open_journal.summary()
    told = {key: summary[key] for key in ("journal", "kind", "who", "why", "run", "id", "root", "paths")}
    open_journal.state.log({"what": what, **told, "point": open_journal.document["about"].get("point"), **more})


def _note_end(change: Change, open_journal: journal.Journal, what: str, reason: str) -> None:
    try:
        note(open_journal, what, reason=reason, left=len(change.left), at_s=round(time.time(), 6))
    except OSError as error:
        change.warnings.append(f"the log in {open_journal.state.path} has no line of the end: {explain(error)}")


def _sentence(path: str, error: BaseException) -> str:
    if isinstance(error, Surprise):
        return str(error)
    reason = checks.said(error) if isinstance(error, (OSError, Unseen, Refused)) else str(error)
    return f"{path or 'the journal'}: {reason}"


def _mtimes(change: Change) -> dict[str, int]:
    """Return the times of the directories that the change works in: going back gives them these again."""
    folders = set(change.folders_touched())
    folders |= {
        step["path"] for step in change.acting() if step["old"]["type"] == "directory" and step["how"] != "swap"
    }
    return {folder: os.fstat(change.folders.fd(folder)).st_mtime_ns for folder in sorted(folders)}


def _told(made: t.Sequence[steps.Step], change: Change, began: float) -> Json:
    for step in made:
        if step["how"] == "stays":
            change.leave(step, "it is not empty: it holds what is no part of the change")
    left = {item["path"] for item in change.left}
    changed = [step for step in made if not steps.is_idle(step) and step["path"] not in left]
    return {
        "changed": sorted(step["path"] for step in changed),
        "unchanged": sorted(step["path"] for step in made if step["how"] == "none"),
        "left": sorted(change.left, key=lambda item: item["path"]),
        "warnings": change.warnings,
        "bytes": sum(step["new"].get("size") or 0 for step in changed if step["how"] in (*steps.PREPARED, "inner")),
        "seconds": round(time.monotonic() - began, 3),
    }
