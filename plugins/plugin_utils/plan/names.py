# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate on host names: what the Compose files and configurations of a plan name must be found once it is applied.

Private to the collection. It judges the host as it will be: the evidence, with what the plan writes put in its place.
"""

from __future__ import annotations

import fnmatch
import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_names import Names
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_impact import Impact
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_reach import BARE, Reach
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, some
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import gates

NAME = "names"
_COMPOSE_FILES = (".yml", ".yaml")
_CURE = "correct the name in the reference, or declare what it names, and deploy again"

Json = dict[str, t.Any]
Model = t.Callable[[Json, str], Json]
"""From the request for a Compose project, and its absolute directory, to what the reference's files declare."""


class Host(t.NamedTuple):
    """A host and its plan: ``contract`` and ``sections`` (the data of ``compose`` and ``configs``, None where it was
    not seen) are those of the run, ``written`` the paths that the plan changes, ``left`` those that it leaves as they
    are, ``waived`` the subjects of waived findings about names.
    """

    root: str
    contract: Json
    sections: t.Mapping[str, Json | None]
    written: t.Collection[str]
    left: t.Collection[str]
    waived: t.Collection[str] = ()


def gate(host: Host, model: Model) -> Json:
    """Return the gate. Names that were not found before either, in files that the plan leaves alone, are the audit's
    matter. Raises ReferenceUnavailable.
    """
    asked = [name for name in ("compose", "configs") if host.contract.get(name)]
    if not asked:
        return gates.not_declared(NAME, "the contract has neither compose nor configs: no file is known to name a host")
    unseen = [name for name in asked if host.sections.get(name) is None]
    touched = _touched(host)
    if unseen and touched:
        said = f"{some(touched)} would be changed, and the section {some(unseen)} was not seen"
        return gates.refused(NAME, f"{said}: whether the names in it lead anywhere is not known. Repair that first")
    made = _After(host, model)
    if made.broken:
        return gates.refused(NAME, f"{'; '.join(made.broken)}: correct it in the reference, and deploy again")
    lost = [*made.lost_by_services(), *made.lost_by_configs()]
    if lost:
        return gates.refused(NAME, f"{'; '.join(lost)}: {_CURE}")
    if made.doubts:
        return gates.passed(NAME, f"no name is known to be lost; of this it cannot be told: {'; '.join(made.doubts)}")
    if not made.looked:
        return gates.passed(NAME, "no Compose file and no declared configuration is changed")
    return gates.passed(NAME, f"what {number(made.looked, 'changed file')} will name can be found")


def _touched(host: Host) -> list[str]:
    """Return the files of the plan that belong to a section of the contract, as far as the contract tells."""
    paths = {entry["path"] for entry in host.contract.get("configs") or () if entry["path"] is not None}
    found = {path for path in host.written if path in paths}
    for entry in host.contract.get("compose") or ():
        directory = _relative(host.root, entry["directory"])
        found |= {path for path in host.written if _compose_file(directory, path)}
    return sorted(found)


def _relative(root: str, directory: str) -> str:
    inside = posixpath.relpath(posixpath.normpath(posixpath.join(root, directory)), posixpath.normpath(root))
    return "" if inside == "." else inside


def _compose_file(directory: str, path: str) -> bool:
    return posixpath.dirname(path) == directory and path.endswith(_COMPOSE_FILES)


