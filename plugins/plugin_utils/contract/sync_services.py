# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of the ``sync_*`` variables that say what is restarted, reloaded and run. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_argv
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    ListOf,
    Problems,
    Shape,
    Wrong,
    below,
    found,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.units import UnitName


class Command(shapes.Text):
    """A command as the list of its arguments, which stands in a plan as it is."""

    def describe(self) -> str:
        return "command, as a list of its arguments"

    def read(self, value: t.Any, place: str, problems: Problems) -> list[str]:
        before = len(problems)
        argv = ListOf(shapes.Text(), minimum=1).read(value, place, problems)
        if len(problems) == before and mask_argv(argv) != argv:
            problems.add(
                place, "holds what looks like a secret, and a plan is stored: let the command read it on the host"
            )
        return argv


class Followers(Shape):
    """Which containers are restarted beside which others."""

    def describe(self) -> str:
        return "map of a container or Compose service to a list of these"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, list[str]]:
        if not isinstance(value, dict):
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return {}
        names = ListOf(shapes.Text(), minimum=1)
        return {name: names.read(value[name], below(place, name), problems) for name in value}


class Reloads(Shape):
    """Which files a unit reads again when it is reloaded."""

    def describe(self) -> str:
        return "map of a unit to a list of gitignore patterns without !"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, list[str]]:
        if not isinstance(value, dict):
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return {}
        patterns = ListOf(shapes.Pattern(negation=False), minimum=1)
        made = {}
        for name in value:
            try:
                UnitName().convert(name)
            except Wrong as wrong:
                problems.add(below(place, str(name)), str(wrong))
            made[str(name)] = patterns.read(value[name], below(place, str(name)), problems)
        return made


def check_restart(values: t.Mapping[str, t.Any], read: t.Mapping[str, t.Any], problems: Problems) -> None:
    """Note what does not go with ``sync_restart``; ``values`` are the variables as they were given, ``read`` as they
    count.
    """
    given = values.get("sync_restart")
    if isinstance(given, str) and not given.strip(", "):
        # Such as that of a script's variable that is empty: nobody who says this wants a deploy of everything.
        problems.add("sync_restart", "is empty, and a deploy without it changes all that drifted: name what to restart")
    if read["sync_restart"] and not read["sync_services"]:
        problems.add("sync_restart", "restarts services, and sync_services is false: leave out one of them")
    if read["sync_restart"] and read["sync_proposals"]:
        problems.add("sync_restart", "restarts what it names and does nothing else: apply sync_proposals by itself")
