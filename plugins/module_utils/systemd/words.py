# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How systemd splits and quotes words in unit files and in what ``systemctl show`` says. Private to the collection."""

from __future__ import annotations

import re

_BLANKS = " \t\n\r"
_LETTERS = {
    **dict(zip("abfnrtv", "\a\b\f\n\r\t\v")),
    "\\": "\\",
    '"': '"',
    "'": "'",
    "s": " ",
}
_NUMBERED = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})")
_SHOWN = re.compile(r"\$'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^\s]+)", re.DOTALL)


class BadWords(ValueError):
    """Text that systemd does not split. The message does not quote it."""


def split_words(said: str) -> list[str]:
    """Return the words of a setting such as ``Environment=``, quotation marks and escapes undone. Raises BadWords."""
    words: list[str] = []
    word = bytearray()
    begun, quote, at = False, "", 0
    while at < len(said):
        letter = said[at]
        at += 1
        if letter == "\\":
            piece, at = _escape(said, at)
            word += piece
            begun = True
        elif letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote, begun = letter, True
        elif not quote and letter in _BLANKS:
            if begun:
                words.append(_text(word))
            word, begun = bytearray(), False
        else:
            word += letter.encode("utf-8", "surrogateescape")
            begun = True
    if quote:
        raise BadWords("a quotation mark is not closed")
    return [*words, _text(word)] if begun else words


def shown_words(said: str) -> list[str]:
    """Return the words of a list that ``systemctl show`` printed: each plain, in double quotes, or in ``$'…'``."""
    found = []
    for posix, double, plain in (match.groups() for match in _SHOWN.finditer(said)):
        quoted = posix if posix is not None else double
        found.append(plain if quoted is None else _unquoted(quoted))
    return found


def _unquoted(said: str) -> str:
    made = bytearray()
    at = 0
    while at < len(said):
        letter = said[at]
        at += 1
        if letter == "\\" and at < len(said):
            try:
                piece, at = _escape(said, at)
            except BadWords:
                piece, at = said[at].encode("utf-8", "surrogateescape"), at + 1
            made += piece
        else:
            made += letter.encode("utf-8", "surrogateescape")
    return _text(made)


def _escape(said: str, at: int) -> tuple[bytes, int]:
    """Return what stands for an escape, whose backslash ends before ``at``, and where it ends."""
    letter = said[at : at + 1]
    if letter in _LETTERS:
        return _LETTERS[letter].encode("ascii"), at + 1
    numbered = _NUMBERED.match(said, at)
    if not numbered:
        raise BadWords("a backslash before what is no escape of systemd")
    byte, short, long, octal = numbered.groups()
    number = int(octal, 8) if octal else int(byte or short or long, 16)
    if not number or number > (0xFF if byte or octal else 0x10FFFF) or 0xD800 <= number <= 0xDFFF:
        raise BadWords("an escape of systemd that stands for no character")
    return (bytes([number]) if byte or octal else chr(number).encode("utf-8")), numbered.end()


def _text(word: bytearray) -> str:
    return word.decode("utf-8", "surrogateescape")
