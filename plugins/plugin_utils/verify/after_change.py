# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be said of a host that was changed just before: how long after it was looked at, and which lines of its logs
are of the time before. Private to the collection. Pure.

A log that is read since an hour ago is of what ran before the change as well. A program that hangs since it was started
anew has its last line there, not long ago: that is no proof that it still writes any.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs.window import is_since
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import change_starts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Seen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watch_advice import watch_for

SOON_S = 600
"""What fails only after a while may not have failed by then."""

_LATELY_S = 60.0
"""A unit that systemd has started again within this time is not known to stay."""

_LOOK = remedy("investigate", "Look at why it ended: its journal since then. A window tells: -e verify_watch=10m.")
_TIME = "%Y-%m-%dT%H:%M:%SZ"

Json = dict[str, t.Any]


def looked(hosts: t.Sequence[Seen], evidence: t.Sequence[Json]) -> list[Json]:
    """Return ``[{host, change, seconds}]`` of each host that has a record of its last change: when what that brought
    was started, and how long after it the first look was.
    """
    found = []
    for seen in hosts:
        known = _begun(seen.host.name, evidence)
        moment = _latest(seen.changes or {})
        if moment is not None and known:
            after_s = max(0, int(min(known) - moment["time_s"]))
            found.append({"host": seen.host.name, "change": moment["time"], "seconds": after_s})
    return found


def _begun(host: str, evidence: t.Sequence[Json]) -> list[float]:
    """Return when a host was asked, as far as it is known: by its own clock, as its record is."""
    begun = [_epoch(one["started"]) for one in evidence if one["host"] == host and one["section"] != "run"]
    return [one for one in begun if one is not None]


def _latest(changes: Json) -> Json | None:
    """Return when the last change was, or the last thing was started anew for it; None where that is not known."""
    started = (changes.get("starts") or {}).get("of") or {}
    known = [one for one in (changes.get("last"), *started.values()) if one and "time_s" in one]
    return max(known, key=lambda one: float(one["time_s"]), default=None)


def _epoch(text: str | None) -> float | None:
    try:
        moment = datetime.datetime.strptime(text or "", _TIME)
    except ValueError:
        return None
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def judged(checks: t.Sequence[Json], hosts: t.Sequence[Seen]) -> list[Json]:
    """Return the checks of an audit; what passes of a log by lines from before the last change alone does not, nor does
    a unit that ended since the change started it, and was started again.
    """
    of = {seen.host.name: seen for seen in hosts}
    return [_loops(_judged(one, of.get(one["host"])), of.get(one["host"])) for one in checks]


def _loops(one: Json, seen: Seen | None) -> Json:
    """systemd counts anew when somebody else than itself starts a unit: what it has counted came after that. A reload
    starts none: one that is up since before it has not ended since.
    """
    if not _is_up(one) or seen is None:
        return one
    started = ((seen.changes or {}).get("starts") or {}).get("of", {}).get(one["subject"])
    restarts = one["observed"].get("restarts")
    up_s = _epoch(one["observed"].get("since"))
    if not started or not restarts or (up_s is not None and not is_since(up_s, started["time_s"])):
        return one
    summary = (
        f"{one['summary']}; but since the last change started it, at {started['time']}, systemd restarted it "
        f"{number(restarts, 'time')} by itself: it may be up for this moment alone"
    )
    more = {"severity": "low", "remedy": _LOOK, "expected": {**one["expected"], "restarts": 0}}
    return {**one, "outcome": "observation", "verdict": verdicts.OBSERVATION, "summary": summary, **more}


def looped(checks: t.Sequence[Json], evidence: t.Sequence[Json]) -> list[Json]:
    """Return the checks of an audit before a change; a unit that systemd had just started again by itself counts there
    as one that it starts again after it: the change did not bring that about.
    """
    hosts = {one["host"] for one in checks if _is_up(one)}
    asked_s = {host: max(_begun(host, evidence), default=None) for host in hosts}
    return [_looped(one, asked_s[one["host"]]) if _is_up(one) else one for one in checks]


