# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions searched in blocks of lines: where a match needs certain words, only lines that hold one are
looked at. Private to the collection.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs.lines import Words, every
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

_SHORTEST = 3
_PLAIN = re.compile(r"[A-Za-z0-9_\s\"'#@,:;<>=!%&~`/-]|[^\x00-\x7f]")
# What may be missing, or stand there more than once.
_QUANTIFIER = re.compile(r"(?:[*+?]|\{\d*(?:,\d*)?\})[?+]?")
# Case that does not count, comments, and characters by their number: no words are read out of these.
_BEYOND = re.compile(r"\(\?[a-zA-Z]*[ixL]|\(\?#|\\[xuUN0-9]")

Needed = t.List[str]


class Hit(t.NamedTuple):
    """A line of a block that matches: where it starts and ends, and the text of the first group, if there is one."""

    start: int
    end: int
    group: str | None


class Search:
    """One expression. A line matches when it does by itself; ``.``, ``\\s`` and the like never reach the next."""

    def __init__(self, pattern: str) -> None:
        """Raises Unseen when this Python does not understand the pattern."""
        try:
            # Bytes are searched as they are; what needs characters is searched in text.
            as_bytes = pattern.isascii() and not re.search(r"\\[uUN]", pattern)
            self._bytes = re.compile(pattern.encode("ascii")) if as_bytes else None
            self._text = re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise Unseen(f"this host's Python does not understand the pattern {pattern!r}: {error}") from None
        self._words = Words(word.encode("utf-8") for word in needed(pattern))

    def sieves(self) -> list[bytes]:
        """Return expressions of ``grep -E`` of which every line that matches has one; none when any line may match."""
        return self._words.sieves()

    def hits(self, block: bytes, clock: Clock) -> t.Iterator[Hit]:
        """Yield the lines of a block that match, in order."""
        for start, end in self._words.lines(block) if self._words else every(block):
            match = self._match(clock.text(block[start:end]))
            if match is not None:
                yield Hit(start, end, _group(match))

    def _match(self, line: bytes) -> t.Match[t.Any] | None:
        if self._bytes is not None:
            return self._bytes.search(line)
        return self._text.search(line.decode("utf-8", "surrogateescape"))


def _group(match: t.Match[t.Any]) -> str | None:
    if not match.re.groups:
        return None
    group = match.group(1)
    return group.decode("utf-8", "surrogateescape") if isinstance(group, bytes) else group


def needed(pattern: str) -> Needed:
    """Return words of which every match holds at least one; none when that is not certain."""
    if _BEYOND.search(pattern):
        return []
    words = _Reader(pattern).alternatives()
    return words if words and min(map(len, words)) >= _SHORTEST else []


class _Reader:
    """Reads as much of an expression as tells which words a match holds; what it does not know may be anything."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def alternatives(self) -> Needed:
        """Return the words of the alternatives from here to the end of the group: of each one; nothing when one has
        none.
        """
        branches = [self._branch()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._branch())
        return [word for words in branches for word in words] if all(branches) else []

    def _branch(self) -> Needed:
        """Return the words of one alternative: the best of what stands in a row."""
        best: Needed = []
        run = ""
        while self._peek() not in ("", "|", ")"):
            char, group = self._item()
            quantifier = _QUANTIFIER.match(self._pattern, self._at)
            if quantifier is None and char:
                run += char
                continue
            if quantifier is not None:
                self._at = quantifier.end()
            if quantifier is None or quantifier.group().startswith("+"):
                best = _better(_better(best, [run + char]), group)
            else:
                # It may not be there at all.
                best = _better(best, [run])
            run = ""
        return _better(best, [run])

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _item(self) -> tuple[str, Needed]:
        """Pass over one item: return the character that it stands for, or the words of a group, or neither."""
        char = self._peek()
        self._at += 1
        if char == "\\":
            escaped = self._peek()
            self._at += 1
            return ("" if re.match(r"[A-Za-z0-9]", escaped) else escaped), []
        if char == "[":
            self._class()
            return "", []
        if char == "(":
            return "", self._group()
        return (char if _PLAIN.match(char) else ""), []

    def _class(self) -> None:
        if self._peek() == "^":
            self._at += 1
        if self._peek() == "]":
            self._at += 1
        while self._peek() not in ("", "]"):
            self._at += 2 if self._peek() == "\\" else 1
        self._at += 1

    def _group(self) -> Needed:
        kind = re.compile(r"\?(?:P<\w+>|:)|").match(self._pattern, self._at)
        opened = kind is not None and (bool(kind.group()) or self._peek() != "?")
        if kind is not None:
            self._at += kind.end() - kind.start()
        words = self.alternatives()
        self._at += 1
        return words if opened else []


def _better(one: Needed, other: Needed) -> Needed:
    """Return the words that are found less often: the longer ones."""
    return max((one, other), key=lambda words: min(map(len, words), default=0))
