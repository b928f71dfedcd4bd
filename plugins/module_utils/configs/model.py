# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a configuration: keys with plain values, and where they stand. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath

MAX_KEYS = 50_000
"""How many keys a file may have: a reader of more would take memory that the host's own programs need."""
TOO_MANY = f"it has more than {MAX_KEYS} keys"
MAX_DEPTH = 50
MAX_LINES = 20
"""How many lines are told of a key that stands in a file several times."""

Leaf = t.Union[str, int, float, bool, None, t.Dict[t.Any, t.Any], t.List[t.Any]]


class Unreadable(Exception):
    """A configuration cannot be read. The reason names the line where it can, and never a value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Date(str):
    """A date or time of a format that has them, as text."""

    __slots__ = ()


class Item(t.NamedTuple):
    """A value and its place. Empty maps and lists are values as well.

    ``template`` is a value of ``.env`` as Compose would read variables in it, None where nothing is replaced in it.
    ``earlier`` are the values of lines of the same key before this one.
    """

    path: jsonpath.Path
    value: Leaf
    line: int | None
    template: str | None = None
    earlier: tuple[Leaf, ...] = ()


class Double(t.NamedTuple):
    """A key that stands in a file several times, and the lines that are known."""

    path: jsonpath.Path
    lines: list[int]


class Parsed(t.NamedTuple):
    """The keys of a file in its order, each once.

    ``partial`` says why there may be more keys, or is empty; ``typed`` whether the format tells numbers from text;
    ``lists`` whether a program may take a key that stands several times for a list, as PHP does with ``extension``.
    """

    keys: list[Item]
    doubles: list[Double]
    partial: str = ""
    typed: bool = True
    lists: bool = False


def gathered(items: t.Iterable[Item], partial: str = "", same: t.Callable[[str], str] = str) -> Parsed:
    """Return what the lines of a file say, in which a later line overrides an earlier one of the same key.

    ``same`` gives what keys have in common that the format takes for one. Nothing in it has a type. Raises Unreadable.
    """
    last: dict[jsonpath.Path, Item] = {}
    lines: dict[jsonpath.Path, list[Item]] = {}
    earlier: dict[jsonpath.Path, list[Leaf]] = {}
    for number, item in enumerate(items):
        if number >= MAX_KEYS:
            raise Unreadable(TOO_MANY)
        before = last.pop(item.path, None)
        if before is not None:
            earlier.setdefault(item.path, []).append(before.value)
        last[item.path] = item
        folded = tuple(same(step) if isinstance(step, str) else step for step in item.path)
        lines.setdefault(folded, []).append(item)
    doubles = [
        Double(several[-1].path, [one.line for one in several if one.line is not None][:MAX_LINES])
        for several in lines.values()
        if len(several) > 1
    ]
    keys = [item._replace(earlier=tuple(earlier.get(item.path, ()))) for item in last.values()]
    return Parsed(keys, doubles, partial, typed=False)
