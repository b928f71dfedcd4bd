# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures that decide most, in one table: each with the window that it is of, and where the report says more.

Private to the collection. What was watched is told as the watch saw it, all else as the audit did; what nobody measured
has no row.
"""

from __future__ import annotations

import statistics
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number, size
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import Lines, Markup, heading
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify.model import Verification, rows
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import repeating, verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import SECTION

WATCHED = Markup("[Observation window](#observation-window)")
API = Markup("[API endpoints](#api-endpoints)")
LOGS = Markup("[Logs and performance](#logs-and-performance)")
RUNS = Markup("[Infrastructure](#infrastructure)")

_KIB = 1024
_ERRORS = ("ERROR", "CRITICAL", "FATAL")
_UNKNOWN = verdicts.UNKNOWN
_TITLES = ("Figure", "Host", "Of", "Value", "Window", "More")

Row = tuple[object, ...]


def render(seen: Verification) -> Lines:
    """Return the table, nothing when nothing was measured."""
    found = [row for make in (_errors, _cycles, _answers, _use, _lag, _restarts) for row in make(_Measured(seen))]
    return [*heading(3, "Key figures"), *rows(_TITLES, found)] if found else []


class _Measured:
    """What was measured: by the checks of the window, and by the audit for what was not watched."""

    def __init__(self, seen: Verification) -> None:
        self._seen = seen
        self._spans = {one["host"]: one["window"] for one in seen.data["watch"]}
        self._read_to = {one["host"]: one.get("read_to") for one in seen.data["watch"]}
        self._files = {(one["host"], one["section"]): one for one in seen.data["evidence"]}

    def watched(self, check: str, section: str) -> list[Json]:
        """Return the checks of a window about one section."""
        mine = [one for one in self._seen.checks if (one["section"], one["check"]) == (SECTION, check)]
        return [one for one in mine if repeating.thing(one)[0] == section]

    def audited(self, section: str, key: str, but: t.Sequence[Json]) -> list[tuple[str, Json]]:
        """Return the rows of an audit with their host, without what ``but`` are checks of the window about."""
        known = {(one["host"], name) for one in but for name in (repeating.thing(one)[1], one["subject"])}
        found = []
        for place in self._seen.report.facts(section):
            for one in (place.facts or {}).get(key) or ():
                name = _name(key, one)
                # What the contract does not name has no check, and nothing of it was asked for.
                if name is not None and (place.host, name) not in known:
                    found.append((place.host, one))
        return found

    def window(self, host: str) -> str:
        """Return when a host was watched."""
        span = self._spans.get(host, {"from": None, "to": None})
        return _span(span["from"], span["to"])

    def logs(self, host: str) -> str:
        """Return of when the logs of a window are: they are read when it is over, and to their end."""
        begin = self._spans.get(host, {"from": None})["from"]
        return _span(begin, self._read_to.get(host)) or self.window(host)

    def audit(self, host: str, section: str) -> str:
        """Return when a section of a host was audited."""
        file = self._files.get((host, section))
        return "" if file is None else f"the audit, {_span(file['started'], file['finished'])}"


def _name(key: str, one: Json) -> str | None:
    """Return what a row of an audit is called; nothing of a stream that the contract does not name."""
    if key == "performance":
        return f"{one['log']}:{one['name']}"
    return t.cast("str | None", one["entry"] if key == "streams" else one["name"])


def _span(begin: str | None, end: str | None) -> str:
    return f"{begin} to {end}" if begin and end else ""


def _each(counts: t.Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"


def _errors(of: _Measured) -> t.Iterator[Row]:
    """Return the errors by class, with the lines that they were looked for in."""
    watched = [one for one in of.watched("errors", "logs") if "errors" in one["observed"]]
    for one in watched:
        lines = one["observed"]["read"]["lines"]
        value = f"{_each(one['observed']['errors'])} in {number(lines, 'line')}{_as_far(one['verdict'] != _UNKNOWN)}"
        yield "Errors", one["host"], repeating.thing(one)[1], value, of.logs(one["host"]), WATCHED
    for host, one in of.audited("logs", "logs", watched):
        if one["part"] is not None:
            counts = {**{name: one["levels"].get(name, 0) for name in _ERRORS}, **one["exceptions"]}
            if one["exceptions_rest"]:
                counts["others"] = one["exceptions_rest"]
            value = f"{_each(counts)}{_as_far(one.get('complete', True))}"
            yield "Errors", host, one["name"], value, one["part"], LOGS


def _as_far(whole: bool) -> str:
    return "" if whole else ", as far as it could be read"


def _cycles(of: _Measured) -> t.Iterator[Row]:
    """Return how often each thing that recurs came, and how often it should have."""
    watched = of.watched("cycles", "logs")
    for one in watched:
        seen, wanted = one["observed"], one["expected"].get("at_least")
        # A window that is too short for one expects none.
        least = f", at least {wanted} expected" if wanted else ""
        value = f"{seen['count']} seen{least}{_pace(seen['mean_s'], seen['longest_s'])}"
        yield "Cycles", one["host"], one["subject"], value, of.logs(one["host"]), WATCHED
    for host, one in of.audited("logs", "performance", watched):
        if one["kind"] == "interval":
            wanted = one["expected"].get("min_count")
            least = f", at least {wanted} expected" if wanted is not None else ""
            value = f"{one['count']} seen{least}{_pace(one['mean'], one['max'])}"
            yield "Cycles", host, f"{one['log']}:{one['name']}", value, _span(one["first"], one["last"]), LOGS


def _pace(mean_s: float | None, longest_s: float | None) -> str:
    if mean_s is None or longest_s is None:
        return ""
    return f"; every {duration(mean_s)} on average, after {duration(longest_s)} at most"


def _answers(of: _Measured) -> t.Iterator[Row]:
    """Return how much of what was asked each host answered as declared, and how fast."""
    watched = [one for one in of.watched("available", "endpoints") if one["observed"].get("asked")]
    by_host: dict[str, list[Json]] = {}
    for one in watched:
        by_host.setdefault(one["host"], []).append(one)
    for host, mine in sorted(by_host.items()):
        asked, well = (sum(one["observed"][key] for one in mine) for key in ("asked", "ok"))
        worst = min(mine, key=lambda one: one["observed"]["ok"] / one["observed"]["asked"])
        share = f"{well} of {number(asked, 'request')} as declared ({100 * well / asked:.4g} %)"
        least = f"; the worst is {worst['subject']}, {worst['observed']['ok']} of {worst['observed']['asked']}"
        value = f"{share}{least}" if well < asked else share
        yield "Availability", host, number(len(mine), "endpoint"), value, of.window(host), WATCHED
        yield from _times(
            host, [(one["observed"]["median_ms"], one["subject"]) for one in mine], of.window(host), WATCHED
        )
    audited: dict[str, list[tuple[float | None, str]]] = {}
    for host, one in of.audited("endpoints", "endpoints", watched):
        audited.setdefault(host, []).append((one["median_ms"], one["name"]))
    for host, times in sorted(audited.items()):
        yield from _times(host, times, of.audit(host, "endpoints"), API)


def _times(host: str, times: t.Sequence[tuple[float | None, str]], window: str, more: Markup) -> t.Iterator[Row]:
    known = sorted((took, name) for took, name in times if took is not None)
    if known:
        middle, (most, slowest) = statistics.median(took for took, _name in known), known[-1]
        # Of each endpoint it is the median as well: one answer of it may have taken longer.
        value = f"median {middle:.3g} ms" + (f"; {slowest} has the highest, {most:.3g} ms" if len(known) > 1 else "")
        yield "Response time", host, number(len(known), "endpoint"), value, window, more


def _use(of: _Measured) -> t.Iterator[Row]:
    """Return the memory and the processor time of each process and container."""
    for section in ("processes", "containers"):
        memory = [one for one in of.watched("memory", section) if one["observed"].get("looks")]
        for one in memory:
            seen = one["observed"]
            value = f"{size(seen['first'] * _KIB)} at first, {size(seen['last'] * _KIB)} at last"
            yield "Memory", one["host"], one["subject"], value, of.window(one["host"]), WATCHED
        for one in of.watched("cpu", section):
            seen = one["observed"]
            value = f"{seen['mean_percent']:g} % of a processor on average, {seen['most_percent']:g} % at most"
            yield "CPU", one["host"], one["subject"], value, of.window(one["host"]), WATCHED
        for host, one in of.audited(section, section, memory):
            yield from _used(of, section, host, one)


def _used(of: _Measured, section: str, host: str, one: Json) -> t.Iterator[Row]:
    if section == "containers":
        if one["memory"] is not None:
            yield "Memory", host, one["name"], size(one["memory"]), of.audit(host, section), RUNS
        return
    for instance in one["instances"]:
        subject = f"{one['name']}:{instance['pid']}"
        if instance["rss_kb"] is not None:
            yield "Memory", host, subject, size(instance["rss_kb"] * _KIB), of.audit(host, section), RUNS
        if instance["cpu_percent"] is not None:
            value = f"{instance['cpu_percent']:g} % of a processor on average"
            yield "CPU", host, subject, value, f"since {instance['started']}", RUNS


def _lag(of: _Measured) -> t.Iterator[Row]:
    """Return how far consumer groups were behind."""
    watched = [one for one in of.watched("lag", "streams") if (one["observed"].get("lag") or {}).get("looks")]
    for one in watched:
        lag = one["observed"]["lag"]
        value = f"{lag['first']:g} at first, {lag['most']:g} at most, {lag['last']:g} at last"
        yield "Lag", one["host"], one["subject"], value, of.window(one["host"]), WATCHED
    for host, one in of.audited("streams", "streams", watched):
        for group in one["groups"] if one["seen"] and one["entry"] is not None else ():
            low, high = group["waiting"]["low"], group["waiting"]["high"]
            value = str(low) if low == high else f"{low} to {high}"
            yield "Lag", host, f"{one['stream']}:{group['name']}", value, of.audit(host, "streams"), RUNS


def _restarts(of: _Measured) -> t.Iterator[Row]:
    """Return what was restarted while the hosts were watched; without a watch what systemd and the engine counted."""
    for section in ("processes", "units", "containers"):
        watched = of.watched("stable", section)
        for one in watched:
            seen = one["observed"]
            # Of what no look has seen nobody knows whether it was restarted.
            if seen.get("looks", 0) <= seen.get("unseen", 0):
                continue
            value = f"{seen['started']} new, {seen['ended']} ended" if section == "processes" else str(seen["restarts"])
            yield "Restarts", one["host"], one["subject"], value, of.window(one["host"]), WATCHED
        for host, one in of.audited(section, section, watched) if section != "processes" else ():
            since = one.get("since") or one.get("created") or one.get("started")
            if one["restarts"] is not None:
                window = f"its counter, up since {since}" if since else "its counter"
                yield "Restarts", host, one["name"], one["restarts"], window, RUNS
