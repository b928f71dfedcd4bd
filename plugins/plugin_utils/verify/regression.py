# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run held against one that was accepted: what got worse beyond noise is a check of its own, with both numbers.

Private to the collection. Pure.
"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import EXERCISE, remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.evidence import path_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.accepted import FILE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.checks import make
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import file_of

SECTION = "regression"
FEATURE = "feature"
"""The check that says whether a thing works at all."""
TIME_SHARE, TIME_MS = 0.2, 50
MEMORY_SHARE, MEMORY_KIB = 0.2, 8 * 1024
_OTHER = "other exceptions"
_WORSE = remedy(
    "investigate", "Look at what changed since that run; when it is meant to be so, name this one as the accepted one."
)

RULE = (
    "A check of the section regression is FAIL beyond its bound, OBSERVATION beyond half of it, and PASS below. The "
    "bound of a response time is the larger of 20 % and 50 ms, that of memory the larger of 20 % and 8 MiB. As many "
    "errors are expected as the accepted window had in the same time; their bound is twice the square root of that, so "
    "that after none any one is FAIL. What worked there and is FAIL or UNKNOWN now is FAIL; what was checked there and "
    "is not now is NOT_EXERCISED."
)

Json = dict[str, t.Any]


class Against(t.NamedTuple):
    """What is compared with: the accepted run's name and figures, and the environment of each host of this run."""

    name: str
    figures: Json
    environments: dict[str, str]


def checks(now: Json, then: Against) -> list[Json]:
    """Return the checks of section ``regression``. Both figures are those of ``figures.of``."""
    made = []
    for kind, compare, key in (
        ("times", _time, ("host", "endpoint")),
        ("memory", _memory, ("host", "section", "name")),
        ("logs", _errors, ("host", "log")),
        ("features", _feature, ("host", "section", "component")),
    ):
        before = {tuple(one[name] for name in key): one for one in then.figures[kind]}
        after = {tuple(one[name] for name in key): one for one in now[kind]}
        for place in sorted(before.keys() & after.keys()):
            made += compare(then, before[place], after[place])
        gone = _gone if kind == "features" else _unmeasured
        made += [
            gone(then, before[place]) for place in sorted(before.keys() - after.keys()) if place[0] in then.environments
        ]
    known = {one["host"] for one in then.figures["features"]}
    made += [_new_host(then, host) for host in sorted(then.environments.keys() - known)]
    return made


def _worse(then: float, now: float, bound: float) -> str:
    """Return the outcome of a value that should not grow."""
    rise = now - then
    return "fail" if rise > bound else "observation" if rise > bound / 2 else "pass"


def _check(
    then: Against,
    host: str,
    component: str,
    name: str,
    outcome: str,
    said: str,
    sides: tuple[Json, Json],
    evidence: t.Sequence[str] = (),
) -> Json:
    before, after = sides
    return make(
        then.environments[host],
        host,
        (SECTION, component, name, component),
        outcome,
        said,
        severity="info" if outcome in ("observation", "not_exercised") else "medium",
        expected={"accepted": then.name, **before},
        observed=after,
        evidence=[FILE, *evidence],
        remedy={"fail": _WORSE, "observation": _WORSE, "not_exercised": EXERCISE}.get(outcome),
    )


def _time(then: Against, before: Json, after: Json) -> list[Json]:
    bound = max(before["ms"] * TIME_SHARE, TIME_MS)
    said = (
        f"{after['endpoint']} on {after['host']} takes {after['ms']:.0f} ms, {before['ms']:.0f} ms when it was "
        f"accepted; the bound is {bound:.0f} ms more; medians of {number(after['samples'], 'request')}, of "
        f"{before['samples']} then"
    )
    sides = ({"ms": before["ms"], "bound_ms": round(bound, 1)}, {"ms": after["ms"]})
    outcome = _worse(before["ms"], after["ms"], bound)
    return [
        _check(
            then,
            after["host"],
            f"endpoints:{after['endpoint']}",
            "time",
            outcome,
            said,
            sides,
            _file(after, "endpoints"),
        )
    ]


def _memory(then: Against, before: Json, after: Json) -> list[Json]:
    bound = max(before["kib"] * MEMORY_SHARE, MEMORY_KIB)
    said = (
        f"{after['name']} on {after['host']} holds {after['kib'] / 1024:.0f} MiB, {before['kib'] / 1024:.0f} MiB when "
        f"it was accepted; the bound is {bound / 1024:.0f} MiB more"
    )
    sides = ({"kib": before["kib"], "bound_kib": int(bound)}, {"kib": after["kib"]})
    outcome = _worse(before["kib"], after["kib"], bound)
    component = f"{after['section']}:{after['name']}"
    return [_check(then, after["host"], component, "memory", outcome, said, sides, _file(after, after["section"]))]