class _After:
    """What a host declares once the plan is applied. ``looked`` counts the files that were judged, ``broken`` are
    those that will not be readable, ``doubts`` says of what it cannot be told.
    """

    def __init__(self, host: Host, model: Model) -> None:
        self.looked = 0
        self.broken: list[str] = []
        self.doubts: list[str] = []
        self._host = host
        compose, configs = (host.sections.get(name) or {} for name in ("compose", "configs"))
        self._before: list[Json] = compose.get("projects", [])
        self._changed: set[str] = set()
        self._projects = [self._project(one, model) for one in self._before]
        self._configs: list[Json] = configs.get("configs", [])
        self._new = [self._config(one) for one in self._configs]

    def lost_by_services(self) -> list[str]:
        """Return a sentence for each variable of a changed project that names a host which nothing will have."""
        found = []
        for project in self._projects:
            if project["project"] not in self._changed:
                continue
            model = project["model"]
            names = Names(project["project"], model, project["neighbours"], project["engine"]["reason"])
            for service in model["services"]:
                if not service["enabled"] or not service["networks"] or names.doubt(service):
                    continue
                reachable = {one.lower() for one in names.reachable(service)}
                found += [
                    f"{one['variable']} of service {service['name']} will name {one['host']}, which nothing in its "
                    "networks is called"
                    for one in service["hosts"]
                    if one["host"].lower() not in reachable and not self._accepted(project, service, one["variable"])
                ]
        return found

    def _accepted(self, project: Json, service: Json, variable: str) -> bool:
        key = f"{service['name']}.environment.{variable}"
        entry = next(one for one in self._host.contract["compose"] if one["project"] == project["project"])
        return key in self._host.waived or any(fnmatch.fnmatchcase(key, pattern) for pattern in entry["ignore"])

    def lost_by_configs(self) -> list[str]:
        """Return a sentence for each key of a configuration that names a host which its readers will not find."""
        before = self._impact(self._before, self._configs)
        after = self._impact(self._projects, self._new)
        found = []
        for old, new in zip(self._configs, self._new, strict=True):
            was, will = before.file(old), after.file(new)
            own = {one["key"]: set(one["hosts"]) for one in old["keys"]}
            for key in new["keys"]:
                reach = will.reach(key["key"]) if key["hosts"] else None
                if reach is None or reach.doubt:
                    continue
                lost = _lost(set(key["hosts"]), own.get(key["key"], set()), reach, was.reach(key["key"]))
                if lost:
                    whose = " and ".join(reach.projects)
                    found.append(
                        f"{key['key']} in {new['source']} will name {some(lost)}, which no service of {whose} is called"
                    )
        return found

    def _impact(self, projects: list[Json], configs: list[Json]) -> Impact:
        seen = {"compose": {"projects": projects}, "configs": {"configs": configs}}
        return Impact(self._host.root, self._host.contract, seen)

    def _config(self, config: Json) -> Json:
        """Return a configuration as the plan leaves it."""
        if config["kind"] != "path" or config["source"] not in self._host.written:
            return config
        theirs = config["reference"]
        if theirs is None or theirs["outcome"] != "ok" or theirs["partial"] or theirs["cut"]:
            reason = (
                "it is not compared with the reference" if theirs is None else theirs["reason"] or "it is too large"
            )
            self.doubts.append(f"{config['source']}: {reason}")
            return config
        self.looked += 1
        # Of what is translated for the comparison, the text that is deployed is another.
        return {**config, "keys": [one for one in theirs["keys"] if one["key"] not in theirs["translated"]]}

    def _project(self, project: Json, model: Model) -> Json:
        """Return a project as the plan leaves it."""
        directory = _relative(self._host.root, project["directory"])
        listed = {posixpath.normpath(posixpath.join(directory, one["path"])) for one in project["model"]["files"]}
        files = [path for path in self._host.written if path in listed or _compose_file(directory, path)]
        if not files:
            return project
        entry = next(one for one in self._host.contract["compose"] if one["project"] == project["project"])
        kept = [path for path in self._host.left if path in listed]
        if kept:
            self.doubts.append(f"of the Compose files of {project['project']}, {some(kept)} stay as they are")
            return project
        spec = {name: entry[name] for name in ("project", "files", "env_file", "profiles")}
        absolute = posixpath.normpath(posixpath.join(self._host.root, directory))
        found = model({**spec, "directory": show(directory or ".")}, absolute)
        if found["outcome"] != "ok":
            self.broken.append(f"the Compose files of {project['project']} cannot be read: {found['reason']}")
            return project
        self.looked += len(files)
        self._changed.add(project["project"])
        return {**project, "model": _with_values(found, project["model"])}


def _lost(will: set[str], own: set[str], reach: Reach, was: Reach | None) -> list[str]:
    """Return the names that cannot be found: new ones, and those that could be found before."""
    missing = {one for one in will - reach.names if BARE.fullmatch(one)}
    if not reach.known and reach.names.isdisjoint(own | will) and (was is None or was.names.isdisjoint(own)):
        # Nothing tells who reads the key, and its names are resolved by other means than a Compose network.
        return []
    return sorted(one for one in missing if one not in own or (was is not None and one in was.names))


def _with_values(new: Json, old: Json) -> Json:
    """Return the reference's model with what only the host knows: the values that its variables have there."""
    before = {one["name"]: one for one in old["services"]}
    services = []
    for service in new["services"]:
        hosts = before.get(service["name"], {"hosts": []})["hosts"]
        given = {one["name"]: bool(one["assumed"]) for one in service["environment"]}
        # From a file of variables that is no part of the commit come variables that it does not list.
        open_ended = bool(service["env_files"])
        kept = [one for one in hosts if given.get(one["variable"], open_ended)]
        services.append({**service, "hosts": [*service["hosts"], *kept]})
    files = [one for one in old["files"] if one["kind"] != "compose"]
    return {**new, "services": services, "files": [*new["files"], *files]}
