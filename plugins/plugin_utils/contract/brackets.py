# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bracket expressions of gitignore patterns, which pathspec reads otherwise than git. Private to the collection.

pathspec 1.1.1 lets ``[!a]`` match a slash, ends ``[a\\]]`` at its first ``]``, splits ``[/]`` at its slash, knows no
``[[:alpha:]]`` and makes an invalid expression of ``[z-a]``. These follow ``dowild`` in git's ``wildmatch.c``.
"""

from __future__ import annotations

import re

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.pattern_errors import Hopeless

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


def bracket(glob: str, at: int) -> tuple[str, int]:
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
            ranges += [(span[0], span[1]) for span in _CLASSES[name]]
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
