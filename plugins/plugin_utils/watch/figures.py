# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures that grow by one look at a time and stay as small as they are: slopes, medians, what happened. Private to the
collection.
"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import utc

Json = dict[str, t.Any]

HOUR_S = 3600.0
EVENTS = 50
"""How many of the things that happened are told of one subject; all are counted."""

_LONGEST = 300
_BUCKETS = 40
"""For each tenfold: a median is told to within 3 %."""


class Trend:
    """A number over time: its range, its mean, and the straight line that fits it best.

    Moments are updated in place (Welford), so that a large number that hardly changes does not lose what changes.
    """

    def __init__(self) -> None:
        self.looks = 0
        self.first = self.last = self.least = self.most = 0.0
        self._mean_t = self._mean_y = 0.0
        self._tt = self._ty = self._yy = 0.0

    def add(self, at_s: float, value: float) -> None:
        """Take in one value; ``at_s`` is seconds on any one clock."""
        if not self.looks:
            self.first = self.least = self.most = value
        self.looks += 1
        self.last, self.least, self.most = value, min(self.least, value), max(self.most, value)
        off_t, off_y = at_s - self._mean_t, value - self._mean_y
        self._mean_t += off_t / self.looks
        self._mean_y += off_y / self.looks
        self._tt += off_t * (at_s - self._mean_t)
        self._ty += off_t * (value - self._mean_y)
        self._yy += off_y * (value - self._mean_y)

    @property
    def mean(self) -> float:
        return self._mean_y

    def slope(self) -> float | None:
        """Return by how much it changes in a second; None when there is no time between the values."""
        return self._ty / self._tt if self.looks > 1 and self._tt > 0 else None

    def error(self) -> float | None:
        """Return the standard error of the slope; None with fewer than three values."""
        slope = self.slope()
        if slope is None or self.looks < 3:
            return None
        rest = max(self._yy - slope * self._ty, 0.0)
        return math.sqrt(rest / (self.looks - 2) / self._tt)

    def grows(self) -> bool:
        """Whether it surely grows: the slope is more than three times its standard error."""
        slope, error = self.slope(), self.error()
        return slope is not None and error is not None and slope > 0 and slope > 3 * error

    def told(self) -> Json:
        """Return ``{looks, first, last, least, most, mean, per_hour, error_per_hour, grows}``, null where not known."""
        slope, error = self.slope(), self.error()
        values = {key: getattr(self, key) if self.looks else None for key in ("first", "last", "least", "most", "mean")}
        return {
            "looks": self.looks,
            **{key: None if value is None else round(value, 3) for key, value in values.items()},
            "per_hour": None if slope is None else round(slope * HOUR_S, 3),
            "error_per_hour": None if error is None else round(error * HOUR_S, 3),
            "grows": self.grows(),
        }


class Halves:
    """A trend over the whole window, and one over its later half: what warms up grows in the first alone."""

    def __init__(self, half_s: float) -> None:
        self._half_s = half_s
        self.whole, self.later = Trend(), Trend()

    def add(self, at_s: float, value: float) -> None:
        self.whole.add(at_s, value)
        if at_s >= self._half_s:
            self.later.add(at_s, value)

    def told(self) -> Json:
        return {**self.whole.told(), "later": self.later.told()}


class Times:
    """How long answers took: the slowest exactly, the median by classes that are 6 % wide."""

    def __init__(self) -> None:
        self.count = 0
        self._slowest = 0.0
        self._slowest_at_s: float | None = None
        self._classes: dict[int, int] = {}

    def add(self, milliseconds: float, wall_s: float) -> None:
        self.count += 1
        if self._slowest_at_s is None or milliseconds > self._slowest:
            self._slowest, self._slowest_at_s = milliseconds, wall_s
        # From 0.01 ms to 1000 s; what is outside counts as what is at the end.
        place = math.floor(_BUCKETS * math.log10(min(max(milliseconds, 0.01), 1e6)))
        self._classes[place] = self._classes.get(place, 0) + 1

    def median(self) -> float | None:
        """Return the median to within 3 %; None without any."""
        passed = 0
        for place in sorted(self._classes):
            passed += self._classes[place]
            if 2 * passed >= self.count:
                return float(10 ** ((place + 0.5) / _BUCKETS))
        return None

    def told(self) -> Json:
        median = self.median()
        return {
            "median_ms": None if median is None else round(min(median, self._slowest), 1),
            "slowest_ms": round(self._slowest, 1) if self.count else None,
            "slowest_at": None if self._slowest_at_s is None else utc(self._slowest_at_s),
        }


class Events:
    """What happened, and when: the first of it, and how much there was."""

    def __init__(self) -> None:
        self.total = 0
        self._kept: list[Json] = []

    def add(self, wall_s: float, what: str) -> None:
        self.total += 1
        if len(self._kept) < EVENTS:
            self._kept.append({"at": utc(wall_s), "what": what[:_LONGEST]})

    def told(self) -> Json:
        return {"events": list(self._kept), "events_total": self.total}


class Counts:
    """How often each of a few words came; a host that always says another word does not grow it."""

    _MOST = 12
    OTHER = "other"

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, word: str, times: int = 1) -> None:
        short = word[:_LONGEST]
        name = short if short in self._counts or len(self._counts) < self._MOST else self.OTHER
        self._counts[name] = self._counts.get(name, 0) + times

    def told(self) -> dict[str, int]:
        return dict(sorted(self._counts.items()))
