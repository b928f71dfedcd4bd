# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts in the one form in which they are compared: ``bind ./data:/data:ro``. Private to the collection."""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported, listed, text, truth

Json = t.Mapping[str, t.Any]

_MODES = frozenset({"rw", "ro", "z", "Z", "cached", "delegated", "consistent", "nocopy"})


def declared(service: Json, project: str, directory: str, volumes: Json) -> list[str]:
    """Return the mounts that a service declares. ``directory`` is the project's absolute path, ``volumes`` the named
    ones of the file. Raises Unsupported.
    """
    made = [_volume(one, project, directory, volumes) for one in listed(service.get("volumes"))]
    made += [f"tmpfs :{text(one).partition(':')[0]}" for one in listed(service.get("tmpfs"))]
    return sorted(set(made))


def hidden(service: Json) -> list[str]:
    """Return where secrets and configs are mounted: these are not compared."""
    places = []
    for key, folder in (("secrets", "/run/secrets/"), ("configs", "/")):
        for one in listed(service.get(key)):
            target = (one.get("target") or one.get("source")) if isinstance(one, dict) else one
            places.append(posixpath.join(folder, text(target)))
    return sorted(places)


def _volume(value: t.Any, project: str, directory: str, volumes: Json) -> str:
    if isinstance(value, dict):
        kind = text(value.get("type"))
        source = text(value["source"]) if value.get("source") is not None else ""
        target, read_only = text(value.get("target")), truth(value.get("read_only") or False)
        options = value.get("volume") or {}
        if kind not in ("bind", "volume", "tmpfs") or (isinstance(options, dict) and options.get("subpath")):
            raise Unsupported("a kind of volume that is not compared")
    else:
        kind, source, target, read_only = _short(text(value))
    if kind == "bind":
        source = below(_absolute(source, directory), [directory])
    elif kind == "volume" and source:
        source = named(source, project, volumes)
    return spelled(kind, source if kind != "tmpfs" else "", posixpath.normpath(target), read_only)


def _short(said: str) -> tuple[str, str, str, bool]:
    parts = said.split(":")
    if len(parts) == 1:
        return "volume", "", said, False
    if len(parts[0]) == 1 and parts[0].isalpha():
        raise Unsupported("a volume with a name of one letter: Compose takes it for a drive")
    modes = parts[2].split(",") if len(parts) == 3 else []
    if len(parts) > 3 or not parts[1].startswith("/") or set(modes) - _MODES:
        raise Unsupported("a volume in a form that is not known")
    kind = "bind" if parts[0].startswith((".", "/", "~")) else "volume"
    return kind, parts[0], parts[1], "ro" in modes


def named(name: str, project: str, tops: Json) -> str:
    """Return under which name the engine knows a volume or network of a project."""
    top = tops.get(name)
    if isinstance(top, dict) and top.get("name") is not None:
        return text(top["name"])
    if isinstance(top, dict) and top.get("external"):
        return name
    return f"{project}_{name}"


def _absolute(source: str, directory: str) -> str:
    if source.startswith("~"):
        raise Unsupported("a volume in the home directory of whoever starts the project")
    return posixpath.normpath(posixpath.join(directory, source))


def below(source: str, directories: t.Sequence[str]) -> str:
    """Return a path below the project's directory relative to it."""
    for directory in directories:
        if directory and (source == directory or source.startswith(directory.rstrip("/") + "/")):
            return f"./{posixpath.relpath(source, directory)}" if source != directory else "."
    return source


def spelled(kind: str, source: str, target: str, read_only: bool) -> str:
    """Return one mount."""
    return f"{kind} {source}:{target}{':ro' if read_only else ''}"
