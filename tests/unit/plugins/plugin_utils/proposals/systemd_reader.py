# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd makes of the words of a unit file, written after systemd.syntax(7) and systemd.service(5): an oracle."""

from __future__ import annotations

import re

_ESCAPES = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34, "'": 39, "s": 32}
_SPECIFIER = re.compile("%(.)", re.DOTALL)


def words(text: str) -> list[bytes]:
    """Return the words of a line, quotes and escapes resolved."""
    assert "\n" not in text
    found: list[bytes] = []
    at = 0
    while at < len(text):
        if text[at] in " \t":
            at += 1
            continue
        made, at = _word(text, at)
        found.append(made)
    return found


def _word(text: str, at: int) -> tuple[bytes, int]:
    made, quote = bytearray(), ""
    while at < len(text) and (quote or text[at] not in " \t"):
        char = text[at]
        if char == "\\":
            piece, at = _escape(text, at + 1)
            made += piece
            continue
        if quote:
            quote = "" if char == quote else quote
            made += b"" if not quote else char.encode()
        elif char in "\"'":
            quote = char
        else:
            made += char.encode()
        at += 1
    assert not quote, f"a quote is not closed: {text}"
    return bytes(made), at


def _escape(text: str, at: int) -> tuple[bytes, int]:
    char = text[at]
    if char in _ESCAPES:
        return bytes([_ESCAPES[char]]), at + 1
    length = {"x": 2, "u": 4, "U": 8}[char]
    code = int(text[at + 1 : at + 1 + length], 16)
    return bytes([code]) if char == "x" else chr(code).encode(), at + 1 + length


def command(text: str, variables: dict[str, bytes] | None = None) -> list[bytes]:
    """Return the arguments of ``ExecStart=``: specifiers and variables replaced."""
    return [_variables(_percent(one), variables or {}) for one in words(text)]


def _percent(word: bytes) -> bytes:
    def replaced(match: re.Match[bytes]) -> bytes:
        assert match[1] == b"%", f"a specifier: {word!r}"
        return b"%"

    return re.sub(rb"%(.)", replaced, word, flags=re.DOTALL)


def _variables(word: bytes, variables: dict[str, bytes]) -> bytes:
    def replaced(match: re.Match[bytes]) -> bytes:
        if match[0] == b"$$":
            return b"$"
        name = match[1]
        assert name is not None, f"a variable: {word!r}"
        return variables[name.decode()]

    return re.sub(rb"\$\$|\$\{(\w+)\}|\$", replaced, word)
