# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Untrusted text made safe to show: on a terminal and in Markdown. Private to the collection."""

from __future__ import annotations

import re
import unicodedata

_ORDINARY = re.compile(r"[ -~]*")
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
# Controls, format characters (direction, zero width, byte order), surrogates, private use, separators of lines.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Letters and marks that take no room: joiners, fillers, variation selectors.
_NO_WIDTH = re.compile(r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&$#]")
_AT = re.compile(r"(?<=[\w.+-])@")
_SCHEME = re.compile(r":(?=//)|(?<=mailto):|(?<=xmpp):", re.IGNORECASE)
_DOT = re.compile(r"(?<=\w)\.(?=\w)")
# What begins a list or makes a heading of the line above: "- x", "1. x", "---", "=="; "-0.7 s" and "1.5" do not.
_LEAD = re.compile(r"( *)(?:([-+=])(?=[-+= ]|$)|(\d{1,9})([.)])(?= |$))")
_TICKS = re.compile(r"`+")
_LANGUAGE = re.compile(r"[a-z0-9+-]{0,20}")


def terminal(text: str) -> str:
    r"""Return ``text`` on one line; what could steer a terminal, or not be seen, is a visible escape (``\x1b``)."""
    if _ORDINARY.fullmatch(text):
        return text
    return "".join(char if " " <= char <= "~" else _visible(char) for char in text)


def literal(text: str) -> str | None:
    """Return a text for a line of a shell, None when it has characters that cannot be seen.

    It is no name that ``module_utils.text.show`` spelled: a backslash in it is one.
    """
    return text if text and text.isprintable() else None


def _visible(char: str) -> str:
    if unicodedata.category(char) not in _INVISIBLE and not _NO_WIDTH.match(char):
        return char
    code = ord(char)
    if code < 0x100:
        return _NAMED.get(char, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def markdown(text: str) -> str:
    """Return ``text`` for a table cell or a paragraph: neither CommonMark nor GFM finds markup, HTML or links in it."""
    shown = _SPECIAL.sub(r"\\\g<0>", terminal(text))
    shown = _SCHEME.sub(r"\\:", shown)
    # "main.py" and "www.example.org" are links to some renderers, and 1.5 to none.
    shown = _DOT.sub(lambda match: "." if _between_digits(shown, match.start()) else "\\.", shown)
    shown = _LEAD.sub(_lead, shown, count=1) if _LEAD.match(shown) else shown
    if shown != shown.strip(" "):
        # Four spaces would start a block of code; a cell drops them.
        body = shown.strip(" ")
        left = len(shown) - len(shown.lstrip(" "))
        shown = "&#32;" * left + body + "&#32;" * (len(shown) - left - len(body))
    # GFM looks for mail addresses after it has dropped the escapes: only another element keeps the parts apart.
    return _AT.sub("`@`", shown)


def _between_digits(text: str, at: int) -> bool:
    return text[at - 1].isdigit() and text[at + 1].isdigit()


def _lead(match: re.Match[str]) -> str:
    if match.group(2):
        return f"{match.group(1)}\\{match.group(2)}"
    return f"{match.group(1)}{match.group(3)}\\{match.group(4)}"


def markdown_code(text: str) -> str:
    """Return ``text`` as a code span for a table cell or a paragraph, or escaped where no span can hold it."""
    shown = terminal(text)
    # No span can hold a "|" in a table in a way that all renderers agree on, and an empty or blank one is none.
    if "|" in shown or not shown.strip(" "):
        return markdown(shown)
    fence = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def markdown_fence(text: str, lang: str = "") -> str:
    """Return ``text`` as a fenced block of its lines; raises ``ValueError`` when ``lang`` is no plain word."""
    if not _LANGUAGE.fullmatch(lang):
        raise ValueError(f"not the name of a language: {lang!r}")
    lines = ["\t".join(terminal(part) for part in line.split("\t")) for line in text.split("\n")]
    fence = "`" * max(3, max(_longest_run(line) for line in lines) + 1)
    body = "\n".join(lines[:-1] if lines[-1] == "" else lines)
    return f"{fence}{lang}\n{body}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)


def width(text: str) -> int:
    """Return how many columns of a terminal ``text``, which :func:`terminal` made, takes."""
    return len(text) if text.isascii() else sum(_columns(char) for char in text)


def clip(text: str, columns: int, mark: str = "...") -> str:
    """Return ``text``, which :func:`terminal` made, in at most ``columns`` columns; when cut it ends in ``mark``."""
    if width(text) <= columns:
        return text
    room = columns - width(mark)
    if room < 0:
        return mark[: max(columns, 0)]
    kept = used = 0
    for char in text:
        used += _columns(char)
        if used > room:
            break
        kept += 1
    return text[:kept] + mark


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
