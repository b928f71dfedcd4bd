# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The moments that a JSON value may mean. Private to the collection."""

from __future__ import annotations

import calendar
import re
import time
import typing as t

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d{1,9})?")
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
# Epoch seconds of 1973 and of 2128: what lies outside is in another unit.
_EARLIEST, _LATEST = 1e8, 5e9


def moments(value: t.Any) -> list[float]:
    """Return the epoch seconds that a value may mean: none when it is no time, two when it lacks a time zone (UTC, and
    the zone of this host).

    Taken are ISO 8601 text, and numbers of seconds, milliseconds, microseconds or nanoseconds since 1970.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _epoch(float(value))
    if not isinstance(value, str):
        return []
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return _epoch(float(text))
    match = _ISO.fullmatch(text)
    return _calendar(match) if match is not None else []


def _epoch(number: float) -> list[float]:
    for unit in _UNITS:
        if _EARLIEST <= number / unit < _LATEST:
            return [number / unit]
    return []


def _calendar(match: t.Match[str]) -> list[float]:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= calendar.monthrange(max(year, 1), month)[1]):
        return []
    if year < 1970 or hour > 23 or minute > 59 or second > 60:
        return []
    parts = (year, month, day, hour, minute, second, 0, 0, -1)
    fraction = float(f"0.{match.group(7)}") if match.group(7) else 0.0
    utc = calendar.timegm(parts) + fraction
    zone = match.group(8)
    if zone is None:
        return sorted({utc, time.mktime(parts) + fraction})
    return [utc - _offset(zone)]


def _offset(zone: str) -> int:
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds
