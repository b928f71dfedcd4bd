# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads ``.env`` files in Compose's dialect. Private to the collection.

Messages name lines and never quote them: these files hold secrets.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.interpolate import Variables, interpolate
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported

MAX_NAMES = 5_000
_STATEMENT = re.compile(r"(?:export[ \t]+)?([A-Za-z0-9_.\[\]-]{1,256})[ \t]*(?:([=:])[ \t]*|(?=\n|\Z))")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_END = re.compile(r"[ \t]*(?:#[^\n]*)?(?=\n|\Z)")
_UNQUOTED = re.compile(r"[^\n]*")
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {**dict(zip("abfnrtv", "\a\b\f\n\r\t\v")), "\\": "\\", '"': '"', "'": "'", "$": "$$"}


def parse(data: bytes, variables: Variables) -> list[tuple[str, str | None]]:
    """Return the names and values of a file in their order; the value of a name that stands alone is None.

    ``variables`` are those known before, which the file's own come before. Raises Unsupported.
    """
    try:
        said = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Unsupported("it is no text in UTF-8") from None
    if "\0" in said:
        raise Unsupported("it is no text")
    known = dict(variables)
    made: list[tuple[str, str | None]] = []
    at = _after(_SPACE, said, 0)
    while at < len(said):
        statement = _STATEMENT.match(said, at)
        if not statement or len(made) >= MAX_NAMES:
            problem = "is no NAME=value" if not statement else f"comes after {MAX_NAMES} names"
            raise Unsupported(f"line {_line(said, at)} {problem}")
        value: str | None = None
        at = statement.end()
        if statement[2]:
            value, at = _value(said, at, known)
            known[statement[1]] = value
        made.append((statement[1], value))
        at = _after(_SPACE, said, at)
    return made


def _value(said: str, at: int, known: Variables) -> tuple[str, int]:
    quote = said[at : at + 1]
    if quote not in ("'", '"'):
        rest = t.cast("t.Match[str]", _UNQUOTED.match(said, at))
        # A comment begins after a blank alone: A=x#y has none.
        plain = re.split(r"[ \t]#", rest[0], maxsplit=1)[0].strip(" \t\r")
        return interpolate(plain, known), rest.end()
    found = (_SINGLE if quote == "'" else _DOUBLE).match(said, at)
    if not found:
        raise Unsupported(f"the quotation mark of line {_line(said, at)} is not closed")
    if not _END.match(said, found.end()):
        raise Unsupported(f"line {_line(said, found.end())} goes on after its quoted value")
    if quote == "'":
        return found[1].replace("\\'", "'"), found.end()
    escaped = _ESCAPE.sub(lambda one: _LETTERS.get(one[1], one[0]), found[1])
    return interpolate(escaped, known), found.end()


def _after(pattern: t.Pattern[str], said: str, at: int) -> int:
    return t.cast("t.Match[str]", pattern.match(said, at)).end()


def _line(said: str, at: int) -> int:
    return said.count("\n", 0, at) + 1
