# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How bad a check is that failed: what two failures of one check are compared by. Private to the collection. Pure.

A check that failed before a change and fails after it may have got worse all the same: a cycle that was late once has
stopped. ``degrees`` takes of a check what can be compared, ``worse`` compares: ``{name: {rule, of: [number], told}}``.
What is not here, or cannot be compared, is as bad as it was: an age grows by itself, counters begin anew with a
restart, and what a whole host uses (``resources``) is not the change's alone.
"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number

# What came within less is a burst, and says nothing of how often it comes in a longer time.
_LEAST_S = 60.0
# Times of a log may be of a second: what has come since just now came in one.
_TICK_S = 1.0
# Of more than this the chance follows standard deviations, of fewer it is counted.
_MANY = 100
_CERTAIN = 1000
_BY_CHANCE = 0.001
# A figure that varies is worse when it is more than so many times what it was.
_TIMES = 2
_SLOWER_MS = 50

Json = dict[str, t.Any]


def degrees(check: Json) -> Json:
    """Return what can be compared of a check that failed: nothing of most, for these are as bad as they can be."""
    of = _OF.get((check["section"], check["check"]))
    return {} if of is None else of(check["observed"], check["expected"])


def worse(now: Json, then: Json) -> str:
    """Return how it was before where it is worse now, nothing where it is not."""
    for name, one in now.items():
        if name in then and one["rule"] == then[name]["rule"] and _RULES[one["rule"]](one["of"], then[name]["of"]):
            return str(then[name]["told"])
    return ""


def _degree(rule: str, told: str, *of: float) -> Json:
    return {"rule": rule, "of": list(of), "told": told}


def _kind(rank: int, told: t.Sequence[str]) -> Json:
    """Return of which kind a failure is: the higher, the worse. ``told`` has the words for each."""
    return _degree("more", told[rank], rank)


def _lines(observed: Json, _expected: Json) -> Json:
    """Lines of a log that are not to be there."""
    count, span_s = observed.get("count"), observed.get("span_s")
    if count is None or span_s is None:
        return {}
    return {"lines": _degree("often", f"{number(int(count), 'line')} in {duration(span_s)}", count, span_s)}


def _wanted_lines(observed: Json, _expected: Json) -> Json:
    """Lines of a log that are to be there."""
    made = _lines(observed, {})
    return {name: {**one, "rule": "seldom"} for name, one in made.items()}


def _interval(observed: Json, expected: Json) -> Json:
    """Something that recurs: it stopped, or some of it came too late or too early."""
    count, most = observed["count"], expected.get("max_s")
    silent_s = observed["since_last_s"] if count else observed.get("span_s")
    stopped = most is not None and silent_s is not None and silent_s - (_TICK_S if count else 0) > most
    # Of what did not come in a moment nobody knows whether it still would have.
    known = stopped or count
    made = {"stopped": _kind(int(stopped), ("it still came", "it did not come any more"))} if known else {}
    if stopped or observed["mean_s"] is None:
        # What had stopped and comes again is no worse for coming late.
        return made
    span_s = observed["mean_s"] * (count - 1)
    for name, what in (("over", "too late"), ("under", "too early")):
        told = f"it came {what} {number(observed[name], 'time')} in {duration(span_s)}"
        made[name] = _degree("often", told, observed[name], span_s)
    if observed["over"]:
        longest = observed["max_s"]
        made["longest"] = _degree("times", f"it came after {duration(longest)} at most", longest, 0)
    return made


def _numbers(observed: Json, expected: Json) -> Json:
    """A number that lines hold: how many are beyond a limit, and how far."""
    made = {}
    for name in ("over", "under"):
        told = f"{observed[name]} of {number(observed['count'], 'number')} were {name} the limit"
        made[name] = _degree("share", told, observed[name], observed["count"])
    for name, limit in (("max", "max"), ("mean", "mean_max")):
        if limit in expected and observed[name] > max(expected[limit], 0):
            made[name] = _degree("times", f"the {name} was {observed[name]:g}", observed[name], 0)
    return made


def _status(observed: Json, _expected: Json) -> Json:
    """An unwanted status: 4xx is an answer, 5xx says that it cannot be given."""
    return {"status": _kind(int(observed["status"] >= 500), (f"status {observed['status']}",) * 2)}


def _answers(observed: Json, _expected: Json) -> Json:
    """No answer: nobody was there, or somebody who did not end."""
    nobody = observed["failure"]["stage"] in ("resolve", "connect")
    return {"reached": _kind(int(nobody), ("a connection was made", "no connection was made"))}


def _time(observed: Json, _expected: Json) -> Json:
    took = observed["median_ms"]
    return {"took": _degree("times", f"it took {took:g} ms", took, _SLOWER_MS)}


def _json(observed: Json, _expected: Json) -> Json:
    """A value that is not as declared, or is not there."""
    return {"value": _kind(int(observed["value"] is None), ("there was a value", "there was none"))}


def _fresh(observed: Json, _expected: Json) -> Json:
    """A time that is too old, or is not there. It gets older by itself."""
    return {"value": _kind(int(not observed.get("value")), ("there was a time", "there was none"))}


def _items(observed: Json, _expected: Json) -> Json:
    items = observed["items"]
    return {
        "items": _kind(2 if items is None else int(not items), (f"there were {items}", "there was none", "no list"))
    }


