# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a host's Compose projects: which files they read, what they can resolve, who depends on whom.

Private to the collection.
"""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_names import Names
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_reach import Reach, Reader


class Services:
    """The services that are in use. ``root`` is ``drift_root``, ``projects`` are those of compose.json."""

    def __init__(self, root: str, projects: t.Iterable[Details]) -> None:
        self._root = root
        self._services: dict[Reader, tuple[Details, Names]] = {}
        self._of_container: dict[str, Reader] = {}
        self._of_file: dict[str, set[Reader]] = {}
        self._of_variable: dict[str, dict[str, set[Reader]]] = {}
        self._named: dict[tuple[str, str], Reader] = {}
        self._users: dict[Reader, set[Reader]] = {}
        self._reaches: dict[tuple[Reader, ...], Reach | None] = {}
        for project in projects:
            self._add(project)
        for reader, (service, _names) in self._services.items():
            self.uses(reader, [one["host"] for one in service["hosts"]])

    def of_file(self, path: str) -> set[Reader]:
        """Return the services that name an absolute path as their ``env_file``."""
        return self._of_file.get(path, set())

    def of_variables(self, path: str) -> t.Mapping[str, set[Reader]]:
        """Return the services by the variables that they have, where the file is what their project replaces with."""
        return self._of_variable.get(path, {})

    def of_container(self, name: str) -> Reader:
        """Return the service of a container; the container itself when it is of none."""
        return self._of_container.get(name, Reader("container", name))

    def uses(self, user: Reader, hosts: t.Iterable[str]) -> None:
        """Take note that something is told to find others under these host names.

        Services of other projects are not meant, and what is no service has no sure way to find one by its name.
        """
        for host in hosts:
            found = self._named.get((user.project, host.lower()))
            if found is not None and found != user:
                self._users.setdefault(found, set()).add(user)

    def users(self, readers: t.Iterable[Reader]) -> list[Reader]:
        """Return what depends on these, directly or through others."""
        known = set(readers)
        waiting, found = list(known), set()
        while waiting:
            for user in self._users.get(waiting.pop(), ()):
                if user not in known:
                    known.add(user)
                    found.add(user)
                    waiting.append(user)
        return sorted(found)

    def reach(self, readers: tuple[Reader, ...]) -> Reach | None:
        """Return what readers can resolve, None when that is not a matter of Compose networks."""
        if readers not in self._reaches:
            self._reaches[readers] = self._reached(readers)
        return self._reaches[readers]

    def _reached(self, readers: tuple[Reader, ...]) -> Reach | None:
        asked = [one for one in (readers or self._services) if one in self._services]
        joined = {one: self._services[one] for one in asked if self._services[one][0]["networks"]}
        if not joined:
            return None
        doubts = {names.doubt(service) for service, names in joined.values()} - {""}
        # Host names have no case, and the evidence of configurations has small letters.
        sets = [{one.lower() for one in names.reachable(service)} for service, names in joined.values()]
        found = set.intersection(*sets) if readers else set().union(*sets)
        projects = tuple(sorted({one.project for one in joined}))
        return Reach(projects, frozenset(found), bool(readers), min(doubts, default=""))

    def _add(self, project: Details) -> None:
        model, name = project["model"], project["project"]
        names = Names(name, model, project["neighbours"], project["engine"]["reason"])
        directory = posixpath.join(self._root, project["directory"])
        replaced = [self._below(directory, one["path"]) for one in model["files"] if one["kind"] == "env"]
        for service in model["services"]:
            if not service["enabled"]:
                continue
            reader = Reader("service", service["name"], name)
            self._services[reader] = (service, names)
            for known in _names_of(name, service):
                self._named.setdefault((name, known), reader)
            for path in service["env_files"]:
                self._of_file.setdefault(self._below(directory, path), set()).add(reader)
            for path in replaced:
                variables = self._of_variable.setdefault(path, {})
                for variable in service["environment"]:
                    variables.setdefault(variable["name"], set()).add(reader)
        for container in project["containers"]["items"]:
            reader = Reader("service", container["service"], name)
            if reader in self._services:
                self._of_container[container["name"]] = reader

    def _below(self, directory: str, path: str) -> str:
        return posixpath.normpath(posixpath.join(directory, path))


def _names_of(project: str, service: Details) -> list[str]:
    aliases = [alias for network in service["networks"] for alias in network["aliases"]]
    known = [service["name"], f"{project}-{service['name']}-1", service["container_name"], *aliases]
    return [one.lower() for one in known if one]
