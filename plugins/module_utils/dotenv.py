# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of ``.env`` files in Compose's dialect, nothing in them replaced. Private to the collection.

Nothing here quotes a value: these files hold secrets.
"""

from __future__ import annotations

import re
import typing as t

_STATEMENT = re.compile(r"(?:export[ \t]+)?([A-Za-z0-9_.\[\]-]{1,256})[ \t\r]*(?:([=:])[ \t\r]*|(?=\n|\Z))")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_END = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?=\n|\Z)")
_LINE = re.compile(r"[^\n]*")
# A comment begins after a blank alone: A=x#y has none, and a tab is no blank to Compose.
_COMMENT = " #"
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(0[0-9]{0,3}|.)", re.DOTALL)
_OCTAL = re.compile("0[0-3][0-7]{2}")
_LETTERS = {**dict(zip("abfnrtv", "\a\b\f\n\r\t\v")), "\\": "\\", '"': '"', "$": "$"}


class Statement(t.NamedTuple):
    """``NAME=value`` of a file, or what stands there instead, as ``problem`` says then, with the line.

    ``value`` has quotation marks and escapes undone; None: the name stands alone. ``template`` is the same text as
    Compose reads variables in it, where ``$$`` is a plain ``$``; None: Compose reads none in it. ``quoted`` says
    whether it stood in quotation marks.
    """

    name: str
    line: int
    value: str | None = None
    template: str | None = None
    quoted: bool = False
    problem: str = ""


def decode(data: bytes) -> str:
    """Return a file as text. Raises ValueError with a reason."""
    try:
        said = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is no text in UTF-8") from None
    if "\0" in said:
        raise ValueError("it is no text")
    return said


def statements(said: str) -> t.Iterator[Statement]:
    """Yield the statements of a text in their order; after a problem it goes on with the next line."""
    line, counted = 1, 0
    at = _after(_SPACE, said, 0)
    while at < len(said):
        line, counted = line + said.count("\n", counted, at), at
        found = _STATEMENT.match(said, at)
        if not found:
            yield Statement("", line, problem=f"line {line} is no NAME=value")
            at = _after(_LINE, said, at)
        elif not found[2]:
            yield Statement(found[1], line)
            at = found.end()
        else:
            made, at = _assignment(said, found, line)
            yield made
        at = _after(_SPACE, said, at)


def _assignment(said: str, found: t.Match[str], line: int) -> tuple[Statement, int]:
    name, at = found[1], found.end()
    quote = said[at : at + 1]
    if quote not in ("'", '"'):
        end = _after(_LINE, said, at)
        plain = said[at:end].partition(_COMMENT)[0].strip(" \t\r")
        return Statement(name, line, plain, plain), end
    value = (_SINGLE if quote == "'" else _DOUBLE).match(said, at)
    if not value:
        return Statement(name, line, problem=f"the quotation mark of line {line} is not closed"), _after(
            _LINE, said, at
        )
    if not _END.match(said, value.end()):
        last = line + said.count("\n", at, value.end())
        problem = f"line {last} goes on after its quoted value"
        return Statement(name, line, problem=problem), _after(_LINE, said, value.end())
    if quote == "'":
        return Statement(name, line, value[1].replace("\\'", "'"), None, True), value.end()
    plain = _ESCAPE.sub(_unescaped, value[1])
    template = _ESCAPE.sub(lambda one: "$$" if one[1] == "$" else _unescaped(one), value[1])
    return Statement(name, line, plain, template, True), value.end()


def _unescaped(one: t.Match[str]) -> str:
    if _OCTAL.fullmatch(one[1]):
        return chr(int(one[1], 8))
    # Of a number that is none, Compose takes the zero away.
    return f"\\{one[1][1:]}" if one[1].startswith("0") else _LETTERS.get(one[1], one[0])


def _after(pattern: t.Pattern[str], said: str, at: int) -> int:
    return t.cast("t.Match[str]", pattern.match(said, at)).end()
