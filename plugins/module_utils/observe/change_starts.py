# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From when on a log is of what the last change brought: when what writes it was started anew. Private to the
collection.

Until a program is started anew, it writes what the code says that it was started with, also when the files of a change
are all in place. The new begins no earlier than the step that starts it, and not where that step ends: what a program
says while it starts is what a change is judged by.
"""

from __future__ import annotations

import calendar
import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso

STEP_BEGINS, STEP_DONE = "step begins", "step is done"
FORWARD = "forward"
# What a step may start. What a hook does nobody but its author knows.
_STARTS = ("restart", "start", "reload", "up", "run")
IN_PLACE = "is in place"
_ENDS = (IN_PLACE, "went back", "rolled back")
_DAY_S = 86400
_BOUND = re.compile(r"\.(service|socket|timer|mount|path|target|slice|scope|device|swap|automount)$")

Json = t.Dict[str, t.Any]


def starts(lines: t.Sequence[Json]) -> Json:
    """Return ``{first: null|Time, of: {name: Time}}`` from the entries of a host's log, the newest first; Time is
    ``{time, time_s}``.

    ``first`` is when the last deploy began to start anything, ``of`` by the name of a unit, a container, or
    ``project/service`` of Compose when the last deploy that started it did: since the last change of files.
    """
    found: dict[str, Json] = {}
    newest: tuple[str, str] | None = None
    placed_s: int | None = None
    for entry in lines:
        what = entry.get("what")
        if what in _ENDS or (_is_step(entry) and entry.get("direction") != FORWARD):
            placed_s = epoch(entry.get("time")) if what == IN_PLACE else None
            break
        if not _is_step(entry) or entry.get("do") not in _STARTS:
            continue
        deploy, name = (str(entry.get("run")), str(entry.get("id"))), str(entry.get("path"))
        newest = newest or deploy
        known = found.setdefault(name, {"deploy": deploy, "begun": [], "began": None})
        if known["deploy"] != deploy:
            continue
        moment = moment_of(entry)
        if moment is not None and what == STEP_BEGINS:
            known["begun"].append(moment)
        elif moment is not None and isinstance(entry.get("at_s"), (int, float)):
            known["began"] = moment
    times = {name: began for name, one in found.items() if (began := _began(one, placed_s)) is not None}
    of_newest = [began for name, began in times.items() if found[name]["deploy"] == newest]
    return {
        "first": _time(min(of_newest)) if of_newest else None,
        "of": {name: _time(began) for name, began in times.items()},
    }


def since(log: t.Mapping[str, t.Any], changes: t.Mapping[str, t.Any]) -> Json | None:
    """Return from when on a log is of what the last change brought, ``{time, time_s}``, None where that is not known.

    ``changes`` is the host's record of them. Who writes a log is known of the journal of a unit and of a container's
    log, and of a file whose contract says it (``written_by``): where the last deploy did not start that anew, all since
    the files are in place counts. Of any other file it is since the last deploy began to start anything.
    """
    last: Json | None = changes.get("last")
    known: Json = changes.get("starts") or {"first": None, "of": {}}
    writer = _writer(log)
    found: Json | None = None if writer is None else known["of"].get(writer) or last
    return found or known["first"] or last


def _writer(log: t.Mapping[str, t.Any]) -> str | None:
    journal = log.get("journal")
    if journal:
        return str(journal) if _BOUND.search(journal) else f"{journal}.service"
    return log.get("container") or log.get("written_by")


def _is_step(entry: Json) -> bool:
    return entry.get("what") in (STEP_BEGINS, STEP_DONE)


def _began(step: Json, placed_s: int | None) -> float | None:
    """Return when a step began what it started: of one that was begun several times, the first of these counts.

    What another step started along with its own ran before its own step began, though no earlier than the files came
    into place, at ``placed_s``.
    """
    begun: list[float] = step["begun"]
    if len(begun) == 1 and step["began"] is not None:
        earliest = begun[0] if placed_s is None else min(begun[0], placed_s)
        return float(step["began"]) if step["began"] >= earliest else begun[0]
    return min(begun, default=None)


def moment_of(entry: Json) -> float | None:
    """Return the moment that an entry tells, to the part of a second where it has that; its time is rounded down."""
    whole = epoch(entry.get("time"))
    told = entry.get("at_s")
    if whole is None or isinstance(told, bool) or not isinstance(told, (int, float)):
        return None if whole is None else float(whole)
    # No later than the line that tells of it, and no step takes a day.
    return float(told) if whole - _DAY_S < told < whole + 1 else float(whole)


def _time(moment: float) -> Json:
    return {"time": iso(moment), "time_s": moment}


def epoch(moment: t.Any) -> int | None:
    """Return the seconds since 1970 of a time as the log has it, None when it is none."""
    try:
        return calendar.timegm(time.strptime(str(moment), "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return None
