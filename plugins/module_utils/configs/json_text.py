# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a JSON text, with their lines. Private to the collection."""

from __future__ import annotations

import json
import math
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.documents import flattened
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import (
    MAX_DEPTH,
    MAX_KEYS,
    TOO_MANY,
    Parsed,
    Unreadable,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.placed import PlacedList, PlacedMap

_DIGITS = 300
# In a text that is JSON, these are its names and values; the rest is punctuation.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s{}\[\]:,"]+')


def read(said: str) -> Parsed:
    """Return the keys. Raises Unreadable.

    ``NaN`` is none, numbers that no computer holds stay text, and a key that stands in an object twice is told.
    """
    if not said.strip():
        raise Unreadable("it is empty, which is no JSON")

    def constant(name: str) -> t.Any:
        at = next(token.start() for token in _TOKEN.finditer(said) if token[0] == name)
        raise Unreadable(f"line {said.count(chr(10), 0, at) + 1}: {name} is no number of JSON")

    try:
        document = json.loads(
            said, object_pairs_hook=_Pairs, parse_constant=constant, parse_int=_integer, parse_float=_float
        )
    except RecursionError:
        raise Unreadable(f"it is nested deeper than {MAX_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}, column {error.colno}: {error.msg.lower()}") from None
    return flattened(_Placer(_lines(said)).place(document))


class _Pairs(t.List[t.Tuple[str, t.Any]]):
    """An object with all that it holds, in the order of the text."""


class _Placer:
    """Gives lines to the values of a document. Each name and each scalar takes one: they come in the same order."""

    def __init__(self, lines: t.Iterator[int]) -> None:
        self._lines = lines
        self._line = 1
        self._count = 0

    def place(self, value: t.Any, depth: int = 0) -> t.Any:
        if depth > MAX_DEPTH:
            raise Unreadable(f"line {self._line}: it is nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, _Pairs):
            return self._map(value, depth)
        if isinstance(value, list) and value:
            items, places = [], []
            for one in value:
                begin = self._line
                items.append(self.place(one, depth + 1))
                places.append(begin if isinstance(one, list) else self._line)
            return PlacedList(items, places)
        if value != []:
            self._line = next(self._lines)
        self._leaf()
        return value

    def _map(self, pairs: _Pairs, depth: int) -> PlacedMap:
        made = PlacedMap()
        for key, one in pairs:
            at = self._line = next(self._lines)
            made.add(key, self.place(one, depth + 1), at)
        if not pairs:
            self._leaf()
        return made

    def _leaf(self) -> None:
        self._count += 1
        if self._count > MAX_KEYS:
            raise Unreadable(TOO_MANY)


def _lines(said: str) -> t.Iterator[int]:
    line, counted = 1, 0
    for token in _TOKEN.finditer(said):
        line, counted = line + said.count("\n", counted, token.start()), token.start()
        yield line


def _integer(digits: str) -> int | str:
    # Two numbers that a float cannot tell apart must not count as one.
    return int(digits) if len(digits) <= _DIGITS else digits


def _float(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) and len(digits) <= _DIGITS else digits
