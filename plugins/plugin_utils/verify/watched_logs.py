# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the logs of the window say: the cycles that it should hold, and the errors that came in it. Private to the
collection.
"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.log_shapes import LEVELS, UNHANDLED
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.log_words import unmeasured
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import ENOUGH, Maker

_BAD = LEVELS[1:]
# The time between the end of the window and the reading of the logs counts for both: lines and seconds.
_NEAR_S = 0.001
# Times of a log may be rounded, or of a second.
_AHEAD_S = 1.0
_QUIET = "nothing was logged in the window, so nothing can be said of it"

Json = dict[str, t.Any]


def judge(make: Maker, document: Json) -> list[Json]:
    """Return the checks of all logs of a document."""
    read = document["logs"]
    if read["outcome"] != "ok":
        text = f"What the logs say of the window is not known: {read['reason']}"
        return [make.check("log", "logs", "unknown", text, {}, {}, "logs")]
    # The host's time of day says where the window begins in a log: a clock that was set makes it another one.
    set_by = document["window"]["clock_steps"]
    doubt = f"the clock of the host was set in the window, by {set_by[0]['by_s']:g} s" if set_by else ""
    for_s = document["window"]["for_s"]
    if not doubt and read["window_s"] < ENOUGH * for_s:
        doubt = f"they were read for {duration(read['window_s'])} of the {duration(for_s)} of the window"
    return [check for log in read["logs"] for check in _log(make, log, read, doubt)]


def _log(make: Maker, log: Json, read: Json, doubt: str) -> list[Json]:
    name, place = log["name"], f"logs/{log['name']}"
    if log["outcome"] != "ok":
        missing = log["outcome"] == "missing" and not log["required"]
        text = f"The log {name}: {log['reason']}"
        return [make.check("log", name, "observation" if missing else "unknown", text, {}, {}, place)]
    lines = log["read"]
    blind = doubt or ("" if lines["complete"] else lines["reason"])
    early = _early(log)
    part = f"read: {number(lines['lines'], 'line')} of {read['from']} to {read['to']}{early}"
    # What must not come proves nothing where nothing came at all: a program that hangs logs no error either.
    well = ("observation" if early else "pass") if lines["lines"] else "not_exercised"
    made = [_errors(make, log, blind, part, place)]
    for one in log["forbid"]:
        over = one["count"] > one["max"]
        text = f"{number(one['count'], 'line')} of {name} have {one['name']!r}, where {one['max']} may; {part}"
        outcome = "fail" if over else "unknown" if blind else well
        made.append(
            make.check(
                "forbid", f"{name}:{one['name']}", outcome, _doubted(text, blind), {"max": one["max"]}, one, place
            )
        )
    return made + [_cycles(make, log, one, read, blind, part, place) for one in log["cycles"]]


def _errors(make: Maker, log: Json, blind: str, part: str, place: str) -> Json:
    """Return the check of all errors of one log: against the contract's limits where it has some."""
    found = {**{level: log["levels"][level] for level in _BAD if log["levels"].get(level)}, **log["exceptions"]}
    found.update(log["unhandled"])
    if log["exceptions_rest"]:
        found["other exceptions"] = log["exceptions_rest"]
    over = [
        f"{name} {_count(log, name)}, where {limit} may be"
        for name, limit in log["max"].items()
        if _count(log, name) > limit
    ]
    told = ", ".join(f"{name} {count}" for name, count in found.items())
    expected, observed = {"max": log["max"]}, {"errors": found, "read": log["read"]}
    text = f"The log {log['name']} had {told or 'no errors'} in the window; {part}"
    if over:
        outcome, text = (
            "fail",
            f"The log {log['name']} had too many errors in the window: {'; '.join(over)} (all: {told}); {part}",
        )
    elif blind:
        outcome = "unknown"
    elif not log["read"]["lines"]:
        outcome, text = "not_exercised", f"{log['name']}: {_QUIET}; {part}"
    else:
        # Errors that nobody limited are told: they may be those that were there before.
        limited = all(_limited(log["max"], name) for name in found)
        outcome = "pass" if limited and not _early(log) else "observation"
    return make.check("errors", log["name"], outcome, _doubted(text, blind), expected, observed, place)


