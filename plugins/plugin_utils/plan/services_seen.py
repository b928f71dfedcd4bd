# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the evidence of one host says about its units and processes, as a plan asks for it. Private to the collection.
Pure.
"""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.process_instance import is_supervised

Json = dict[str, t.Any]


class ByHand(t.NamedTuple):
    """What no plan restarts or ends: its name in the contract, and why."""

    name: str
    reason: str


def users(contract: Json, root: str, tree: str, path: str) -> list[str]:
    """Return the processes of a contract that use a changed path below the root only after a restart."""
    return [
        process["name"]
        for process in contract.get("processes") or []
        if tree in process["not_older_than"] or any(_is_of(root, path, read) for read in process["reads"])
    ]


def _is_of(root: str, path: str, read: str) -> bool:
    """Whether a path is what a process reads, or lies in that: a directory is read with all that is in it. What is read
    may be absolute, and below the root all the same.
    """
    place = posixpath.normpath(posixpath.join(root, read))
    return f"{posixpath.join(root, path)}/".startswith(f"{place.rstrip('/')}/")


class Seen:
    """The evidence of the sections ``processes`` and ``units`` (None where it was not asked or not seen), beside the
    host's contract and root.
    """

    def __init__(self, contract: Json, processes: Json | None, units: Json | None, root: str) -> None:
        self.contract: dict[str, Json] = {one["name"]: one for one in contract.get("processes") or []}
        self.processes = processes
        self._declared = [one["name"] for one in contract.get("units") or []]
        self._units = {one["name"]: one for one in (units or {}).get("units", []) if one["outcome"] == "ok"}
        self._root = root.rstrip("/")
        self._described = {one["pid"]: one for one in (processes or {}).get("processes", [])}
        self._ending: set[int] = set()

    def order(self) -> list[str]:
        """Return the units in the order of the contract: those that it declares, then those of its processes."""
        named = [*self._declared, *(one["unit"] for one in self.contract.values() if one["unit"])]
        for name in self.contract:
            named += self.supervisors(name)[0]
        return list(dict.fromkeys(named))

    def instances(self, name: str) -> list[Json]:
        """Return the processes that count for an entry of the contract."""
        pids = (self.processes or {}).get("matches", {}).get(name) or []
        return [self._described[pid] for pid in sorted(pids) if pid in self._described]

    def end(self, pids: t.Iterable[int]) -> None:
        """Note which processes the plan ends: nobody has to restart these."""
        self._ending.update(pids)

    def declared_unit(self, name: str) -> str | None:
        found: str | None = (self.contract.get(name) or {}).get("unit")
        return found

    def supervisors(self, name: str) -> tuple[list[str], ByHand | None]:
        """Return the units that run the instances of an entry, and what of them is left to hands."""
        if self.processes is None:
            return [], ByHand(name, "the processes of the host were not seen")
        units: list[str] = []
        hand = None
        for process in self.instances(name):
            unit, left = self.supervisor(name, process["pid"])
            units += [unit] if unit is not None and unit not in units else []
            hand = hand or left
        return units, hand

    def supervisor(self, name: str, pid: int) -> tuple[str | None, ByHand | None]:
        """Return the unit that runs a process, or why it is left to hands."""
        process = self._described.get(pid)
        if pid in self._ending:
            return None, None
        if process is None:
            return None, ByHand(name, f"process {pid} was not looked at one by one")
        unit, who = process["unit"], f"process {pid}"
        if process["container"] is not None:
            return None, ByHand(name, f"{who} runs in the container {process['container'][:12]}")
        if "unit" in process["unread"]:
            return None, ByHand(name, f"what supervises {who} could not be read")
        if process["unit_user"] is not None:
            return None, ByHand(name, f"{who} belongs to {unit} of user {process['unit_user']}")
        if unit is None or not unit.endswith(".service") or not is_supervised(process):
            return None, ByHand(name, f"{who} runs without a unit: {process['command']}")
        if not self.startable(unit):
            return None, ByHand(name, f"{who} runs by {unit}, which is {self.load(unit)}")
        return unit, None

    def defined_by(self, path: str) -> list[str]:
        """Return the units of which a path below the root is a file."""
        whole = f"{self._root}/{path}"
        found = {name for name, unit in self._units.items() if whole in (unit["fragment"], *unit["drop_ins"])}
        for process in self._described.values():
            files = ((self.processes or {}).get("unit_files") or {}).get(process["unit_key"]) or {"files": []}
            if process["unit_user"] is None and any(one["path"] == whole for one in files["files"]):
                found.add(process["unit"])
        return sorted(found)

    def active(self, unit: str) -> str | None:
        """Return the state of a unit, None when it is not known. What runs a process is active."""
        seen = self._units.get(unit)
        if seen is not None:
            return str(seen["active"])
        runs = any(one["unit_key"] == unit for one in self._described.values())
        return "active" if runs else None

    def enabled(self, unit: str) -> str | None:
        seen = self._units.get(unit)
        return None if seen is None else str(seen["enabled"]) or None

    def load(self, unit: str) -> str:
        return str((self._units.get(unit) or {"load": "not known"})["load"])

    def startable(self, unit: str) -> bool:
        """Return whether nothing is known that keeps a unit from being started."""
        return self.load(unit) in ("loaded", "not known")
