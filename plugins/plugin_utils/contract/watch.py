# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public variable ``verify_watch``: how long a host is watched after a change. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.log_shapes import Number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.plain import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    Map,
    Problems,
    Shape,
    Wrong,
    found,
)

VARIABLE = "verify_watch"

_SHORTEST_S, _LONGEST_S = 10, 86_400
_OFTEN_S = 30


@dataclasses.dataclass(frozen=True)
class WatchSettings:
    """How long a host is watched and how often it is looked at (seconds), and how many of 100 requests must succeed."""

    for_s: int
    every_s: int
    availability: float


class Percent(Number):
    """A share of a hundred."""

    def describe(self) -> str:
        return "number from 0 to 100"

    def convert(self, value: t.Any) -> float:
        share = super().convert(value)
        if not 0 <= share <= 100:
            raise Wrong(f"expected a {self.describe()}, found {found(value)}")
        return share


def _possible(watch: dict[str, t.Any]) -> None:
    for_s = watch["for"]
    if not _SHORTEST_S <= for_s <= _LONGEST_S:
        raise Wrong(f"for: a window is {_SHORTEST_S} s to 24 h long, found {for_s} s")
    if watch["every"] is None:
        watch["every"] = min(_OFTEN_S, for_s // 2)
    if watch["every"] > for_s / 2:
        raise Wrong(
            f"every: {watch['every']} s is more than half of the window of {for_s} s, which has three looks at least"
        )


class Watch(Shape):
    """The window: a map, or how long it is. Read as a map."""

    _MAP = Map(
        {
            "for": Key(shapes.Duration(), REQUIRED, "how long the host is watched, from 10 s to 24 h"),
            "every": Key(
                shapes.Duration(), None, "how often it is looked at; unset: every 30 s, or twice in a shorter window"
            ),
            "availability": Key(
                Percent(), 100, "how many of 100 requests each endpoint must answer as declared, over the window"
            ),
        },
        check=_possible,
    )

    def describe(self) -> str:
        return "map, or duration like 10m"

    def inner(self) -> t.Iterator[tuple[str, Key]]:
        return self._MAP.inner()

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            value = {"for": value}
        return self._MAP.read(value, place, problems)


KEY = Key(Watch(), None, "how long each host is watched; unset: not at all")
"""For the registry of the variables ``verify_*``."""


def read_watch(value: t.Any, place: str = VARIABLE) -> WatchSettings | None:
    """Return the settings in the variable's value, None when it is unset. Raises ContractError."""
    if value is None or value == "":
        return None
    problems = Problems()
    read = KEY.shape.read(plain(value, place), place, problems)
    problems.raise_any()
    return WatchSettings(read["for"], read["every"], read["availability"])