def _early(log: Json) -> str:
    """Return what follows from times that nobody can have written yet: what they are of may be older than the window,
    and what came last may have come long ago.
    """
    ahead_s = log.get("ahead_s", 0.0)
    if ahead_s <= _AHEAD_S:
        return ""
    ahead = duration(ahead_s)
    return f", by times of which the newest is {ahead} ahead of the host's clock: when they were written is not known"


def _limited(limits: t.Collection[str], name: str) -> bool:
    """Whether the contract limits errors of a name: by that, or with a level that they have or are worse than.

    Exceptions are on lines of some level, so any limit of a level is about them as well.
    """
    milder = LEVELS[: LEVELS.index(name) + 1] if name in LEVELS else LEVELS
    return name in limits or any(level in limits for level in milder)


def _count(log: Json, name: str) -> int:
    if name in LEVELS:
        return sum(log["levels"].get(level, 0) for level in LEVELS[LEVELS.index(name) :])
    found: t.Mapping[str, int] = log["unhandled"] if name in UNHANDLED else log["exceptions"]
    return found.get(name, 0)


def _doubted(text: str, blind: str) -> str:
    return f"{text}; not all of it is known: {blind}" if blind else text


def _cycles(make: Maker, log: Json, one: Json, read: Json, blind: str, part: str, place: str) -> Json:
    """Return the check of something that recurs: as often as the window is long enough for."""
    subject, window_s, count = f"{log['name']}:{one['name']}", read["window_s"], one["count"]
    least = math.floor(window_s / one["max_s"] + _NEAR_S) if one["max_s"] else 0
    most = math.floor(window_s / one["min_s"] + _NEAR_S) + 1 if one["min_s"] else None
    expected = {"at_least": least, "at_most": most, "window_s": window_s, "max_s": one["max_s"], "min_s": one["min_s"]}
    pace = (
        f", every {duration(one['mean_s'])} on average, after {duration(one['longest_s'])} at most"
        if one["mean_s"]
        else ""
    )
    text = f"{one['name']!r} came {number(count, 'time')} in {duration(window_s)}{pace}"

    def made(outcome: str, why: str) -> Json:
        return make.check("cycles", subject, outcome, f"{text}{why}; {part}", expected, one, place)

    if one["dated"] < count:
        return made("unknown", f": {unmeasured(one)}")
    if blind:
        return made("unknown", f": not all of it is known: {blind}")
    if one["max_s"] and not least:
        return made("not_exercised", f": it may take {duration(one['max_s'])}, which the window is too short for")
    if count < least:
        return made(
            "fail", f", {count} of the {least} that the window should hold (one every {duration(one['max_s'])})"
        )
    if one["over"]:
        return made("fail", f": {number(one['over'], 'interval')} took longer than {duration(one['max_s'])}")
    if stopped := _stopped(one):
        return made("fail", stopped)
    if most is not None and count > most:
        return made("fail", f", more than the {most} that fit (one every {duration(one['min_s'])} at most)")
    if not count and not least:
        return made("not_exercised", ": it never happened, so how often it does cannot be judged")
    if not one["max_s"] and most is None:
        return made("observation", ": the contract names no period for it")
    # Whether it has stopped is told by the time of the last one alone.
    outcome = "observation" if one["max_s"] and _early(log) else "pass"
    return made(outcome, f", where at least {least} should come" if least else "")


def _stopped(one: Json) -> str:
    """Return what the time before the first one and after the last says: enough of them can come, and then no more."""
    limit = one["max_s"]
    since_s, until_s = one.get("since_last_s"), one.get("until_first_s")
    if limit and since_s is not None and since_s > limit:
        return f": the last came {duration(since_s)} before the end, at {one['last']}, {duration(limit)} may pass"
    if limit and until_s is not None and until_s > limit:
        return (
            f": the first came only {duration(until_s)} after the begin, at {one['first']}, {duration(limit)} may pass"
        )
    return ""
