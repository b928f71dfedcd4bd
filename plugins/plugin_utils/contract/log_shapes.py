# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that only the contract's ``logs`` section has. Private to the collection."""

from __future__ import annotations

import datetime
import math
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    Key,
    ListOf,
    Map,
    Problems,
    Shape,
    Wrong,
    below,
    found,
)

LEVELS = ("WARNING", "ERROR", "CRITICAL", "FATAL")
"""The levels that are counted, from least to worst."""

UNHANDLED = (
    "Traceback",
    "Task exception was never retrieved",
    "Exception in thread",
    "Unhandled",
    "panic",
    "Segmentation fault",
    "Out of memory",
)
"""What is said of an error that no code took care of."""

DEPLOY = "deploy"
_LEVEL_NAMES = {"WARN": "WARNING", "ERR": "ERROR", "CRIT": "CRITICAL"}
_WILD = re.compile(r"[*?\[]")


class Since(shapes.Text):
    """A duration before the audit, a moment, or the last deployment: seconds, text in UTC, ``deploy``."""

    def describe(self) -> str:
        return "duration like 2h, time like 2026-11-21T10:00:00Z, or deploy"

    def convert(self, value: t.Any) -> t.Any:
        if value == DEPLOY:
            return DEPLOY
        try:
            if isinstance(value, str) and "-" in value:
                return _utc(datetime.datetime.fromisoformat(value))
            return shapes.Duration().convert(value)
        except ValueError:
            raise Wrong(f"expected a {self.describe()}, found {found(value)}") from None


def _utc(moment: datetime.datetime) -> str:
    zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
    return zoned.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Number(Shape):
    """Any finite number, as text too."""

    def describe(self) -> str:
        return "number"

    def convert(self, value: t.Any) -> float:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise Wrong(f"expected a {self.describe()}, found {found(value)}")
        return value


class Seconds(Number):
    """A number of seconds, with parts of them, or a duration."""

    def describe(self) -> str:
        return "seconds, or a duration like 5m"

    def convert(self, value: t.Any) -> float:
        try:
            seconds = super().convert(value)
        except Wrong:
            seconds = shapes.Duration().convert(value)
        if not 0 <= seconds <= 10 * 366 * 86400:
            raise Wrong(f"expected {self.describe()}, up to 10 years, found {found(value)}")
        return seconds


class Named(shapes.Text):
    """The name of a unit or of a container: it becomes an argument, and a part of a path."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what

    def describe(self) -> str:
        return f"name of a {self._what}"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.:@\\-]{0,254}", text):
            raise Wrong(f"expected the {self.describe()}, found {found(text)}")
        return text


class LogPath(shapes.AnyPath):
    """A path whose last part may be a pattern."""

    def describe(self) -> str:
        return "path below drift_root, or absolute; its last part may have * and ?"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if _WILD.search(text.rpartition("/")[0]):
            raise Wrong(f"only the last part of a path may have *, ? and [, found {found(text)}")
        if text == "." or text.endswith("/"):
            raise Wrong(f"expected the path of a file, found {found(value)}")
        return text


class Capture(shapes.Regex):
    """An expression with one group."""

    def describe(self) -> str:
        return "regular expression with one group"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        groups = re.compile(text).groups
        if groups != 1:
            raise Wrong(
                f"expected a {self.describe()}, the one around the number, found {groups} in {found(text)}; "
                "write (?:...) for others"
            )
        return text


class Searches(ListOf):
    """Expressions, each alone or as a map, or one of them; named by themselves when they have no name."""

    def __init__(self, keys: t.Mapping[str, Key], check: t.Callable[[dict[str, t.Any]], None] | None = None) -> None:
        super().__init__(Map(keys, check=check), unique="name")

    def describe(self) -> str:
        return "list of maps, or one"

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        if isinstance(value, (str, dict)):
            value = [value]
        if isinstance(value, list):
            value = [_named({"pattern": one} if isinstance(one, str) else one) for one in value]
        return super().read(value, place, problems)


class Expressions(Searches):
    """Expressions of which most are written alone."""

    def describe(self) -> str:
        return "list of regular expressions, or of maps"


def _named(entry: t.Any) -> t.Any:
    if isinstance(entry, dict) and entry.get("name") is None and isinstance(entry.get("pattern"), str):
        return {**entry, "name": entry["pattern"]}
    return entry


class Limits(Shape):
    """How often levels, classes of exceptions and unhandled errors may occur."""

    def describe(self) -> str:
        return "map of level, exception or unhandled error to number"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, int]:
        if not isinstance(value, dict):
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return {}
        made: dict[str, int] = {}
        for written, count in value.items():
            name = _limited(written)
            where = below(place, written)
            if name is None:
                problems.add(
                    where,
                    f"expected a level ({', '.join(LEVELS)}), a class of exceptions such as TypeError, or one of "
                    f"{', '.join(UNHANDLED)}; search other words with forbid",
                )
            elif name in made:
                problems.add(where, f"{name} is limited twice")
            else:
                made[name] = shapes.Integer(0, 1_000_000_000).read(count, where, problems)
        return made


def _limited(name: str) -> str | None:
    level = _LEVEL_NAMES.get(name.upper(), name.upper())
    if level in LEVELS or name in UNHANDLED:
        return level if level in LEVELS else name
    # Logs name classes with and without their module: the class counts.
    last = name.rpartition(".")[2]
    return last if re.fullmatch(r"[A-Z][A-Za-z0-9_$]*", last) and not last.isupper() else None
