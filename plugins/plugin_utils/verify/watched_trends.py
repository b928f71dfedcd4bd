# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from how memory, processor time and lag went over the window. Private to the collection.

The rules are stated in docs/verify.md: what warms up grows too, so that a leak must still grow in the later half, and a
slope counts only when it is three times its standard error.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, size
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import ENOUGH, Maker

LOOKS = 10
"""So many looks a slope needs, half of them in the later half of the window."""
LEAK = 0.2
"""The part of what it began with that something may grow by in an hour."""
GROWN_KB = 1024
"""Less than this is no growth, whatever it would be in an hour: a page more or less."""
BUSY_PERCENT = 90
STOPPED_S = 60
"""What has read nothing for less may be at one long piece of work, however often it is looked at."""

Json = dict[str, t.Any]


def use(make: Maker, subject: str, what: str, one: Json, place: str) -> list[Json]:
    """Return the checks of the memory and of the processor time of one process or container."""
    memory = one["memory_kb"]
    mean = one["cpu_mean_percent"]
    checks = [_memory(make, subject, what, memory, place)]
    if mean is not None:
        busy = mean >= BUSY_PERCENT
        text = f"{what} used {mean:g} % of a processor on average, {one['cpu_most_percent']:g} % at most"
        observed = {"mean_percent": mean, "most_percent": one["cpu_most_percent"]}
        summary = f"{text}: as much as something that only turns in circles" if busy else text
        outcome = "observation" if busy else "pass"
        checks.append(
            make.check("cpu", subject, outcome, summary, {"mean_percent_below": BUSY_PERCENT}, observed, place)
        )
    return checks


def _memory(make: Maker, subject: str, what: str, memory: Json, place: str) -> Json:
    expected = {"percent_per_hour_at_most": round(100 * LEAK)}
    if not memory["looks"]:
        summary = f"{what}: no leak could have been seen, for nothing tells how much memory it uses"
        return make.check("memory", subject, "not_exercised", summary, expected, {}, place)
    text = f"{what} had {_kb(memory['first'])} at first and {_kb(memory['last'])} at last"
    later = memory["later"]["looks"]
    if memory["looks"] < LOOKS or later < LOOKS // 2:
        few = f"{number(memory['looks'], 'look')}, {later} of them in the later half of the window,"
        summary = f"{text}; {few} are too few to tell a leak: {LOOKS} are needed, {LOOKS // 2} of them in that half"
        return make.check("memory", subject, "not_exercised", summary, expected, memory, place)
    text = f"{text}: {_per_hour(memory)} over the window, {_per_hour(memory['later'])} over its later half"
    grew = memory["last"] - memory["first"] >= GROWN_KB and _leaks(memory, memory["first"])
    if grew and _leaks(memory["later"], memory["first"]):
        summary = f"{text}; more than {LEAK:.0%} an hour is a leak"
        return make.check("memory", subject, "fail", summary, expected, memory, place)
    if grew:
        summary = f"{text}; it grew, and no longer does"
        return make.check("memory", subject, "observation", summary, expected, memory, place)
    return make.check("memory", subject, "pass", text, expected, memory, place)


def _leaks(trend: Json, first: float) -> bool:
    return bool(trend["grows"] and trend["per_hour"] > LEAK * first)


def _kb(value: float) -> str:
    return size(value * 1024)


def _per_hour(trend: Json) -> str:
    rate, error = trend["per_hour"], trend["error_per_hour"]
    if rate is None:
        return "not known"
    sign = "-" if rate < 0 else "+"
    return f"{sign}{_kb(abs(rate))}/h" + (f" (error {_kb(error)}/h)" if error is not None else "")


def stream(make: Maker, one: Json, others: t.Container[str] = ()) -> list[Json]:
    """Return the checks of the consumer groups of one stream; ``others`` are the names of the other ones."""
    name = one["name"]
    place = f"streams/{name}"
    if one["unseen"] == one["looks"]:
        reason = one["reason"] or "it was never looked at"
        return [make.check("lag", name, "unknown", f"{name}: {reason}", {}, {}, place)]
    groups = one["groups"]
    if not groups:
        wanted = one["group_wanted"]
        said = f"has no group {wanted}" if wanted else "has no consumer group whose lag could be watched"
        length = one["length"]
        text = f"{name} {said}; it had {length['first']:g} entries at first and {length['last']:g} at last"
        return [make.check("lag", name, "fail" if wanted else "not_exercised", text, {}, {"length": length}, place)]
    return [_group(make, one, _called(one["name"], group["group"], others), group, place) for group in groups]


