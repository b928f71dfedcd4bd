# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks that follow from a watch: what stayed as it was for as long as it was really seen. Private to the
collection.

Pure: the same document gives the same checks. What was not seen for long enough is unknown, whatever it looked like.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import (
    verdicts,
    watched_logs,
    watched_memory,
    watched_trends,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import (
    ENOUGH,
    UNSEEN,
    Maker,
    happened,
    percent,
    unseen,
)

Json = dict[str, t.Any]


def checks(document: Json, environment: str = "") -> list[Json]:
    """Return the checks of a document (``docs/design.md``), as ``verify/checks.py`` has them."""
    make = Maker(document["host"], environment)
    made = [_window(make, document)]
    blind = made[0]["observed"]["blind"]
    for one in document["processes"]:
        made += _process(make, one)
    for one in document["units"]:
        made.append(_unit(make, one))
    if document["containers"] is not None:
        made += _containers(make, document["containers"])
    for one in document["endpoints"]:
        made += _endpoint(make, one, document["availability_percent"])
    streams = {one["name"] for one in document["streams"]}
    for one in document["streams"]:
        made += watched_trends.stream(make, one, streams - {one["name"]})
    if document["memory"] is not None:
        made.append(watched_memory.host(make, document["memory"]))
    made = [made[0], *(_enough(check, blind) for check in made[1:])]
    return made + (watched_logs.judge(make, document) if document["logs"] is not None else [])


def _window(make: Maker, document: Json) -> Json:
    """Return the check of the window itself. Its ``blind`` is why what was seen cannot stand for all of it."""
    window = document["window"]
    asked_s, seen_s = window["for_s"], window["observed_s"]
    share = seen_s / asked_s
    text = (
        f"{duration(seen_s)} of {duration(asked_s)} were observed ({percent(share)}), from {window['from']} to "
        f"{window['to']}, in {number(window['looks'], 'look')}, one every {duration(window['every_s'])}"
        if window["from"]
        else f"Nothing of {duration(asked_s)} was observed"
    )
    blind = ""
    if not document["complete"] or document["reason"]:
        blind = document["reason"]
    elif share < ENOUGH:
        blind = f"only {percent(share)} of the window were observed, {percent(ENOUGH)} are needed"
    said = [text]
    if window["gaps"]:
        longest = max(window["gaps"], key=lambda gap: float(gap["seconds"]))["reason"]
        said.append(f"{number(window['gaps_total'], 'gap')}, {duration(window['gaps_s'])} in all ({longest})")
    said += [f"the host booted {number(window['boots'], 'time')} in it"] if window["boots"] else []
    if window["slow"]:
        slow = f"{number(window['slow'], 'look')} took longer than that, up to {duration(window['longest_look_s'])}"
        said.append(f"{slow}, and {window['skipped']} were left out for it")
    said += (
        [f"the clock of the host was set {number(len(window['clock_steps']), 'time')}"] if window["clock_steps"] else []
    )
    observed = {**window, "blind": blind}
    outcome = "fail" if window["boots"] else "unknown" if blind else "pass"
    return make.check(
        "window",
        "window",
        outcome,
        "; ".join([*said, blind] if blind else said),
        expected={"for_s": asked_s, "every_s": window["every_s"], "share": ENOUGH, "boots": 0},
        observed=observed,
        place="window",
    )


def _enough(check: Json, blind: str) -> Json:
    """Return a check as it stands when the window was not observed for long enough: nothing passes by that."""
    if not blind or check["outcome"] != "pass":
        return check
    summary = f"{check['summary']}; but {blind}"
    verdict = verdicts.of_check("unknown", check["severity"])
    return {**check, "outcome": "unknown", "verdict": verdict, "summary": summary, "remedy": UNSEEN}


def not_watched(host: str, environment: str) -> list[Json]:
    """Return the check of a host of which there is no document, although it was to be watched."""
    summary = f"{host} was to be watched, and was not: its watch did not begin, or left nothing behind"
    return [Maker(host, environment).check("window", "window", "unknown", summary, {}, {}, "")]


def _process(make: Maker, one: Json) -> list[Json]:
    name, wanted = one["name"], one["wanted"]
    place = f"processes/{name}"
    observed = {key: one[key] for key in ("looks", "unseen", "least", "most", "started", "ended", "wrong", "events")}
    expected = {"instances": wanted, "started": 0, "ended": 0}
    changed = one["started"] or one["ended"]
    if changed or one["wrong"]:
        text = f"{one['started']} new, {one['ended']} ended" if changed else "none new, none ended"
        ran = f"{one['least']} to {one['most']} ran" if one["least"] != one["most"] else f"{one['most']} ran"
        wrong = f", not {wanted} in {number(one['wrong'], 'look')}" if one["wrong"] else ""
        begin = f"The processes of {name} did not stay the same" if changed else f"{name} did not run as declared"
        summary = f"{begin}: {text}; {ran}{wrong}{happened(one)}"
        return [make.check("stable", name, "fail", summary, expected, observed, place)]
    reason = unseen(one)
    if reason:
        return [make.check("stable", name, "unknown", f"{name}: {reason}", expected, observed, place)]
    summary = (
        f"The same {number(wanted, 'process', 'processes')} of {name} ran in all of {number(one['looks'], 'look')}"
    )
    made = [make.check("stable", name, "pass", summary if wanted else f"{name} never ran", expected, observed, place)]
    for instance in one["instances"]:
        subject = f"{name}:{instance['pid']}"
        made += watched_trends.use(make, subject, f"Process {instance['pid']} of {name}", instance, place)
    return made


def _unit(make: Maker, one: Json) -> Json:
    name, wanted = one["name"], "active" if one["wanted"] else "not active"
    observed = {key: one[key] for key in ("looks", "unseen", "states", "wrong", "restarts", "events")}
    # A document of before these were counted has none.
    killed = observed["oom_kills"] = one.get("oom_kills")
    expected = {"active": one["wanted"], "restarts": 0, "oom_kills": 0}
    place = f"units/{name}"
    if one["restarts"] or one["wrong"] or killed:
        states = ", ".join(f"{state} {count}" for state, count in one["states"].items())
        wrong = f"it was not {wanted} in {one['wrong']} of {number(one['looks'], 'look')} ({states})"
        said = [f"it was restarted {number(one['restarts'], 'time')}"] if one["restarts"] else []
        said += [wrong] if one["wrong"] else []
        said += (
            [f"the kernel killed {number(killed, 'process', 'processes')} of it for want of memory"] if killed else []
        )
        summary = f"{name}: {'; '.join(said)}{happened(one)}"
        return make.check("stable", name, "fail", summary, expected, observed, place)
    reason = unseen(one)
    if reason:
        return make.check("stable", name, "unknown", f"{name}: {reason}", expected, observed, place)
    summary = f"{name} was {wanted} and was not restarted in {number(one['looks'], 'look')}"
    return make.check("stable", name, "pass", summary, expected, observed, place)


def _containers(make: Maker, all_of: Json) -> list[Json]:
    reason = unseen(all_of)
    made = []
    if reason:
        made.append(make.check("seen", "containers", "unknown", f"The containers: {reason}", {}, {}, "containers"))
    if all_of["left_out"]:
        text = f"{all_of['left_out']} times a container came that is not watched: there were too many others"
        made.append(make.check("seen", "others", "unknown", text, {}, {"left_out": all_of["left_out"]}, "containers"))
    for one in all_of["containers"]:
        # One that did not run has nothing to keep up, unless the contract wants it to run; one that came later is no
        # part of what was to stay as it was.
        if one["judged"]:
            made += _container(make, one)
    return made


def _container(make: Maker, one: Json) -> list[Json]:
    name = one["name"]
    keys = (
        "looks",
        "unseen",
        "states",
        "health",
        "last_health",
        "stopped",
        "done",
        "restarts",
        "replaced",
        "oom_killed",
        "events",
    )
    observed = {key: one[key] for key in keys}
    expected = {"running": True, "restarts": 0, "replaced": 0, "oom_killed": False, "unhealthy": 0}
    place = f"containers/{name}"
    wrong = [f"restarted {number(one['restarts'], 'time')}"] if one["restarts"] else []
    wrong += [f"replaced by another {number(one['replaced'], 'time')}"] if one["replaced"] else []
    wrong += ["killed for want of memory"] if one["oom_killed"] else []
    wrong += [f"not running in {one['stopped']} of {number(one['looks'], 'look')}"] if one["stopped"] else []
    ill = one["health"].get("unhealthy", 0)
    wrong += [f"unhealthy in {number(ill, 'look')}"] if ill else []
    if one["done"] and not one["expected"] and not ill:
        summary = (
            f"The container {name} ended in the window with exit code 0, and is not started again (restart policy no): "
            f"it did what it was to do. One that is to go on running is `expected` in the contract{happened(one)}"
        )
        return [make.check("stable", name, "observation", summary, expected, observed, place)]
    if wrong:
        summary = f"The container {name} was {', '.join(wrong)}{happened(one)}"
        return [make.check("stable", name, "fail", summary, expected, observed, place)]
    reason = unseen(one)
    if not reason and one["last_health"] not in (None, "healthy", "none"):
        reason = f"its health check had not succeeded when the window ended: {one['last_health']}"
    if reason:
        return [make.check("stable", name, "unknown", f"The container {name}: {reason}", expected, observed, place)]
    healthy = " and healthy" if one["health"].get("healthy") else ""
    summary = f"The container {name} was the same, running{healthy}, in all of {number(one['looks'], 'look')}"
    first = make.check("stable", name, "pass", summary, expected, observed, place)
    return [first, *watched_trends.use(make, name, f"The container {name}", one, place)]


def _endpoint(make: Maker, one: Json, wanted: float) -> list[Json]:
    name, share = one["name"], one["availability_percent"]
    keys = ("asked", "ok", "unseen", "availability_percent", "failures", "first_failure", "last_failure", "median_ms")
    observed = {key: one[key] for key in (*keys, "slowest_ms", "slowest_at", "over")}
    observed["broken"] = one.get("broken", [])
    expected = {"availability_percent": wanted}
    place = f"endpoints/{name}"
    if share is not None and share < wanted:
        failures = ", ".join(f"{count} x {text}" for text, count in one["failures"].items())
        summary = (
            f"{name} answered {one['ok']} of {number(one['asked'], 'request')} as declared, {share:g} % where "
            f"{wanted:g} % must be: {failures}; first {one['first_failure']}, last {one['last_failure']}"
        )
        return [
            make.check(
                "available", name, "fail" if one["required"] else "observation", summary, expected, observed, place
            )
        ]
    reason = unseen(one)
    if reason:
        return [make.check("available", name, "unknown", f"{name}: {reason}", expected, observed, place)]
    pace = f", the median took {one['median_ms']:g} ms, the slowest {one['slowest_ms']:g} ms" if one["ok"] else ""
    summary = f"{name} answered {one['ok']} of {number(one['asked'], 'request')} as declared ({share:g} %){pace}"
    made = [make.check("available", name, "pass", summary, expected, observed, place)]
    limit = one["under_ms"]
    if limit is not None and one["ok"]:
        slow = one["median_ms"] > limit
        text = f"The median of {name} was {one['median_ms']:g} ms, limit {limit} ms; {one['over']} of {one['ok']} over"
        made.append(make.check("time", name, "fail" if slow else "pass", text, {"under_ms": limit}, observed, place))
    return made