def undated(checks: t.Sequence[Json], hosts: t.Sequence[Seen]) -> list[Json]:
    """Return the checks of an audit before a change; a log whose lines have no times counts there as one that is not
    read, as it is not after the change, which did not bring that about.
    """
    logs = {
        (seen.host.name, "logs", log["name"])
        for seen in hosts
        for log in (seen.logs or {}).get("logs", ())
        if log["outcome"] == "ok" and log["read"]["lines"] and not log["read"]["dated"]
    }
    unread = {"outcome": "unknown", "verdict": verdicts.UNKNOWN}
    found = []
    for one in checks:
        if (one["host"], one["section"], one["component"]) not in logs:
            found.append(one)
        elif one["check"] == "log":
            found.append({**one, **unread})
    return found


def _is_up(one: Json) -> bool:
    return (one["section"], one["check"], one["verdict"]) == ("units", "active", verdicts.PASS)


def _looped(one: Json, asked_s: float | None) -> Json:
    up_s = _epoch(one["observed"].get("since"))
    if not one["observed"].get("restarts") or asked_s is None or up_s is None or asked_s - up_s > _LATELY_S:
        return one
    return {**one, "outcome": "observation", "verdict": verdicts.OBSERVATION, "severity": "low"}


def _judged(one: Json, seen: Seen | None) -> Json:
    last = _LAST.get((one["section"], one["check"]))
    if last is None or one["verdict"] != verdicts.PASS or seen is None or not seen.logs:
        return one
    log = next((log for log in seen.logs["logs"] if log["name"] == one["component"]), None)
    begin = change_starts.since(seen.sources.get(one["component"], {}), seen.changes or {})
    if log is None or begin is None or "time_s" not in begin:
        return one
    if one["check"] == "require" and begin is (seen.changes or {}).get("last"):
        # Nothing was started anew: what a program said when it started is of the one that runs.
        return one
    last_s = last(log, one["subject"].removeprefix(f"{one['component']}:"))
    # One cycle in the second of the change may have been the last of what ran before.
    proven = last_s is None or (
        last_s >= begin["time_s"] if one["check"] == "interval" else is_since(last_s, begin["time_s"])
    )
    return one if proven else _before(one, begin, float(seen.logs["now_s"]))


def _before(one: Json, begin: Json, now_s: float) -> Json:
    after = duration(max(now_s - begin["time_s"], 0.0))
    summary = (
        f"{one['summary']}; but that is of before the last change: nothing of it is known to have come in the {after} "
        f"since {begin['time']}"
    )
    more = {"severity": "info", "remedy": watch_for(one["expected"]), "observed": {**one["observed"], "after_s": after}}
    return {**one, "outcome": "not_exercised", "verdict": verdicts.NOT_EXERCISED, "summary": summary, **more}


def _cycle(log: Json, name: str) -> float | None:
    return next((one["last_s"] for one in log.get("intervals", ()) if one["name"] == name), None)


def _required(log: Json, name: str) -> float | None:
    return next((_epoch(one["last"]) for one in log.get("require", ()) if one["name"] == name), None)


def _read(log: Json, _name: str) -> float | None:
    found: float | None = (log.get("read") or {}).get("last_s")
    return found


def _newest(log: Json, _name: str) -> float | None:
    newest: float | None = log.get("newest_s")
    return newest if newest is not None or (log.get("read") or {}).get("dated") else log.get("mtime_s")


_LAST: dict[tuple[str, str], t.Callable[[Json, str], float | None]] = {
    ("logs", "interval"): _cycle,
    ("logs", "require"): _required,
    ("logs", "numbers"): _read,
    ("logs", "fresh"): _newest,
}
"""When what passes such a check came last. What must not come passes by all that was read, which says of when it is."""
