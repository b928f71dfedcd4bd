# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reads what the files of the section configs say, and whether a host name leads anywhere there.

Private to the collection.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_names import Names
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import bounded, some

_BARE = re.compile(r"(?!localhost\Z)[A-Za-z][A-Za-z0-9_-]{0,62}")
_UNIT_FILE = re.compile(r"Service\.EnvironmentFile(?:\[\d+\])?")


class Reader(t.NamedTuple):
    """Who reads a key; ``project`` is that of a Compose service."""

    kind: str
    name: str
    project: str = ""

    def __str__(self) -> str:
        return f"service {self.name} (compose {self.project})" if self.project else f"{self.kind} {self.name}"


class Reach(t.NamedTuple):
    """The host names that the readers of a key can resolve: those that every one of them can.

    Where nothing tells the readers, ``known`` is false and ``names`` are those that any service can. ``doubt`` says why
    there may be more names.
    """

    projects: tuple[str, ...]
    names: frozenset[str]
    known: bool
    doubt: str

    def breaks(self, key: str, own: t.Collection[str], other: t.Collection[str], whose: str) -> str:
        """Return what taking over another value would break, nothing when nothing is known to.

        ``own`` and ``other`` are the host names in this value and the other one; ``whose`` names the latter.
        """
        if not self.known and self.names.isdisjoint(own):
            # Then these names may be resolved by other means than a Compose network.
            return ""
        lost = sorted(one for one in set(other) - set(own) - self.names if _BARE.fullmatch(one))
        if not lost:
            return ""
        project = f"project {self.projects[0]}" if len(self.projects) == 1 else f"projects {', '.join(self.projects)}"
        said = f"taking over {whose} would point {key} at {some(lost)}"
        if self.doubt:
            return f"{said}, and whether a service of {project} is called that is not known: {self.doubt}"
        return f"{said}, which no service of {project} is called"


class Impact:
    """The readers on one host.

    ``root`` is its ``drift_root``, ``contract`` the normalised one of the host, ``seen`` the data of the sections that
    were seen.
    """

    def __init__(self, root: str, contract: Details, seen: t.Mapping[str, Details]) -> None:
        self._root = root
        self._entries = {entry["name"]: entry for entry in contract.get("configs") or ()}
        self._services: dict[Reader, tuple[Details, Names]] = {}
        self._of_container: dict[str, Reader] = {}
        self._of_file: dict[str, set[Reader]] = {}
        self._of_variable: dict[str, dict[str, set[Reader]]] = {}
        for project in seen.get("compose", {}).get("projects", ()):
            self._add_project(project)
        for config in seen.get("configs", {}).get("configs", ()):
            self._add_unit(config)
        self._reaches: dict[tuple[Reader, ...], Reach | None] = {}

    def readers(self, config: Details, key: str | None = None) -> list[Reader]:
        """Return who reads a key of an entry of the evidence; without a key, who reads any of it."""
        found: set[Reader] = set()
        entry = self._entries.get(config["name"], {})
        if config["kind"] != "path":
            found.add(self._reader(config["kind"], str(entry.get(config["kind"]) or config["name"])))
        for reader in config["readers"]:
            if key is None or not _not_passed(reader, key):
                found.add(self._reader(reader["kind"], reader["name"]))
        # A file has the path that the contract gives it, and the one that links lead to.
        for path in {self._absolute(one) for one in (entry.get("path"), config["path"]) if one}:
            found |= self._of_file.get(path, set())
            variables = self._of_variable.get(path, {})
            found |= set().union(*variables.values()) if key is None else variables.get(key, set())
        return sorted(found)

    def reach(self, config: Details, key: str) -> Reach | None:
        """Return what the readers of a key can resolve, None when that is not a matter of Compose networks."""
        readers = tuple(self.readers(config, key))
        if readers not in self._reaches:
            self._reaches[readers] = self._reached(readers)
        return self._reaches[readers]

    def _reached(self, readers: t.Sequence[Reader]) -> Reach | None:
        asked = [one for one in (readers or self._services) if one in self._services]
        joined = [one for one in asked if self._services[one][0]["networks"]]
        if not joined:
            return None
        doubts = {names.doubt(service) for service, names in (self._services[one] for one in joined)} - {""}
        # Host names have no case, and the evidence of configurations has small letters.
        sets = [
            {one.lower() for one in names.reachable(service)}
            for service, names in (self._services[one] for one in joined)
        ]
        names = set.intersection(*sets) if readers else set().union(*sets)
        return Reach(
            tuple(sorted({one.project for one in joined})),
            frozenset(names),
            bool(readers),
            min(doubts, default=""),
        )

    def _add_project(self, project: Details) -> None:
        model, name = project["model"], project["project"]
        names = Names(name, model, project["neighbours"], project["engine"]["reason"])
        directory = posixpath.join(self._root, project["directory"])
        interpolated = [
            self._absolute(posixpath.join(directory, one["path"])) for one in model["files"] if one["kind"] == "env"
        ]
        for service in model["services"]:
            if not service["enabled"]:
                continue
            reader = Reader("service", service["name"], name)
            self._services[reader] = (service, names)
            for path in service["env_files"]:
                self._of_file.setdefault(self._absolute(posixpath.join(directory, path)), set()).add(reader)
            for path in interpolated:
                for variable in service["environment"]:
                    of_path = self._of_variable.setdefault(path, {})
                    of_path.setdefault(variable["name"], set()).add(reader)
        for container in project["containers"]["items"]:
            reader = Reader("service", container["service"], name)
            if reader in self._services:
                self._of_container[container["name"]] = reader

    def _add_unit(self, config: Details) -> None:
        """Take note of the files that a unit reads its environment from, as its own file says."""
        if config["format"] != "systemd" or config["path"] is None:
            return
        folder, _slash, name = config["path"].rpartition("/")
        unit = Reader("unit", folder.rpartition("/")[2].removesuffix(".d") if folder.endswith(".d") else name)
        for key in config["keys"]:
            if _UNIT_FILE.fullmatch(key["key"]) and key["value"]:
                self._of_file.setdefault(self._absolute(key["value"].removeprefix("-")), set()).add(unit)

    def _reader(self, kind: str, name: str) -> Reader:
        return self._of_container.get(name, Reader(kind, name)) if kind == "container" else Reader(kind, name)

    def _absolute(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self._root, path))


