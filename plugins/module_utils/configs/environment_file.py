# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a file that ``EnvironmentFile=`` names, as systemd reads it: nothing is replaced in the values.

Private to the collection.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Item, Parsed, gathered

_ENDS = "\n\r"
_BLANKS = " \t\n\r"
_ESCAPED = '"\\`$'
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What no value may hold; systemd leaves such a variable out.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SHOWN = 5


def read(said: str) -> Parsed:
    """Return the variables; what systemd would leave out is left out and told."""
    odd: list[int] = []
    # What is left out has replaced an earlier value all the same.
    replaced: dict[str, int] = {}
    items: list[Item] = []
    for name, value, line in _Reader(said).assignments():
        if value is None or not _NAME.fullmatch(name) or _CONTROL.search(value):
            odd.append(line)
            if value is not None:
                replaced[name] = len(items)
        else:
            items.append(Item((name,), value, line))
    items = [item for at, item in enumerate(items) if at >= replaced.get(str(item.path[0]), 0)]
    more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
    lines = f"{', '.join(map(str, odd[:_SHOWN]))}{more}"
    return gathered(items, f"systemd leaves out what is no NAME=value: line {lines}" if odd else "")


class _Reader:
    """Reads letter by letter, in the states that systemd's own reader has."""

    def __init__(self, said: str) -> None:
        self._said = said
        self._at = 0
        self._line = 1

    def assignments(self) -> t.Iterator[tuple[str, str | None, int]]:
        """Yield name, value and line; the value of a line without ``=`` is None."""
        while True:
            while self._peek() and self._peek() in _BLANKS:
                self._next()
            if not self._peek():
                return
            if self._peek() in "#;":
                self._comment()
                continue
            line = self._line
            name = self._name()
            if self._peek() != "=":
                yield name, None, line
                continue
            self._next()
            yield name.rstrip(_BLANKS), self._value(), line

    def _peek(self) -> str:
        return self._said[self._at : self._at + 1]

    def _next(self) -> str:
        letter = self._peek()
        self._at += 1
        self._line += letter == "\n"
        return letter

    def _comment(self) -> None:
        # A backslash at the end of a comment takes the next line with it, until systemd 254.
        while self._peek() and self._peek() not in _ENDS:
            if self._next() == "\\":
                self._next()

    def _name(self) -> str:
        begin = self._at
        # Whatever it is, the first letter belongs to the name, as in systemd.
        self._next()
        while self._peek() and self._peek() not in "=\n\r":
            self._next()
        return self._said[begin : self._at]

    def _value(self) -> str:
        """Read the rest of an assignment: pieces in quotation marks and others, blanks at its ends left out."""
        made: list[str] = []
        kept = 0
        plain = False
        while self._peek() and self._peek() not in _ENDS:
            letter = self._next()
            if letter == "\\":
                following = self._next()
                if following not in _ENDS:
                    made.append(following)
                plain, kept = True, len(made)
            elif not plain and letter in "'\"":
                made += self._quoted(letter)
                kept = len(made)
            elif plain or letter not in _BLANKS:
                made.append(letter)
                plain = True
                kept = kept if letter in _BLANKS else len(made)
        return "".join(made[:kept])

    def _quoted(self, quote: str) -> list[str]:
        made: list[str] = []
        while self._peek():
            letter = self._next()
            if letter == quote:
                break
            if letter == "\\" and quote == '"':
                following = self._next()
                if following and following in _ESCAPED:
                    made.append(following)
                elif following and following != "\n":
                    made += ["\\", following]
            else:
                made.append(letter)
        return made
