# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service's files declare, in the form in which it is compared. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose import dotenv, mounts, ports
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.files import Files, Missing
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.merge import named
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.names import MAX_NAMES, hosts_in
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.project import Project, profiles_of
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.settings import COMPARED, SILENT, Made, simple
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import (
    Unsupported,
    assumed_in,
    listed,
    mapped,
    number,
    text,
    truth,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

Json = t.Dict[str, t.Any]


class Declared(t.NamedTuple):
    """Where the services of a project come from."""

    project: str
    directory: str
    model: Project
    files: Files
    profiles: frozenset[str]


def declared_service(of: Declared, name: str, host: Host) -> Json:
    """Return one service (docs/design.md). What cannot be read is in its ``unknown``."""
    service = of.model.services[name]
    made = Made(host)
    simple(made, service)
    directory = of.directory
    if service.get("ports") is not None:
        made.tell("ports", service["ports"], _published)
    # Without volumes, too: those of the engine would be too many.
    source = [service.get("volumes"), service.get("tmpfs")]
    made.tell("volumes", source, lambda _value: mounts.declared(service, of.project, directory, of.model.volumes))
    hidden, networks = _asked(made, "volumes", lambda: mounts.hidden(service)), _networks(made, of, service)
    hosts = _environment(made, of, service)
    scale = _asked(made, "scale", lambda: [_scale(service)])
    profiles = _asked(made, "profiles", lambda: profiles_of(service))
    extra_hosts = _asked(made, "extra_hosts", lambda: _extra_hosts(service))
    env_files = _asked(made, "environment", lambda: _env_files(service))
    depends_on, within = _asked(made, "depends_on", lambda: _names(service.get("depends_on"))), _within(service)
    told = made.result()
    return {
        "name": name,
        "enabled": not profiles or "*" in of.profiles or bool(of.profiles & set(profiles)),
        "scale": scale[0] if scale else None,
        "container_name": _optional(service.get("container_name")),
        "image": _optional(service.get("image")),
        "builds": service.get("build") is not None,
        "networks": networks,
        "hidden_mounts": [mask(one) for one in hidden],
        "hosts": hosts,
        "env_files": env_files,
        "depends_on": sorted({*depends_on, *within}),
        "within": within,
        "extra_hosts": extra_hosts,
        "not_compared": sorted(
            mask(show(key)) for key in service if key not in COMPARED | SILENT and not key.startswith("x-")
        ),
        **told,
    }


def _published(value: t.Any) -> list[str]:
    return sorted({one for entry in listed(value) for one in ports.published(entry)})


def _optional(value: t.Any) -> str | None:
    return mask(value) if isinstance(value, str) else None


def _asked(made: Made, key: str, read: t.Callable[[], t.Any]) -> t.Any:
    try:
        return read()
    except Unsupported as problem:
        made.miss(key, problem.reason)
        return []


def _extra_hosts(service: Json) -> list[str]:
    """Return the names that the file itself gives addresses."""
    value = service.get("extra_hosts")
    names = value if isinstance(value, dict) else [re.split("[:=]", text(one), maxsplit=1)[0] for one in listed(value)]
    links = [text(one).rpartition(":")[2] for key in ("links", "external_links") for one in listed(service.get(key))]
    return sorted(mask(show(text(one))) for one in [*names, *links])


def _names(value: t.Any) -> list[str]:
    return [mask(show(text(one))) for one in (list(value) if isinstance(value, dict) else listed(value))]


def _within(service: Json) -> list[str]:
    """Return the services in whose namespaces a service lives: it follows them when they are made anew."""
    said = [service.get(key) for key in ("network_mode", "pid", "ipc")]
    own = [one[len("service:") :] for one in said if isinstance(one, str) and one.startswith("service:")]
    return sorted({mask(show(one)) for one in own})


def _scale(service: Json) -> int:
    deploy = service.get("deploy") if isinstance(service.get("deploy"), dict) else {}
    value = (deploy or {}).get("replicas")
    value = service.get("scale") if value is None else value
    return 1 if value is None else number(value)


def _networks(made: Made, of: Declared, service: Json) -> list[Json]:
    """Return the networks that a service joins, ``[{name, external, aliases}]``, and add them to what is compared."""
    if service.get("network_mode") is not None:
        made.tell("network_mode", service["network_mode"], _mode)
        return []
    try:
        joined: Json = named(service["networks"]) if service.get("networks") else {"default": None}
        found: list[Json] = []
        for name, options in sorted(joined.items()):
            top = of.model.networks.get(name)
            if name != "default" and name not in of.model.networks:
                raise Unsupported("a network that is not declared at the top of the file")
            if not isinstance(options, dict) and options is not None:
                raise Unsupported("a network in an unknown form")
            aliases: list[str] = [text(one) for one in listed((options or {}).get("aliases"))]
            external = isinstance(top, dict) and truth(top.get("external") or False)
            real = mounts.named(name, of.project, of.model.networks)
            found.append({"name": mask(real), "external": external, "aliases": sorted(map(mask, aliases))})
    except Unsupported as problem:
        made.miss("networks", problem.reason)
        return []
    made.put("networks", sorted(one["name"] for one in found))
    made.put("aliases", sorted(f"{one['name']}:{alias}" for one in found for alias in one["aliases"]))
    return found


def _mode(value: t.Any) -> list[str]:
    said = text(value)
    if said.startswith(("service:", "container:")):
        raise Unsupported("the network of another container is not compared")
    return [said]


def _environment(made: Made, of: Declared, service: Json) -> list[Json]:
    """Add the variables of a service; return the host names in their values, ``[{variable, host}]``."""
    values: dict[str, t.Any] = {}
    try:
        for entry in listed(service.get("env_file")):
            values.update(_env_file(of, entry))
    except Unsupported as problem:
        made.miss("environment", f"env_file: {problem.reason}")
    try:
        own = mapped(service.get("environment"))
    except Unsupported as problem:
        made.miss("environment", problem.reason)
        own = {}
    hosts: list[Json] = []
    for name, value in {**values, **own}.items():
        assumed: t.Sequence[str] = assumed_in(value)
        if value is None:
            value = of.model.variables.get(name)
            assumed = [name] if value is None else assumed_in(value)
        if value is None:
            made.pair("environment", name, None, assumed)
            continue
        try:
            said = text(value)
        except Unsupported as problem:
            made.miss(f"environment.{name}", problem.reason)
            continue
        made.pair("environment", name, said, assumed)
        hosts += [{"variable": mask(show(name)), "host": mask(host)} for host in hosts_in(name, said) if not assumed]
    return sorted(hosts, key=lambda one: (one["variable"], one["host"]))[:MAX_NAMES]


def _env_files(service: Json) -> list[str]:
    return sorted(mask(show(_path(entry))) for entry in listed(service.get("env_file")))


def _path(entry: t.Any) -> str:
    return text(entry.get("path") if isinstance(entry, dict) else entry)


def _env_file(of: Declared, entry: t.Any) -> Json:
    path = _path(entry)
    if isinstance(entry, dict) and entry.get("format") is not None:
        raise Unsupported("a format of env_file is not supported")
    try:
        return dict(dotenv.parse(of.files.read(path, "env_file"), of.model.variables))
    except Missing as missing:
        if isinstance(entry, dict) and not truth(entry.get("required", True)):
            return {}
        raise Unsupported(f"{mask(show(path))}: {missing.reason}") from None
    except Unsupported as problem:
        raise Unsupported(f"{mask(show(path))}: {problem.reason}") from None
