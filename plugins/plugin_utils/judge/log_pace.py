# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for what recurs in a log: how often something happens, and which numbers it gives. Private to the
collection.
"""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import log_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.log_rules import AHEAD_S, LogRules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number

# Reading all logs of a host takes no longer.
_READING_S = 300

_FASTER = remedy("investigate", "Find out what takes the time: what the log says between two of these lines.")
_CHECK = remedy("investigate", "Find out what the number depends on; the log has the lines around it.")


def judge(rules: LogRules) -> list[Check]:
    """Return the checks of the intervals and numbers of one log."""
    intervals = zip(rules.entry["interval"], rules.log["intervals"], strict=True)
    numbers = zip(rules.entry["numbers"], rules.log["numbers"], strict=True)
    return [_Interval(rules, wanted, seen).judge() for wanted, seen in intervals] + [
        _number(rules, wanted, seen) for wanted, seen in numbers
    ]


class _Interval:
    """How often one thing happens. The time before the first line and after the last counts: it may have stopped."""

    def __init__(self, rules: LogRules, wanted: Details, seen: Details) -> None:
        self._rules = rules
        self._wanted = wanted
        self._seen = seen
        self._what = words.quoted(wanted["name"])
        self._begun: float | None = rules.read["first_s"]
        self._expected = {key: wanted[key] for key in ("max_s", "min_s", "min_count") if wanted[key] is not None}

    def judge(self) -> Check:
        if not self._seen["count"]:
            return self._never()
        if self._seen["dated"] < self._seen["count"]:
            return self._unknown(words.unmeasured(self._seen))
        wrong = [why for why in (self._too_few(), self._too_slow(), self._too_fast()) if why]
        if wrong:
            cause = "out_of_range" if wrong == [self._too_fast()] else "slow_interval"
            return self._failed(f"{self._pace()}; {'; '.join(wrong)}; read: {self._rules.part}", cause)
        if self._rules.blind:
            return self._unknown(self._rules.blind)
        if self._seen["max_s"] is None and self._wanted["max_s"] is not None:
            summary = f"{self._pace()}: no interval could be measured; read: {self._rules.part}"
            return self._rules.scope.not_exercised(
                "interval", self._subject, summary, expected=self._expected, observed=self._observed
            )
        ahead_s = words.ahead_s([self._seen["last_s"]], self._rules.log, self._rules.now_s, _READING_S)
        if self._wanted["max_s"] is not None and ahead_s > AHEAD_S:
            return self._unknown(
                f"it came last at {self._seen['last']}, {duration(ahead_s)} after the audit; the times of the log may "
                "be in another zone than the host's"
            )
        return self._rules.scope.passed(
            "interval",
            self._subject,
            self._rules.level("interval"),
            f"{self._pace()}{self._declared()}; read: {self._rules.part}",
            expected=self._expected,
            observed=self._observed,
        )

    @property
    def _subject(self) -> str:
        return self._rules.subject(self._wanted["name"])

    @property
    def _observed(self) -> dict[str, object]:
        names = ("count", "min_s", "mean_s", "max_s", "over", "under", "longest", "first", "last")
        return {**{name: self._seen[name] for name in names}, "since_last_s": self._trail(), "read": self._rules.part}

    def _declared(self) -> str:
        most = self._wanted["max_s"]
        return f"; at most {duration(most)} are declared" if most is not None else ""

    def _pace(self) -> str:
        """Return what was seen: the mean and the longest interval, how often, and in which time."""
        seen = self._seen
        if seen["max_s"] is None:
            return f"{self._what} came {number(seen['count'], 'time')} in {self._rules.where}{self._when()}"
        within = duration(seen["last_s"] - seen["first_s"])
        return (
            f"{self._what} came every {duration(seen['mean_s'])} on average, after {duration(seen['max_s'])} at most, "
            f"in {self._rules.where}: {number(seen['count'], 'time')} in {within}"
        )

    def _when(self) -> str:
        return words.when(self._seen["first"], self._seen["last"])

    def _trail(self) -> float | None:
        """Return how long ago the last one was."""
        last = self._seen["last_s"]
        return None if last is None else round(max(self._rules.now_s - last, 0.0), 1)

    def _too_few(self) -> str:
        least = self._wanted["min_count"]
        if least is None or self._seen["count"] >= least or self._rules.blind:
            return ""
        return f"at least {least} are declared"

    def _too_slow(self) -> str:
        most = self._wanted["max_s"]
        if most is None:
            return ""
        said = []
        if self._seen["over"]:
            start, end = self._seen["longest"]
            said.append(
                f"{self._seen['over']} of {number(self._seen['dated'] - 1, 'interval')} took longer, most from {start} "
                f"to {end}"
            )
        trail = self._trail()
        if trail is not None and trail - words.granularity_s(self._seen["last_s"]) > most:
            said.append(f"the last came {duration(trail)} before the audit, at {self._seen['last']}")
        lead = self._seen["first_s"] - self._begun if self._begun is not None else 0.0
        if lead > most and not self._rules.blind:
            said.append(f"the first came only {duration(lead)} after the part that was read begins")
        return f"declared are at most {duration(most)}: {', '.join(said)}" if said else ""

    def _too_fast(self) -> str:
        least = self._wanted["min_s"]
        if least is None or not self._seen["under"]:
            return ""
        intervals = number(self._seen["dated"] - 1, "interval")
        return f"{self._seen['under']} of {intervals} took less than the {duration(least)} that are declared"

    def _never(self) -> Check:
        """Return what follows from not seeing it at all: in a part that is long enough it should have been seen."""
        rules, most = self._rules, self._wanted["max_s"]
        if rules.blind:
            return self._unknown(rules.blind)
        summary = f"{self._what} came not once in {rules.where}; read: {rules.part}"
        looked = rules.now_s - self._begun if self._begun is not None else rules.asked_s
        if self._wanted["min_count"]:
            return self._failed(f"{summary}; at least {self._wanted['min_count']} are declared", "slow_interval")
        if most is not None and looked is not None and looked > most:
            due = f"in {duration(looked)} it should have come every {duration(most)}"
            return self._failed(f"{summary}; {due}", "slow_interval")
        if most is not None and rules.read["lines"] and not rules.read["dated"]:
            return self._unknown("no line has a time in a form that is known")
        return rules.scope.not_exercised("interval", self._subject, summary, expected=self._expected)

    def _failed(self, summary: str, cause: str) -> Check:
        return self._rules.scope.failed(
            "interval",
            self._subject,
            self._rules.level("interval"),
            summary,
            state="failed",
            cause=cause,
            remedy=_FASTER,
            expected=self._expected,
            observed={**self._observed, "span_s": self._rules.span_s()},
        )

    def _unknown(self, reason: str) -> Check:
        summary = (
            f"How often {self._what} comes in {self._rules.where} is not known: {reason}; read: {self._rules.part}"
        )
        return self._rules.scope.unknown("interval", self._subject, self._rules.level("interval"), summary)


def _number(rules: LogRules, wanted: Details, seen: Details) -> Check:
    """Return the check of one number that lines hold."""
    subject, level = rules.subject(wanted["name"]), rules.level("numbers")
    limits = {key: wanted[key] for key in ("min", "max", "mean_min", "mean_max") if wanted[key] is not None}
    named = ", ".join(f"{key.replace('_', ' ')} {limit:g}" for key, limit in limits.items())
    observed = {key: seen[key] for key in ("count", "unread", "min", "mean", "max", "last", "over", "under", "sample")}
    if not seen["count"]:
        summary = f"{wanted['name']} was not told once in {rules.where}; read: {rules.part}"
        if seen["unread"] or rules.blind:
            why = rules.blind or f"{number(seen['unread'], 'line')} that match hold no number"
            return rules.scope.unknown("numbers", subject, level, f"{summary}: {why}")
        return rules.scope.not_exercised("numbers", subject, summary, expected=limits)
    summary = (
        f"{wanted['name']} in {rules.where}: {number(seen['count'], 'time')}, {seen['min']:g} to {seen['max']:g}, "
        f"{seen['mean']:g} on average, {seen['last']:g} at last; declared: {named}"
    )
    wrong = [f"{number(seen[key], 'time')} {key} the limit" for key in ("over", "under") if seen[key]]
    if wanted["mean_max"] is not None and seen["mean"] > wanted["mean_max"]:
        wrong.append("the mean is over its limit")
    if wanted["mean_min"] is not None and seen["mean"] < wanted["mean_min"]:
        wrong.append("the mean is under its limit")
    if wrong:
        return rules.scope.failed(
            "numbers",
            subject,
            level,
            f"{summary}; {', '.join(wrong)}; read: {rules.part}",
            state="failed",
            cause="out_of_range",
            remedy=_CHECK,
            expected=limits,
            observed={**observed, "read": rules.part},
        )
    if rules.blind or seen["unread"]:
        why = rules.blind or f"{number(seen['unread'], 'line')} that match hold no number"
        return rules.scope.unknown("numbers", subject, level, f"{summary}, but not all was read: {why}")
    return rules.scope.passed(
        "numbers",
        subject,
        level,
        f"{summary}; read: {rules.part}",
        expected=limits,
        observed={**observed, "read": rules.part},
    )
