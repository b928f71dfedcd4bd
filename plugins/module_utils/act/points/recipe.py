# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One container as data: what is sent to an engine to make it again, and by what two of them are the same.

Both are made of what the engine says of a container when it is inspected. They hold the values of its environment, so
they stay on the host. Private to the collection.
"""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.manifest import canonical
from ansible_collections.evenkeel.drift.plugins.module_utils.act.unnamed import ID

Json = t.Dict[str, t.Any]

# Networks that every engine has: they take no names, and are the container's by its network mode alone.
_BUILT_IN = ("bridge", "default", "host", "none")
JOINED = ("NetworkMode", "IpcMode", "PidMode")
# What does not make a container another one: its terminal's size, where its id was written, whom Compose replaced.
_NOT_COMPARED = {"ConsoleSize", "ContainerIDFile"}
_REPLACED = "com.docker.compose.replace"


def recipe(inspected: t.Mapping[str, t.Any], image: str) -> Json:
    """Return ``{create: body of POST /containers/create, connect: {network: endpoint}}`` for a container like this one.

    ``image`` is how its image is called. A volume without a name is used again: what is in it is the container's.
    """
    config = dict(inspected["Config"])
    identity = str(inspected["Id"])
    host = dict(inspected["HostConfig"])
    shared = str(host.get("NetworkMode") or "").startswith("container:")
    if shared or config.get("Hostname") == identity[:12]:
        # Told is whose network it shares, or the engine's own choice, which is another one for another container.
        config.pop("Hostname", None)
    host["Binds"], host["Mounts"] = _volumes(inspected)
    host["Links"] = [_link(one) for one in host.get("Links") or []] or None
    endpoints = _endpoints(inspected)
    first = host.get("NetworkMode")
    connect = {name: one for name, one in endpoints.items() if name != first}
    made: Json = {**config, "Image": image, "HostConfig": host}
    if first in endpoints:
        made["NetworkingConfig"] = {"EndpointsConfig": {first: endpoints[first]}}
    return {"create": made, "connect": connect}


def print_of(inspected: t.Mapping[str, t.Any], names: t.Mapping[str, str]) -> str:
    """Return the digest of all by which a container is the same as another: image, command, environment, mounts, ports,
    networks, limits. ``names`` are those of all containers by their ids: a network that is shared with a container is
    that of the name.
    """
    made = recipe(inspected, str(inspected["Image"]))
    create = made["create"]
    host = create["HostConfig"]
    host["Binds"] = sorted(one for one in host["Binds"] if not ID.fullmatch(one.split(":")[0]))
    host["Mounts"] = [{**one, "Source": _named(one)} for one in host["Mounts"]]
    for key in JOINED:
        mode = str(host.get(key) or "")
        if mode.startswith("container:"):
            other = mode.partition(":")[2]
            host[key] = f"container:{names.get(other, other)}"
    create["Labels"] = {key: one for key, one in (create.get("Labels") or {}).items() if key != _REPLACED}
    return hashlib.sha256(canonical(_bare(made))).hexdigest()


def joined(inspected: t.Mapping[str, t.Any]) -> list[str]:
    """Return the ids of the containers whose network, or other namespace, a container shares."""
    host = inspected["HostConfig"]
    modes = [str(host.get(key) or "") for key in JOINED]
    return sorted({mode.partition(":")[2] for mode in modes if mode.startswith("container:")})


def unnamed(inspected: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return the volumes without a name of their own that a container has, and where each is mounted, by their ids."""
    mounts = [one for one in inspected.get("Mounts") or [] if one.get("Type") == "volume"]
    told = {str(one.get("Name") or ""): str(one.get("Destination") or "") for one in mounts}
    return {name: place for name, place in sorted(told.items()) if ID.fullmatch(name)}


def volumes(create: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return the volumes, by their names or ids, of what makes a container, and where each is to be mounted."""
    host = create["HostConfig"]
    found = {one.split(":")[0]: _target(one) for one in host.get("Binds") or [] if not one.startswith("/")}
    mounts = [one for one in host.get("Mounts") or [] if one.get("Type") == "volume" and one.get("Source")]
    return {**found, **{str(one["Source"]): str(one.get("Target") or "") for one in mounts}}


def _volumes(inspected: t.Mapping[str, t.Any]) -> tuple[list[str], list[Json]]:
    host = inspected["HostConfig"]
    binds = list(host.get("Binds") or [])
    mounts = [dict(one) for one in host.get("Mounts") or []]
    by_target = {one.get("Target"): one for one in mounts}
    known = {_target(one) for one in binds}
    for one in inspected.get("Mounts") or []:
        name, target = one.get("Name") or "", one.get("Destination")
        if one.get("Type") != "volume" or not ID.fullmatch(name) or target in known:
            continue
        if target in by_target:
            by_target[target]["Source"] = name
        else:
            binds.append(f"{name}:{target}" + ("" if one.get("RW", True) else ":ro"))
    return binds, mounts


def _target(bind: str) -> str:
    parts = bind.split(":")
    return parts[1] if len(parts) > 1 else parts[0]


def _named(mount: t.Mapping[str, t.Any]) -> str:
    source = str(mount.get("Source") or "")
    return "" if ID.fullmatch(source) else source


def _link(told: str) -> str:
    """Return a link as it is asked for, ``db:alias``; it is told as ``/db:/web/alias``."""
    source, _colon, alias = told.partition(":")
    return f"{source.lstrip('/')}:{alias.rpartition('/')[2]}"


def _endpoints(inspected: t.Mapping[str, t.Any]) -> dict[str, Json]:
    identity = str(inspected["Id"])
    found = {}
    for name, one in sorted(((inspected.get("NetworkSettings") or {}).get("Networks") or {}).items()):
        if name in _BUILT_IN or not isinstance(one, dict):
            continue
        aliases = sorted({str(alias) for alias in one.get("Aliases") or []} - {identity[:12]})
        endpoint = {"Aliases": aliases, **{key: one.get(key) for key in ("IPAMConfig", "Links", "DriverOpts")}}
        found[name] = {key: value for key, value in endpoint.items() if value}
    return found


def _bare(value: t.Any) -> t.Any:
    """Return a value without what stands for nothing: engines tell it as null, as empty, or not at all."""
    if isinstance(value, dict):
        bare = {key: _bare(one) for key, one in value.items() if key not in _NOT_COMPARED}
        return {key: one for key, one in bare.items() if one not in (None, "", 0, False, [], {})}
    return [_bare(one) for one in value] if isinstance(value, list) else value


def joins(create: t.Mapping[str, t.Any]) -> list[str]:
    """Return the settings by which a container shares something of another one's."""
    return [key for key in JOINED if str(create["HostConfig"].get(key) or "").startswith("container:")]


def ordered(saved: t.Sequence[Json]) -> list[Json]:
    """Return containers so that each comes after those that it needs, as far as they do not need each other."""
    by_name = {one["name"]: one for one in saved}
    found: dict[str, Json] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in found or name in above or name not in by_name:
            return
        for other in by_name[name]["after"]:
            visit(other, (*above, name))
        found[name] = by_name[name]

    for name in sorted(by_name):
        visit(name, ())
    return list(found.values())
