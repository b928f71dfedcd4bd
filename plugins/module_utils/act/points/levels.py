# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three levels of a rollback: what each brings back of a restore point, and what it does not.

Private to the collection.
"""

from __future__ import annotations

import typing as t

Json = t.Dict[str, t.Any]

CONFIG, CONTAINERS, FULL = "config", "containers", "full"
LEVELS = (CONFIG, CONTAINERS, FULL)
TOP_OF_VOLUME = "_data"
"""The folder in which engines keep what is in a volume."""
BUDGET_S = {CONFIG: 120, CONTAINERS: 300, FULL: 600}
"""Within this time an operator is to have a host back, in seconds."""

_NEVER = "databases and other data that lie elsewhere, and what is on other machines"


def default(document: t.Mapping[str, t.Any]) -> str:
    """Return the level of a rollback to a point when nobody says one: what the change touched that it was made for."""
    part = document.get("services", {})
    return FULL if part.get("for_change") and part.get("containers") else CONFIG


def entries(document: t.Mapping[str, t.Any], level: str) -> list[Json]:
    """Return the entries below the root that a level brings back."""
    if level != CONTAINERS:
        return list(document["entries"])
    files = {path for one in document.get("services", {}).get("containers", []) for path in one["files"]}
    return [one for one in document["entries"] if one["path"] in files]


def folders(document: t.Mapping[str, t.Any], level: str) -> list[Json]:
    """Return the entries of folders that a level does not bring back: their times alone, where something in them
    changes.
    """
    brought = {one["path"] for one in entries(document, level)}
    return [one for one in document["entries"] if one["type"] == "directory" and one["path"] not in brought]


def containers(document: t.Mapping[str, t.Any], level: str) -> list[Json]:
    """Return the containers that a level brings back."""
    return [] if level == CONFIG else list(document.get("services", {}).get("containers", []))


def outside(document: t.Mapping[str, t.Any], level: str) -> list[Json]:
    """Return the entries outside of the root that a level brings back."""
    return list(document.get("services", {}).get("outside", [])) if level == FULL else []


def volumes(document: t.Mapping[str, t.Any], level: str) -> list[Json]:
    """Return the volumes that a level brings back."""
    return list(document.get("services", {}).get("volumes", [])) if level == FULL else []


def units(document: t.Mapping[str, t.Any], level: str) -> list[Json]:
    """Return the units that a level starts anew, and at the level full brings back: those that were seen."""
    found = [] if level == CONTAINERS else document.get("services", {}).get("units", [])
    return [one for one in found if not one["reason"]]


def told(document: t.Mapping[str, t.Any]) -> dict[str, Json]:
    """Return ``{level: {restores: [text], leaves: [text]}}`` of a point."""
    return {level: _told(document, level) for level in LEVELS}


def _told(document: t.Mapping[str, t.Any], level: str) -> Json:
    restores = _counted(len(entries(document, level)), "path below the root", "paths below the root")
    restores += _counted(len(containers(document, level)), "container with its image", "containers with their images")
    restores += _counted(len(volumes(document, level)), "volume", "volumes")
    restores += _counted(len(outside(document, level)), "file of units and crontabs", "files of units and crontabs")
    if level == FULL:
        restores += _counted(len(units(document, level)), "unit's state", "units' states")
    leaves = []
    part = document.get("services", {})
    if level == CONTAINERS:
        leaves.append("files below the root that are not of a Compose project")
    if level == CONFIG and part.get("containers"):
        leaves.append("containers and images")
    if level != FULL and (part.get("outside") or part.get("units")):
        leaves.append("units, crontabs and environment files outside of the root")
    if level != CONFIG:
        leaves += [
            f"the image of {one['name']}, which is not in this point"
            for one in part.get("containers", [])
            if one["image"] in {image["id"] for image in part["images"] if image["archive"] is None}
        ]
    saved = ", ".join(one["name"] for one in part.get("volumes", []))
    if level != FULL and saved:
        leaves.append(f"the content of volumes, those of this point among them ({saved})")
    else:
        leaves.append(f"the content of volumes other than {saved}" if saved else "the content of volumes")
    leaves += [_NEVER, "the repository's HEAD, branches and index: what they were is in it"]
    return {"restores": restores, "leaves": leaves}


def _counted(number: int, one: str, several: str) -> list[str]:
    return [f"{number} {one if number == 1 else several}"] if number else []
