# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small values of Compose files: words, sizes, durations, pairs. Private to the collection.

Each function takes what the file has and returns it in the one form in which it is compared.
"""

from __future__ import annotations

import math
import re
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.composer import Tagged
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.resolve import Timestamp

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kKmMgGtTpP]?)[iI]?[bB]?")
_POWERS = " kmgtp"
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9}
_NANOSECONDS["h"] = 3600 * 10**9
# What ends the words in Compose's reader, and what this one would read in another way.
_SHELL = frozenset(";&|<>()`\n")


class Unsupported(Exception):
    """What a file says cannot be compared: the reason, without a value that may be secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Broken(t.NamedTuple):
    """In the place of a service that cannot be read: the reason."""

    reason: str


class Assumed(str):
    """Text that depends on variables without a value: as if they were empty, which is what Compose makes of them unless
    the shell that ran it had them.
    """

    names: tuple[str, ...] = ()


def assumed_in(value: t.Any) -> list[str]:
    """Return the variables without a value that something of a file depends on."""
    if isinstance(value, Assumed):
        return list(value.names)
    if isinstance(value, dict):
        return sorted({name for one in value.values() for name in assumed_in(one)})
    if isinstance(value, (list, tuple)):
        return sorted({name for one in value for name in assumed_in(one)})
    return []


def text(value: t.Any) -> str:
    """Return a scalar as Compose spells it: numbers as Go prints them."""
    if isinstance(value, Timestamp):
        raise Unsupported("an unquoted date: Compose makes a time of it; quote it")
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unsupported("a number that is none")
        return str(int(value)) if value == int(value) and abs(value) < 1e21 else repr(value)
    if isinstance(value, int):
        return str(value)
    raise Unsupported("a list, a map or nothing where text belongs")


def words(value: t.Any) -> list[str]:
    """Return a command: a list, or text that is split as a shell would."""
    if isinstance(value, list):
        return [text(one) for one in value]
    said = text(value)
    bare = re.sub(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", "", said, flags=re.DOTALL)
    if _SHELL & set(bare):
        raise Unsupported(
            "a shell's sign in a command that is text: Compose ends the command there; write it as a list"
        )
    if re.search(r'"[^"]*\\[^"\\]', said):
        raise Unsupported("a backslash within double quotes: write the command as a list")
    try:
        return shlex.split(said)
    except ValueError:
        raise Unsupported("a quotation mark that is not closed") from None


def size(value: t.Any) -> int:
    """Return bytes."""
    found = _SIZE.fullmatch(text(value).strip())
    if not found:
        raise Unsupported("no size like 512m")
    return int(float(found[1]) * 1024 ** _POWERS.index(found[2].lower() or " "))


def duration(value: t.Any) -> int:
    """Return nanoseconds."""
    said = text(value)
    if said == "0":
        return 0
    total = 0
    at = 0
    for found in _DURATION.finditer(said):
        if found.start() != at:
            break
        total += round(float(found[1]) * _NANOSECONDS[found[2]])
        at = found.end()
    if not said or at != len(said):
        raise Unsupported("no duration like 1m30s")
    return total


def truth(value: t.Any) -> bool:
    """Return true or false, of text too: an interpolated value is text."""
    if isinstance(value, bool):
        return value
    said = text(value).lower()
    if said in ("1", "true", "yes", "y", "on"):
        return True
    if said in ("0", "false", "no", "n", "off", ""):
        return False
    raise Unsupported("neither true nor false")


def number(value: t.Any) -> int:
    """Return a whole number."""
    said = text(value)
    if not re.fullmatch(r"-?[0-9]{1,18}", said):
        raise Unsupported("no whole number")
    return int(said)


def listed(value: t.Any) -> list[t.Any]:
    """Return a list, of one value too."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def mapped(value: t.Any) -> dict[str, t.Any]:
    """Return a map of names, of ``[a=b, c]`` too; a name without a value has None.

    A value that depends on variables without one stays :class:`Assumed`.
    """
    if value is None:
        return {}
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise Unsupported("a name that is no text: quote it")
        return dict(value)
    if not isinstance(value, list):
        raise Unsupported("neither a map nor a list")
    made: dict[str, t.Any] = {}
    for one in value:
        name, sign, rest = text(one).partition("=")
        made[name] = _like(one, rest) if sign else None
    return made


def _like(whole: t.Any, part: str) -> str:
    if not isinstance(whole, Assumed):
        return part
    made = Assumed(part)
    made.names = whole.names
    return made


def untagged(value: t.Any) -> t.Any:
    """Return a value in which no tag is left: ``!reset`` is nothing, ``!override`` its value."""
    if isinstance(value, Tagged):
        return None if value.tag == "!reset" else untagged(value.value)
    if isinstance(value, dict):
        kept = {name: one for name, one in value.items() if not (isinstance(one, Tagged) and one.tag == "!reset")}
        return {name: untagged(one) for name, one in kept.items()}
    if isinstance(value, list):
        return [untagged(one) for one in value]
    return value