def _errors(then: Against, before: Json, after: Json) -> list[Json]:
    """Return a check for the log as a whole, and one for each class that it says more often than is expected."""
    counted, now = _counted(before), _counted(after)
    kinds = sorted(counted.keys() | now.keys())
    windows = f"in {_window(after['seconds'])}, and in {_window(before['seconds'])} when it was accepted"
    component, host = f"logs:{after['log']}", after["host"]
    if not after["lines"]:
        said = f"Nothing was logged to {after['log']} {windows}: that no error came says nothing"
        quiet = (
            {"count": sum(counted.values()), "seconds": before["seconds"]},
            {"count": 0, "seconds": after["seconds"]},
        )
        return [_check(then, host, component, "errors", "not_exercised", said, quiet, _file(after, "logs"))]
    made = []
    for kind in kinds:
        had, has = counted.get(kind, 0), now.get(kind, 0)
        outcome, expected = _often(had, has, before["seconds"], after["seconds"])
        told = "not known" if expected is None else f"{expected:.3g}"
        said = f"{kind}: {has} {windows} {had}; {told} would be expected"
        sides = (
            {"count": had, "seconds": before["seconds"], "expected": expected},
            {"count": has, "seconds": after["seconds"]},
        )
        made.append(_check(then, host, f"{component}:{kind}", "errors", outcome, said, sides, _file(after, "logs")))
    if not kinds:
        said = f"No error and no exception {windows} none"
        sides = ({"count": 0, "seconds": before["seconds"]}, {"count": 0, "seconds": after["seconds"]})
        made.append(_check(then, host, component, "errors", "pass", said, sides, _file(after, "logs")))
    return made


def _counted(side: Json) -> dict[str, int]:
    """Return the errors of a log by name; those of the classes that are only counted have one in common."""
    return {**side["errors"], **({_OTHER: side["more"]} if side["more"] else {})}


def _often(had: int, has: int, then_s: float | None, now_s: float | None) -> tuple[str, float | None]:
    """Return the outcome of a count, and how many are expected in a window as long as this one."""
    if has == 0:
        return "pass", None if not then_s or not now_s else had * now_s / then_s
    if had == 0:
        return "fail", 0.0
    if not then_s or not now_s:
        return "unknown", None
    expected = had * now_s / then_s
    return _worse(expected, has, 2 * math.sqrt(expected)), round(expected, 3)


def _window(seconds: float | None) -> str:
    return "a window of unknown length" if not seconds else duration(seconds)


def _feature(then: Against, before: Json, after: Json) -> list[Json]:
    worked = before["verdict"] in (verdicts.PASS, verdicts.OBSERVATION)
    if not worked:
        return []
    # What never happened meanwhile, or was not asked with --check, is no proof that it works.
    outcome = {verdicts.FAIL: "fail", verdicts.UNKNOWN: "fail", verdicts.NOT_EXERCISED: "not_exercised"}
    said = (
        f"{after['section']} {after['component']} on {after['host']}: {after['passed']} of "
        f"{number(after['checks'], 'check')} pass ({after['verdict']}), {before['passed']} of {before['checks']} when "
        f"it was accepted ({before['verdict']})"
    )
    keys = ("verdict", "checks", "passed")
    sides = ({key: before[key] for key in keys}, {key: after[key] for key in keys})
    component = f"{after['section']}:{after['component']}"
    become = outcome.get(after["verdict"], "pass")
    return [_check(then, after["host"], component, FEATURE, become, said, sides, after["evidence"])]


def _file(after: Json, section: str) -> list[str]:
    """Return what a figure was taken from: a log's errors also from the window, where that was counted."""
    return [path_of(after["host"], section), *([file_of(after["host"])] if "window_s" in after else [])]


def _gone(then: Against, before: Json) -> Json:
    said = (
        f"{before['section']} {before['component']} on {before['host']} was {before['verdict']} when it was accepted, "
        "and nothing of it was checked now"
    )
    sides: tuple[Json, Json] = ({key: before[key] for key in ("verdict", "checks", "passed")}, {})
    return _check(
        then, before["host"], f"{before['section']}:{before['component']}", FEATURE, "not_exercised", said, sides
    )


def _unmeasured(then: Against, before: Json) -> Json:
    """Return the check of a figure that there was when it was accepted, and that could not be taken now."""
    if "ms" in before:
        what, name, side = f"endpoints:{before['endpoint']}", "time", {"ms": before["ms"]}
    elif "kib" in before:
        what, name, side = f"{before['section']}:{before['name']}", "memory", {"kib": before["kib"]}
    else:
        counts = {"count": sum(_counted(before).values()), "seconds": before["seconds"]}
        what, name, side = f"logs:{before['log']}", "errors", counts
    said = f"{name} of {what} on {before['host']} was measured when it was accepted, and could not be now"
    return _check(then, before["host"], what, name, "not_exercised", said, (side, {}))


def _new_host(then: Against, host: str) -> Json:
    said = f"{host} is not in what was accepted ({then.name}): there is nothing to compare it with"
    return _check(then, host, host, "host", "not_exercised", said, ({}, {}))
