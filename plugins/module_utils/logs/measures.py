# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is counted of single expressions: lines that match, intervals between them, numbers in them. Private to the
collection.
"""

from __future__ import annotations

import array
import collections
import math
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs.patterns import Search
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

SAMPLE = 300
"""How much of a line is shown."""

MOST = 1_000_000
"""Between how many lines intervals are measured."""

_LARGEST = 1e29
"""The control node believes no larger number."""

Json = t.Dict[str, t.Any]
Dated = t.Callable[[bytes, int], t.Optional[float]]
"""(block, start of a line) -> the time of the record that the line belongs to."""


def utc(seconds: float | None) -> str | None:
    """Return a time as text in UTC."""
    return None if seconds is None else iso(seconds)


def excerpt(line: bytes) -> str:
    """Return a line as it may be shown."""
    shown = mask(show(line))
    return shown if len(shown) <= SAMPLE else f"{shown[:SAMPLE]}..."


class Matches:
    """Lines in which an expression is found: how many, the first and the two newest."""

    def __init__(self, name: str, pattern: str, clock: Clock, dated: Dated) -> None:
        self._name = name
        self._search = Search(pattern)
        self._clock = clock
        self._dated = dated
        self._count = 0
        self._first: tuple[float | None, bytes] | None = None
        self._newest: collections.deque[tuple[float | None, bytes]] = collections.deque(maxlen=2)

    def sieves(self) -> list[bytes]:
        """Return what `Search.sieves` does."""
        return self._search.sieves()

    def feed(self, block: bytes) -> None:
        """Search a block of whole lines."""
        newest: collections.deque[tuple[int, int]] = collections.deque(maxlen=2)
        for hit in self._search.hits(block, self._clock):
            self._count += 1
            if self._first is None:
                self._first = self._sample(block, hit.start, hit.end)
            else:
                newest.append((hit.start, hit.end))
        self._newest.extend(self._sample(block, start, end) for start, end in newest)

    def _sample(self, block: bytes, start: int, end: int) -> tuple[float | None, bytes]:
        return self._dated(block, start), self._clock.text(block[start:end])

    def result(self) -> Json:
        """Return ``{name, count, first, last, samples: [{time, text}]}``."""
        kept = ([self._first] if self._first else []) + list(self._newest)
        return {
            "name": self._name,
            "count": self._count,
            "first": utc(kept[0][0]) if kept else None,
            "last": utc(kept[-1][0]) if kept else None,
            "samples": [{"time": utc(seconds), "text": excerpt(line)} for seconds, line in kept],
        }


class Intervals:
    """The times between the lines in which an expression is found."""

    def __init__(self, spec: t.Mapping[str, t.Any], clock: Clock, dated: Dated) -> None:
        """``spec`` has ``name``, ``pattern``, and may have ``max_s`` and ``min_s``, which are then counted against."""
        self._spec = spec
        self._search = Search(spec["pattern"])
        self._clock = clock
        self._dated = dated
        self._count = 0
        self._times = array.array("d")

    def feed(self, block: bytes) -> None:
        """Search a block of whole lines."""
        for hit in self._search.hits(block, self._clock):
            self._count += 1
            seconds = self._dated(block, hit.start)
            if seconds is not None and len(self._times) < MOST:
                self._times.append(seconds)

    def result(self) -> Json:
        """Return what ``docs/design.md`` has as an interval."""
        # Several writers, or a clock that was set back: order is by time.
        times = sorted(self._times)
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        longest = max(range(len(gaps)), key=lambda at: gaps[at]) if gaps else None
        most, least = self._spec.get("max_s"), self._spec.get("min_s")
        return {
            "name": self._spec["name"],
            "count": self._count,
            "dated": len(times),
            "first": utc(times[0]) if times else None,
            "first_s": round(times[0], 3) if times else None,
            "last": utc(times[-1]) if times else None,
            "last_s": round(times[-1], 3) if times else None,
            "min_s": round(min(gaps), 3) if gaps else None,
            "mean_s": round(sum(gaps) / len(gaps), 3) if gaps else None,
            "max_s": round(max(gaps), 3) if gaps else None,
            "over": sum(1 for gap in gaps if most is not None and round(gap, 3) > most),
            "under": sum(1 for gap in gaps if least is not None and round(gap, 3) < least),
            "longest": None if longest is None else [utc(times[longest]), utc(times[longest + 1])],
        }


class Numbers:
    """The numbers that the group of an expression takes out of lines."""

    def __init__(self, spec: t.Mapping[str, t.Any], clock: Clock, dated: Dated) -> None:
        """``spec`` has ``name``, ``pattern``, and may have ``min`` and ``max``, which are then counted against."""
        self._spec = spec
        self._search = Search(spec["pattern"])
        self._clock = clock
        self._dated = dated
        self._values: Json = {"count": 0, "unread": 0, "over": 0, "under": 0}
        self._sum = 0.0
        self._least: float | None = None
        self._most: float | None = None
        self._last: float | None = None
        self._worst: tuple[float | None, bytes] | None = None

    def feed(self, block: bytes) -> None:
        """Search a block of whole lines."""
        for hit in self._search.hits(block, self._clock):
            value = _number(hit.group)
            if value is None:
                self._values["unread"] += 1
                continue
            self._values["count"] += 1
            self._sum += value
            self._last = value
            self._least = value if self._least is None else min(self._least, value)
            self._most = value if self._most is None else max(self._most, value)
            over = self._spec.get("max") is not None and value > self._spec["max"]
            under = self._spec.get("min") is not None and value < self._spec["min"]
            self._values["over"] += over
            self._values["under"] += under
            if over or under:
                self._worst = self._dated(block, hit.start), self._clock.text(block[hit.start : hit.end])

    def result(self) -> Json:
        """Return what ``docs/design.md`` has as a number."""
        count = self._values["count"]
        return {
            "name": self._spec["name"],
            **self._values,
            "min": _rounded(self._least),
            "mean": _rounded(self._sum / count) if count else None,
            "max": _rounded(self._most),
            "last": _rounded(self._last),
            "sample": {"time": utc(self._worst[0]), "text": excerpt(self._worst[1])} if self._worst else None,
        }


def _number(text: str | None) -> float | None:
    try:
        value = float((text or "").replace(",", ""))
    except ValueError:
        return None
    # What is larger than anything is still beyond a limit, and can be told.
    return min(max(value, -_LARGEST), _LARGEST) if math.isfinite(value) else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
