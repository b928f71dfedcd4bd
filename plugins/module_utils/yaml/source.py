# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a YAML file with a position in it, and what bounds the reading of it. Private to the collection."""

from __future__ import annotations

import bisect
import re
import typing as t

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_NODES = 50_000
"""How many nodes a file may have; one that an alias stands for counts each time."""

# What the specification calls printable, and the byte order mark that may stand at the beginning.
_ODD = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BLANKS = re.compile("[ \t]*")
_REST = re.compile("[^\n]*")
_LINE_END = re.compile("\n")
_MARKER = re.compile(r"(?:---|\.\.\.)(?=[ \t\n]|\Z)")


class YamlError(ValueError):
    """Text is not YAML, or not of the part of it that is read here.

    ``line`` and ``column`` count from 1. The message never quotes the text: it may hold a secret.
    """

    def __init__(self, problem: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {problem}")
        self.problem = problem
        self.line = line
        self.column = column


class Source:
    """The text, and how far it was read (``at``)."""

    def __init__(self, data: bytes) -> None:
        """Raises YamlError when it is too large, or no text in UTF-8 of printable characters."""
        self.text = ""
        self.at = 0
        self._ends: list[int] | None = None
        if len(data) > MAX_BYTES:
            raise YamlError(f"the file is larger than {MAX_BYTES >> 10} KiB", 1, 1)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = data[: error.start]
            place = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
            raise YamlError("not text in UTF-8", *place) from None
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        odd = _ODD.search(self.text)
        if odd:
            raise self.error(f"the character U+{ord(odd[0]):04X} may not stand in YAML", odd.start())

    def error(self, problem: str, at: int | None = None) -> YamlError:
        """Return the error for a position, by default the one that was read up to."""
        at = self.at if at is None else at
        return YamlError(problem, self.text.count("\n", 0, at) + 1, self.column(at) + 1)

    def line(self, at: int) -> int:
        """Return the line of a position, from 1 on."""
        if self._ends is None:
            self._ends = [end.start() for end in _LINE_END.finditer(self.text)]
        return bisect.bisect_left(self._ends, at) + 1

    def column(self, at: int | None = None) -> int:
        """Return how many characters stand before a position in its line."""
        at = self.at if at is None else at
        return at - (self.text.rfind("\n", 0, at) + 1)

    def peek(self, ahead: int = 0) -> str:
        """Return a character that is still to be read; nothing at the end."""
        return self.text[self.at + ahead : self.at + ahead + 1]

    def match(self, pattern: t.Pattern[str]) -> t.Match[str] | None:
        """Return the match of a pattern here; nothing is read."""
        return pattern.match(self.text, self.at)

    def blanks(self) -> None:
        """Read the blanks before what comes next in this line."""
        self.at = t.cast("t.Match[str]", self.match(_BLANKS)).end()

    def rest_of_line(self) -> str:
        """Return what is left of this line; nothing is read."""
        return t.cast("t.Match[str]", self.match(_REST))[0]

    @property
    def marker(self) -> bool:
        """Whether a document begins or ends here."""
        begins = self.at == 0 or self.text[self.at - 1] == "\n"
        return begins and self.match(_MARKER) is not None

    def skip(self, indented: bool = True) -> bool:
        """Read blanks, comments and line ends up to what comes next; return whether a line ended.

        Raises YamlError for a tab where the indentation says what belongs to what.
        """
        crossed = self.at == 0 or self.text[self.at - 1] == "\n"
        while True:
            begin = self.at
            self.blanks()
            following = self.peek()
            if following == "#" and (self.at > begin or self.column() == 0):
                self.at += len(self.rest_of_line())
                following = self.peek()
            if following != "\n":
                if crossed and indented and following and "\t" in self.text[begin : self.at]:
                    raise self.error("a tab in the indentation: YAML takes blanks alone", begin)
                return crossed
            self.at += 1
            crossed = True
