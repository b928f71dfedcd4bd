# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is affected by what the section configs found. Private to the collection."""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_reach import Affected, Reach, Reader
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_services import Services
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import bounded

_UNIT_FILE = re.compile(r"Service\.EnvironmentFile(?:\[\d+\])?")


class Impact:
    """What reads the configurations of one host.

    ``root`` is its ``drift_root``, ``contract`` the normalised one of the host, ``seen`` the data of the sections that
    were seen.
    """

    def __init__(self, root: str, contract: Details, seen: t.Mapping[str, Details]) -> None:
        self._root = root
        self._entries = {entry["name"]: entry for entry in contract.get("configs") or ()}
        self._services = Services(root, seen.get("compose", {}).get("projects", ()))
        self._units: dict[str, set[Reader]] = {}
        configs = seen.get("configs", {}).get("configs", ())
        for config in configs:
            self._add_unit(config)
        for config in configs:
            file = self.file(config)
            for key in config["keys"]:
                for reader in file.readers(key["key"]) if key["hosts"] else ():
                    self._services.uses(reader, key["hosts"])

    def file(self, config: Details) -> FileReaders:
        """Return the readers of one entry of the evidence."""
        entry = self._entries.get(config["name"], {})
        always: set[Reader] = set()
        if config["kind"] != "path":
            always.add(self._reader(config["kind"], str(entry.get(config["kind"]) or config["name"])))
        variables: dict[str, set[Reader]] = {}
        # A file has the path that the contract gives it, and the one that links lead to.
        for path in {self._absolute(one) for one in (entry.get("path"), config["path"]) if one}:
            always |= self._services.of_file(path) | self._units.get(path, set())
            for name, readers in self._services.of_variables(path).items():
                variables.setdefault(name, set()).update(readers)
        declared = [(self._reader(one["kind"], one["name"]), _not_passed(one)) for one in config["readers"]]
        return FileReaders(always, variables, declared, self._services)

    def _add_unit(self, config: Details) -> None:
        """Take note of the files that a unit reads its environment from, as its own file says."""
        if config["format"] != "systemd" or config["path"] is None:
            return
        folder, _slash, name = config["path"].rpartition("/")
        unit = Reader("unit", folder.rpartition("/")[2].removesuffix(".d") if folder.endswith(".d") else name)
        for key in config["keys"]:
            if _UNIT_FILE.fullmatch(key["key"]) and key["value"]:
                self._units.setdefault(self._absolute(key["value"].removeprefix("-")), set()).add(unit)

    def _reader(self, kind: str, name: str) -> Reader:
        return self._services.of_container(name) if kind == "container" else Reader(kind, name)

    def _absolute(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self._root, path))


class FileReaders:
    """What reads one configuration.

    ``always`` read all of it, ``variables`` the key of that name. ``declared`` are those of the contract, each with the
    keys that it is known not to have.
    """

    def __init__(
        self,
        always: t.Collection[Reader],
        variables: t.Mapping[str, t.Collection[Reader]],
        declared: t.Sequence[tuple[Reader, t.Collection[str]]],
        services: Services,
    ) -> None:
        self._always = always
        self._variables = variables
        self._declared = declared
        self._services = services
        self._told: dict[tuple[Reader, ...], Affected] = {}

    def readers(self, key: str | None = None) -> tuple[Reader, ...]:
        """Return what reads a key; without one, what reads any."""
        found = {*self._always, *(reader for reader, lacking in self._declared if key not in lacking)}
        if key is None:
            found.update(*self._variables.values())
        else:
            found.update(self._variables.get(key, ()))
        return tuple(sorted(found))

    def affected(self, key: str | None = None) -> Affected:
        """Return what reads a key, and what depends on it, in words and bounded."""
        readers = self.readers(key)
        if readers not in self._told:
            users = self._services.users(readers)
            self._told[readers] = Affected(tuple(bounded(map(str, readers))), tuple(bounded(map(str, users))))
        return self._told[readers]

    def reach(self, key: str) -> Reach | None:
        """Return what the readers of a key can resolve, None when that is not a matter of Compose networks."""
        return self._services.reach(self.readers(key))


def _not_passed(reader: Details) -> frozenset[str]:
    """Return the keys that a reader is known not to have: only a container has what was passed and nothing else."""
    if reader["outcome"] != "ok" or not reader["complete"]:
        return frozenset()
    return frozenset(one["key"] for one in reader["keys"] if one["state"] == "absent")


def affecting(check: Check, affected: Affected) -> Check:
    """Return a check that says who reads what it is about, and what depends on that."""
    if not affected.readers:
        return check
    observed = {**check.observed, "read_by": list(affected.readers)}
    if affected.users:
        observed["depended_on_by"] = list(affected.users)
    impact = " ".join(filter(None, (check.impact, str(affected))))
    return dataclasses.replace(check, observed=observed, impact=impact)


def with_impact(checks: t.Iterable[Check], evidence: Details, impact: Impact) -> list[Check]:
    """Return the checks of a host; those of ``configs`` that failed say who is affected.

    ``impact`` says also what the reference's value would break here. ``evidence`` is the ``data`` of configs.json.
    """
    configs = {
        one["name"]: (impact.file(one), _hosts(one), _hosts(one.get("reference") or {})) for one in evidence["configs"]
    }
    return [
        _affecting(one, *configs[one.component])
        if one.section == "configs" and one.outcome in ("fail", "observation") and one.component in configs
        else one
        for one in checks
    ]


_Hosts = t.Mapping[str, t.Sequence[str]]


def _hosts(side: Details) -> _Hosts:
    return {one["key"]: one["hosts"] for one in side.get("keys", ()) if one["hosts"]}


def _affecting(check: Check, file: FileReaders, own: _Hosts, other: _Hosts) -> Check:
    key = check.subject[len(check.component) + 1 :]
    made = affecting(check, file.affected(key or None))
    reach = file.reach(key) if key in other else None
    lost = reach.breaks(key, own.get(key, ()), other[key], "the reference's value") if reach is not None else ""
    if not lost:
        return made
    said = f"{lost[0].upper()}{lost[1:]}."
    return dataclasses.replace(made, impact=f"{made.impact} {said}" if made.impact else said)
