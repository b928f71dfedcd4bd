# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a line of a log was written, in the forms that programs use. Private to the collection."""

from __future__ import annotations

import calendar
import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.moment import FIRST_S, LAST_S

STAMP = 19
"""The length of the stamp that `stamped` puts before each line of a source which keeps times apart from the text."""

LEVELLED = b"\x1f"
"""What stands in a stamp before the level, when the source knows one."""

_AT = STAMP - 2
_LAST_STAMP_S = 9999999999.0
_HEAD = 128
_JSON_HEAD = 8192
_MONTHS = {
    name: number
    for number, name in enumerate(
        (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"), 1
    )
}
_MONTH = rb"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = rb"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d|60)(?:[.,](?P<part>\d{1,9}))?"
_ZONE = rb"(?: ?(?P<zone>Z|UTC|GMT|[+-](?:0\d|1[0-4]):?[0-5]\d)(?![\d\w]))?"
_DAY = rb"(?P<day>0[1-9]|[12]\d|3[01])"
_NUMBERS = rb"(?P<year>(?:19|20)\d\d)[-/](?P<month>0[1-9]|1[0-2])[-/]" + _DAY

# Name, what it looks like, how much of a line it is looked for in.
_FORMS = (
    # 2026-11-21T10:00:00.123Z, 2026-11-21 10:00:00,123, nginx and Go: 2026/11/21 10:00:00
    ("date", rb"(?<!\d)" + _NUMBERS + rb"[T ]" + _CLOCK + _ZONE, _JSON_HEAD),
    # [21/Nov/2026:10:00:00 +0000], and $time_local of nginx without brackets
    ("clf", rb"(?<![\w/])" + _DAY + rb"/" + _MONTH + rb"/(?P<year>\d{4}):" + _CLOCK + _ZONE, 1024),
    # Redis: 1:M 21 Nov 2026 10:00:00.123
    ("day", rb"(?<!\d)(?P<day>\d\d) " + _MONTH + rb" (?P<year>\d{4}) " + _CLOCK + _ZONE, _HEAD),
    # Apache: [Sat Nov 21 10:00:00.123456 2026]
    ("ctime", rb"[A-Z][a-z]{2} " + _MONTH + rb" (?P<day>[ \d]\d) " + _CLOCK + rb" (?P<year>\d{4})", _HEAD),
    # syslog: Nov 21 10:00:00, without a year
    ("syslog", rb"^(?:<\d{1,3}>)?" + _MONTH + rb" (?P<day>[ \d]\d) " + _CLOCK, _HEAD),
    # {"ts": 1795255200.123}, {"time": 1795255200123}
    (
        "epoch_key",
        rb'"(?:@?timestamp|ts|time|t|created)"\s*:\s*"?(?P<epoch>\d{10})(?:(?P<milli>\d{3})|\.(?P<part>\d{1,9}))?(?!\d)',
        _JSON_HEAD,
    ),
    # 1795255200.123, [1795255200123]
    ("epoch", rb"^\[?(?P<epoch>1\d{9})(?:(?P<milli>\d{3})|\.(?P<part>\d{1,9}))?(?![\d\w])", _HEAD),
)
_COMPILED = {name: (re.compile(form), within) for name, form, within in _FORMS}


def stamped(seconds: float, line: bytes, level: bytes = b"") -> bytes:
    """Return a line with its time before it, as the `Clock` of a stamped source reads it.

    ``level`` is the syslog priority that the source gives the line, one digit, or nothing.
    """
    within = min(max(seconds, FIRST_S), _LAST_STAMP_S)
    return b"%017.6f%s%s" % (within, LEVELLED + level if level else b"  ", line)


