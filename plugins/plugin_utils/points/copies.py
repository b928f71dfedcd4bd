# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The restore points of a host that were fetched to the control node: which there are, and what is said of them.
Private to the collection.
"""

from __future__ import annotations

import os
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.manifest import ID
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.shelf import created_at

_BACK = "bring it back as docs/backup.md has it (Fetched to the control node), and run this again"

Json = dict[str, t.Any]


def listed(folder: str | None, here: t.Container[str]) -> Json:
    """Return which points are kept in a folder, the newest first: ``{outcome: ok|unknown|not_asked, reason, folder,
    points: [{id, created, bytes, path, on_host}]}``; ``here`` are those of the host.
    """
    told: Json = {"outcome": "not_asked", "reason": "", "folder": folder, "points": []}
    if folder is None:
        return told
    try:
        points = [_told(folder, name, name in here) for name in _names(folder)]
    except OSError as error:
        return {**told, "outcome": "unknown", "reason": f"{error.filename or folder}: {error.strerror or error}"}
    return {**told, "outcome": "ok", "points": points}


def hint(folder: str, point: str | None) -> str:
    """Return a sentence for somebody whose host does not have the point that is asked for, or no good one; nothing
    where no copy helps.
    """
    found = listed(folder, ())
    if found["outcome"] != "ok":
        return f"; what was fetched cannot be seen: {found['reason']}"
    points = found["points"] if point is None else [one for one in found["points"] if one["id"] == point]
    if not points:
        return ""
    if point is not None:
        return f"; it was fetched, and lies encrypted in {points[0]['path']} on the control node: {_BACK}"
    return (
        f"; {len(points)} of them were fetched, the newest lies encrypted in {points[0]['path']} on the control node: "
        f"{_BACK}"
    )


def left(folder: str, point: str) -> list[str]:
    """Return a note about the copy of a point that was removed from its host, where there is one."""
    path = os.path.join(folder, point)
    if not os.path.lexists(path):
        return []
    return [f"its copy on the control node stays, encrypted; to remove it as well: rm -r {shlex.quote(path)}"]


def _names(folder: str) -> list[str]:
    try:
        found = os.listdir(folder)
    except FileNotFoundError:
        # Nothing was ever fetched.
        return []
    return sorted((name for name in found if ID.fullmatch(name)), reverse=True)


def _told(folder: str, name: str, on_host: bool) -> Json:
    path = os.path.join(folder, name)
    size = sum(one.stat(follow_symlinks=False).st_size for one in os.scandir(path))
    return {"id": name, "created": created_at(name), "bytes": size, "path": path, "on_host": on_host}
