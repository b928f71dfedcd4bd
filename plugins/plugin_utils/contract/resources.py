# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``resources`` section: how much of a host may be in use. Private to the collection."""

from __future__ import annotations

import math
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    Key,
    ListOf,
    Map,
    Shape,
    Wrong,
    found,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

CHECKS = ("memory", "swap", "disk", "inodes", "load", "clock")
"""The checks of this section, whose severity can be set."""


class Number(Shape):
    """A number from 0 on, as text too."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum

    def describe(self) -> str:
        return f"number, 0 to {self._maximum}"

    def convert(self, value: t.Any) -> float:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise Wrong(f"expected a {self.describe()}, found {found(value)}")
        if not 0 <= value <= self._maximum:
            raise Wrong(f"expected a {self.describe()}, found {value}")
        return value


def _ordered(limits: dict[str, t.Any]) -> None:
    if limits["warn"] is not None and limits["fail"] is not None and limits["warn"] > limits["fail"]:
        raise Wrong("warn is above fail")


def _limits(maximum: int) -> Map:
    number = Number(maximum)
    return Map(
        {
            "warn": Key(number, None, "from here on a medium finding"),
            "fail": Key(number, None, "from here on a high finding"),
        },
        check=_ordered,
    )


_FULL = {"warn": 80, "fail": 95}

SHAPE = Map(
    {
        "memory_percent": Key(_limits(100), _FULL, "memory that is not available any more; `{}`: not judged"),
        "swap_percent": Key(_limits(100), {}, "swap in use; unset: not judged"),
        "disk_percent": Key(_limits(100), _FULL, "space in use of each disk, as df shows it; `{}`: not judged"),
        "inode_percent": Key(_limits(100), {}, "inodes in use of each disk; unset: not judged"),
        "load_per_core": Key(
            _limits(10_000), {}, "load of the last five minutes for each processor; unset: not judged"
        ),
        "clock_skew_s": Key(
            _limits(10_000_000),
            {"warn": 5, "fail": 60},
            "seconds between the clocks of the host and the control node; `{}`: not judged",
        ),
        "disks": Key(
            ListOf(shapes.HostPath()), [], "a path on each disk to look at; unset: the disks of drift_root and of `/`"
        ),
        **terms(CHECKS, "system"),
    }
)

DEFAULT: t.Any = None
"""Nothing is audited without a contract."""
