# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads flow collections of YAML (``[a, b]``, ``{a: b}``), aliases, anchors and tags. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.yaml import scalars
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.composer import Composer, Properties, Word
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.source import Source

# The names that libyaml and its kin take: the specification allows nearly anything.
_ANCHOR = re.compile(r"[&*]([A-Za-z0-9_-]+)(?=[\s,\[\]{}]|\Z)")
_TAG = re.compile(r"!(?:<[^\s<>]+>|!?[A-Za-z0-9_.:/-]*)(?=[\s,\[\]{}]|\Z)")
_COLON = re.compile(r":(?=[\s,\[\]{}]|\Z)")


def properties_of(source: Source) -> Properties:
    """Read the anchor and the tag before a node, and the blanks after them."""
    begin = source.at
    anchor = tag = ""
    while source.peek() in ("&", "!"):
        found = source.match(_ANCHOR if source.peek() == "&" else _TAG)
        if not found:
            raise source.error("no proper name of an anchor or tag")
        if source.peek() == "&":
            if anchor:
                raise source.error("a second anchor")
            anchor = found[1]
        else:
            if tag:
                raise source.error("a second tag")
            tag = found[0][2:-1] if found[0].startswith("!<") else found[0]
        source.at = found.end()
        source.blanks()
    return Properties(anchor, tag, begin)


class Flow:
    """Reads what is not told apart by indentation."""

    def __init__(self, source: Source, composer: Composer) -> None:
        self._source = source
        self._composer = composer

    def scalar_or_collection(self, parent: int, flow: bool = False) -> t.Any:
        """Read an alias, a flow collection, a quoted text or a plain scalar (a Word)."""
        source = self._source
        following = source.peek()
        if following == "*":
            return self._alias()
        if following == "[":
            return self._sequence(parent)
        if following == "{":
            return self._mapping(parent)
        if following in ("'", '"'):
            return (scalars.single if following == "'" else scalars.double)(source, -1 if flow else parent)
        if scalars.starts_plain(source, flow):
            return Word(scalars.plain(source, parent, flow))
        raise source.error("no value begins like this: quote it")

    def _alias(self) -> t.Any:
        found = self._source.match(_ANCHOR)
        if not found:
            raise self._source.error("no proper name of an alias")
        value = self._composer.alias(found[1])
        self._source.at = found.end()
        return value

    def _node(self, parent: int) -> t.Any:
        """Read a node; one that is a Word stays one without properties, since it can be a key."""
        source = self._source
        properties = None
        if source.peek() in ("&", "!"):
            properties = properties_of(source)
            source.skip(indented=False)
        mark = self._composer.enter(properties)
        empty = source.peek() in (",", "]", "}") or source.match(_COLON) is not None
        value = Word("") if empty and properties else self.scalar_or_collection(parent, flow=True)
        if isinstance(value, Word) and properties is None:
            self._composer.leave(mark, value, None)
            return value
        return self._composer.leave(mark, value, properties)

    def _value(self, node: t.Any) -> t.Any:
        if isinstance(node, Word):
            return self._composer.leave(self._composer.enter(None), node, None)
        return node

    def _sequence(self, parent: int) -> list[t.Any]:
        source = self._source
        begin = source.at
        made: list[t.Any] = []
        places = []
        source.at += 1
        while not self._closed("]", begin):
            at = source.at
            node = self._node(parent)
            if self._colon(node):
                node = self._composer.mapping([(node, self._after_colon(parent), at)])
            made.append(self._value(node))
            places.append(at)
            self._separator("]", begin)
        return self._composer.sequence(made, places)

    def _mapping(self, parent: int) -> dict[t.Any, t.Any]:
        source = self._source
        begin = source.at
        entries: list[tuple[t.Any, t.Any, int]] = []
        source.at += 1
        while not self._closed("}", begin):
            at = source.at
            node = self._node(parent)
            entries.append((node, self._after_colon(parent) if self._colon(node) else None, at))
            self._separator("}", begin)
        return self._composer.mapping(entries)

    def _colon(self, key: t.Any) -> bool:
        """Read the colon after a key, if there is one."""
        source = self._source
        source.skip(indented=False)
        # After a quoted key no blank has to follow.
        if source.match(_COLON) or (source.peek() == ":" and not isinstance(key, Word)):
            source.at += 1
            return True
        return False

    def _after_colon(self, parent: int) -> t.Any:
        source = self._source
        source.skip(indented=False)
        return None if source.peek() in (",", "]", "}") else self._value(self._node(parent))

    def _closed(self, end: str, begin: int) -> bool:
        source = self._source
        source.skip(indented=False)
        if not source.peek() or source.marker:
            raise source.error("the list or map that begins here does not end", begin)
        if source.peek() == end:
            source.at += 1
            return True
        return False

    def _separator(self, end: str, begin: int) -> None:
        source = self._source
        source.skip(indented=False)
        if not source.peek() or source.marker:
            raise source.error("the list or map that begins here does not end", begin)
        if source.peek() == ",":
            source.at += 1
        elif source.peek() != end:
            raise source.error(f"a comma or {end} was expected")
