# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a run a later one can be compared with: errors, response times, memory, and what worked. Private to the
collection. Pure.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import change_starts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.log_shapes import DEPLOY
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import standing, verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Inputs, Seen

_ERRORS = ("ERROR", "CRITICAL", "FATAL")
_KIB = 1024

Json = dict[str, t.Any]


def of(
    inputs: Inputs,
    checks: t.Sequence[Json],
    watched: t.Sequence[Json] = (),
    windows: t.Mapping[str, Json] | None = None,
) -> Json:
    """Return ``{features, logs, times, memory}``, each a list whose entries name host and what they are of.

    ``watched`` are the checks of windows after the run, ``windows`` the documents of these by host: what failed there
    does not work, and errors that came there came.
    """
    hosts = {seen.host.name for seen in inputs.hosts}
    known = {standing.about(one) for one in checks}
    broken = [one for one in watched if one["verdict"] == verdicts.FAIL and standing.about(one) in known]
    return {
        "features": _features([one for one in (*checks, *broken) if one["host"] in hosts]),
        "logs": [
            _longer(one, seen, (windows or {}).get(seen.host.name)) for seen in inputs.hosts for one in _logs(seen)
        ],
        "times": [one for facts in inputs.findings["facts"] for one in _times(facts)],
        "memory": [one for facts in inputs.findings["facts"] for one in _memory(facts)],
    }


def _features(checks: t.Sequence[Json]) -> list[Json]:
    """Return how each component stands. Subjects may hold a process id: what works is known by its component."""
    found: dict[tuple[str, str, str], list[Json]] = {}
    for one in checks:
        if one["section"] != "run":
            found.setdefault(standing.about(one), []).append(one)
    return [
        {
            "host": host,
            "section": section,
            "component": component,
            "verdict": verdicts.worst(one["verdict"] for one in given),
            "checks": len(given),
            "passed": sum(1 for one in given if one["verdict"] == verdicts.PASS),
            "evidence": _paths(given),
        }
        for (host, section, component), given in sorted(found.items())
    ]


def _paths(checks: t.Sequence[Json]) -> list[str]:
    """Return the first evidence of the audit's checks, and that of the window's."""
    found: dict[bool, set[str]] = {False: set(), True: set()}
    for one in checks:
        found[one["section"] == "watch"] |= {path.partition("#")[0] for path in one["evidence"]}
    return [*sorted(found[False])[:1], *sorted(found[True])]


def _longer(one: Json, seen: Seen, window: Json | None) -> Json:
    """Return the errors of a log with those that came in the window after the audit, where that has them all."""
    read = (window or {}).get("logs") or {}
    found = next((log for log in read.get("logs") or () if log["name"] == one["log"]), None)
    if found is None or found["outcome"] != "ok" or not found["read"]["complete"] or not seen.logs:
        return one
    # A window that was watched before the run is part of what the audit read already.
    if datetime.datetime.fromisoformat(read["from"]).timestamp() < int(seen.logs["now_s"]):
        return one
    counts = {level: found["levels"][level] for level in _ERRORS if found["levels"].get(level)} | found["exceptions"]
    names = sorted({*one["errors"], *counts})
    return {
        **one,
        "errors": {name: one["errors"].get(name, 0) + counts.get(name, 0) for name in names},
        "more": one["more"] + found["exceptions_rest"],
        "lines": one["lines"] + found["read"]["lines"],
        "seconds": None if one["seconds"] is None else round(one["seconds"] + read["window_s"], 1),
        "window_s": read["window_s"],
    }


def _logs(seen: Seen) -> list[Json]:
    """Return the errors of each log that was read to its end, and how many seconds of it that was, as far as known."""
    made = []
    for log in (seen.logs or {}).get("logs", ()):
        if log["outcome"] != "ok" or not log["read"]["complete"]:
            continue
        counts = {level: log["levels"][level] for level in _ERRORS if level in log["levels"]}
        counts |= log["exceptions"]
        seconds = _seconds(seen, log)
        made.append(
            {
                "host": seen.host.name,
                "log": log["name"],
                "errors": counts,
                "more": log["exceptions_rest"],
                "lines": log["read"]["lines"],
                "seconds": seconds,
            }
        )
    return made


def _seconds(seen: Seen, log: Json) -> float | None:
    """Return how long the part of a log is: up to the look at it, from what was asked, else from its first line on."""
    now_s, since = seen.logs["now_s"] if seen.logs else None, seen.windows.get(log["name"])
    if isinstance(since, int):
        return float(since)
    begin = log["read"]["first_s"]
    if since == DEPLOY:
        # As the audit reads it: since what writes it was started anew, where that is known.
        moment = change_starts.since(seen.writers.get(log["name"], {}), seen.changes or {})
        begin = begin if moment is None else moment["time_s"]
    elif since is not None:
        begin = datetime.datetime.fromisoformat(since).timestamp()
    if now_s is None or begin is None or begin >= now_s:
        return None
    return round(float(now_s - begin), 1)


def _times(facts: Json) -> t.Iterator[Json]:
    for one in (facts["facts"].get("endpoints") or ()) if facts["section"] == "endpoints" else ():
        if one["median_ms"] is not None and one["outcome"] != "unknown" and not one["failure"]:
            yield {"host": facts["host"], "endpoint": one["name"], "ms": one["median_ms"], "samples": one["samples"]}


def _memory(facts: Json) -> t.Iterator[Json]:
    host = facts["host"]
    if facts["section"] == "processes":
        for one in facts["facts"].get("processes") or ():
            held = [instance["rss_kb"] for instance in one["instances"]]
            if held and None not in held and len(held) == one["running"]:
                yield {"host": host, "section": "processes", "name": one["name"], "kib": sum(held)}
    if facts["section"] == "containers":
        for one in facts["facts"].get("containers") or ():
            if one["memory"] is not None:
                yield {"host": host, "section": "containers", "name": one["name"], "kib": one["memory"] // _KIB}
