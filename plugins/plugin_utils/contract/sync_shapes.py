# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of the ``sync_*`` variables that say when, in which order and where to. Private to the collection."""

from __future__ import annotations

import re
import typing as t

import zoneinfo
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.refs import is_valid
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Problems,
    Shape,
    Wrong,
    found,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Clock(shapes.Text):
    """A time of day."""

    def describe(self) -> str:
        return 'time of day, "HH:MM" in quotes'

    def convert(self, value: t.Any) -> str:
        if not isinstance(value, str) or not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", value):
            raise Wrong(f"expected a {self.describe()}, found {found(value)}")
        return value


class Apart(ListOf):
    """Paths of which none is the root, or lies within another."""

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        paths = super().read(value, place, problems)
        for number, path in enumerate(paths):
            # What is wrong by itself is told already, and is None here.
            before = [f"{one}/" for one in paths[:number] if one is not None]
            within = any(f"{path}/".startswith(one) or one.startswith(f"{path}/") for one in before)
            if path is not None and (path == "." or within):
                problems.add(f"{place}[{number}]", f"{path} is more than a release can share, or shared already")
        return paths


class Zone(shapes.Text):
    """The name of a time zone."""

    def describe(self) -> str:
        return "name of a time zone, such as UTC or Europe/Berlin"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        try:
            zoneinfo.ZoneInfo(text)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise Wrong(f"expected a {self.describe()}, found {found(text)}") from error
        return text


class PlanId(shapes.Text):
    """The id of a plan."""

    NEVER_EMPTY = True

    def describe(self) -> str:
        return "id of a plan, plan- and 12 hex digits"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if not re.fullmatch("plan-[0-9a-f]{12}", text):
            raise Wrong(f"expected the {self.describe()}, found {found(text)}")
        return text


class Branch(shapes.Text):
    """The short name of a branch."""

    NEVER_EMPTY = True

    def describe(self) -> str:
        return "name of a branch, such as main"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if text.startswith(("-", "refs/")) or not is_valid(f"refs/heads/{text}".encode("utf-8", "backslashreplace")):
            raise Wrong(f"expected the {self.describe()}, found {found(text)}")
        return text


class Batches(Shape):
    """How many hosts at once: a number, a share, or a list of these."""

    NEVER_EMPTY = True

    def describe(self) -> str:
        return 'number of hosts, a share such as "25%", or a list of these'

    def convert(self, value: t.Any) -> t.Any:
        for one in value if isinstance(value, list) and value else [value]:
            if isinstance(one, bool) or not re.fullmatch("[1-9][0-9]{0,5}|([1-9][0-9]?|100)%", str(one)):
                raise Wrong(f"expected a {self.describe()}, found {found(value)}")
        return value


WINDOW = Map(
    {
        "days": Key(ListOf(shapes.Choice(DAYS), minimum=1, split=True), list(DAYS), "on which days it begins"),
        "from": Key(Clock(), REQUIRED, "when it begins"),
        "to": Key(Clock(), REQUIRED, "when it ends; on the next day when that is earlier"),
        "zone": Key(Zone(), "UTC", "whose time of day this is"),
    }
)
