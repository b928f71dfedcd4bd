# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the scalars of YAML: plain, quoted and block. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.source import Source

_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_WIDTHS = {"x": 2, "u": 4, "U": 8}
_HEX = re.compile("[0-9a-fA-F]+")
_PLAIN_START = re.compile(r"""[^\s,\[\]{}#&*!|>'"%@`?:-]|[?:-](?=[^\s])""")
_FLOW_START = re.compile(r"""[^\s,\[\]{}#&*!|>'"%@`?:-]|[:-](?=[^\s,\[\]{}])""")
# To the end of what may stand in one line: before ": ", before " #".
_PLAIN = re.compile(r"(?:[^\n:# \t]|:(?=[^\s])|(?<=[^\s])#|[ \t]+(?=[^\s#:])|[ \t]+(?=:[^\s]))+")
_FLOW_PLAIN = re.compile(
    r"(?:[^\n:# \t,\[\]{}]|:(?=[^\s,\[\]{}])|(?<=[^\s])#|[ \t]+(?=[^\s#:,\[\]{}])|[ \t]+(?=:[^\s,\[\]{}]))+"
)
_SINGLE = re.compile("(?:[^'\n]|'')*")
_DOUBLE = re.compile(r'(?:[^"\\\n])*')
_HEADER = re.compile(r"[|>](?:([1-9])([-+])?|([-+])([1-9])?)?[ \t]*(?:(?<=[ \t])#[^\n]*)?(?=\n|\Z)")
_LINE_ENDS = re.compile(r"[ \t]*\n(?:[ \t]*\n)*")


def starts_plain(source: Source, flow: bool) -> bool:
    """Return whether a plain scalar begins here."""
    return source.match(_FLOW_START if flow else _PLAIN_START) is not None


def plain_line(source: Source, flow: bool) -> str:
    """Return what of a plain scalar stands in this line; nothing is read."""
    found = source.match(_FLOW_PLAIN if flow else _PLAIN)
    return found[0] if found else ""


def plain(source: Source, parent: int, flow: bool) -> str:
    """Read a plain scalar, which goes on in lines that are indented deeper than ``parent``."""
    said = plain_line(source, flow)
    source.at += len(said)
    while True:
        ends = source.match(_LINE_ENDS)
        if not ends:
            return said
        begin, source.at = source.at, ends.end()
        indent = _indent(source)
        if source.marker or source.peek() in ("", "#", "\n") or (not flow and indent <= parent):
            source.at = begin
            return said
        if not flow and "\t" in source.text[source.at - indent : source.at]:
            raise source.error("a tab in the indentation: YAML takes blanks alone")
        more = plain_line(source, flow)
        if not more:
            source.at = begin
            return said
        said += _folded(ends[0]) + more
        source.at += len(more)
        if not flow and source.peek() == ":":
            raise source.error("a key in the middle of a text that goes on over lines")


def single(source: Source, parent: int) -> str:
    """Read a text in single quotes."""
    begin, said = source.at, ""
    source.at += 1
    while True:
        part = t.cast("t.Match[str]", source.match(_SINGLE))[0]
        source.at += len(part)
        if source.peek() == "'":
            source.at += 1
            return said + part.replace("''", "'")
        said += part.replace("''", "'").rstrip(" \t") + _line_end(source, begin, parent)


def double(source: Source, parent: int) -> str:
    """Read a text in double quotes."""
    begin, said = source.at, ""
    source.at += 1
    # Blanks that are escaped stay at the end of a line.
    kept = 0
    while True:
        part = t.cast("t.Match[str]", source.match(_DOUBLE))[0]
        said += part
        source.at += len(part)
        following = source.peek()
        if following == '"':
            source.at += 1
            return said
        if following == "\\" and source.peek(1) == "\n":
            source.at += 1
            ends = t.cast("t.Match[str]", source.match(_LINE_ENDS))
            said += "\n" * (ends[0].count("\n") - 1)
            source.at = ends.end()
            _check_continued(source, begin, parent)
            kept = len(said)
        elif following == "\\":
            said += _escape(source)
            kept = len(said)
        else:
            said = said[:kept] + said[kept:].rstrip(" \t")
            said += _line_end(source, begin, parent)
            kept = len(said)


