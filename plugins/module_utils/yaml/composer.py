# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes values of YAML nodes: types, tags, anchors, merged maps, and what limits them. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.placed import PlacedList, PlacedMap
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.resolve import resolve
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.source import (
    MAX_DEPTH,
    MAX_NODES,
    Source,
)

_CORE = "tag:yaml.org,2002:"
_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
    "map": (dict,),
    "seq": (list,),
}


class Tagged(t.NamedTuple):
    """A value with a tag of the program that the file is for, such as ``!reset``."""

    tag: str
    value: t.Any


class Word(str):
    """An unquoted word, whose type is not known yet."""

    __slots__ = ()


class Properties(t.NamedTuple):
    """What stands before a node: its anchor and its tag (nothing: none), and where."""

    anchor: str
    tag: str
    at: int


class Composer:
    """Makes the values of one document. ``tags`` are the local tags that are known, such as ``!reset``.

    ``placed``: maps and lists know their lines, keys are text as it is written, and one may stand in a map twice.
    """

    def __init__(self, source: Source, tags: t.Collection[str], placed: bool = False) -> None:
        self._source = source
        self._placed = placed
        self._tags = tags
        self._anchors: dict[str, tuple[t.Any, int]] = {}
        self._open: set[str] = set()
        self._nodes = 0
        self._depth = 0

    def enter(self, properties: Properties | None) -> int:
        """Begin a node; return a mark for :meth:`leave`. Raises YamlError when there are too many, or too deep."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._source.error(f"nested deeper than {MAX_DEPTH} levels")
        mark = self._nodes
        self._count(1)
        if properties and properties.anchor:
            self._open.add(properties.anchor)
        return mark

    def leave(self, mark: int, value: t.Any, properties: Properties | None) -> t.Any:
        """End a node, and return its value with its tag in effect."""
        self._depth -= 1
        if isinstance(value, Word):
            word = str(value)
            value = word if properties and properties.tag in ("!", "!!str") else resolve(word)
        if properties and properties.tag:
            value = self._tagged(properties, value)
        if properties and properties.anchor:
            self._anchors[properties.anchor] = (value, self._nodes - mark)
            self._open.discard(properties.anchor)
        return value

    def alias(self, name: str) -> t.Any:
        """Return the value that an alias stands for; it is counted in full."""
        if name in self._open:
            raise self._source.error("an alias within what it stands for")
        if name not in self._anchors:
            raise self._source.error("an alias of an anchor that is not set before it")
        value, size = self._anchors[name]
        self._count(size)
        return value

    def mapping(self, entries: t.Sequence[tuple[t.Any, t.Any, int]]) -> dict[t.Any, t.Any]:
        """Return the map of ``(key, value, place)``; a key that is a Word may be the merge key."""
        made: dict[t.Any, t.Any] = PlacedMap() if self._placed else {}
        merged: list[tuple[t.Any, int]] = []
        for key, value, at in entries:
            if isinstance(key, Word):
                if key == "<<":
                    merged.append((value, at))
                    continue
                # Where keys are told, 1 and true are names as they are written; as values they would be one key.
                key = str(key) if self._placed else resolve(str(key))
            if isinstance(key, (dict, list, Tagged)):
                raise self._source.error("a key that is a list, a map or tagged is not supported", at)
            if isinstance(made, PlacedMap):
                made.add(key, value, self._source.line(at))
                continue
            if key in made:
                raise self._source.error("this key stands in this map before", at)
            made[key] = value
        if len(merged) > 1:
            raise self._source.error("this key stands in this map before", merged[1][1])
        for value, at in merged:
            self._merge(made, value, at)
        return made

    def sequence(self, items: list[t.Any], places: t.Sequence[int]) -> list[t.Any]:
        """Return the list of items that begin at ``places``."""
        return PlacedList(items, [self._source.line(at) for at in places]) if self._placed else items

    def _merge(self, made: dict[t.Any, t.Any], value: t.Any, at: int) -> None:
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                raise self._source.error("what << merges is no map", at)
            # Adding the same keys again and again is work too.
            self._count(len(one))
            for key, inherited in one.items():
                if isinstance(made, PlacedMap) and isinstance(one, PlacedMap) and key not in made:
                    made.lines[key] = one.lines[key]
                made.setdefault(key, inherited)

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._source.error(f"more than {MAX_NODES} values, with those that aliases stand for")

    def _tagged(self, properties: Properties, value: t.Any) -> t.Any:
        tag = properties.tag
        if tag in self._tags:
            return Tagged(tag, value)
        kind = tag[2:] if tag.startswith("!!") else tag[len(_CORE) :] if tag.startswith(_CORE) else ""
        if tag == "!" or kind == "str":
            if isinstance(value, (dict, list)):
                raise self._source.error("this tag is not for a list or a map", properties.at)
            return "" if value is None else value
        if kind not in _KINDS:
            raise self._source.error("this tag is not supported", properties.at)
        if not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "bool"):
            raise self._source.error(f"the value is no {kind}, as its tag says", properties.at)
        return float(t.cast(float, value)) if kind == "float" else value
