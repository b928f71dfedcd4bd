# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking values out of an engine's answer: what has another form than the API says is an error, never nothing.

Private to the collection.
"""

from __future__ import annotations

import calendar
import re
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.engine.reading import text as shown
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,12})?(?:Z|([+-])(\d\d):(\d\d))")
# Go's zero time: it never happened.
_NEVER = "0001-01-01T00:00:00"


class Fields:
    """A map of an answer. ``null`` and what is left out are nothing, as Go writes both; another type raises Unseen."""

    def __init__(self, value: t.Any, place: str = "the answer") -> None:
        if value is not None and not isinstance(value, dict):
            raise Unseen(f"{place} has another form than the engine's API says")
        self._value: dict[str, t.Any] = value or {}
        self._place = place

    def __iter__(self) -> t.Iterator[str]:
        return iter(sorted(self._value))

    def __len__(self) -> int:
        return len(self._value)

    def __contains__(self, name: str) -> bool:
        return self._value.get(name) is not None

    def map(self, name: str) -> Fields:
        return Fields(self._value.get(name), self._below(name))

    def maps(self, name: str) -> list[Fields]:
        return [Fields(item, self._below(name)) for item in self._of(name, list, [])]

    def raw(self, name: str) -> str:
        """Return a text as it is: not masked, and of any length."""
        text: str = self._of(name, str, "")
        return text

    def text(self, name: str, limit: int = 300) -> str:
        """Return a text, masked and cut."""
        return shown(self.raw(name), limit)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts as they are."""
        found: list[str] = self._of(name, list, [])
        if not all(isinstance(item, str) for item in found):
            raise self._odd(name)
        return found

    def count(self, name: str) -> int:
        """Return how many items a list holds, whatever they are."""
        return len(self._of(name, list, []))

    def number(self, name: str) -> int:
        """Return a whole number; 0 for nothing."""
        found = self._of(name, (int, float), 0)
        if isinstance(found, bool):
            raise self._odd(name)
        return int(found)

    def flag(self, name: str) -> bool:
        found: bool = self._of(name, bool, False)
        return found

    def moment(self, name: str) -> float | None:
        """Return a time in seconds since 1970, None for what never happened."""
        text = self.raw(name)
        found = _MOMENT.fullmatch(text)
        if not text or (found and found[1] == _NEVER):
            return None
        try:
            if not found:
                raise ValueError(text)
            seconds = float(calendar.timegm(time.strptime(found[1], "%Y-%m-%dT%H:%M:%S")))
        except ValueError:
            raise self._odd(name) from None
        offset = (int(found[4]) * 60 + int(found[5])) * 60 if found[3] else 0
        return seconds + float(found[2] or 0) - (offset if found[3] == "+" else -offset)

    def _of(self, name: str, kind: t.Any, default: t.Any) -> t.Any:
        value = self._value.get(name)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise self._odd(name)
        return value

    def _below(self, name: str) -> str:
        return f"{name} of {self._place}"

    def _odd(self, name: str) -> Unseen:
        return Unseen(f"{self._below(name)} has another form than the engine's API says")