def block(source: Source, parent: int) -> str:
    """Read a literal (``|``) or folded (``>``) scalar."""
    header = source.match(_HEADER)
    if not header:
        raise source.error("what follows | or > is no digit, sign or comment")
    literal = source.peek() == "|"
    given, chomp = header[1] or header[4], header[2] or header[3] or ""
    source.at = min(header.end() + 1, len(source.text))
    lines = _block_lines(source, parent, max(parent, 0) + int(given) if given else None)
    body = "\n".join(lines) if literal else _fold(lines)
    if not body.strip("\n") and not any(lines):
        return "\n" * len(lines) if chomp == "+" else ""
    stripped = body.rstrip("\n")
    if chomp == "-":
        return stripped
    # A last line of the file that no line end follows has none to keep.
    end = "" if source.at == len(source.text) and lines[-1] and not source.text.endswith("\n") else "\n"
    return f"{body}{end}" if chomp == "+" else f"{stripped}{end}"


def _block_lines(source: Source, parent: int, indent: int | None) -> list[str]:
    lines: list[str] = []
    leading = 0
    while source.at < len(source.text):
        begin = source.at
        width = _indent(source, tabs=False)
        line = source.rest_of_line()
        if not line and source.at == len(source.text):
            source.at = begin
            break
        if not line and (indent is None or width <= indent):
            leading = max(leading, width)
            lines.append("")
        else:
            if indent is None and width > max(parent, 0):
                indent = width
                if leading > indent:
                    raise source.error("an empty line before this one is indented deeper")
            source.at = begin
            if indent is None or width < indent or (width == 0 and source.marker):
                break
            lines.append(source.rest_of_line()[indent:])
        source.at = _next_line(source, begin)
    return lines


def _next_line(source: Source, begin: int) -> int:
    end = source.text.find("\n", begin)
    return len(source.text) if end < 0 else end + 1


def _fold(lines: t.Sequence[str]) -> str:
    """Join the lines of a folded scalar: those that are indented deeper stay on lines of their own."""
    said = ""
    empty = 0
    before: str | None = None
    for line in lines:
        if not line:
            empty += 1
            continue
        deeper = line[0] in " \t"
        if before is None:
            said = "\n" * empty + line
        elif deeper or before[0] in " \t":
            said += "\n" * (empty + 1) + line
        else:
            said += ("\n" * empty or " ") + line
        before, empty = line, 0
    return said + "\n" * empty


def _line_end(source: Source, begin: int, parent: int) -> str:
    """Read the end of a line within quotes, and what the next is indented by."""
    ends = source.match(_LINE_ENDS)
    if not ends:
        raise source.error("the quoted text that begins here does not end", begin)
    source.at = ends.end()
    _check_continued(source, begin, parent)
    return _folded(ends[0])


def _check_continued(source: Source, begin: int, parent: int) -> None:
    indent = _indent(source)
    if source.at == len(source.text) or source.marker:
        raise source.error("the quoted text that begins here does not end", begin)
    if indent <= parent:
        raise source.error("a quoted text goes on here, and is not indented deeper than its key")


def _folded(ends: str) -> str:
    return "\n" * (ends.count("\n") - 1) or " "


def _indent(source: Source, tabs: bool = True) -> int:
    begin = source.at
    while source.peek() == " " or (tabs and source.peek() == "\t"):
        source.at += 1
    return source.at - begin


def _escape(source: Source) -> str:
    letter = source.peek(1)
    width = _WIDTHS.get(letter)
    if width is None:
        if letter not in _ESCAPES or not letter:
            raise source.error("no escape of YAML")
        source.at += 2
        return _ESCAPES[letter]
    digits = source.text[source.at + 2 : source.at + 2 + width]
    if len(digits) < width or not _HEX.fullmatch(digits):
        raise source.error(f"{width} hexadecimal digits were expected")
    number = int(digits, 16)
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        raise source.error("no character has this number")
    source.at += 2 + width
    return chr(number)
