# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for one log: what it must and must not say. Private to the collection."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.change_starts import since as changed_since
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.log_shapes import DEPLOY, LEVELS, UNHANDLED
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import log_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number

DEFAULTS = {
    "log": "high",
    "fresh": "high",
    "forbid": "high",
    "require": "high",
    "max": "high",
    "interval": "medium",
    "numbers": "medium",
}
"""The checks of this section and their severities where the contract gives none."""

AHEAD_S = 120
"""Clocks of containers and hosts may differ by so much."""

_READ = remedy("read_log", "Read the log around the times that are shown, and cure what it complains about.")
_START = remedy("start", "Find out why nothing writes this log: whether the service runs, and where it logs to.")


class LogRules:
    """Makes the checks of one log that was read. ``now_s`` is when it was, by the clock of its host."""

    def __init__(self, scope: Scope, entry: Details, log: Details, now_s: float) -> None:
        self.scope = scope
        self.entry = entry
        self.log = log
        self.read: Details = log["read"]
        self.now_s = now_s
        self.where = f"{words.source(log)} on {scope.context.host}"
        self.part = words.part(log)
        # How long the window is that was asked for, when that is known without a line in it.
        self.asked_s = _asked_s(entry, now_s, scope.context.changes)
        self.blind: str = "" if self.read["complete"] else self.read["reason"]

    def judge(self) -> list[Check]:
        """Return the checks of what is counted."""
        checks = [self._seen()]
        if self.entry["fresh_s"] is not None:
            checks.append(self._fresh(self.entry["fresh_s"]))
        checks += [
            self._forbidden(wanted, hit) for wanted, hit in zip(self.entry["forbid"], self.log["forbid"], strict=True)
        ]
        checks += [
            self._required(wanted, hit) for wanted, hit in zip(self.entry["require"], self.log["require"], strict=True)
        ]
        checks += [self._limited(name, limit) for name, limit in sorted(self.entry["max"].items())]
        return checks

    def level(self, check: str) -> str:
        """Return the severity of a check."""
        given: t.Mapping[str, str] = self.entry.get("severity") or {}
        return given.get(check) or DEFAULTS[check]

    def subject(self, name: str) -> str:
        """Return the subject of what is searched under a name."""
        return f"{self.scope.component}:{name}"

    def _seen(self) -> Check:
        observed = {"path": self.log["path"], "read": dict(self.read)}
        if self.blind:
            summary = f"{self.where} was not read to its end ({self.blind}); read: {self.part}"
            return self.scope.unknown("log", self.scope.component, self.level("log"), summary, observed=observed)
        summary = f"{self.where} was read: {self.part}"
        return self.scope.passed("log", self.scope.component, self.level("log"), summary, observed=observed)

    def _fresh(self, limit: float) -> Check:
        subject, level = self.scope.component, self.level("fresh")
        newest, told, what = self.log["newest_s"], self.log["newest"], "newest line"
        if newest is None and not self.read["dated"]:
            # Lines without times: the file's own time says when the last one came.
            newest, told, what = self.log["mtime_s"], self.log["mtime"], "last write"
        if newest is None:
            summary = f"The age of the newest line of {self.where} is not known: none that was read has a time"
            return self.scope.unknown("fresh", subject, level, summary)
        age = self.now_s - newest
        if age < -AHEAD_S:
            summary = (
                f"The age of the {what} of {self.where} is not known: it is from {told}, {duration(-age)} after the "
                "audit; the times of the log may be in another zone than the host's"
            )
            return self.scope.unknown("fresh", subject, level, summary)
        expected, observed = {"fresh_s": limit}, {"newest": told, "age_s": round(age, 1)}
        summary = f"The {what} of {self.where} is from {told}, {duration(max(age, 0))} before the audit"
        if age <= limit:
            return self.scope.passed(
                "fresh", subject, level, f"{summary}; at most {duration(limit)}", expected=expected, observed=observed
            )
        return self.scope.failed(
            "fresh",
            subject,
            level,
            f"{summary}, where at most {duration(limit)} are declared: nothing is logged any more",
            state="failed",
            cause="stale_data",
            remedy=_START,
            expected=expected,
            observed=observed,
        )

    def _forbidden(self, wanted: Details, hit: Details) -> Check:
        what = words.quoted(wanted["name"])
        lines = f"{number(hit['count'], 'line')} of {self.where} {'has' if hit['count'] == 1 else 'have'} {what}"
        if hit["count"] > wanted["max"]:
            allowed = f", where {wanted['max']} may" if wanted["max"] else ""
            newest = hit["samples"][-1]["text"] if hit["samples"] else ""
            summary = f"{lines}{words.when(hit['first'], hit['last'])}{allowed}: {words.quoted(newest)}"
            return self._over(
                "forbid", wanted["name"], summary, "forbidden_pattern", {"max": wanted["max"]}, _shown(hit)
            )
        return self._quiet(
            "forbid", wanted["name"], lines, f"lines that have {what}", {"max": wanted["max"]}, _shown(hit)
        )

    def _limited(self, name: str, limit: int) -> Check:
        if name in LEVELS:
            worse = LEVELS[LEVELS.index(name) :]
            count = sum(self.log["levels"].get(level, 0) for level in worse)
            of_level = f"of level {name} or worse" if worse[1:] else f"of level {name}"
            what = f"lines {of_level}"
            lines = f"{number(count, 'line')} of {self.where} {'is' if count == 1 else 'are'} {of_level}"
            each: Details = {level: self.log["levels"].get(level, 0) for level in worse}
        else:
            kind = "unhandled" if name in UNHANDLED else "exceptions"
            count = self.log[kind].get(name, 0)
            what = f"lines that tell of {name}"
            lines = f"{self.where} tells of {name} {number(count, 'time')}"
            each = {"count": count}
        if count > limit:
            told = ", ".join(f"{word} {many}" for word, many in each.items() if many) if name in LEVELS else ""
            summary = f"{lines}{f' ({told})' if told else ''}, where {limit} may be; read: {self.part}"
            return self._over("max", name, summary, "too_many_errors", {"max": limit}, {**each, "count": count})
        return self._quiet("max", name, lines, what, {"max": limit}, each)

    def _over(self, check: str, name: str, summary: str, cause: str, expected: Details, observed: Details) -> Check:
        return self.scope.failed(
            check,
            self.subject(name),
            self.level(check),
            summary,
            state="unexpected",
            cause=cause,
            remedy=_READ,
            expected=expected,
            observed={**observed, "read": self.part, "span_s": self.span_s()},
        )

    def span_s(self) -> float | None:
        """Return how much of the past the part that was read is, None where its lines have no times."""
        first: float | None = self.read["first_s"]
        # A log may be younger than the time that was asked for.
        return self.asked_s if first is None else round(max(self.now_s - first, 0.0), 1)

    def _quiet(self, check: str, name: str, lines: str, what: str, expected: Details, observed: Details) -> Check:
        """Return what follows from finding no more than is allowed: nothing, unless all was read.

        ``what`` names the lines that are counted, ``lines`` says how many there were.
        """
        subject, level = self.subject(name), self.level(check)
        if self.blind:
            summary = f"Whether {self.where} has more {what} is not known: {self.blind}; read: {self.part}: {lines}"
            return self.scope.unknown(check, subject, level, summary)
        if not self.read["lines"]:
            summary = (
                f"Nothing is in the part of {self.where} that was asked for, so that nothing can be said of {what}"
            )
            return self.scope.not_exercised(check, subject, summary, expected=expected)
        return self.scope.passed(
            check,
            subject,
            level,
            f"{lines}; read: {self.part}",
            expected=expected,
            observed={**observed, "read": self.part},
        )

    def _required(self, wanted: Details, hit: Details) -> Check:
        subject, level = self.subject(wanted["name"]), self.level("require")
        what = words.quoted(wanted["name"])
        expected, observed = {"min": wanted["min"]}, {**_shown(hit), "read": self.part}
        lines = f"{number(hit['count'], 'line')} of {self.where} {'has' if hit['count'] == 1 else 'have'} {what}"
        if hit["count"] >= wanted["min"]:
            summary = f"{lines}{words.when(hit['first'], hit['last'])}; read: {self.part}"
            return self.scope.passed("require", subject, level, summary, expected=expected, observed=observed)
        if self.blind:
            summary = f"Whether {self.where} has {what} is not known: {self.blind}; read: {self.part}"
            return self.scope.unknown("require", subject, level, summary)
        needed = f"at least {wanted['min']} must" if wanted["min"] > 1 else "one must"
        return self.scope.failed(
            "require",
            subject,
            level,
            f"{lines}, where {needed}; read: {self.part}",
            state="missing",
            cause="missing_pattern",
            remedy=_START,
            expected=expected,
            observed={**observed, "span_s": self.span_s()},
        )


def _asked_s(entry: Details, now_s: float, changes: Details | None) -> float | None:
    """Return how much of the past a log was asked for, None where lines or bytes were, or nobody knows since when."""
    since = entry["since"]
    if since is None or isinstance(since, int):
        return since if since is None else float(since)
    if since == DEPLOY:
        begin = changed_since(entry, changes or {})
        begin_s = None if begin is None else begin["time_s"]
    else:
        begin_s = datetime.datetime.fromisoformat(since).timestamp()
    return None if begin_s is None else round(max(now_s - begin_s, 0.0), 1)


def _shown(hit: Details) -> dict[str, t.Any]:
    return {key: hit[key] for key in ("count", "first", "last", "samples")}
