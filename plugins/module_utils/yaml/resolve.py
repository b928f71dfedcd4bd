# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an unquoted word of YAML is: text, a number, true, nothing. Private to the collection.

As Go's ``yaml.v3`` reads it, and with it Docker Compose: the core schema of YAML 1.2, with ``0o17`` and the older
``017`` for octal numbers, and underscores between digits. ``yes``, ``on`` and ``22:22`` are text.
"""

from __future__ import annotations

import re
import typing as t

Scalar = t.Union[str, int, float, bool, None]

_WORDS: dict[str, t.Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_LONGEST, _LARGEST = 300, 10**308
_NUMBER = re.compile(r"[-+.0-9]")
_INTEGERS = (
    (re.compile(r"([-+]?)0[xX]([0-9a-fA-F]+)"), 16),
    (re.compile(r"([-+]?)0[bB]([01]+)"), 2),
    (re.compile(r"([-+]?)0[oO]([0-7]+)"), 8),
    (re.compile(r"([-+]?)0([0-7]+)"), 8),
    (re.compile(r"([-+]?)(0|[1-9][0-9]*)"), 10),
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:[Tt ] *[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?: *Z| *[-+][0-9]{1,2}(?::?[0-9]{2})?)?)?"
)


class Timestamp(str):
    """An unquoted date or time. What a reader makes of it is its own matter: here it is the text as written."""

    __slots__ = ()


def resolve(word: str) -> Scalar:
    """Return the value of an unquoted word."""
    if word in _WORDS:
        return t.cast(Scalar, _WORDS[word])
    if not _NUMBER.match(word):
        return word
    if _TIME.fullmatch(word):
        return Timestamp(word)
    digits = word.replace("_", "")
    for pattern, base in _INTEGERS:
        found = pattern.fullmatch(digits)
        if found:
            if len(digits) >= _LONGEST:
                return word
            value = int(found[2], base) * (-1 if found[1] == "-" else 1)
            # What no 64 bits hold becomes a float there.
            return value if -(1 << 63) <= value < 1 << 64 else float(value) if abs(value) < _LARGEST else word
    if _FLOAT.fullmatch(digits):
        return float(digits)
    return word
