# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a document of maps and lists. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.canonical import canonical
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import (
    MAX_DEPTH,
    MAX_KEYS,
    MAX_LINES,
    TOO_MANY,
    Double,
    Item,
    Parsed,
    Unreadable,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.placed import PlacedList, PlacedMap


def flattened(document: t.Any) -> Parsed:
    """Return the keys of a document; that of a document which is one value alone is the empty path.

    Raises Unreadable.
    """
    walk = _Walk()
    if document != {} or not isinstance(document, dict):
        walk.value((), document, None)
    return Parsed(walk.items, walk.doubles)


class _Walk:
    def __init__(self) -> None:
        self.items: list[Item] = []
        self.doubles: list[Double] = []

    def value(self, path: jsonpath.Path, value: t.Any, line: int | None) -> None:
        if len(path) > MAX_DEPTH:
            raise Unreadable(f"{_line(line)}it is nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, dict) and value:
            self._map(path, value)
        elif isinstance(value, list) and value:
            lines = value.lines if isinstance(value, PlacedList) else []
            for number, one in enumerate(value):
                self.value((*path, number), one, lines[number] if lines else line)
        else:
            if len(self.items) >= MAX_KEYS:
                raise Unreadable(TOO_MANY)
            self.items.append(Item(path, value, line))

    def _map(self, path: jsonpath.Path, value: dict[t.Any, t.Any]) -> None:
        lines = value.lines if isinstance(value, PlacedMap) else {}
        for key, found in value.doubles.items() if isinstance(value, PlacedMap) else ():
            self.doubles.append(Double((*path, canonical(key)), found[:MAX_LINES]))
        for key, one in value.items():
            # Only a key with a tag or an anchor can be something else than text.
            self.value((*path, canonical(key)), one, lines.get(key))


def _line(line: int | None) -> str:
    return "" if line is None else f"line {line}: "
