# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rescue takes of containers that were started by hand: the settings that no Compose file has, as a file that is
laid over it. Values of variables are on the host alone: names stand for them. Private to the collection. Pure.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_settings import compare
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.commit import Work
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.layers import place

NAME = "compose.override.yaml"
_BY_HAND = "lost_on_restart"
_LONGEST = 300
_PORT = re.compile(
    r"(?:(?P<host>\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(?P<port>[0-9]+|\*)->(?P<inner>[0-9]+)/(?P<proto>[a-z]+)"
)
_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_.-]*")

Json = dict[str, t.Any]


class Override(t.NamedTuple):
    """``work`` is committed, empty where nothing can be told; ``keys`` are the settings of the container that are in it
    as they are: of variables it has the names alone.
    """

    work: Work
    container: str
    keys: list[str]


def overrides(data: Json | None, findings: t.Iterable[Json]) -> tuple[list[Override], list[Json]]:
    """Return a file for each container with settings that only it has, and what of them cannot be rescued.

    ``data`` is the evidence of the section compose, ``findings`` are those of the host.
    """
    by_hand = {
        (one["component"], one["subject"])
        for one in findings
        if one["section"] == "compose" and one["check"] == "setting" and one["cause"] == _BY_HAND
    }
    made: list[Override] = []
    lost: list[Json] = []
    for project in (data or {}).get("projects", ()):
        services = {one["name"]: one for one in project["model"]["services"]}
        for container in project["containers"]["items"]:
            service = services.get(container["service"])
            if service is None or container["oneoff"]:
                continue
            differences = [one.key for one in compare(service, container).differences if one.kind != "unknown"]
            keys = [key for key in differences if (project["project"], f"{container['name']}.{key}") in by_hand]
            if keys:
                override, unsaid = _override(project["project"], container, keys)
                lost += unsaid
                made += [override] if override.work.content else []
    return made, lost


def _override(project: str, container: Json, keys: t.Sequence[str]) -> tuple[Override, list[Json]]:
    path = place(container["name"], NAME)
    lost: list[Json] = []
    written: dict[str, t.Any] = {}
    told: list[str] = []
    for key in keys:
        lines = _lines(key, container)
        if lines is None:
            lost.append({"path": f"{path}: {key}", "reason": "its value is a secret, too long or of an unknown form"})
            continue
        if "environment" in lines:
            reason = "its value is in the container alone: write it into .env on the host, then lay the override over"
            lost.append({"path": f"{path}: {key}", "reason": reason})
        else:
            told.append(key)
        for name, value in lines.items():
            before = written.get(name)
            written[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    text = _text(project, container, written) if written else ""
    return Override(Work(path, "100644", text.encode("utf-8")), container["id"], told), lost


def _lines(key: str, container: Json) -> dict[str, t.Any] | None:
    """Return what a Compose file says for one setting, None when it cannot be told."""
    group, _dot, name = key.partition(".")
    if group == "environment":
        # The value stays on the host: .env is where it goes.
        return {group: {name: f"${{{name}}}"}} if _VARIABLE.fullmatch(name) else None
    if group == "labels":
        value = next((one["value"] for one in container["labels"] if one["name"] == name), None)
        return None if value is None or _doubtful([value]) else {group: {name: value}}
    found = next((one["value"] for one in container["settings"] if one["key"] == key), None)
    if found is None or _doubtful(found):
        return None
    write = _WRITE.get(key)
    return None if write is None else write(found)


def _doubtful(values: t.Sequence[str]) -> bool:
    """Whether a value is masked, or perhaps cut."""
    return any(MARK in one or len(one) >= _LONGEST for one in values)


class _Whole(list[t.Any]):
    """A list that takes the place of the one below it."""


def _ports(values: t.Sequence[str]) -> dict[str, t.Any] | None:
    made = _Whole()
    for one in values:
        found = _PORT.fullmatch(one)
        if found is None:
            return None
        outer = "" if found["port"] == "*" else f"{found['port']}:"
        host = f"{found['host']}:" if found["host"] and outer else ""
        made.append(f"{host}{outer}{found['inner']}/{found['proto']}")
    return {"ports": made}


def _volumes(values: t.Sequence[str]) -> dict[str, t.Any] | None:
    made = _Whole()
    for one in values:
        kind, _space, rest = one.partition(" ")
        read_only = rest.endswith(":ro")
        source, _colon, target = (rest[:-3] if read_only else rest).rpartition(":")
        if kind not in ("bind", "volume", "tmpfs") or not target.startswith("/"):
            return None
        entry: Json = {"type": kind, "target": target}
        if source:
            entry["source"] = source
        if read_only:
            entry["read_only"] = True
        # A volume of the engine's own name would become one of the project: that is not what runs.
        if kind == "volume" and source:
            return None
        made.append(entry)
    return {"volumes": made}


def _one(name: str, read: t.Callable[[str], t.Any] = str) -> t.Callable[[t.Sequence[str]], dict[str, t.Any] | None]:
    def write(values: t.Sequence[str]) -> dict[str, t.Any] | None:
        return {name: read(values[0])} if len(values) == 1 else None

    return write


def _health(name: str) -> t.Callable[[t.Sequence[str]], dict[str, t.Any] | None]:
    def write(values: t.Sequence[str]) -> dict[str, t.Any] | None:
        if name == "test":
            return {"healthcheck": {name: _Whole(values)}} if values else {"healthcheck": {"disable": True}}
        return {"healthcheck": {name: int(values[0]) if name == "retries" else values[0]}} if values else None

    return write


def _list(name: str) -> t.Callable[[t.Sequence[str]], dict[str, t.Any] | None]:
    return lambda values: {name: _Whole(values)}


_HEALTH = ("test", "interval", "timeout", "start_period", "start_interval", "retries")
_WRITE: dict[str, t.Callable[[t.Sequence[str]], dict[str, t.Any] | None]] = {
    **{name: _one(name) for name in ("image", "user", "working_dir", "hostname", "network_mode", "restart")},
    **{name: _one(name, lambda value: value == "true") for name in ("privileged", "read_only", "tty")},
    **{name: _list(name) for name in ("command", "entrypoint", "cap_add", "cap_drop")},
    "memory": _one("mem_limit", int),
    "cpus": _one("cpus", float),
    "pids": _one("pids_limit", int),
    "ports": _ports,
    "volumes": _volumes,
    **{f"healthcheck.{name}": _health(name) for name in _HEALTH},
}


def _text(project: str, container: Json, written: Json) -> str:
    """Return the file. JSON texts are YAML texts, whatever they hold; a dollar sign is doubled, but for variables."""
    lines = [
        f"# How {_comment(container['name'])} ran, where no Compose file of {_comment(project)} says so.",
        "# Values of variables stayed on the host: write them into .env there.",
        "services:",
        f"  {json.dumps(container['service'])}:",
    ]
    for name, value in sorted(written.items()):
        if isinstance(value, dict):
            lines.append(f"    {name}:")
            lines += [f"      {json.dumps(key)}: {_value(one, name)}" for key, one in sorted(value.items())]
        else:
            lines.append(f"    {name}: {_value(value, name)}")
    return "\n".join(lines) + "\n"


def _value(value: t.Any, name: str) -> str:
    tag = "!override " if isinstance(value, _Whole) else ""
    text = json.dumps(value)
    return tag + (text if name == "environment" else text.replace("$", "$$"))


def _comment(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
