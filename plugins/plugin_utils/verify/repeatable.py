# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands that repeat checks need of a host's contract and evidence. Private to the collection. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.streams import server_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.container_commands import client

Json = t.Mapping[str, t.Any]

_SEARCHED = ("forbid", "require", "interval", "numbers")


def of(contract: Json, logs: Json | None, configs: Json | None) -> dict[str, t.Any]:
    """Return by section and name what its commands need: of ``logs`` ``{read, patterns, ask}``, of ``configs``
    ``{format, lines, public}``, of ``trees`` ``{rules}``, of ``processes`` ``{match}``, of ``compose`` ``{directory,
    files, ask}``, of ``commands`` ``{cwd}``; and ``servers``, how those of streams are reached: ``{tls,
    password_from}``. ``ask`` is the client of an engine that the contract names itself, or None.

    ``patterns`` are by check and name, ``lines`` those of the keys of a file, ``public`` the keys that are no secret,
    and on whose lines there is none; none are where not all keys of a file are told.
    """
    patterns = {entry["name"]: _patterns(entry) for entry in contract.get("logs") or ()}
    reads = {one["name"]: one.get("read") for one in (logs or {}).get("logs") or ()}
    engines = {entry["name"]: _engine(entry) for entry in contract.get("logs") or ()}
    projects = contract.get("compose") or ()
    return {
        "logs": {
            name: {"read": reads.get(name), "patterns": found, "ask": engines[name]} for name, found in patterns.items()
        },
        "configs": {one["name"]: _keys(one) for one in (configs or {}).get("configs") or ()},
        "trees": {entry["name"]: {"rules": _rules(entry)} for entry in contract.get("trees") or ()},
        "processes": {entry["name"]: {"match": entry["match"]} for entry in contract.get("processes") or ()},
        "compose": {one["project"]: {**_named(one, "directory", "files"), "ask": _engine(one)} for one in projects},
        "commands": {entry["name"]: _named(entry, "cwd") for entry in contract.get("commands") or ()},
        "servers": {server_of(entry): _named(entry, "tls", "password_from") for entry in contract.get("streams") or ()},
    }


def _named(entry: Json, *names: str) -> dict[str, t.Any]:
    return {name: entry.get(name) for name in names}


def _engine(entry: Json) -> str | None:
    socket = entry.get("socket")
    return client({"kind": "podman" if "podman" in socket else "docker", "socket": socket}) if socket else None


def _rules(entry: Json) -> list[str]:
    """Return the expressions that files of a tree must or must not contain."""
    kinds = ("must_contain", "must_not_contain")
    return [str(one["pattern"]) for kind in kinds for one in entry.get(kind) or ()]


def _patterns(entry: Json) -> dict[str, dict[str, str]]:
    return {kind: {one["name"]: str(one["pattern"]) for one in entry.get(kind) or ()} for kind in _SEARCHED}


def _keys(one: Json) -> dict[str, t.Any]:
    keys = one.get("keys") or ()
    hidden = {key["line"] for key in keys if key["secret"] or not isinstance(key["value"], str)}
    # Of a key that is there several times only the last value is known to be no secret.
    several = {double["key"] for double in one.get("duplicates") or ()}
    public = {key["key"] for key in keys if not key["secret"] and not one["secret"] and key["line"] not in hidden}
    return {
        "format": one["format"],
        "lines": {key["key"]: key["line"] for key in keys if isinstance(key["line"], int)},
        "public": [] if one.get("cut") or one.get("partial") else sorted(public - several),
    }
