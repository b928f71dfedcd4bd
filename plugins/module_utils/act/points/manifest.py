# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore point says about itself: its one spelling, its seal, and the limits of what is believed.

Private to the collection.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import kept as services
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import levels
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

SCHEMA = "evenkeel.drift/point/1"
MAX_ENTRIES = 250_000
MAX_BYTES = 256 << 20
"""Largest manifest that is read, in bytes."""

ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MODE = re.compile(r"[0-7]{4}")
_MAX_NAME = 255
_MAX_PATH = 4096
_MAX_NUMBER = 1 << 64
# What the kernel can count in seconds, in nanoseconds: some file systems keep times far from ours.
_MAX_TIME = (1 << 63) * 10**9
_MAX_NOTES = 20

Json = t.Dict[str, t.Any]

_OWNED = {"mode": "mode", "uid": "number", "gid": "number", "mtime_ns": "time", "xattrs": "xattrs"}
# What an entry of each type has, besides its path and its type.
_FIELDS: dict[str, dict[str, str]] = {
    "absent": {},
    "file": {**_OWNED, "size": "number", "sha256": "sha256", "links": "number"},
    "link": {**_OWNED, "target": "target"},
    "directory": _OWNED,
    "other": _OWNED,
}


def canonical(document: t.Any) -> bytes:
    """Return the only bytes that stand for a JSON value."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def object_of(content: bytes) -> Json:
    """Return ``{sha256, size}`` of some bytes."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def sealed(document: t.Mapping[str, t.Any]) -> Json:
    """Return a manifest with its seal: the SHA-256 of everything else in it."""
    rest = {name: value for name, value in document.items() if name != "sealed"}
    return {**rest, "sealed": hashlib.sha256(canonical(rest)).hexdigest()}


