# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps and lists that know in which lines of a file they stand. Private to the collection."""

from __future__ import annotations

import typing as t


class PlacedMap(t.Dict[t.Any, t.Any]):
    """A map with the line of each key (``lines``; none where it is not known), and the lines of those that stand in it
    several times (``doubles``): the last one counts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[t.Any, int] = {}
        self.doubles: dict[t.Any, list[int]] = {}

    def add(self, key: t.Any, value: t.Any, line: int) -> None:
        """Add a key. One that is there already gets the new value."""
        if key in self:
            self.doubles.setdefault(key, [self.lines[key]]).append(line)
        self[key] = value
        self.lines[key] = line


class PlacedList(t.List[t.Any]):
    """A list with the line of each item."""

    def __init__(self, items: t.Iterable[t.Any], lines: t.Sequence[int]) -> None:
        super().__init__(items)
        self.lines = lines
