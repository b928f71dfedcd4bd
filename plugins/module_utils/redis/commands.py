# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that an audit sends to a Redis server: all of them read, none of them blocks. Private to the collection.

What is not listed here is never sent. So there is no KEYS, no MONITOR, no blocking XREAD, and nothing that writes.
"""

from __future__ import annotations

import re
import typing as t

_ANY = None
_NUMBER = re.compile(rb"[0-9]{1,3}")
_CURSOR = re.compile(rb"[0-9]{1,20}")

SETTINGS = ("appendonly", "bind", "maxmemory", "maxmemory-policy", "protected-mode", "save")
"""The settings that are read, one by one: the others may be secret."""

_SECTIONS = re.compile(b"server|clients|memory|persistence|stats|replication|keyspace")
_SETTING = re.compile("|".join(SETTINGS).encode("ascii"))

# Words as they are sent; an expression for the whole of a word, None for any word.
_ALLOWED: tuple[tuple[t.Any, ...], ...] = (
    (b"PING",),
    (b"AUTH", _ANY),
    (b"AUTH", _ANY, _ANY),
    (b"SELECT", _NUMBER),
    (b"INFO", _SECTIONS),
    # Of this connection alone: what it reads does not count as used.
    (b"CLIENT", b"NO-TOUCH", b"ON"),
    (b"CLIENT", b"LIST"),
    (b"CONFIG", b"GET", _SETTING),
    (b"SLOWLOG", b"LEN"),
    (b"SLOWLOG", b"GET", _NUMBER),
    (b"DBSIZE",),
    (b"SCAN", _CURSOR, b"COUNT", _NUMBER, b"TYPE", b"stream"),
    (b"TYPE", _ANY),
    (b"XINFO", b"STREAM", _ANY),
    (b"XINFO", b"GROUPS", _ANY),
    (b"XINFO", b"CONSUMERS", _ANY, _ANY),
    (b"XPENDING", _ANY, _ANY),
    (b"XREVRANGE", _ANY, b"+", b"-", b"COUNT", _NUMBER),
)


def allowed(words: t.Sequence[bytes]) -> bool:
    """Return whether a command is one of those that an audit may send."""
    return any(len(form) == len(words) and all(_fits(one, word) for one, word in zip(form, words)) for form in _ALLOWED)


def _fits(form: t.Any, word: bytes) -> bool:
    if form is _ANY:
        return True
    return bool(form == word) if isinstance(form, bytes) else form.fullmatch(word) is not None


def name_of(words: t.Sequence[bytes]) -> str:
    """Return the name of an allowed command as people know it: ``XINFO STREAM``; never an argument."""
    two = words[0] in (b"CLIENT", b"CONFIG", b"SLOWLOG", b"XINFO")
    return b" ".join(words[: 2 if two else 1]).decode("ascii")
