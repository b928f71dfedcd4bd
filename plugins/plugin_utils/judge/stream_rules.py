# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for one declared stream: there, read, and moving. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.module_utils.streams.progress import added
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import stream_groups as groups
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.stream_check import StreamChecks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.stream_members import GroupRules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.stream_sample import SampleRules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import bounded, duration, number

_PRODUCER = remedy("start", "Look at whether the producer runs, and at its log; correct the name in the contract.")
_OTHER = remedy("investigate", "Find out what wrote this key: the name is taken by something else.")
_LENGTH = remedy("investigate", "Look at what the producer writes, and at how the stream is trimmed (MAXLEN, XTRIM).")
_GROUP = remedy("restart_consumer", "Start the consumer that makes the group (XGROUP CREATE), or correct the name.")
_SILENT = remedy("restart", "Look at the producer's log and at what it is fed with, then restart it.")

# The server's clock and the host's may differ by so much.
_SKEW_S = 60


class StreamRules:
    """The checks of one entry about a stream."""

    def __init__(self, scope: Scope, entry: Details) -> None:
        self._entry = entry
        self._make = StreamChecks(scope, entry)
        self._stream: str = entry["stream"]
        self._name = f"{self._stream} on {scope.context.host}"

    def unseen(self, reason: str) -> Check:
        """Return what is said of a stream that could not be seen at all."""
        return self._make.unknown("stream", self._stream, f"How the stream {self._name} stands is not known: {reason}")

    def judge(self, stream: Details) -> list[Check]:
        """Return the checks of what was seen, the ``streams[]`` of one server (docs/design.md)."""
        if stream["outcome"] != "ok":
            return [self.unseen(stream["reason"])]
        if stream["first"] is None:
            return [self._absent(stream["type"])]
        first, second = stream["first"], stream["second"]
        summary = f"The stream {self._name} has {number(first['length'], 'entry', 'entries')}"
        if first["last_time"]:
            summary += f", the last of {first['last_time']}"
        checks = [self._make.passed("stream", self._stream, summary, groups.numbers(first))]
        checks += self._fresh(first)
        checks += self._length(first)
        checks += self._groups(first)
        for group in first["groups"]:
            rules = GroupRules(self._make, self._entry, first, group)
            checks += rules.judge()
            if self._entry["must_progress_within_s"] is not None:
                checks.append(rules.progress(second, stream["second_reason"]))
        if self._entry["must_progress_within_s"] is not None and not first["groups"] and not self._entry["group"]:
            checks.append(self._producer(first, second, stream["second_reason"]))
        return checks + SampleRules(self._make, self._entry, self._name).judge(stream)

    def _absent(self, kind: str | None) -> Check:
        if kind == "none":
            summary = f"There is no stream {self._name}: it was never written, or was removed"
            return self._make.failed("stream", self._stream, summary, "missing", "no_stream", _PRODUCER)
        summary = f"{self._name} is no stream, its type is {kind}"
        return self._make.failed("stream", self._stream, summary, "differs", "wrong_type", _OTHER, {"type": kind})

    def _fresh(self, first: Details) -> list[Check]:
        """Judge the age of the newest entry. An id tells the time when the server made it, as it does by default."""
        limit = self._entry["fresh_s"]
        if limit is None:
            return []
        expected, observed = {"fresh_s": limit}, {"last_id": first["last_id"], "last_time": first["last_time"]}
        if first["last_time"] is None:
            why = f"its last id, {first['last_id']}, is no time" if first["last_id"] else "it never had one"
            summary = f"How old the newest entry of {self._name} is, is not known: {why}"
            return [self._make.unknown("fresh", self._stream, summary)]
        age_s = first["at_s"] - int(str(first["last_id"]).partition("-")[0]) / 1000
        summary = f"The newest entry of {self._name} is of {first['last_time']}"
        if age_s < -_SKEW_S:
            summary = f"{summary}, which lies {duration(age_s)} ahead of the host's clock"
            return [self._make.unknown("fresh", self._stream, summary)]
        summary += f", {duration(max(age_s, 0.0))} before it was looked at; {duration(limit)} is what it may be"
        if age_s <= limit:
            return [self._make.passed("fresh", self._stream, summary, observed, expected)]
        return [self._make.failed("fresh", self._stream, summary, "failed", "stale_data", _SILENT, observed, expected)]

    def _length(self, first: Details) -> list[Check]:
        low, high, length = self._entry["min_length"], self._entry["max_length"], first["length"]
        if low is None and high is None:
            return []
        expected = {key: self._entry[key] for key in ("min_length", "max_length") if self._entry[key] is not None}
        observed = {"length": length}
        summary = f"The stream {self._name} has {number(length, 'entry', 'entries')}"
        if low is not None and length < low:
            summary += f", at least {low} are wanted"
        elif high is not None and length > high:
            summary += f", at most {high} are allowed"
        else:
            return [self._make.passed("length", self._stream, summary, observed, expected)]
        return [
            self._make.failed("length", self._stream, summary, "failed", "out_of_range", _LENGTH, observed, expected)
        ]

    def _groups(self, first: Details) -> list[Check]:
        """Judge that the groups are there that the contract speaks of."""
        wanted = self._entry["group"]
        if wanted is None:
            limits = [key for key in ("max_lag", "max_pending", "max_idle_s") if self._entry[key] is not None]
            if first["groups"]:
                return self._unlooked(first)
            if not limits:
                return []
            summary = f"No group reads the stream {self._name}, whose {limits[0]} the contract limits"
            return [self._make.failed("group", self._stream, summary, "missing", "no_group", _GROUP)]
        subject = f"{self._stream}:{wanted}"
        if first["groups"]:
            return [self._make.passed("group", subject, f"The group {wanted} of {self._name} is there")]
        others = bounded(first["others"])
        has = f"there are {', '.join(others[:5])}" if others else "it has none"
        summary = f"There is no group {wanted} of the stream {self._name}: {has}"
        return [self._make.failed("group", subject, summary, "missing", "no_group", _GROUP, {"groups": others})]

    def _unlooked(self, first: Details) -> list[Check]:
        """Return that there are more groups than were looked at, if so."""
        looked, total = len(first["groups"]), first["groups_total"]
        if looked >= total:
            return []
        summary = f"{total - looked} of the {total} groups of {self._name} were not looked at: name the one that counts"
        return [self._make.unknown("group", self._stream, summary)]

    def _producer(self, first: Details, second: Details | None, reason: str) -> Check:
        """Judge a stream that nobody reads in a group: entries must be added."""
        within = self._entry["must_progress_within_s"]
        expected = {"must_progress_within_s": within}
        if second is None or (reason and not added(first, second)):
            summary = f"Whether entries are added to {self._name} is not known: {reason or 'it was looked at once'}"
            return self._make.unknown("progress", self._stream, summary)
        observed = {"first": groups.numbers(first), "second": groups.numbers(second)}
        took = duration(second["at_s"] - first["at_s"])
        if added(first, second):
            summary = (
                f"Entries are added to {self._name}: {first['last_id']} was the last, {took} later {second['last_id']}"
            )
            return self._make.passed("progress", self._stream, summary, observed, expected)
        since = f"since {first['last_time']}" if first["last_time"] else "at all"
        summary = (
            f"No entry was added to {self._name} between {first['at']} and {second['at']} ({took}), nor {since}: "
            f"it has {number(second['length'], 'entry', 'entries')}, and {within} s is what it may take"
        )
        return self._make.failed("progress", self._stream, summary, "failed", "stalled", _SILENT, observed, expected)
