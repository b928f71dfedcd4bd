# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section logs: what logs say in a window of time, lines or bytes. Private to the collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.apart import each_apart
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.files import Missing
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.measures import Json, utc
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.reading import read_file
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.streams import read_container, read_journal
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.change_starts import since
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "path": {"type": "str"},
    "journal": {"type": "str"},
    "container": {"type": "str"},
    "socket": {"type": "path"},
    "lines": {"type": "int", "default": 10000},
    "age": {"type": "int"},
    "patterns": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 60},
}

AHEAD_S = 60
"""How far a time since which a log is to be read may be ahead of the clock of its host."""

_NO_DEPLOYMENT = "since the last deployment: it is not known when that was"
_READERS: dict[str, t.Callable[[t.Mapping[str, t.Any], float | None, Host], Json]] = {
    "path": read_file,
    "journal": read_journal,
    "container": read_container,
}


def collect(spec: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return what the logs say (``docs/design.md``).

    ``spec`` has ``logs``, each with ``name``; one of ``path``, ``journal``, ``container``; one of ``lines``, ``bytes``,
    ``since_s`` (epoch seconds), ``age_s`` (seconds before now), ``deploy`` (with ``written_by``, where that is
    known); and what is searched: ``forbid``, ``require``, ``intervals``, ``numbers``, ``classes``.

    An expression can take for ever: each log is read by a process of its own, which ends with its share of the time.
    """
    now_s = time.time()

    def answer(log: t.Mapping[str, t.Any], share: Host) -> Json:
        return _read(log, now_s, share)

    logs = spec["logs"]
    read = [
        {**_about(log), "outcome": "unknown", "reason": one} if isinstance(one, str) else one
        for log, one in zip(logs, each_apart(logs, answer, host))
    ]
    return {"now": utc(now_s), "now_s": round(now_s, 3), "logs": read}


def look(params: t.Mapping[str, t.Any]) -> Json:
    """Return what one log says, for the options in ``ARGUMENTS``. Raises Unseen."""
    asked = {key: params[key] for key in ("path", "journal", "container", "socket") if params[key] is not None}
    window = {"lines": params["lines"]} if params["age"] is None else {"age_s": params["age"]}
    patterns = [{"name": pattern, "pattern": pattern} for pattern in params["patterns"]]
    spec = {"name": "log", **asked, **window, "forbid": patterns}
    answer: Json = collect({"logs": [spec]}, Host("/", params["timeout"]))["logs"][0]
    if answer["outcome"] == "unknown":
        raise Unseen(answer["reason"])
    found = answer.pop("forbid", [])
    unused = ("name", "require", "intervals", "numbers")
    return {**{key: value for key, value in answer.items() if key not in unused}, "patterns": found}


def _about(log: t.Mapping[str, t.Any]) -> Json:
    kind = next(kind for kind in _READERS if log.get(kind))
    return {"name": log["name"], "kind": kind, "source": log[kind]}


def _read(log: t.Mapping[str, t.Any], now_s: float, host: Host) -> Json:
    about = _about(log)
    try:
        found = _READERS[about["kind"]](log, _since(log, now_s, host), host)
    except Missing as missing:
        return {**about, "outcome": "missing", "reason": str(missing)}
    except Unseen as unseen:
        return {**about, "outcome": "unknown", "reason": unseen.reason}
    return {**about, "outcome": "ok", "reason": "", **found}


def _since(log: t.Mapping[str, t.Any], now_s: float, host: Host) -> float | None:
    if log.get("deploy"):
        return _deployed(log, host.changes or {}, now_s)
    if log.get("age_s") is not None:
        return now_s - float(log["age_s"])
    return None if log.get("since_s") is None else _passed(float(log["since_s"]), now_s)


def _passed(since_s: float, now_s: float) -> float:
    """Return a time that has passed: since one that is to come no log has a line, and one that says nothing fails
    nothing. The clock of whoever asks may differ a little. Raises Unseen.
    """
    if since_s > now_s + AHEAD_S:
        raise Unseen(
            f"since {utc(since_s)}: that is still to come, this host's clock says {utc(now_s)}, and more than "
            f"{AHEAD_S} s ahead of it there is nothing to read. Give a time that has passed, with its zone, or a "
            "duration like 1h"
        )
    return since_s


def _deployed(log: t.Mapping[str, t.Any], changes: t.Mapping[str, t.Any], now_s: float) -> float:
    """Return from when on a log is of what the last change of this host brought. Raises Unseen."""
    begin = since(log, changes)
    if begin is None:
        raise Unseen(f"{_NO_DEPLOYMENT}: {changes.get('last_reason') or 'the record of changes was not looked at'}")
    # What a rollback brought back counts from the second after its end, which may not have come yet.
    if begin["time_s"] > now_s + 1:
        raise Unseen(f"{_NO_DEPLOYMENT}: its time, {begin['time']}, is in the future")
    return min(float(begin["time_s"]), now_s)