def _not_passed(reader: Details, key: str) -> bool:
    """Return whether a reader is known not to have a key: only a container has what was passed and nothing else."""
    if reader["outcome"] != "ok" or not reader["complete"]:
        return False
    return any(one["key"] == key and one["state"] == "absent" for one in reader["keys"])


def told(readers: t.Iterable[Reader]) -> list[str]:
    """Return readers in words, bounded."""
    return bounded(str(one) for one in readers)


def read_by(readers: t.Sequence[str]) -> str:
    """Return the sentence about who reads something."""
    return f"Read by {some(readers)}."


def with_impact(checks: t.Iterable[Check], evidence: Details, impact: Impact) -> list[Check]:
    """Return the checks of a host; those of ``configs`` that failed say who is affected.

    ``observed.read_by`` names the readers, ``impact`` says what the reference's value would break here. ``evidence`` is
    the ``data`` of configs.json.
    """
    configs = {one["name"]: (one, _hosts(one), _hosts(one.get("reference") or {})) for one in evidence["configs"]}
    return [
        _affecting(one, impact, *configs[one.component])
        if one.section == "configs" and one.outcome in ("fail", "observation") and one.component in configs
        else one
        for one in checks
    ]


_Hosts = t.Mapping[str, t.Sequence[str]]


def _hosts(side: Details) -> _Hosts:
    return {one["key"]: one["hosts"] for one in side.get("keys", ()) if one["hosts"]}


def _affecting(check: Check, impact: Impact, config: Details, own: _Hosts, other: _Hosts) -> Check:
    key = check.subject[len(check.component) + 1 :]
    readers = told(impact.readers(config, key or None))
    said = [check.impact] if check.impact else []
    said += [read_by(readers)] if readers else []
    if key in other:
        reach = impact.reach(config, key)
        lost = reach.breaks(key, own.get(key, ()), other[key], "the reference's value") if reach is not None else ""
        said += [f"{lost[0].upper()}{lost[1:]}."] if lost else []
    observed = {**check.observed, "read_by": readers} if readers else check.observed
    return dataclasses.replace(check, observed=observed, impact=" ".join(said))