def _called(stream_: str, group: str, others: t.Container[str]) -> str:
    """Return what a group of a stream is called; a contract may have both the stream and one group of it."""
    # What the contract gives no name is called by its stream and its group already.
    name = stream_ if stream_.endswith(f":{group}") else f"{stream_}:{group}"
    return f"{stream_}, group {group}" if name in others else name


def _group(make: Maker, stream_: Json, name: str, group: Json, place: str) -> Json:
    lag, limit = group["lag"], stream_["max_lag"]
    # A group that nobody declared may come in the window; the one that the contract names is to be there in all of it.
    looks = stream_["looks"] if stream_["group_wanted"] else lag["looks"]
    missed = stream_["looks"] - lag["looks"] if stream_["group_wanted"] else group["unseen"] + stream_["unseen"]
    reason = group["reason"] or stream_["reason"] or "the group was not there"
    expected: Json = {"lag": "back to 0, or within max_lag and not growing", "max_lag": limit}
    about = {"stream": stream_["stream"], "group": group["group"]}
    observed = {
        **about,
        "lag": lag,
        "pending": group["pending"],
        "moved": group["moved"],
        "caught_up": group["caught_up"],
    }

    def made(outcome: str, summary: str) -> Json:
        return make.check("lag", name, outcome, summary, expected, observed, place)

    text = f"How far {name} lags behind is not known"
    if lag["looks"]:
        text = f"{name} lagged by {lag['first']:g} at first, {lag['most']:g} at most and {lag['last']:g} at last"
    if stream_["group_wanted"] and group.get("gone"):
        return made("fail", f"{text}; then the group was gone, and was not there again when the window ended")
    if not lag["looks"]:
        return made("unknown", f"{text}: {group['reason'] or stream_['reason']}")
    if lag["last"] > 0 and lag["looks"] > 1 and not group["moved"]:
        return made("fail", f"{text}: it read nothing in the whole window")
    if limit is not None and lag["last"] > limit:
        return made("fail", f"{text}, where {limit} may be")
    if lag["grows"] and lag["last"] > lag["first"] and not group["caught_up_late"]:
        return made("fail", f"{text}: it grows by {lag['per_hour']:g} an hour (error {lag['error_per_hour']:g})")
    still = _still(group)
    if still and _surely(group):
        return made("fail", f"{text}; {still}")
    if missed > (1 - ENOUGH) * looks:
        return made("unknown", f"{text}; it was not seen in {number(missed, 'look')}: {reason}")
    if not lag["last"] and not group["moved"] and not stream_["written"]:
        return made("not_exercised", f"{text}: nothing was written and nothing was read in the whole window")
    if still:
        return made("observation", f"{text}; {still}")
    if group["caught_up_late"] or not lag["last"]:
        return made("pass", f"{text}: it caught up, last at {group['caught_up']}")
    if limit is not None:
        return made("pass", f"{text}, where {limit} may be")
    return made("observation", f"{text}: it did not catch up in the later half of the window")


def _still(group: Json) -> str:
    """Return what is to be said of a group that has stopped reading, nothing where it may be a pause."""
    still = group.get("still")
    if still is None or not still["longer"] or still["looks"] < LOOKS // 2:
        return ""
    looks = number(still["looks"], "look")
    return f"it has read nothing since {still['since']}, in {looks}, more than twice as long as before in the window"


def _surely(group: Json) -> bool:
    """Return whether a group that has stopped reading did read again and again before, while more and more waits."""
    still = group["still"]
    often = min(group["reads"], still["looks"]) >= LOOKS
    return bool(often and still["lasted_s"] >= STOPPED_S and group["lag"]["last"] > still["lag"])
