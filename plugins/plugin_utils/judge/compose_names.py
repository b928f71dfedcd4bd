# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where services are told to find others, and whether a name leads anywhere. Private to the collection."""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details


class Names:
    """The names that a service of a project can resolve. ``model`` and ``neighbours`` as in the evidence."""

    def __init__(self, project: str, model: Details, neighbours: t.Sequence[Details], engine_reason: str) -> None:
        self._project = project
        self._services: t.Sequence[Details] = model["services"]
        self._partial: str = model["partial"]
        self._broken = [one["name"] for one in model["broken"]]
        self._neighbours = {one["network"]: one["names"] for one in neighbours}
        self._engine_reason = engine_reason

    def reachable(self, service: Details) -> set[str]:
        """Return the names that a service can resolve, in the networks that it joins."""
        mine = {one["name"] for one in service["networks"]}
        names = set(self._broken)
        for other in self._services:
            for network in other["networks"]:
                if network["name"] in mine:
                    names |= {other["name"], f"{self._project}-{other['name']}-1", *network["aliases"]}
                    names |= {other["container_name"]} if other["container_name"] else set()
        for network in mine:
            names |= set(self._neighbours.get(network, ()))
        return names | _own(service)

    def doubt(self, service: Details) -> str:
        """Return why there may be more names than are known; nothing when all are."""
        if self._partial:
            return self._partial
        if self._engine_reason and any(one["external"] for one in service["networks"]):
            return f"what else is in its external networks is not known: {self._engine_reason}"
        unread = [
            one["reason"] for one in service["unknown"] if one["key"] in ("networks", "network_mode", "extra_hosts")
        ]
        return unread[0] if unread else ""

    def nearest(self, name: str, service: Details) -> str | None:
        """Return the name that was probably meant."""
        names = sorted(self.reachable(service) - {service["name"]})
        known = [one["name"] for one in self._services if one["name"] in names]
        # A service that is part of the name, or whose name it is part of, before one that is spelled like it.
        part = [one for one in known if one in name or name in one]
        if part:
            return str(max(part, key=len))
        return next(iter(difflib.get_close_matches(name, names, 1, 0.5)), None)

    def elsewhere(self, name: str) -> list[str]:
        """Return the networks of the project in which a name is known: a service that the asking one cannot reach."""
        found = [
            network["name"]
            for one in self._services
            for network in one["networks"]
            if name in (one["name"], one["container_name"], *network["aliases"])
        ]
        return sorted(set(found))


def _own(service: Details) -> set[str]:
    hostname = [one["value"][0] for one in service["settings"] if one["key"] == "hostname"]
    return {service["name"], *hostname, *service["extra_hosts"]}
