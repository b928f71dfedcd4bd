# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose files as text: whatever a value holds, it stays the value that it is. Private to the collection.

Text is written between double quotes, with YAML's escapes, and a dollar twice, so that Compose replaces nothing.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK

_KEY = re.compile("[a-z][a-z_]{2,}")
_NAMED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_WORDS = frozenset({"null", "true", "false", "yes", "off"})

Json = dict[str, t.Any]


class Token(str):
    """A scalar as it stands in the file."""


def literal(text: str) -> Token:
    """Return a text that nothing is replaced in."""
    return Token(f'"{_inner(text)}"')


def as_written(text: str) -> Token:
    """Return a text in which variables stay variables."""
    return Token('"' + "".join(map(_char, text)) + '"')


def variable(name: str) -> Token:
    """Return the value of a variable of ``.env``, without which Compose refuses to start."""
    return Token(f'"${{{name}?fill it in}}"')


def _inner(text: str) -> str:
    return "".join(_char(char) for char in text).replace("$", "$$")


def _char(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class Filler:
    """Gives what was masked a variable of ``.env``. ``about`` says what each stands for."""

    def __init__(self) -> None:
        self.about: dict[str, str] = {}

    def text(self, shown: str, about: str) -> Token:
        """Return a text of the evidence, with a variable where it was masked."""
        pieces = [_inner(piece) for piece in shown.split(MARK)]
        made = pieces[0]
        for piece in pieces[1:]:
            made += f"${{{self.name(about)}?fill it in}}{piece}"
        return Token(f'"{made}"')

    def name(self, about: str, wanted: str = "") -> str:
        """Return the variable that stands for something, called as is wanted where that is a name."""
        name = wanted if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", wanted) and wanted not in self.about else ""
        number = len(self.about)
        while not name or (name in self.about):
            number += 1
            name = f"FILL_IN_{number}"
        self.about[name] = about
        return name


def document(content: Json) -> str:
    """Return a map as a file. Values are maps, lists, tokens, whole numbers and booleans."""
    return "".join(f"{line}\n" for line in _lines(content))


def _lines(value: t.Any) -> list[str]:
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in _entry(f"{_key(key)}:", inner)]
    return [line for inner in value for line in _entry("-", inner)]


def _entry(head: str, value: t.Any) -> list[str]:
    if not isinstance(value, (dict, list)):
        return [f"{head} {_scalar(value)}"]
    if not value:
        return [f"{head} {'{}' if isinstance(value, dict) else '[]'}"]
    inner = _lines(value)
    if head == "-":
        return [f"- {inner[0]}", *(f"  {line}" for line in inner[1:])]
    return [head, *(f"  {line}" for line in inner)]


def _scalar(value: t.Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Token, int)):
        return str(value)
    return literal(value)


def _key(name: str) -> str:
    # A key is never replaced in: its dollar stays one.
    return name if _KEY.fullmatch(name) and name not in _WORDS else f'"{"".join(map(_char, name))}"'
