# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for the sampled entries of a stream: fields that must be there, and values that must change. Private to the
collection.
"""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.stream_check import StreamChecks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

_FIELD = remedy("fix_service", "Look at what the producer writes: it, or what it is fed with, lacks the field.")
_STUCK = remedy("fix_service", "Look at where the producer takes this value from: it looks like a default.")
# One entry has one value: nothing could have changed.
_FEWEST = 2


class SampleRules:
    """The checks of the entries of one stream; ``name`` says which and where."""

    def __init__(self, make: StreamChecks, entry: Details, name: str) -> None:
        self._make = make
        self._entry = entry
        self._stream: str = entry["stream"]
        self._name = name

    def judge(self, stream: Details) -> list[Check]:
        if not self._entry["required_fields"] and not self._entry["stuck"]:
            return []
        sample = stream["sample"]
        if sample is None:
            text = f"What the entries of {self._name} hold is not known: {stream['sample_reason']}"
            wanted = "fields" if self._entry["required_fields"] else "values"
            return [self._make.unknown(wanted, self._stream, text)]
        checks = [self._field(one, sample) for one in sample["required"]]
        return checks + [
            self._value(one, wanted, sample) for one, wanted in zip(sample["stuck"], self._entry["stuck"], strict=True)
        ]

    def _field(self, one: Details, sample: Details) -> Check:
        subject, expected = f"{self._stream}:{one['field']}", {"required": one["field"]}
        if not sample["entries"]:
            return self._empty("fields", subject)
        observed = {**one, "entries": sample["entries"], "oldest": sample["oldest"], "newest": sample["newest"]}
        lacking = sample["entries"] - one["present"]
        newest = f"the newest {number(sample['entries'], 'entry', 'entries')} of {self._name}"
        if not lacking:
            return self._make.passed("fields", subject, f"{newest} have {one['field']}", observed, expected)
        summary = f"{lacking} of {newest} lack the field {one['field']}"
        return self._make.failed("fields", subject, summary, "missing", "missing_field", _FIELD, observed, expected)

    def _value(self, one: Details, wanted: Details, sample: Details) -> Check:
        subject, expected = f"{self._stream}:{one['field']}", dict(wanted)
        if not sample["entries"]:
            return self._empty("values", subject)
        observed = {**one, "entries": sample["entries"], "oldest": sample["oldest"], "newest": sample["newest"]}
        times = f" from {sample['oldest']} to {sample['newest']}" if sample["oldest"] and sample["newest"] else ""
        newest = f"the newest {number(sample['entries'], 'entry', 'entries')} of {self._name}{times}"
        if not one["present"]:
            summary = f"None of {newest} has the field {one['field']}"
            return self._make.failed("values", subject, summary, "missing", "missing_field", _FIELD, observed, expected)
        if one["present"] < _FEWEST:
            summary = f"Only one entry of {self._name} has {one['field']}: whether its value changes cannot be seen yet"
            return self._make.not_exercised("values", subject, summary, observed, expected)
        stuck = one["distinct"] == 1 if wanted["values"] is None else one["matching"] == one["present"]
        if not stuck:
            summary = f"{one['field']} has {number(one['distinct'], 'value')} in {newest}"
            return self._make.passed("values", subject, summary, observed, expected)
        said = f"is {one['value']}" if one["distinct"] == 1 else f"is one of {', '.join(wanted['values'] or ())}"
        summary = f"{one['field']} {said} in all {one['present']} of {newest} that have it"
        return self._make.failed("values", subject, summary, "failed", "stuck_value", _STUCK, observed, expected)

    def _empty(self, check: str, subject: str) -> Check:
        return self._make.not_exercised(check, subject, f"The stream {self._name} has no entry to look at")
