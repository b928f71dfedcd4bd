# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the last change of a host came into place, the last of each tree, and which deploy it was: from its log and its
closed journals.

Private to the collection. Nothing is guessed: a change whose end the log does not tell leaves the time unknown.
"""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import journal_form
from ansible_collections.evenkeel.drift.plugins.module_utils.act.reading import LOG
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import change_trees
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.change_starts import (
    FORWARD,
    IN_PLACE,
    STEP_BEGINS,
    STEP_DONE,
    epoch,
    moment_of,
    starts,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_file
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

_TAIL = 4 << 20
_ENDS = (IN_PLACE, "went back")
_BEGINS, _REHEARSED = "begins", "rollback rehearsed"
_ROLLBACK, _ROLLED_BACK = "rollback", "rolled back"
_STEP_FAILED, _RELOAD = "step failed", "reload"
_DEPLOY = "sync"
_HOOK, _BEFORE_CHANGE = "hook", "before_change"
_MOST_RELOADS = 200
# What tells of the end of something that changed the host, or of how far it came.
_TELLS = (*_ENDS, STEP_BEGINS, STEP_DONE, _STEP_FAILED, _ROLLED_BACK)

Json = t.Dict[str, t.Any]


def last_changes(dir_fd: int, trees: t.Mapping[str, str], host: Host) -> Json:
    """Return ``{last: null|Change, last_reason, starts, deployed, rehearsed, reloads, trees, taken_back}`` of an open
    state directory; the last two are of ``change_trees.py``.

    ``trees`` are paths below the host's root, by name. Change is ``{time, time_s, kind, who, why, run, journal}``, and
    null where no change is recorded. ``last`` of a rollback has the time at which what runs was back as well: until
    then programs wrote to their logs that had been started with what it took back. ``reloads`` are the files that a
    unit has read again by a reload of a deploy, ``[{unit, path, time, time_s}]``, the newest of each. ``starts`` is of
    ``change_starts.py``. Raises OSError, Unseen.
    """
    lines = _lines(dir_fd)
    reloads = _reloads(lines)
    placed, reason = _placed(lines, _known(dir_fd))
    last = _ended(placed[0], lines) if placed and not reason else None
    return {
        "last": last and {key: value for key, value in last.items() if key != change_trees.EXACT},
        "last_reason": reason or ("" if last else "no change of this application is recorded on this host"),
        "starts": starts([] if reason else lines),
        "deployed": None if reason else _deployed(lines),
        "rehearsed": _rehearsed(lines),
        "reloads": reloads,
        **change_trees.changes(dir_fd, (placed, reason, _stirred(lines)), trees, host, _reread(reloads, host)),
    }


def _deployed(lines: t.Sequence[Json]) -> Json | None:
    """Return the deploy that was the last to change anything, ``{run, id, point, steps: [{kind, path, do}]}``; null
    where that was something else, or it came to nothing. A step on what was not well before says how ``ill`` that was.

    The steps are those that it began to bring along what runs, in their order. Where it is open no more, each of them
    came to its end: one that was killed, and found well when it was gone on with, has no line of that.
    """
    telling = [entry for entry in lines if entry.get("what") in _TELLS]
    if not telling or not (_is_step(telling[0]) or _is_files(telling[0])):
        return None
    newest = {key: _text(telling[0].get(key)) for key in ("run", "id", "point")}
    steps: dict[tuple[str, ...], Json] = {}
    for entry in telling:
        if not _is_step(entry) and entry["what"] != _STEP_FAILED:
            break
        if any(_text(entry.get(key)) != newest[key] for key in ("run", "id")):
            break
        step = {key: str(entry.get(key)) for key in ("kind", "path", "do")}
        if _is_step(entry):
            steps.setdefault(tuple(step.values()), {**step, "ill": str(entry.get("ill") or "")})
    return {**newest, "steps": list(reversed(list(steps.values())))}


def _is_files(entry: Json) -> bool:
    return entry["what"] == IN_PLACE and entry.get("kind") == _DEPLOY


def _is_step(entry: Json) -> bool:
    return entry["what"] in (STEP_BEGINS, STEP_DONE) and entry.get("direction") == FORWARD


def _text(value: t.Any) -> str | None:
    return value if isinstance(value, str) else None


def _reloads(lines: t.Sequence[Json]) -> list[Json]:
    """Return the newest reload of each unit and file: one that began and did not come to its end proves nothing. Its
    time is that of its begin: what was changed after that, it may not have read.
    """
    found: dict[tuple[str, str], Json] = {}
    ended: dict[str, t.Any] = {}
    for entry in lines:
        unit, what = str(entry.get("path")), entry.get("what")
        if entry.get("do") != _RELOAD or what not in (STEP_DONE, STEP_BEGINS):
            continue
        if what == STEP_DONE:
            ended[unit] = entry.get("files")
            continue
        files, seconds = ended.pop(unit, None), moment_of(entry)
        if not isinstance(files, list) or seconds is None:
            continue
        for path in map(str, files):
            about = {"unit": unit, "path": path, "time": entry["time"], "time_s": seconds}
            if len(found) < _MOST_RELOADS:
                found.setdefault((unit, path), about)
    return list(found.values())


def _stirred(lines: t.Sequence[Json]) -> set[str | None]:
    """Return the deploys that may have let a program read what they brought without starting it anew: by a reload, or
    by a command of the operator's.
    """
    return {
        _text(entry.get("run"))
        for entry in lines
        if entry.get("what") == STEP_BEGINS
        and entry.get("direction") == FORWARD
        and (entry.get("do") == _RELOAD or (entry.get("kind") == _HOOK and entry.get("path") != _BEFORE_CHANGE))
    }


def _reread(reloads: t.Sequence[Json], host: Host) -> dict[str, float]:
    """Return when each file was read again last, by its absolute path."""
    found: dict[str, float] = {}
    for one in reloads:
        path = os.path.join(os.path.realpath(host.root), one["path"])
        found[path] = max(one["time_s"], found.get(path, 0))
    return found


def _rehearsed(lines: t.Sequence[Json]) -> dict[str, Json]:
    """Return the newest rehearsal of a rollback by its level, ``{time, time_s, point}``. Only those that went well are
    in the log.
    """
    found: dict[str, Json] = {}
    for entry in lines:
        seconds = epoch(entry.get("time")) if entry.get("what") == _REHEARSED else None
        if seconds is not None:
            about = {"time": entry["time"], "time_s": seconds, "point": str(entry.get("point") or "")}
            found.setdefault(str(entry.get("level") or "config"), about)
    return found


def _lines(dir_fd: int) -> list[Json]:
    """Return the entries of the log, the newest first, of its last 4 MiB. What a crash cut short is left out."""
    try:
        fd = open_file(dir_fd, LOG)
    except FileNotFoundError:
        return []
    try:
        size = os.fstat(fd).st_size
        start = max(0, size - _TAIL)
        data = os.pread(fd, size - start, start)
    finally:
        os.close(fd)
    found = []
    for line in reversed(data.split(b"\n")[1 if start else 0 :]):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found


def _known(dir_fd: int) -> set[str] | None:
    """Return the ids of the closed journals, None when one is open: each change that ever touched a file has one."""
    if any(map(journal_form.NAME.match, os.listdir(dir_fd))):
        return None
    return set(change_trees.journals(dir_fd))


def _placed(lines: t.Sequence[Json], known: set[str] | None) -> tuple[list[Json], str]:
    """Return the changes that are in place, the newest first, and why the newest is not known for certain.

    ``known`` are the journals without which a change that began touched nothing (None: any may have).
    """
    placed: list[Json] = []
    ended: set[t.Any] = set()
    reason = ""
    for entry in lines:
        if entry.get("what") in _ENDS:
            ended.add(entry.get("journal"))
            seconds = epoch(entry.get("time"))
            if entry["what"] == IN_PLACE and seconds is not None:
                about = {key: entry.get(key) for key in change_trees.ABOUT}
                placed.append({"time": entry["time"], "time_s": seconds, **about, change_trees.EXACT: moment_of(entry)})
        elif entry.get("what") == _BEGINS and entry.get("journal") not in ended and not placed:
            if known is not None and entry.get("journal") not in known:
                continue
            reason = f"a change began at {entry.get('time')}, and the log does not say how it ended"
    return placed, reason


def _ended(change: Json, lines: t.Sequence[Json]) -> Json:
    """Return the newest change, a rollback with the first second after what it has restarted."""
    for entry in lines if change["kind"] == _ROLLBACK else ():
        if entry.get("what") in _ENDS:
            break
        seconds = epoch(entry.get("time")) if entry.get("what") == _ROLLED_BACK else None
        if seconds is not None:
            after = iso(seconds + 1)
            return {**change, "time": after, "time_s": seconds + 1}
    return change
