# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the part of a manifest about services looks like, and which objects it needs. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged

Json = t.Dict[str, t.Any]

_OBJECT = {"sha256": re.compile("[0-9a-f]{64}"), "size": int}
_SAVED: dict[str, t.Any] = {
    "outcome": re.compile("saved"),
    "for_change": bool,
    "engine": (None, {"socket": str, "kind": str}),
    "units": [
        {"name": str, "active": str, "enabled": str, "since_us": int, "reason": str, "files": [str], "uses": bool}
    ],
    "outside": list,
    "roles": dict,
    "containers": [
        {
            "name": re.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,250}"),
            "id": re.compile("[0-9a-f]{64}"),
            "image": re.compile("sha256:[0-9a-f]{64}"),
            **dict.fromkeys(("state", "project", "service", "called"), str),
            **dict.fromkeys(("running", "removed_on_stop"), bool),
            "files": [str],
            "after": [str],
            "print": re.compile("[0-9a-f]{64}"),
            "inspected": _OBJECT,
            "recipe": _OBJECT,
            "connect": dict,
        }
    ],
    "images": [
        {
            "id": re.compile("sha256:[0-9a-f]{64}"),
            "tags": [str],
            "size": int,
            "archive": (None, _OBJECT),
            "reason": str,
        }
    ],
    "networks": [{"name": str, "recipe": _OBJECT}],
    "volumes": [
        {
            "name": re.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}"),
            "labels": dict,
            "entries": list,
            "users": [str],
            "stopped": bool,
        }
    ],
}


def check(part: t.Any) -> None:
    """Raise Damaged unless the part is what it must be; the entries in it are looked at elsewhere."""
    if part != {"outcome": "not_asked"}:
        # A point that was made before there were volumes in points says nothing of them.
        _check({"volumes": [], **part} if isinstance(part, dict) else part, _SAVED, "services")


def objects(part: t.Mapping[str, t.Any]) -> list[Json]:
    """Return the objects that the part needs, ``{sha256, size}`` each, those of its entries left out."""
    found = [one[name] for one in part.get("containers", []) for name in ("inspected", "recipe")]
    found += [one["archive"] for one in part.get("images", []) if one["archive"] is not None]
    return found + [one["recipe"] for one in part.get("networks", [])]


def sizes(part: t.Mapping[str, t.Any]) -> dict[str, int]:
    """Return how many units, containers, images, files outside of the root and volumes a point has."""
    return {name: len(part.get(name, [])) for name in ("units", "containers", "images", "outside", "volumes")}


def _check(value: t.Any, shape: t.Any, place: str) -> None:
    if isinstance(shape, tuple):
        if value is not None:
            _check(value, shape[1], place)
        return
    if isinstance(shape, re.Pattern):
        right = isinstance(value, str) and shape.fullmatch(value) is not None
    elif isinstance(shape, dict):
        right = isinstance(value, dict) and value.keys() == shape.keys()
    elif isinstance(shape, list):
        right = isinstance(value, list)
    elif shape is int:
        right = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    else:
        right = isinstance(value, shape)
    if not right:
        raise Damaged(f"{place} of the manifest is not what it must be")
    if isinstance(shape, dict):
        for name, one in shape.items():
            _check(value[name], one, f"{name} of {place}")
    elif isinstance(shape, list):
        for number, one in enumerate(value):
            _check(one, shape[0], f"{place} {number}")