def parse(content: bytes) -> Json:
    """Return a manifest whose bytes, seal and shape are right. Raises Damaged."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise Damaged("the manifest is not JSON") from None
    # One spelling alone: a bit that JSON does not care about, or a name that stands there twice, is damage too.
    if not isinstance(document, dict) or _spelled(document) != content:
        raise Damaged("the manifest is not spelled as it was written")
    if sealed(document) != document:
        raise Damaged("the manifest does not have the content that it was sealed with")
    _check(document)
    return document


def members(document: t.Mapping[str, t.Any], level: str = levels.FULL) -> dict[str, int]:
    """Return the objects that a point must have, or of these what a level of a rollback uses: their sizes by their
    SHA-256. Raises Damaged when two sizes are told for one.
    """
    found: dict[str, int] = {}
    kept = [*levels.entries(document, level), *levels.outside(document, level)]
    kept += [entry for volume in levels.volumes(document, level) for entry in volume["entries"]]
    objects = [one for one in kept if one["type"] == "file"]
    if level != levels.CONTAINERS:
        objects += document["git"].get("objects", {}).values()
    if level != levels.CONFIG:
        objects += services.objects(document.get("services", {}))
    for one in objects:
        if found.setdefault(one["sha256"], one["size"]) != one["size"]:
            raise Damaged("the manifest tells two sizes of one object")
    return found


def summary(document: t.Mapping[str, t.Any]) -> Json:
    """Return what a list of points tells of one: no path of it, and no digest."""
    files = [one for one in document["entries"] if one["type"] == "file"]
    git = {name: value for name, value in document["git"].items() if name not in ("objects", "left_out")}
    return {
        **{name: document[name] for name in ("id", "created", "about", "root")},
        "files": len(files),
        "bytes": sum(one["size"] for one in files),
        "git": git,
        "running": services.sizes(document.get("services", {})),
        "levels": levels.told(document),
        "notes": document["notes"][:_MAX_NOTES],
    }


def entry_of(path: str, state: t.Mapping[str, t.Any]) -> Json:
    """Return the entry of a path from its state (``act/entry.py``)."""
    fields = {name: state.get(name, {} if name == "xattrs" else None) for name in _FIELDS[state["type"]]}
    return {"path": path, "type": state["type"], **fields}


def _spelled(document: Json) -> bytes:
    try:
        return canonical(document)
    except (ValueError, RecursionError):
        return b""


def _check(document: Json) -> None:
    if document.get("schema") != SCHEMA:
        raise Damaged(f"the manifest is not of the form {SCHEMA}")
    shape = {"schema": str, "id": str, "created": str, "about": dict, "root": str, "entries": list, "git": dict}
    # A point that was made before there were services in points says nothing of them.
    if document.keys() - {"services", "by_hand"} != {*shape, "notes", "sealed"} or not isinstance(
        document["notes"], list
    ):
        raise Damaged("the manifest has not the keys that a manifest has")
    for name, kind in shape.items():
        if not isinstance(document[name], kind):
            raise Damaged(f"{name} of the manifest is not what it must be")
    if not is_about(document["about"]):
        raise Damaged("about of the manifest is not what it must be")
    if not ID.fullmatch(document["id"]):
        raise Damaged("the manifest names no point")
    _check_entries(document["entries"])
    if "services" in document:
        services.check(document["services"])
        _check_entries(document["services"].get("outside", []))
        for one in document["services"].get("volumes", []):
            _check_volume(one)
    extra = {"by_hand": document["by_hand"]} if "by_hand" in document else {}
    for name, one in {**document["git"].get("objects", {}), **extra}.items():
        if not (isinstance(one, dict) and one.keys() == {"sha256", "size"}):
            raise Damaged(f"the manifest tells of {name} in another form")
        _check_value("sha256", one["sha256"], name)
        _check_value("number", one["size"], name)


def _check_entries(entries: t.Sequence[t.Any]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise Damaged(f"the manifest has more than {MAX_ENTRIES} entries")
    previous = ""
    for number, entry in enumerate(entries):
        _check_entry(entry, number)
        if number and entry["path"] <= previous:
            raise Damaged(f"entry {number} of the manifest is not in order, or stands there twice")
        previous = entry["path"]
    _check_beneath(entries)


def is_about(about: t.Any) -> bool:
    """Return whether a value tells who made a point and why."""
    return about.keys() == {"kind", "who", "why", "run"} and all(isinstance(one, str) for one in about.values())


def _check_volume(volume: Json) -> None:
    """Refuse a volume with a path outside of it: its entries begin with its own folder."""
    _check_entries(volume["entries"])
    top = levels.TOP_OF_VOLUME
    if any(one["path"] != top and not one["path"].startswith(f"{top}/") for one in volume["entries"]):
        raise Damaged(f"the manifest has a path outside of the volume {volume['name']}")
    if not all(isinstance(one, str) for one in volume["labels"].values()):
        raise Damaged(f"the labels of the volume {volume['name']} are not what they must be")


def _check_entry(entry: t.Any, number: int) -> None:
    place = f"entry {number} of the manifest"
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str) or entry.get("type") not in _FIELDS:
        raise Damaged(f"{place} is no entry")
    fields = _FIELDS[entry["type"]]
    if entry.keys() != {"path", "type", *fields}:
        raise Damaged(f"{place} has not the keys that an entry of its type has")
    if not is_path(entry["path"]):
        raise Damaged(f"{place} names no path below the root")
    for name, kind in fields.items():
        _check_value(kind, entry[name], f"{name} of {place}")


def _check_beneath(entries: t.Sequence[Json]) -> None:
    """Refuse an entry below something that is no directory: its path would lead through a link, or nowhere."""
    types = {entry["path"]: entry["type"] for entry in entries}
    for entry in entries:
        parent = entry["path"].rpartition("/")[0]
        above = types.get(parent, "directory") if parent else "directory"
        if above != "directory" and entry["type"] != "absent":
            raise Damaged(f"the manifest has an entry below {parent}, which is no directory in it")


def is_path(path: str) -> bool:
    """Return whether text spells a path below a root: relative, without ``.``, ``..``, empty parts or NUL."""
    try:
        name = raw(path)
    except ValueError:
        return False
    parts = name.split(b"/")
    return (
        b"\0" not in name
        and len(name) <= _MAX_PATH
        and all(part not in (b"", b".", b"..") and len(part) <= _MAX_NAME for part in parts)
    )


def _check_value(kind: str, value: t.Any, place: str) -> None:
    if not _KINDS[kind](value):
        raise Damaged(f"{place} is not what it must be")


def _is_number(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_NUMBER


def _is_time(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_TIME


def _is_target(value: t.Any) -> bool:
    try:
        return isinstance(value, str) and 0 < len(raw(value)) <= _MAX_PATH and b"\0" not in raw(value)
    except ValueError:
        return False


def _are_xattrs(value: t.Any) -> bool:
    return isinstance(value, dict) and all(_is_base64(content) for content in value.values())


def _is_base64(value: t.Any) -> bool:
    try:
        return isinstance(value, str) and len(base64.b64decode(value, validate=True)) <= 1 << 16
    except (binascii.Error, ValueError):
        return False


_KINDS: dict[str, t.Callable[[t.Any], bool]] = {
    "mode": lambda value: isinstance(value, str) and _MODE.fullmatch(value) is not None,
    "sha256": lambda value: isinstance(value, str) and _SHA256.fullmatch(value) is not None,
    "number": _is_number,
    "time": _is_time,
    "target": _is_target,
    "xattrs": _are_xattrs,
}
