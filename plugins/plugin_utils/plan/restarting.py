# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that restarts what the operator names, and does nothing else. Private to the collection. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.engine import sockets
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import nearest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import SEVERITIES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import container_restarts, gates
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.services import Need, unit_action
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.services_seen import Seen

Json = dict[str, t.Any]

GATE = "restart"
_WHY = "sync_restart names it"


def plan(names: t.Sequence[str], seen: Seen, containers: Json | None, contract: Json) -> tuple[list[Json], Json]:
    """Return the actions that restart what has these names, and the gate: each of them is known on this host, and can
    be restarted.

    A name is that of a unit or a process of the contract, of a container, or of a Compose service. ``containers`` is
    evidence, None where there is none; ``contract`` is the host's.
    """
    there = _Named(seen, containers)
    units: dict[str, Need] = {}
    chosen: dict[str, Json] = {}
    refused: list[str] = []
    for name in names:
        found, inside, reason = there.units(name), there.containers(name), there.obstacle(name)
        if reason:
            refused.append(reason)
        for unit in found:
            units.setdefault(unit, Need()).add("restart", _WHY, {"severity": SEVERITIES[-1]})
        chosen.update((one["id"], one) for one in inside)
    if refused:
        return [], gates.refused(GATE, "; ".join(refused))
    engine = (contract.get("containers") or {}).get("socket") or ((containers or {}).get("engine") or {}).get("socket")
    made = [container_restarts.restart_action(one, _WHY, [], engine) for one in chosen.values()]
    made += [unit_action(unit, units[unit], seen) for unit in sorted(units, key=there.place)]
    return made, passes(names)


def passes(names: t.Sequence[str]) -> Json:
    """Return the gate of a host on which these names are restarted: a plan that has another one does something else."""
    return gates.passed(GATE, f"{', '.join(names)} and nothing else, by sync_restart")


class _Named:
    """What names mean on one host."""

    def __init__(self, seen: Seen, containers: Json | None) -> None:
        self._seen = seen
        self._units = seen.order()
        self._containers: list[Json] = (containers or {}).get("containers") or []
        self._podman = ((containers or {}).get("engine") or {}).get("kind") == sockets.PODMAN

    def place(self, unit: str) -> tuple[int, str]:
        """Return by what units are ordered: as the contract has them."""
        return (self._units.index(unit) if unit in self._units else len(self._units), unit)

    def units(self, name: str) -> list[str]:
        """Return the units that a name stands for."""
        if name in self._units:
            return [name]
        if name not in self._seen.contract:
            return []
        declared = self._seen.declared_unit(name)
        return self._seen.supervisors(name)[0] or ([declared] if declared is not None else [])

    def containers(self, name: str) -> list[Json]:
        return [one for one in self._containers if name in container_restarts.names(one)]

    def obstacle(self, name: str) -> str:
        """Return why what has a name cannot be restarted, nothing when it can."""
        units, containers = self.units(name), self.containers(name)
        unable = [unit for unit in units if not self._seen.startable(unit)]
        if unable:
            return f"{unable[0]} is {self._seen.load(unable[0])}: it cannot be started"
        if containers and self._podman:
            return f"the container {containers[0]['name']} runs in Podman: restart it by hand, podman restart"
        projects = sorted({one["compose"]["project"] for one in containers if one["name"] != name})
        if len(projects) > 1:
            return f"{name} is a service of the Compose projects {', '.join(projects)}: name their containers instead"
        if name in self._seen.contract:
            _found, by_hand = self._seen.supervisors(name)
            if by_hand is not None:
                return f"{name} cannot be restarted by a deploy: {by_hand.reason}"
            if not units and not containers:
                return f"{name} does not run, and the contract names no unit that would start it"
        if units or containers:
            return ""
        known = [
            *self._units,
            *self._seen.contract,
            *(one for each in self._containers for one in sorted(container_restarts.names(each))),
        ]
        near = nearest(name, known)
        meant = f", did you mean {near}? Or" if near else ":"
        return (
            f"sync_restart names {name}, which is no unit or process of this host's contract, and no container of it"
            f"{meant} declare it, or choose the hosts that have it with --limit"
        )
