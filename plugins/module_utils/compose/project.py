# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the files of a Compose project and lays them over each other. Private to the collection.

The result is what ``docker compose config`` makes of them, as far as it is supported; what is not is named, with the
service or key that it concerns. Nothing is started, fetched or written.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose import dotenv
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.extends import Extends
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.files import NAMES, OVERRIDES, Files, Missing
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.interpolate import interpolate_all
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.merge import merge_maps
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import (
    Broken,
    Unsupported,
    listed,
    text,
    untagged,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.parser import Tagged, YamlError, load

Json = t.Dict[str, t.Any]

MAX_SERVICES = 1_000
TAGS = ("!reset", "!override")


class Project(t.NamedTuple):
    """A project as its files have it.

    ``services`` by name, ``broken`` by name with the reason, ``networks`` and ``volumes`` as declared at the top,
    ``partial`` why there may be more services (nothing: there are none), ``variables`` of ``.env``, ``files`` the
    names of its Compose files in their order, without those that a service extends.
    """

    services: Json
    broken: dict[str, str]
    networks: Json
    volumes: Json
    partial: str
    variables: dict[str, str]
    files: tuple[str, ...] = ()


def read_project(files: Files, spec: t.Mapping[str, t.Any], interpolated: bool = True) -> Project:
    """Return the project of ``spec`` ``{project, files, env_file}``. Raises Unseen for what leaves all of it unknown.

    ``interpolated`` false leaves variables as they are written, for comparing files with files.
    """
    variables = _variables(files, spec)
    if not interpolated and variables.get("COMPOSE_FILE") and not spec.get("files"):
        raise Unseen("COMPOSE_FILE of .env names the Compose files: name them in the contract, as files")
    known = {"COMPOSE_PROJECT_NAME": spec["project"], **variables}

    def prepare(name: str, content: bytes) -> Json:
        parsed = _parse(name, content)
        return t.cast(Json, interpolate_all(parsed, known)) if interpolated else parsed

    merged: Json = {}
    names = _names(files, spec, variables)
    for name, content in names:
        try:
            one = prepare(name, content)
            one["services"] = Extends(files, name, one, prepare).resolved()
            merged = {**merge_maps(merged, {**one, "services": None}), "services": _services(merged, one)}
        except Unsupported as problem:
            raise Unseen(f"{show(name)}: {problem.reason}") from None
    return _project(merged, variables)._replace(files=tuple(name for name, _content in names))


def _services(base: Json, over: Json) -> Json:
    """Return the services of one file laid over those of the files before; one that cannot be merged is broken."""
    made: Json = dict(base.get("services") or {})
    for name, service in over["services"].items():
        try:
            made = merge_maps(made, {name: service})
        except Unsupported as problem:
            made[name] = Broken(problem.reason)
    return made


def _project(merged: Json, variables: dict[str, str]) -> Project:
    merged = untagged(merged)
    services: Json = {}
    broken: dict[str, str] = {}
    for name, value in sorted((merged.get("services") or {}).items()):
        if isinstance(value, Broken):
            broken[name] = value.reason
        elif not isinstance(value, dict):
            broken[name] = "it is no map"
        else:
            services[name] = value
    partial = "include is not supported: the services of included files are not known" if merged.get("include") else ""
    return Project(services, broken, _top(merged, "networks"), _top(merged, "volumes"), partial, variables)


def _top(merged: Json, key: str) -> Json:
    found = merged.get(key)
    return found if isinstance(found, dict) else {}


def _variables(files: Files, spec: t.Mapping[str, t.Any]) -> dict[str, str]:
    path = spec.get("env_file") or ".env"
    try:
        content = files.read(path, "env")
        return {name: value for name, value in dotenv.parse(content, {}) if value is not None}
    except Missing:
        if spec.get("env_file"):
            raise Unseen(f"{show(path)} does not exist") from None
        return {}
    except Unsupported as problem:
        raise Unseen(f"{show(path)}: {problem.reason}") from None


def _names(files: Files, spec: t.Mapping[str, t.Any], variables: t.Mapping[str, str]) -> list[tuple[str, bytes]]:
    """Return the project's Compose files and their content, in order."""
    wanted = list(spec.get("files") or [])
    if not wanted and variables.get("COMPOSE_FILE"):
        wanted = variables["COMPOSE_FILE"].split(variables.get("COMPOSE_PATH_SEPARATOR") or ":")
    if wanted:
        return [(name, _needed(files, name)) for name in wanted]
    found = _first(files, NAMES)
    if found is None:
        raise Unseen(f"the project's directory has no Compose file: none of {', '.join(NAMES)}")
    over = _first(files, OVERRIDES)
    return [found, over] if over else [found]


def _needed(files: Files, name: str) -> bytes:
    try:
        return files.read(name, "compose")
    except Unsupported as problem:
        raise Unseen(f"{show(name)}: {problem.reason}") from None


def _first(files: Files, names: t.Sequence[str]) -> tuple[str, bytes] | None:
    for name in names:
        try:
            return name, files.read(name, "compose")
        except Missing:
            continue
        except Unsupported as problem:
            raise Unseen(f"{show(name)}: {problem.reason}") from None
    return None


def _parse(name: str, content: bytes) -> Json:
    """Return the content of one Compose file. Raises Unseen."""
    try:
        value = load(content, TAGS)
    except YamlError as error:
        raise Unseen(f"{show(name)} cannot be read: {error}") from None
    if not isinstance(value, dict) or not isinstance(value.get("services") or {}, dict):
        raise Unseen(f"{show(name)} is no Compose file: a map with a map of services was expected")
    if not _keys_are_text(value):
        raise Unseen(f"{show(name)} has a key that is no text, which Compose does not take either: quote it")
    services = value.get("services") or {}
    if len(services) > MAX_SERVICES:
        raise Unseen(f"{show(name)} has more than {MAX_SERVICES} services")
    return {**value, "services": dict(services)}


def _keys_are_text(value: t.Any) -> bool:
    if isinstance(value, Tagged):
        return _keys_are_text(value.value)
    if isinstance(value, dict):
        return all(isinstance(name, str) for name in value) and all(map(_keys_are_text, value.values()))
    return all(map(_keys_are_text, value)) if isinstance(value, list) else True


def profiles_of(service: t.Mapping[str, t.Any]) -> list[str]:
    """Return the profiles that a service belongs to."""
    return [text(one) for one in listed(service.get("profiles"))]
