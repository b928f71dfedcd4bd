# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The light sections of a host at once, for its facts: what one section saw says what to ask the next. Private to the
collection.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import (
    git,
    packages,
    ports,
    processes,
    resources,
    units,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.unit_names import is_service

SECTIONS = ("git", "processes", "ports", "units", "packages", "resources")
"""In the order in which they are read."""

Json = t.Dict[str, t.Any]
_COLLECTORS: dict[str, t.Callable[[t.Mapping[str, t.Any], Host], Json]] = {
    "git": git.collect,
    "processes": processes.collect,
    "ports": ports.collect,
    "units": units.collect,
    "packages": packages.collect,
    "resources": resources.collect,
}


def facts(asked: t.Collection[str], host: Host, whole: bool = False) -> Json:
    """Return ``{section: {outcome, reason, seconds, data}}`` of the sections that are ``asked`` for.

    Units are those that supervise a process, packages those of the virtual environments that processes run from. Of
    the processes, the services are listed: what listens, is supervised, or runs from a virtual environment; ``whole``
    lists all.
    """
    found: Json = {}
    for name in SECTIONS:
        helps = name == "processes" and {"units", "packages"} & set(asked)
        if name in asked or helps:
            found[name] = _observe(name, _spec(name, found), host)
    if found.get("processes", {}).get("outcome") == "ok" and not whole:
        _only_services(found)
    return {name: found[name] for name in SECTIONS if name in asked}


def _observe(name: str, spec: t.Mapping[str, t.Any], host: Host) -> Json:
    begun = time.monotonic()
    result: Json = {"outcome": "ok", "reason": "", "data": {}}
    try:
        host.check_time()
        result["data"] = _COLLECTORS[name](spec, host)
    except Unseen as unseen:
        result.update(outcome="unknown", reason=unseen.reason)
    result["seconds"] = round(time.monotonic() - begun, 3)
    return result


def _spec(name: str, found: t.Mapping[str, Json]) -> Json:
    """Return what a collector is asked: everything that the sections before it point to."""
    running = found.get("processes", {}).get("data", {}).get("processes", [])
    if name == "git":
        return {"path": ".", "ignore": []}
    if name == "processes":
        return {"processes": [], "all": True}
    if name == "units":
        return {
            "units": sorted({one["unit"] for one in running if is_service(one["unit"]) and one["unit_user"] is None})
        }
    if name == "packages":
        paths = sorted({one["venv"] for one in running if one["venv"] and not one["container"]})
        return {"environments": [{"path": path, "requirements": []} for path in paths], "systems": []}
    return {}


def _only_services(found: Json) -> None:
    listening = {one["pid"] for one in found.get("ports", {}).get("data", {}).get("listeners", [])}
    data = found["processes"]["data"]
    data["processes"] = [
        one
        for one in data["processes"]
        if one["pid"] in listening or is_service(one["unit"]) or one["venv"] is not None
    ]
