# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One gitignore glob as a regular expression, following git's own matcher. Private to the collection.

Source: ``wildmatch.c`` and ``dir.c`` of git. The expressions run on Python 3.8 and never explode: what stands between
two wildcards is taken at its first place (``(?:(?!chunk).)*chunk``), so that nothing is tried twice.

Paths are text as Python spells file names (UTF-8, ``surrogateescape``). ``?`` is one character, where git counts bytes.
"""

from __future__ import annotations

import re
import typing as t

ONE = "[^/]"

SLASH = "/"
STAR = "*"
DEEP = "**"
DEEP_SLASH = "**/"

_CLASSES: dict[str, tuple[str, ...]] = {
    "alnum": ("09", "AZ", "az"),
    "alpha": ("AZ", "az"),
    "blank": ("\t\t", "  "),
    "cntrl": ("\0\x1f", "\x7f\x7f"),
    "digit": ("09",),
    "graph": ("!~",),
    "lower": ("az",),
    "print": (" ~",),
    "punct": ("!/", ":@", "[`", "{~"),
    "space": ("\t\n", "\r\r", "  "),
    "upper": ("AZ",),
    "xdigit": ("09", "AF", "af"),
}
"""First and last character of each range of a POSIX class, in ASCII as git has them."""


class PatternError(ValueError):
    """A pattern that cannot be used; the message names it and says why."""


class Hopeless(PatternError):
    """A pattern that git accepts and that can never match."""


class Atom(t.NamedTuple):
    """An expression that matches exactly one character of a name."""

    regex: str


Token = t.Union[str, Atom]


def translate(glob: str, start: int = 0) -> str:
    """Return the expression for ``glob``, a pattern without its leading ``!`` and ``/`` and its trailing ``/``.

    ``start`` is where git's matcher starts: git compares the text before the first wildcard itself, so a ``**`` at
    ``start`` counts as standing behind a slash. Raises :class:`Hopeless`.
    """
    return _deep(_tokens(glob, start))


def _tokens(glob: str, start: int) -> list[Token]:
    out: list[Token] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        if char == "*":
            added, at = _stars(glob, at, start)
            out += added
        elif char == "[":
            regex, at = _bracket(glob, at)
            out.append(Atom(regex))
        elif char == "?":
            out.append(Atom(ONE))
            at += 1
        else:
            if char == "\\":
                at += 1
                if at == len(glob):
                    raise Hopeless("it ends in a backslash")
            out.append(SLASH if glob[at] == "/" else Atom(re.escape(glob[at])))
            at += 1
    return out


def _stars(glob: str, at: int, start: int) -> tuple[list[Token], int]:
    end = at
    while glob[end : end + 1] == "*":
        end += 1
    if end - at > 1 and (at == start or glob[at - 1] == "/"):
        if end == len(glob):
            return [DEEP], end
        if glob[end] == "/":
            return [DEEP_SLASH], end + 1
        if glob.startswith("\\/", end):  # git's "no directory at all" needs a bare slash
            return [STAR, SLASH, DEEP_SLASH], end + 2
    return [STAR], end


def _bracket(glob: str, at: int) -> tuple[str, int]:
    """Return the expression of the bracket that opens at ``at``, and the place behind it; as ``dowild`` reads it."""
    at += 1
    negated = glob[at : at + 1] in ("!", "^")
    at += negated
    ranges: list[tuple[str, str]] = []
    previous = ""
    first = True
    while first or glob[at : at + 1] != "]":
        first = False
        char = _need(glob, at)
        following = glob[at + 1 : at + 2]
        if char == "\\":
            at += 1
            previous = _need(glob, at)
            ranges.append((previous, previous))
        elif char == "-" and previous and following and following != "]":
            at += 1
            if following == "\\":
                at += 1
            ranges.append((previous, _need(glob, at)))
            previous = ""
        elif char == "[" and following == ":" and (name := _class_name(glob, at)) is not None:
            if name not in _CLASSES:
                raise Hopeless(f"[:{name}:] is no character class")
            ranges += [(low, high) for low, high in map(tuple, _CLASSES[name])]
            at += len(name) + 3
            previous = ""
        else:
            ranges.append((char, char))
            previous = char
        at += 1
    return _set(ranges, negated), at + 1


def _need(glob: str, at: int) -> str:
    if at >= len(glob):
        raise Hopeless("a [ has no closing ]")
    return glob[at]


def _class_name(glob: str, at: int) -> str | None:
    """Return ``alpha`` for ``[:alpha:]`` at ``at``, None for anything else that starts like a class."""
    end = glob.find("]", at + 2)
    if end < 0:
        raise Hopeless("a [ has no closing ]")
    name = glob[at + 2 : end - 1]
    return name if end > at + 2 and glob[end - 1] == ":" else None


def _set(ranges: list[tuple[str, str]], negated: bool) -> str:
    ranges = [(low, high) for low, high in ranges if low <= high]
    members = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in ranges)
    if negated:
        return f"[^/{members}]"
    return f"(?:(?!/)[{members}])" if members else "(?!)"


def _deep(parts: list[Token]) -> str:
    """Return the expression of tokens that may cross directories."""
    pieces: list[list[Token]] = [[]]
    kinds: list[str] = []
    for token in parts:
        if token in (DEEP, DEEP_SLASH):
            kinds.append(str(token))
            pieces.append([])
        else:
            pieces[-1].append(token)
    regex = _flat(pieces[0])
    for number, (kind, piece) in enumerate(zip(kinds, pieces[1:], strict=True)):
        inner = _flat(piece)
        if kind == DEEP:
            regex += "(?s:.*)"
        elif number + 1 < len(kinds):
            regex += rf"(?:(?!{inner})[^/]*/)*{inner}"
        else:
            regex += "(?s:.*/)?" + inner
    return regex


def _flat(parts: list[Token]) -> str:
    """Return the expression of tokens without ``**``: single stars stay inside one name."""
    out = ""
    index = 0
    while index < len(parts):
        token = parts[index]
        index += 1
        if token == SLASH:
            # The slash that marks a directory at the end of a tested path is no part of its name.
            rest = parts[index:]
            out += "/(?!\\Z)" if all(following == STAR for following in rest) else "/"
        elif token == STAR:
            chunk = ""
            while index < len(parts) and isinstance(following := parts[index], Atom):
                chunk += following.regex
                index += 1
            more = index < len(parts) and parts[index] == STAR
            out += rf"(?:(?!{chunk}){ONE})*{chunk}" if chunk and more else f"{ONE}*{chunk}"
        elif isinstance(token, Atom):
            out += token.regex
    return out
