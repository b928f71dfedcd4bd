# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A draft contract: what an application is made of, as it was seen running. Private to the collection."""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.module_utils.unit_names import is_service
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.services import Service, services
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.survey import (
    Survey,
    beneath,
    members,
    not_of_an_application,
)

Json = dict[str, t.Any]

TREE = "source"

EPHEMERAL = 32768
"""From here on the kernel gives out ports by itself, unless it is told otherwise."""

_REQUIREMENTS = ("requirements.lock", "requirements.txt")
_LISTED = 40


@dataclasses.dataclass
class Port:
    """An entry of ``ports``."""

    proto: str
    port: int
    process: str
    addresses: list[str]
    why: str


@dataclasses.dataclass
class Environment:
    """An entry of ``packages``: a virtual environment, and the file that says what should be in it."""

    path: str
    why: str
    requirements: str | None = None


@dataclasses.dataclass
class Draft:
    """What becomes a contract. Refined until an audit with it finds nothing; ``left_out`` and ``unseen`` say what it
    does not hold, one sentence each.

    * ``git``: the branch, empty for a detached HEAD, None without a repository
    * ``exclude``, ``units``: why, by pattern and by unit
    * ``young``: names of services that are not older than the code
    * ``unjudged``: limits of resources that are not judged, because they are passed already
    """

    host: str
    root: str
    seen: str
    git: str | None = None
    clean: bool = True
    clean_why: str = ""
    exclude: dict[str, str] = dataclasses.field(default_factory=dict)
    services: list[Service] = dataclasses.field(default_factory=list)
    young: set[str] = dataclasses.field(default_factory=set)
    ports: list[Port] = dataclasses.field(default_factory=list)
    units: dict[str, str] = dataclasses.field(default_factory=dict)
    enabled: set[str] = dataclasses.field(default_factory=set)
    environments: list[Environment] = dataclasses.field(default_factory=list)
    resources: bool = True
    unjudged: set[str] = dataclasses.field(default_factory=set)
    left_out: list[str] = dataclasses.field(default_factory=list)
    unseen: list[str] = dataclasses.field(default_factory=list)

    def leave_out(self, sentence: str) -> None:
        """Note what was seen and is not part of the draft, once."""
        if sentence not in self.left_out:
            self.left_out.append(sentence)

    def not_seen(self, sentence: str) -> None:
        """Note what was not seen, once."""
        if sentence not in self.unseen:
            self.unseen.append(sentence)


def draft(survey: Survey, host: str, root: str, seen: str) -> Draft:
    """Return the first draft for the application at ``root``; ``seen`` is when the host was looked at."""
    made = Draft(host, root, seen, unseen=list(survey.unseen))
    if ".git" in survey.places.get(root, {}).get("markers", ()):
        made.git = ""
    made.services, left_out = services(members(survey, root), _matchable(survey))
    made.left_out += left_out
    made.young = {service.name for service in made.services}
    _add_ports(made, survey)
    _add_units(made)
    _add_environments(made, survey)
    _add_bystanders(made, survey)
    return made


def _matchable(survey: Survey) -> list[Json]:
    """Return the processes that a contract's pattern may match: those in containers only when it says so."""
    return [one for one in survey.running() if not one["container"] and not one["namespace_foreign"]]


def _add_ports(made: Draft, survey: Survey) -> None:
    owners = {pid: service.name for service in made.services for pid in service.pids}
    ports: dict[tuple[str, int, str], Port] = {}
    for one in survey.ports["listeners"] if survey.ports else []:
        name = owners.get(one["pid"])
        if name is None:
            continue
        if one["proto"] == "udp" and one["port"] >= EPHEMERAL:
            made.leave_out(
                f"udp/{one['address']}/{one['port']} of {name}: the kernel gave that port out for one exchange"
            )
            continue
        key = (one["proto"], one["port"], name)
        why = f"pid {one['pid']} listens on {one['port']}/{one['proto']}"
        entry = ports.setdefault(key, Port(one["proto"], one["port"], name, [], why))
        if one["address"] not in entry.addresses:
            entry.addresses = sorted([*entry.addresses, one["address"]])
    made.ports = [ports[key] for key in sorted(ports)]


def _add_units(made: Draft) -> None:
    for service in made.services:
        unit = service.common("unit")
        # What a user's own systemd runs, the system's does not know.
        if service.processes[0].get("unit_user") is None and is_service(unit) and unit not in made.units:
            made.units[unit] = f"supervises {service.name}"


def _add_environments(made: Draft, survey: Survey) -> None:
    found: dict[str, str] = {}
    for service in made.services:
        for process in service.processes:
            if process["venv"]:
                found.setdefault(process["venv"], f"pid {process['pid']} ({service.name}) runs from it")
    place = survey.places.get(made.root, {})
    for name in place.get("venvs", ()):
        found.setdefault(posixpath.join(made.root, name), "no process runs from it, but it lies here")
    file = next((name for name in _REQUIREMENTS if name in place.get("markers", ())), None)
    for path, why in sorted(found.items()):
        if spelled(path) is None:
            made.leave_out(f"virtual environment {path}: no contract can hold its name")
            continue
        made.environments.append(Environment(path, why, file))
        if beneath(path, made.root):
            made.exclude[anchored(relative(path, made.root)) + "/"] = "a virtual environment; packages are judged below"


def _add_bystanders(made: Draft, survey: Survey) -> None:
    """Say what else was seen there or listens on the host, and why it is not part of the draft."""
    mine = {pid for service in made.services for pid in service.pids}
    for process in survey.running():
        reason = not_of_an_application(process)
        folder = process["cwd"]
        if reason and folder and beneath(folder, made.root) and process["pid"] not in mine:
            made.leave_out(f"process {process['pid']} ({process['name']}) in {folder}: {reason}")
    others: dict[str, list[str]] = {}
    for one in survey.ports["listeners"] if survey.ports else []:
        if one["pid"] not in mine:
            known = f"{one['name']} listens there, and runs from outside {made.root}"
            who = known if one["name"] else f"who listens there is not known: {one['reason']}"
            others.setdefault(who, []).append(f"{one['proto']}/{one['address']}/{one['port']}")
    for who, listening in sorted(others.items()):
        made.leave_out(f"{', '.join(sorted(set(listening))[:_LISTED])}: {who}")


def relative(path: str, root: str) -> str:
    """Return a path as a contract spells it: below ``root``, or absolute."""
    if path == root:
        return "."
    return posixpath.relpath(path, root) if beneath(path, root) else path


def spelled(path: str) -> str | None:
    """Return a path of the evidence as a contract spells it: as it is. None for one that no contract can hold, because
    it is not UTF-8, has line ends, or is partly secret.
    """
    try:
        name = raw(path).decode("utf-8")
    except ValueError:
        return None
    return None if "\n" in name or MARK in name else name


def anchored(path: str) -> str:
    """Return the gitignore pattern of exactly this path, relative to the root and spelled as in evidence.

    What no pattern in YAML can hold, a line end or a byte that is no UTF-8, is any one character.
    """
    try:
        name = raw(path).decode("utf-8", "surrogateescape")
    except ValueError:
        name = path
    body = re.sub(r"[\n\udc80-\udcff]", "?", re.sub(r"[\\*?\[]", r"\\\g<0>", name))
    return "/" + (body[:-1] + "\\ " if body.endswith(" ") else body)
