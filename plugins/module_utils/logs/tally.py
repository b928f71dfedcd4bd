# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One log counted, block by block. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs.measures import Intervals, Json, Matches, Numbers, utc
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.severity import Severity, whole
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock

_HELD = 1 << 20
_BACK = 1000


class Tally:
    """Counts what was asked of one log. Feed blocks of whole lines, in order; their size does not matter."""

    def __init__(self, spec: t.Mapping[str, t.Any], clock: Clock) -> None:
        """Raises Unseen when this Python does not understand a pattern of ``spec``."""
        self._clock = clock
        self._severity = Severity(clock, spec.get("classes") or ())
        self._matches = {
            kind: [Matches(one["name"], one["pattern"], clock, self._dated) for one in spec.get(kind) or ()]
            for kind in ("forbid", "require")
        }
        self._intervals = [Intervals(one, clock, self._dated) for one in spec.get("intervals") or ()]
        self._numbers = [Numbers(one, clock, self._dated) for one in spec.get("numbers") or ()]
        self._lines = 0
        self._held = b""
        self._first: float | None = None
        # The time of the last record before the block that is counted now.
        self._last: float | None = None

    def feed(self, block: bytes) -> None:
        """Count a block, all but a traceback that is not yet whole."""
        block = self._held + block
        end = whole(block, self._clock) if len(block) < _HELD else len(block)
        self._held = block[end:]
        self._count(block[:end])

    def end(self) -> None:
        """Count what is still held back."""
        block, self._held = self._held, b""
        self._count(block)

    def _count(self, block: bytes) -> None:
        if not block:
            return
        self._lines += block.count(b"\n")
        if self._first is None:
            self._first = self._after(block)
        self._severity.feed(block)
        for matches in (*self._matches["forbid"], *self._matches["require"]):
            matches.feed(block)
        for intervals in self._intervals:
            intervals.feed(block)
        for numbers in self._numbers:
            numbers.feed(block)
        self._last = self._dated(block, block.rfind(b"\n", 0, len(block) - 1) + 1)

    def _dated(self, block: bytes, start: int) -> float | None:
        """Return the time of the record that the line at ``start`` belongs to."""
        for _line in range(_BACK):
            seconds = self._clock.of(block[start : block.find(b"\n", start)])
            if seconds is not None:
                return seconds
            if not start:
                break
            start = block.rfind(b"\n", 0, start - 1) + 1
        return self._last

    def _after(self, block: bytes) -> float | None:
        """Return the first time in a block."""
        start = 0
        for _line in range(_BACK):
            end = block.find(b"\n", start)
            if end == -1:
                break
            seconds = self._clock.of(block[start:end])
            if seconds is not None:
                return seconds
            start = end + 1
        return None

    def result(self) -> Json:
        """Return the counts (``docs/design.md``)."""
        return {
            "lines": self._lines,
            "first": utc(self._first),
            "first_s": None if self._first is None else round(self._first, 3),
            "last": utc(self._last),
            "last_s": None if self._last is None else round(self._last, 3),
            "levels": dict(sorted(self._severity.levels.items())),
            "exceptions": {name: count for name, count in sorted(self._severity.exceptions.items()) if count},
            "exceptions_rest": self._severity.rest,
            "unhandled": dict(sorted(self._severity.unhandled.items())),
            **{kind: [one.result() for one in searched] for kind, searched in self._matches.items()},
            "intervals": [one.result() for one in self._intervals],
            "numbers": [one.result() for one in self._numbers],
        }
