# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simple values of the contract. Private to the collection."""

from __future__ import annotations

import datetime
import os.path
import posixpath
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.pattern_errors import PatternError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    Key,
    ListOf,
    Map,
    Problems,
    Shape,
    Wrong,
    found,
    nearest,
    quote,
)

SEVERITIES = ("critical", "high", "medium", "low", "info")
"""From worst to least."""

RISKS = ("business", "system", "operational")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Text(Shape):
    """Text on one line, or on many."""

    def __init__(self, lines: bool = False) -> None:
        self._lines = lines

    def describe(self) -> str:
        return "text"

    def convert(self, value: t.Any) -> str:
        if not isinstance(value, str):
            raise Wrong(f"expected {self.describe()}, found {found(value)}")
        if not value.strip():
            raise Wrong(f"expected {self.describe()}, found empty text")
        if "\0" in value or (not self._lines and "\n" in value):
            raise Wrong(f"expected {self.describe()} on one line, found {found(value)}")
        return value


class Label(Text):
    """A name for reports that can be a path."""

    def describe(self) -> str:
        return "text of at most 100 characters"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if len(text) > 100:
            raise Wrong(f"expected {self.describe()}, found {found(text)}")
        return text


class Boolean(Shape):
    """``true`` or ``false``; as text too, since every ``-e key=value`` is text."""

    def describe(self) -> str:
        return "true or false"

    def convert(self, value: t.Any) -> bool:
        if isinstance(value, str) and value.lower() in ("true", "false", "yes", "no"):
            return value.lower() in ("true", "yes")
        if not isinstance(value, bool):
            raise Wrong(f"expected true or false, found {found(value)}")
        return value


class Integer(Shape):
    """A whole number, as text too."""

    def __init__(self, minimum: int, maximum: int) -> None:
        self._minimum = minimum
        self._maximum = maximum

    def describe(self) -> str:
        return f"whole number, {self._minimum} to {self._maximum}"

    def convert(self, value: t.Any) -> int:
        if isinstance(value, str) and re.fullmatch("-?[0-9]{1,15}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(f"expected a {self.describe()}, found {found(value)}")
        if not self._minimum <= value <= self._maximum:
            raise Wrong(f"expected a {self.describe()}, found {value}")
        return value


class Duration(Shape):
    """Seconds, or a number with a unit; read as whole seconds."""

    def describe(self) -> str:
        return "seconds, or a duration like 90s, 5m, 2h, 7d, 1w"

    def convert(self, value: t.Any) -> int:
        seconds = None
        if isinstance(value, str) and (match := re.fullmatch("([0-9]{1,9})([smhdw]?)", value)):
            seconds = int(match[1]) * _UNITS[match[2] or "s"]
        elif isinstance(value, int) and not isinstance(value, bool):
            seconds = value
        if seconds is None:
            raise Wrong(f"expected {self.describe()}, found {found(value)}")
        if not 1 <= seconds <= 10 * 366 * 86400:
            raise Wrong(f"expected {self.describe()}, from 1 second to 10 years, found {quote(value)}")
        return seconds


class Choice(Shape):
    """One of a few words."""

    def __init__(self, words: t.Sequence[str]) -> None:
        self._words = words

    def describe(self) -> str:
        return f"one of {', '.join(self._words)}"

    def convert(self, value: t.Any) -> str:
        if isinstance(value, str) and value in self._words:
            return value
        near = nearest(value, self._words) if isinstance(value, str) else None
        meant = f', did you mean "{near}"?' if near else ""
        raise Wrong(f"expected {self.describe()}, found {found(value)}{meant}")


class Name(Text):
    """A name that can be a folder's name and a cell of a table."""

    NEVER_EMPTY = True

    def describe(self) -> str:
        return "name of letters, digits, dot, dash and underscore"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", text):
            raise Wrong(f"expected a {self.describe()}, at most 64, not starting with dot or dash, found {found(text)}")
        return text


class RootPath(Text):
    """A path below ``drift_root``, in its shortest spelling."""

    def describe(self) -> str:
        return "path below drift_root"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if text.startswith(("/", "~")):
            raise Wrong(f"expected a {self.describe()}, relative to it, found {found(text)}")
        if ".." in text.split("/"):
            raise Wrong(f'expected a {self.describe()} without "..", found {found(text)}')
        return posixpath.normpath(text)


class HostPath(Text):
    """An absolute path on a host, in its shortest spelling."""

    def describe(self) -> str:
        return "absolute path on the host"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if not text.startswith("/"):
            raise Wrong(f"expected an {self.describe()}, found {found(text)}")
        return posixpath.normpath(text).replace("//", "/")


class AnyPath(Text):
    """A path on a host: below ``drift_root``, or absolute."""

    def describe(self) -> str:
        return "path below drift_root, or absolute"

    def convert(self, value: t.Any) -> str:
        absolute = isinstance(value, str) and value.startswith("/")
        return (HostPath() if absolute else RootPath()).convert(value)


class LocalPath(Text):
    """A path on the control node; a relative one starts at ``cwd``, the directory that the user stands in."""

    NEVER_EMPTY = True

    def __init__(self, cwd: str) -> None:
        super().__init__()
        self._cwd = cwd

    def describe(self) -> str:
        return "path on the control node"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if "://" in text or re.match(r"[^/]+@[^/]+:", text):
            raise Wrong(f"expected a {self.describe()}, found {found(text)}: nothing is fetched, clone it first")
        return os.path.normpath(os.path.join(self._cwd, os.path.expanduser(text)))


class Pattern(Text):
    """A gitignore pattern. ``negation`` allows a leading ``!``."""

    def __init__(self, negation: bool = True) -> None:
        super().__init__()
        self._negation = negation

    def describe(self) -> str:
        return "gitignore pattern" + ("" if self._negation else " without !")

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if text.startswith("!") and not self._negation:
            raise Wrong(f"expected a {self.describe()}, found {found(text)}")
        try:
            compile_lines([text])
        except PatternError as reason:
            raise Wrong(str(reason)) from reason
        return text


class Regex(Text):
    """A Python regular expression, in the syntax that Python 3.8 knows."""

    def describe(self) -> str:
        return "regular expression"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        try:
            re.compile(text)
        except (re.error, OverflowError, RecursionError) as reason:
            raise Wrong(f"expected a {self.describe()}, found {found(text)}: {reason}") from reason
        return text


class Date(Text):
    """A calendar day."""

    def describe(self) -> str:
        return "date YYYY-MM-DD"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        try:
            return datetime.datetime.strptime(text, "%Y-%m-%d").date().isoformat()
        except ValueError as reason:
            raise Wrong(f"expected a {self.describe()}, found {found(text)}") from reason


class OneOrMore(ListOf):
    """A list, or its only item alone."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self._one = shape

    def describe(self) -> str:
        return f"{self._one.describe()}, or list of them"

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        return super().read([value] if isinstance(value, str) else value, place, problems)


class Wanted(Shape):
    """Something that is done or not: ``true``, ``false``, or a map that says how. The result is a map, or None."""

    def __init__(self, keys: t.Mapping[str, Key]) -> None:
        self._map = Map(keys)

    def describe(self) -> str:
        return "true, false, or map"

    def inner(self) -> t.Iterator[tuple[str, Key]]:
        return self._map.inner()

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any] | None:
        if isinstance(value, dict):
            return self._map.read(value, place, problems)
        wanted = Boolean().read(value, place, problems)
        return self._map.read({}, place, problems) if wanted else None
