# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One log counted, block by block. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs.measures import Intervals, Json, Matches, Numbers, utc
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.severity import Severity, sieves, whole
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock

_HELD = 1 << 20
# So many lines are looked at for a first time.
_UNDATED = 100_000


class Tally:
    """Counts what was asked of one log. Feed blocks of whole lines, in order; their size does not matter.

    What any line can be part of is counted by `count`, what few lines are part of by `seek`, which may be given no more
    than these lines and what follows them; `feed` does both.
    """

    def __init__(self, spec: t.Mapping[str, t.Any], clock: Clock) -> None:
        """Raises Unseen when this Python does not understand a pattern of ``spec``."""
        self._clock = clock
        self._counted, self._sought = _Dating(clock), _Dating(clock)
        self._severity = Severity(clock, spec.get("classes") or ())
        self._forbid, self._require = (
            [Matches(one["name"], one["pattern"], clock, times.of) for one in spec.get(kind) or ()]
            for kind, times in (("forbid", self._sought), ("require", self._counted))
        )
        self._intervals = [Intervals(one, clock, self._counted.of) for one in spec.get("intervals") or ()]
        self._numbers = [Numbers(one, clock, self._counted.of) for one in spec.get("numbers") or ()]
        self._lines = 0
        self._held = b""
        self._first: float | None = None
        self._undated = 0

    @property
    def sieves(self) -> list[bytes] | None:
        """Expressions of ``grep -E`` of which every line for `seek` matches one; None when that may be any line."""
        words = [one.sieves() for one in self._forbid]
        return [*sieves(), *(word for some in words for word in some)] if all(words) else None

    @property
    def skims(self) -> bool:
        """Whether no more is asked of every line than that it is there, and of all the first and the last time."""
        return not (self._require or self._intervals or self._numbers)

    @property
    def dated(self) -> bool:
        """Whether the lines have times."""
        return self._clock.dated

    @property
    def last(self) -> float | None:
        """The time of the last record that was counted."""
        return self._counted.last

    @property
    def last_sought(self) -> float | None:
        """The time of the last record that was looked at."""
        return self._sought.last

    @property
    def held(self) -> bool:
        """Whether more is needed to count what was sought last: the end of a traceback."""
        return bool(self._held)

    def feed(self, block: bytes) -> None:
        """Count a block in every way."""
        self.count(block)
        self.seek(block)

    def count(self, block: bytes) -> None:
        """Count what is asked of every line."""
        if not block:
            return
        self._lines += block.count(b"\n")
        self.begins(block)
        for matches in self._require:
            matches.feed(block)
        for intervals in self._intervals:
            intervals.feed(block)
        for numbers in self._numbers:
            numbers.feed(block)
        self._counted.passed(block)

    def skim(self, lines: int, last: float | None) -> None:
        """Count lines of which nothing else is asked. ``last`` is the time of the last record among them, when one has
        a time; `begins` was given what they begin with.
        """
        self._lines += lines
        if last is not None:
            self._counted.last = last

    def begins(self, block: bytes) -> bool:
        """Look for the first time in a block that follows what was counted; return whether that was enough."""
        if self._first is None:
            self._first = self._after(block)
        return self._first is not None or self._undated >= _UNDATED

    def last_of(self, block: bytes) -> float | None:
        """Return the time of the last record in a block, None where no line has one."""
        dating = _Dating(self._clock)
        dating.passed(block)
        return dating.last

    def seek(self, block: bytes) -> None:
        """Count what is asked of few lines, all but a traceback that is not yet whole."""
        block = self._held + block
        end = whole(block, self._clock) if len(block) < _HELD else len(block)
        self._held = block[end:]
        self._seek(block[:end])

    def apart(self, last: float | None) -> None:
        """Say that what is sought next does not follow what came before, but a record of the time ``last``."""
        self.end()
        self._severity.apart()
        self._sought.last = last

    def end(self) -> None:
        """Count what is still held back."""
        block, self._held = self._held, b""
        self._seek(block)

    def _seek(self, block: bytes) -> None:
        self._severity.feed(block)
        for matches in self._forbid:
            matches.feed(block)
        self._sought.passed(block)

    def _after(self, block: bytes) -> float | None:
        """Return the first time in a block."""
        start = 0
        while start < len(block) and self._undated < _UNDATED:
            end = block.find(b"\n", start)
            seconds = self._clock.of(block[start:end])
            if seconds is not None:
                return seconds
            self._undated += 1
            start = end + 1
        return None

    def result(self) -> Json:
        """Return the counts (``docs/design.md``)."""
        last = self._counted.last
        return {
            "lines": self._lines,
            "first": utc(self._first),
            "first_s": None if self._first is None else round(self._first, 3),
            "last": utc(last),
            "last_s": None if last is None else round(last, 3),
            "levels": dict(sorted(self._severity.levels.items())),
            "exceptions": {name: count for name, count in sorted(self._severity.exceptions.items()) if count},
            "exceptions_rest": self._severity.rest,
            "unhandled": dict(sorted(self._severity.unhandled.items())),
            "forbid": [one.result() for one in self._forbid],
            "require": [one.result() for one in self._require],
            "intervals": [one.result() for one in self._intervals],
            "numbers": [one.result() for one in self._numbers],
        }


class _Dating:
    """Finds the time of the record that a line belongs to, which can lie in a block before its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.last: float | None = None
        # What was found last: lines are asked for in their order, and no line is read twice for that.
        self._found: tuple[bytes, int, float | None] = (b"", -1, None)

    def of(self, block: bytes, start: int) -> float | None:
        """Return the time of the record that the line at ``start`` belongs to."""
        before = self._found[1] if self._found[0] is block else -1
        at, seconds = start, None
        while at != before:
            seconds = self._clock.of(block[at : block.find(b"\n", at)])
            if seconds is not None or not at:
                break
            at = block.rfind(b"\n", 0, at - 1) + 1
        else:
            seconds = self._found[2]
        if seconds is None:
            seconds = self.last
        self._found = (block, start, seconds)
        return seconds

    def passed(self, block: bytes) -> None:
        """Say that a block of whole lines is done with."""
        if block:
            self.last = self.of(block, block.rfind(b"\n", 0, len(block) - 1) + 1)
            self._found = (b"", -1, None)
