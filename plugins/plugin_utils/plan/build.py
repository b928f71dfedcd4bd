# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is to change to the operations that change it, in the order in which they are applied. Private to the
collection. Pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.tree_cause import executable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import left_out
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.decide import Change
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.left_out import LeftOut

Json = dict[str, t.Any]

_UNCHANGED: Json = {"mode": None, "uid": None, "gid": None, "mtime_ns": None, "xattrs": None}
"""What an operation leaves as the old file has it; a new one gets the owner of its directory."""


def operation(change: Change) -> Json:
    """Return the one operation of a path: the shape is in docs/design.md."""
    before = seen(change.host)
    if change.wanted is None:
        return {"do": "remove", "path": change.path, "before": before}
    if change.wanted["type"] == "link":
        return {
            "do": "link",
            "path": change.path,
            "target": change.wanted["target"],
            "uid": None,
            "gid": None,
            "before": before,
        }
    mode = _mode(change.host, change.wanted)
    if _same_content(change.host, change.wanted):
        return {"do": "attributes", "path": change.path, **_UNCHANGED, "mode": mode, "before": before}
    content = {"sha256": change.wanted["sha256"], "size": change.wanted["size"]}
    return {"do": "write", "path": change.path, **content, **_UNCHANGED, "mode": mode, "before": before}


def seen(host: Json | None) -> Json:
    """Return what must still be so on the host: what the audit saw there."""
    if host is None:
        return {"type": "absent"}
    if host["type"] == "link":
        return {"type": "link", "target": host["target"]}
    known = {"type": "file", "sha256": host["sha256"], "size": host["size"]}
    return known if host.get("mode") is None else {**known, "mode": host["mode"]}


def _same_content(host: Json | None, wanted: Json) -> bool:
    return host is not None and host["type"] == "file" and host["sha256"] == wanted["sha256"]


def _mode(host: Json | None, wanted: Json) -> str | None:
    """Return the mode to set. A commit knows whether a file is executable; every other bit stays the host's."""
    runs = executable(wanted)
    if host is None or host["type"] != "file":
        return "0755" if runs else None
    if executable(host) == runs:
        return None
    bits = int(host["mode"], 8)
    # Who may read it may execute it, as with every umask that git is used under.
    return f"{bits | (bits & 0o444) >> 2:04o}" if runs else f"{bits & ~0o111:04o}"


def parents(path: str) -> list[str]:
    """Return the directories on the way to a path, the highest first."""
    ends = [end for end, char in enumerate(path) if char == "/"]
    return [path[:end] for end in ends]


class Directories:
    """The directories that a plan makes and those that it leaves empty. ``there`` are those that the host has."""

    def __init__(self, there: t.Container[str]) -> None:
        self._there = there
        self._made: set[str] = set()

    def making(self, path: str) -> list[Json]:
        """Return the operations for the directories on the way to a new path that nothing has made so far.

        Evidence lists files. A directory that holds none of those may be there all the same: then it is as wanted, and
        the host leaves it alone.
        """
        missing = [folder for folder in parents(path) if folder not in self._there and folder not in self._made]
        self._made.update(missing)
        return [{"do": "directory", "path": folder, **_UNCHANGED, "before": seen(None)} for folder in missing]


def clearing(changes: t.Iterable[Change], needed: t.Container[str]) -> list[Json]:
    """Return the operations that remove the directories which the removals leave empty, the deepest first.

    ``needed`` are those that the reference has, or that hold what is left out. What still holds something by then, as
    ignored files, is left, and told.
    """
    left = {folder for change in changes if change.wanted is None for folder in parents(change.path)}
    return [
        {"do": "remove_directory", "path": folder, "before": {"type": "directory"}}
        for folder in sorted(left, key=lambda folder: (-folder.count("/"), folder))
        if folder not in needed
    ]


def obstructed(change: Change, host_paths: t.Container[str], host_folders: t.Container[str]) -> LeftOut | None:
    """Return why a new path cannot be made where it should be: the host has a directory there, or a file for one of
    its directories.
    """
    if change.host is not None or change.wanted is None:
        return None
    if change.path in host_folders:
        return left_out.in_the_way(change.path, f"the directory {change.path}")
    blocking = next((folder for folder in parents(change.path) if folder in host_paths), None)
    return None if blocking is None else left_out.in_the_way(change.path, blocking)
