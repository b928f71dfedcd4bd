# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads one YAML document, strictly: what is not understood is an error with its place, never a guess.

Private to the collection. Not read, and told as errors: several documents, keys that are no single line, tags but those
of the core schema, directives but ``%YAML``.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.yaml import scalars
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.composer import Composer, Tagged, Word
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.flow import Flow, properties_of
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.source import MAX_BYTES, Source, YamlError

__all__ = ["MAX_BYTES", "Tagged", "YamlError", "load"]

_COLON = re.compile(r"[ \t]*:(?=[ \t\n]|\Z)")
_DASH = re.compile(r"-(?=[ \t\n]|\Z)")
_DIRECTIVE = re.compile(r"%YAML[ \t]+1\.[12][ \t]*(?:#[^\n]*)?\n")
_MAX_KEY = 1024


def load(data: bytes, tags: t.Collection[str] = (), placed: bool = False) -> t.Any:
    """Return the value of the one document in a file: dict, list, str, int, float, bool, None, and for unquoted dates
    ``resolve.Timestamp``; one with a tag of ``tags`` is ``Tagged``. An empty file is None. Raises YamlError.

    ``placed``: maps are ``PlacedMap`` and lists ``PlacedList``, which know their lines, keys are text as it is
    written, and one that stands in a map twice is no error.
    """
    return _Parser(data, tags, placed).document()


class _Parser:
    def __init__(self, data: bytes, tags: t.Collection[str], placed: bool) -> None:
        self._source = Source(data)
        self._composer = Composer(self._source, tags, placed)
        self._flow = Flow(self._source, self._composer)

    def document(self) -> t.Any:
        source = self._source
        source.skip()
        while source.peek() == "%":
            directive = source.match(_DIRECTIVE)
            if not directive or source.column():
                raise source.error("this directive is not supported")
            source.at = directive.end()
            source.skip()
        if source.marker and source.peek() == "-":
            source.at += 3
        value = self._node(-1, nested=False)
        source.skip()
        if source.marker and source.peek() == ".":
            source.at += 3
            source.skip()
        if source.marker:
            raise source.error("a second document begins here: one is read")
        if source.peek():
            raise source.error("this belongs to nothing before it: look at the indentation, or quote it")
        return value

    def _node(self, parent: int, nested: bool, entries: bool = False) -> t.Any:
        """Read a node that is indented deeper than ``parent``.

        ``nested``: it may be a map or list that begins in this line, as after a dash. ``entries``: a list may stand
        as deep as ``parent``, as below a key.
        """
        source = self._source
        crossed = source.skip()
        properties = None
        begin = source.at
        if self._within(parent, crossed, entries) and source.peek() in ("&", "!"):
            properties = properties_of(source)
            # Before a key in this line they are the key's.
            if (crossed or nested) and source.peek() not in ("", "\n", "#", "&", "*", "!") and self._key_follows():
                source.at, properties = begin, None
            elif source.skip():
                crossed = True
        mark = self._composer.enter(properties)
        value: t.Any = Word("")
        if self._within(parent, crossed, entries):
            value = self._content(parent, crossed or (nested and properties is None))
        return self._composer.leave(mark, value, properties)

    def _within(self, parent: int, crossed: bool, entries: bool) -> bool:
        source = self._source
        if not source.peek() or source.marker:
            return False
        if not crossed:
            return True
        column = source.column()
        return column > parent or (entries and column == parent and source.match(_DASH) is not None)

    def _content(self, parent: int, collection: bool) -> t.Any:
        source = self._source
        following = source.peek()
        if source.match(_DASH):
            if not collection:
                raise source.error("a list begins in the line of its key")
            return self._sequence()
        if following == "?" and source.peek(1) in ("", " ", "\t", "\n"):
            raise source.error("keys that are marked with ? are not supported")
        if self._key_follows():
            if not collection:
                raise source.error("a key where a value is: quote the value, or begin a new line")
            return self._mapping()
        if following in ("|", ">"):
            return scalars.block(source, parent)
        if following in ("&", "!"):
            raise source.error("a second anchor or tag")
        value = self._flow.scalar_or_collection(parent)
        if source.match(_COLON):
            raise source.error("a key that is no single word or text in one line is not supported")
        return value

    def _key_follows(self) -> bool:
        """Return whether a key and its colon stand here; nothing is read."""
        source = self._source
        begin = source.at
        try:
            if source.peek() in ("&", "!"):
                properties_of(source)
            if source.peek() in ("'", '"'):
                line = source.rest_of_line()
                if len(line) < 2 or line.find(line[0], 1) < 0:
                    return False
                end = source.at + len(line)
                self._quoted(-1)
                return source.at <= end and source.match(_COLON) is not None
            if not scalars.starts_plain(source, flow=False):
                return False
            source.at += len(scalars.plain_line(source, flow=False))
            return source.match(_COLON) is not None
        except YamlError:
            return False
        finally:
            source.at = begin

    def _quoted(self, parent: int) -> str:
        single = self._source.peek() == "'"
        return (scalars.single if single else scalars.double)(self._source, parent)

    def _sequence(self) -> list[t.Any]:
        source = self._source
        column = source.column()
        made: list[t.Any] = []
        places = []
        while True:
            places.append(source.at)
            source.at += 1
            made.append(self._node(column, nested=True))
            source.skip()
            if source.column() != column or not source.match(_DASH) or source.marker:
                self._check_end(column)
                return self._composer.sequence(made, places)

    def _mapping(self) -> dict[t.Any, t.Any]:
        source = self._source
        column = source.column()
        entries = []
        while True:
            at = source.at
            key = self._key()
            source.at = t.cast("t.Match[str]", source.match(_COLON)).end()
            entries.append((key, self._node(column, nested=False, entries=True), at))
            source.skip()
            if not source.peek() or source.column() != column or source.marker:
                break
            if not self._key_follows():
                raise source.error("a key and a colon were expected")
        self._check_end(column)
        return self._composer.mapping(entries)

    def _check_end(self, column: int) -> None:
        source = self._source
        if source.peek() and source.column() > column:
            raise source.error("this is indented deeper than what it could belong to")

    def _key(self) -> t.Any:
        source = self._source
        properties = properties_of(source) if source.peek() in ("&", "!") else None
        mark = self._composer.enter(properties)
        begin = source.at
        key: t.Any
        if source.peek() in ("'", '"'):
            key = self._quoted(-1)
        else:
            key = Word(scalars.plain_line(source, flow=False))
            source.at += len(key)
        if source.at - begin > _MAX_KEY:
            raise source.error(f"a key of more than {_MAX_KEY} characters", begin)
        if properties or not isinstance(key, Word):
            return self._composer.leave(mark, key, properties)
        self._composer.leave(mark, key, None)
        return key