def _instances(observed: Json, expected: Json) -> Json:
    """Too many processes, too few, none. These are counted, so one more that is wrong is worse."""
    found, wanted = observed["instances"], expected["instances"]
    told = f"{number(found, 'instance')} ran"
    none = _kind(int(not found and wanted > 0), (told, told))
    # None of one that may run instead of two of them is worse, though no more are wrong.
    return {"none": none} if not found else {"none": none, "wrong": _degree("more", told, abs(found - wanted))}


def _active(observed: Json, expected: Json) -> Json:
    """A unit that is to run: one that is started again and again is up for some of the time."""
    down = expected.get("active") and observed["active"] in ("inactive", "failed")
    return {"down": _kind(int(bool(down)), (f"it was {observed['active']}",) * 2)}


def _running(observed: Json, _expected: Json) -> Json:
    """A container that is to run, as a unit."""
    down = observed["state"] not in ("running", "restarting")
    return {"down": _kind(int(down), (f"it was {observed['state']}",) * 2)}


def _memory(observed: Json, _expected: Json) -> Json:
    mebibytes = observed["memory"] / (1 << 20)
    return {"memory": _degree("times", f"{mebibytes:.0f} MiB", mebibytes, 0)}


def _lag(observed: Json, expected: Json) -> Json:
    waiting = observed["waiting"]["low"]
    return {"lag": _degree("times", f"{number(waiting, 'entry', 'entries')} to read", waiting, expected["max_lag"])}


def _pending(observed: Json, expected: Json) -> Json:
    told = f"{number(observed['pending'], 'entry', 'entries')} to acknowledge"
    return {"pending": _degree("times", told, observed["pending"], expected["max_pending"])}


def _length(observed: Json, expected: Json) -> Json:
    length, most = observed["length"], expected.get("max_length")
    told = f"it had {number(length, 'entry', 'entries')}"
    made = {"empty": _kind(int(not length), (told, told))}
    return {**made, "length": _degree("times", told, length, 0)} if most is not None and length > most else made


_OF: dict[tuple[str, str], t.Callable[[Json, Json], Json]] = {
    ("logs", "forbid"): _lines,
    ("logs", "max"): _lines,
    ("logs", "require"): _wanted_lines,
    ("logs", "interval"): _interval,
    ("logs", "numbers"): _numbers,
    ("endpoints", "status"): _status,
    ("endpoints", "answers"): _answers,
    ("endpoints", "time"): _time,
    ("endpoints", "json"): _json,
    ("endpoints", "fresh"): _fresh,
    ("endpoints", "items"): _items,
    ("processes", "instances"): _instances,
    ("processes", "memory"): _memory,
    ("units", "active"): _active,
    ("containers", "running"): _running,
    ("containers", "memory"): _memory,
    ("containers", "memory_limit"): _memory,
    ("streams", "lag"): _lag,
    ("streams", "pending"): _pending,
    ("streams", "length"): _length,
}


def _more_often(now: t.Sequence[float], then: t.Sequence[float]) -> bool:
    """Return whether there are more in some seconds than those of before let expect. A burst is no rate."""
    if now[0] <= then[0] and now[1] >= then[1]:
        return False
    return _too_many(now[0], _expected(now[1], then))


def _expected(span_s: float, then: t.Sequence[float]) -> float:
    """Return how many come in some seconds where as many as before came in as many seconds. What came in a short time
    is a burst where a longer one is looked at, and comes once a minute.
    """
    span_s, before_s, count = max(span_s, _TICK_S), max(then[1], _TICK_S), _at_least_one(then[0])
    if span_s <= before_s:
        return count * span_s / before_s
    return count * max(1.0, span_s / max(before_s, _LEAST_S))


def _more_seldom(now: t.Sequence[float], then: t.Sequence[float]) -> bool:
    """Return whether there are fewer in some seconds than those of before let expect."""
    expected = then[0] * now[1] / max(then[1], _LEAST_S)
    if now[0] >= then[0] or now[0] >= expected:
        return False
    return now[0] < expected - 3 * math.sqrt(expected) if expected > _MANY else _chance(now[0], expected) < _BY_CHANCE


def _greater_share(now: t.Sequence[float], then: t.Sequence[float]) -> bool:
    """Return whether more of some are wrong than those of before let expect."""
    if not then[1] or now[0] * then[1] <= then[0] * now[1]:
        return False
    return _too_many(now[0], _at_least_one(then[0]) * now[1] / then[1])


def _at_least_one(count: float) -> float:
    """Return what is taken for the number of before. Of none among some nobody knows that there never is one: the next
    of them might have been it, and one more after a change is no sign of anything where few were looked at before.
    """
    return max(count, 1)


def _too_many(count: float, expected: float) -> bool:
    """Return whether as many come by chance less than once in a thousand times. Standard deviations do not tell that of
    few: where 0.09 are expected, one is more than three of them above, and comes once in eleven times.
    """
    if count <= expected or expected > _MANY:
        return count > expected + 3 * math.sqrt(expected)
    return 1 - _chance(count - 1, expected) < _BY_CHANCE


def _chance(most: float, expected: float) -> float:
    """Return how probable it is that no more than ``most`` come."""
    term = chance = math.exp(-expected)
    for count in range(1, min(int(most), _CERTAIN) + 1):
        term *= expected / count
        chance += term
    return chance


_RULES: dict[str, t.Callable[[t.Sequence[float], t.Sequence[float]], bool]] = {
    "often": _more_often,
    "seldom": _more_seldom,
    "share": _greater_share,
    "more": lambda now, then: now[0] > then[0],
    "times": lambda now, then: now[0] > _TIMES * then[0] and now[0] > then[0] + now[1],
}
"""Whether what was measured now is worse than what was before."""