class Clock:
    """Reads the times of one log in the form that most of a sample of its lines have.

    ``sample`` are lines, ``year_s`` a time close to the newest line, for forms without a year. With ``stamps`` the
    lines are those of `stamped`. A time without a zone is taken in the zone of this host.
    """

    def __init__(self, sample: t.Iterable[bytes], year_s: float, stamps: bool = False) -> None:
        self.stamps = stamps
        # A file may have been given a time beyond any calendar.
        self._year_s = min(max(year_s, FIRST_S), LAST_S)
        self._form = "" if stamps else _choose(sample)
        # Most lines are of the same second as the one before: what was read of it, but for its parts, and when it was.
        self._read: tuple[bytes, bytes] | None = None
        self._second: float | None = None

    @property
    def dated(self) -> bool:
        """Whether the lines of this log have times."""
        return self.stamps or bool(self._form)

    def text(self, line: bytes) -> bytes:
        """Return a line as its program wrote it."""
        return line[STAMP:] if self.stamps else line

    def level(self, line: bytes) -> bytes:
        """Return the level that the source of a line gives it, nothing when there is none."""
        return line[_AT + 1 : STAMP] if self.stamps and line[_AT : _AT + 1] == LEVELLED else b""

    def of(self, line: bytes) -> float | None:
        """Return the time of a line in seconds since the epoch, None for one that has none."""
        if self.stamps:
            return float(line[:_AT])
        if not self._form or line[:1] in (b"", b" ", b"\t"):
            return None
        pattern, within = _COMPILED[self._form]
        if within == _JSON_HEAD and line[:1] != b"{":
            within = _HEAD
        match = pattern.search(line, 0, within)
        if match is None:
            return None
        if "second" not in pattern.groupindex:
            return _since_epoch(match)
        part, end = match["part"], match.end("second")
        read = line[match.start() : end], line[match.end("part") if part else end : match.end()]
        if read != self._read:
            self._read, self._second = read, _second(match, self._year_s)
        if self._second is None or not part:
            return self._second
        return self._second + float(b"0." + part)


def _choose(sample: t.Iterable[bytes]) -> str:
    votes = dict.fromkeys(_COMPILED, 0)
    for line in sample:
        for name, (pattern, within) in _COMPILED.items():
            if pattern.search(line, 0, _HEAD if within == _JSON_HEAD and line[:1] != b"{" else within):
                votes[name] += 1
                break
    best = max(votes, key=lambda name: votes[name])
    return best if votes[best] else ""


def _since_epoch(match: t.Match[bytes]) -> float:
    milli, part = match["milli"], match["part"]
    return int(match["epoch"]) + (int(milli) / 1000 if milli else float(b"0." + part) if part else 0.0)


def _second(match: t.Match[bytes], year_s: float) -> float | None:
    """Return the second that was read, None for one that no calendar has, or before 1970: nobody wrote a line then."""
    seconds = _read(match.groupdict(), year_s)
    return seconds if seconds is not None and FIRST_S <= seconds <= LAST_S else None


def _read(found: t.Mapping[str, t.Any], year_s: float) -> float | None:
    month = _MONTHS.get(found["month"]) or int(found["month"])
    clock = (int(found["day"]), int(found["hour"]), int(found["minute"]), int(found["second"]))
    if found.get("year"):
        return _epoch(int(found["year"]), month, clock, found.get("zone"))
    return _without_year(month, clock, year_s)


def _without_year(month: int, clock: tuple[int, int, int, int], year_s: float) -> float | None:
    """Return the newest such moment that is not after ``year_s``, give or take two days."""
    year = time.localtime(year_s).tm_year
    for candidate in (year + 1, year, year - 1):
        seconds = _epoch(candidate, month, clock, None)
        if seconds is not None and seconds <= year_s + 2 * 86400:
            return seconds
    return None


def _epoch(year: int, month: int, clock: tuple[int, int, int, int], zone: bytes | None) -> float | None:
    day, hour, minute, second = clock
    if not year or day > calendar.monthrange(year, month)[1] or not day:
        return None
    if zone is None:
        try:
            return time.mktime((year, month, day, hour, minute, second, 0, 0, -1))
        except (OverflowError, ValueError):
            return None
    seconds = calendar.timegm((year, month, day, hour, minute, second))
    if zone[:1] in (b"+", b"-"):
        digits = zone[1:].replace(b":", b"")
        offset = int(digits[:2]) * 3600 + int(digits[2:]) * 60
        seconds += offset if zone[:1] == b"-" else -offset
    return float(seconds)
