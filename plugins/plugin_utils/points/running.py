# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which units and containers of a contract belong to a restore point, and what of a plan does. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import document

Json = dict[str, t.Any]


def running_of(settings: Settings, containers: bool) -> Json:
    """Return the options ``units``, and with ``containers`` also ``projects``, ``containers`` and ``socket``, of what a
    host's contract declares. The pattern ``*`` declares no container: others run on the host as well.
    """
    contract = settings.contract
    units = {one["name"] for one in contract.get("units") or []}
    units |= {one["unit"] for one in contract.get("processes") or [] if one["unit"]}
    found: Json = {"units": sorted(units)}
    if not containers:
        return found
    projects, section = contract.get("compose") or [], contract.get("containers") or {}
    names = [*section.get("names", []), *(one["name"] for one in section.get("expected", []))]
    sockets = [section.get("socket"), *(one["socket"] for one in projects)]
    return {
        **found,
        "projects": sorted(one["project"] for one in projects),
        "containers": sorted({name for name in names if name != "*"}),
        "socket": next((one for one in sockets if one), None),
    }


def is_saved(part: Json) -> bool:
    """Return whether there is anything to save before a host's part of a plan is applied."""
    return bool(document.operations(part) or document.strategy(part) or containers_of(part))


def containers_of(part: Json) -> Json:
    """Return the options of the containers that a host's part of a plan makes anew: when they cannot be saved, there is
    no point, and so no change. Nothing when it makes none anew.
    """
    steps = [step for one in part["actions"] if one["kind"] == "compose" for step in one["steps"]]
    if not steps:
        return {}
    names = {one["name"] for step in steps for one in step["before"]["containers"]}
    socket = next((step["socket"] for step in steps if step["socket"]), None)
    return {"containers": sorted(names), "socket": socket, "required": True}
