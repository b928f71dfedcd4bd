# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for one consumer group of a stream: consumers, lag, progress. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.module_utils.streams.progress import added, group_in
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import stream_groups as groups
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.stream_check import StreamChecks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number

_CONSUMER = remedy("restart_consumer", "Start the consumer of this group, and look at why it ended (its log).")
_SLOW = remedy("restart_consumer", "Look at the consumer's log: it is stuck, too slow, or there are too few of them.")
_PENDING = remedy(
    "restart_consumer",
    "Look at why entries are read and not acknowledged (the consumer's log, XPENDING); others can take them over.",
)
_STALLED = remedy(
    "restart_consumer",
    "The server is healthy and nothing is worked off: look at the consumer's log, then restart the consumer.",
)


class GroupRules:
    """The checks of one group. ``first`` is the look at its stream, ``group`` the group in it."""

    def __init__(self, make: StreamChecks, entry: Details, first: Details, group: Details) -> None:
        self._make = make
        self._entry = entry
        self._first = first
        self._group = group
        self._subject = f"{entry['stream']}:{group['name']}"
        self._name = f"The group {group['name']} of {entry['stream']} on {make.host}"
        self._observed = groups.numbers(first, group)

    def judge(self) -> list[Check]:
        """Return the checks that one look is enough for."""
        return [*self._consumers(), *self._lag(), *self._pending(), *self._idle()]

    def progress(self, second: Details | None, reason: str) -> Check:
        """Judge that the group moves; ``reason`` says why there is no second look that tells."""
        within = self._entry["must_progress_within_s"]
        expected = {"must_progress_within_s": within}
        state = groups.state_of(self._group, self._first, second)
        if second is None or (reason and state != groups.PROGRESSING):
            summary = f"{self._name}: whether it moves is not known: {reason or 'it was looked at once'}"
            return self._make.unknown("progress", self._subject, summary, self._observed)
        later = group_in(second, self._group["name"])
        observed = {"first": self._observed, "second": groups.numbers(second, later)}
        took = f"between {self._first['at']} and {second['at']} ({duration(second['at_s'] - self._first['at_s'])})"
        if state == groups.PROGRESSING:
            summary = f"{self._name} moves: {self._moved(later)} {took}"
            return self._make.passed("progress", self._subject, summary, observed, expected)
        if later is None:
            summary = f"{self._name} is gone: it was there at {self._first['at']}, and not at {second['at']}"
            return self._make.failed(
                "progress", self._subject, summary, "failed", "no_group", _CONSUMER, observed, expected
            )
        if state == groups.STALLED:
            return self._stalled(took, second, later, observed, expected)
        came = " Entries were added only just before the second look." if state == groups.UNSURE else ""
        quiet = "" if added(self._first, second) else ", and no entry was added"
        summary = f"{self._name} had nothing to do {took}: nothing waited{quiet}; {groups.history(later)}.{came}"
        return self._make.not_exercised("progress", self._subject, summary, observed, expected)

    def _stalled(self, took: str, second: Details, later: Details, observed: Details, expected: Details) -> Check:
        more = f", while {second['added'] - self._first['added']} were added" if self._grew(second) else ""
        who = "it has no consumer" if not later["consumers"] else f"it has {number(later['consumers'], 'consumer')}"
        summary = (
            f"{self._name} is stalled: {groups.burden(self._group)} waited, and none was read or acknowledged {took}"
            f"{more}; {groups.burden(later)} wait now; {who}, {groups.history(later)}"
        )
        return self._make.failed("progress", self._subject, summary, "failed", "stalled", _STALLED, observed, expected)

    def _grew(self, second: Details) -> bool:
        return self._first["added"] is not None and (second["added"] or 0) > self._first["added"]

    def _moved(self, later: Details | None) -> str:
        now = later or self._group
        if (now["read"] or 0) > (self._group["read"] or 0):
            return f"entries read went from {self._group['read'] or 0} to {now['read']}"
        if now["last_delivered"] != self._group["last_delivered"]:
            return f"it went from entry {self._group['last_delivered']} to {now['last_delivered']}"
        return f"entries not acknowledged went from {self._group['pending']} to {now['pending']}"

    def _consumers(self) -> list[Check]:
        group = self._group
        observed = {"consumers": group["consumers"]}
        if group["consumers"]:
            summary = f"{self._name} has {number(group['consumers'], 'consumer')}"
            return [self._make.passed("consumers", self._subject, summary, observed)]
        if not self._entry["group"] and not groups.waits(group):
            return []
        summary = f"{self._name} has no consumer: {groups.burden(group)} wait; {groups.history(group)}"
        return [
            self._make.failed("consumers", self._subject, summary, "missing", "no_consumer", _CONSUMER, self._observed)
        ]

    def _lag(self) -> list[Check]:
        limit = self._entry["max_lag"]
        if limit is None:
            return []
        low, high = self._group["waiting"]["low"], self._group["waiting"]["high"]
        expected = {"max_lag": limit}
        summary = f"{self._name} has {groups.waiting_words(self._group)} to read at {self._first['at']}"
        if low > limit:
            summary += f", at most {limit} are allowed; {groups.history(self._group)}"
            return [
                self._make.failed("lag", self._subject, summary, "failed", "lagging", _SLOW, self._observed, expected)
            ]
        if high <= limit:
            return [self._make.passed("lag", self._subject, summary, self._observed, expected)]
        summary = f"{summary}: the server does not tell its lag exactly, and at most {limit} are allowed"
        return [self._make.unknown("lag", self._subject, summary, self._observed)]

    def _pending(self) -> list[Check]:
        limit, pending = self._entry["max_pending"], self._group["pending"]
        if limit is None:
            return []
        oldest = self._group["members"]["oldest_pending"]
        summary = f"{self._name} has read {number(pending, 'entry', 'entries')} without acknowledging"
        if pending and oldest:
            summary += f", the oldest of {oldest}"
        expected, observed = {"max_pending": limit}, {**self._observed, "oldest_pending": oldest}
        if pending <= limit:
            return [self._make.passed("pending", self._subject, summary, observed, expected)]
        summary += f"; at most {limit} may be so"
        return [
            self._make.failed(
                "pending", self._subject, summary, "failed", "pending_entries", _PENDING, observed, expected
            )
        ]

    def _idle(self) -> list[Check]:
        """Judge that consumers work while there is work: one of them at least, and each that holds entries."""
        limit, members = self._entry["max_idle_s"], self._group["members"]
        if limit is None or not self._group["consumers"]:
            return []
        reason = members["reason"] or _unlisted(members)
        if reason:
            summary = f"{self._name}: what its consumers do is not known: {reason}"
            return [self._make.unknown("idle", self._subject, summary)]
        expected = {"max_idle_s": limit}
        checks = [
            self._idle_member(one, expected)
            for one in members["listed"]
            if one["pending"] and one["idle_ms"] > 1000 * limit
        ]
        least = members["least_idle_ms"] or 0
        if self._group["waiting"]["low"] and least > 1000 * limit:
            summary = (
                f"{self._name} has {groups.waiting_words(self._group)} to read, and none of its "
                f"{number(self._group['consumers'], 'consumer')} asked for any for {duration(least / 1000)}"
            )
            checks.append(
                self._make.failed(
                    "idle", self._subject, summary, "failed", "idle_consumer", _SLOW, self._observed, expected
                )
            )
        if checks:
            return checks
        # The one of a program that hangs since a moment ago is no older than that.
        heard = (
            f"; one asked for entries {duration(least / 1000)} before" if members["least_idle_ms"] is not None else ""
        )
        summary = f"{self._name} has consumers that work, or that have nothing to do{heard}"
        return [self._make.passed("idle", self._subject, summary, {"least_idle_ms": least}, expected)]

    def _idle_member(self, member: Details, expected: Details) -> Check:
        summary = (
            f"The consumer {member['name']} of {self._subject} on {self._make.host} holds "
            f"{number(member['pending'], 'entry', 'entries')} and did nothing for {duration(member['idle_ms'] / 1000)}"
        )
        if member["inactive_ms"] is not None:
            ago = "it never read any" if member["inactive_ms"] < 0 else f"{duration(member['inactive_ms'] / 1000)} ago"
            summary += f"; it last read an entry: {ago}"
        subject = f"{self._subject}:{member['name']}"
        return self._make.failed("idle", subject, summary, "failed", "idle_consumer", _PENDING, member, expected)


def _unlisted(members: Details) -> str:
    """Return why some consumers that may hold entries were not told; the busiest are, first."""
    listed, total = members["listed"], members["total"] or 0
    if len(listed) >= total or (listed and not listed[-1]["pending"]):
        return ""
    return f"only the {len(listed)} busiest of {total} were told, and all of these hold entries"
