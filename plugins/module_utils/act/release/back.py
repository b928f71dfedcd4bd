# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back to the release that was in use before: the link is switched, when that release is still whole. Private
to the collection.

``releases.json`` in the state directory says of each release that was left which restore point was made of it, and what
the kernel told of all its files just after: ``{releases: {name: {point, told}}}``. A file that was written to since has
another time of change, also when it was put back; then the point's own files are the way back, into the release in use.
"""

from __future__ import annotations

import hashlib
import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.entry import look
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import Operation
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release.site import RELEASES, Site, find
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir, open_root
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

NAME = "releases.json"
_TOLD = ("type", "mode", "uid", "gid", "size", "mtime_ns", "ctime_ns", "inode", "target")

Json = t.Dict[str, t.Any]


class Back(t.NamedTuple):
    """The folder that holds the link, and the operation that switches it."""

    above: str
    operations: list[Operation]


def remember(state: State, site: Site, point: str | None, host: Host) -> None:
    """Note which point was made of the release that is left now, and what its files are. Raises OSError, Unseen."""
    if point is None:
        return
    known = {name: one for name, one in _known(state).items() if os.path.isdir(site.path(name))}
    state.write(NAME, {"releases": {**known, site.name: {"point": point, "told": told(site.path(site.name), host)}}})


def way(state: State, root: str, point: str, is_at: t.Callable[[int], bool], host: Host) -> Back | None:
    """Return how the link comes back to the release that a point was made of; None when that is in use, is gone, or is
    not what it was, or cannot be read. ``is_at`` says of an open folder whether it is at the point.
    """
    try:
        site = find(root)
        for name, one in _known(state).items():
            if one.get("point") == point and name != site.name and _is_whole(site.path(name), one, is_at, host):
                before = {"type": "link", "target": site.target}
                switch = {"do": "link", "path": site.link, "target": f"{RELEASES}/{name}", "before": before}
                return Back(site.above, [switch])
    except (Refused, Unseen, OSError):
        # No link, no such release, or not to be read: the point itself is there.
        return None
    return None


def _is_whole(folder: str, noted: Json, is_at: t.Callable[[int], bool], host: Host) -> bool:
    if told(folder, host) != noted.get("told"):
        return False
    fd = open_root(folder)
    try:
        return is_at(fd)
    finally:
        os.close(fd)


def _known(state: State) -> dict[str, Json]:
    try:
        kept = state.read(NAME)
    except (ValueError, Unseen):
        # Cut short or damaged: it only spares the way through the point.
        return {}
    found = kept.get("releases") if isinstance(kept, dict) else None
    if not isinstance(found, dict):
        return {}
    return {name: one for name, one in found.items() if isinstance(one, dict) and "/" not in name and name != ".."}


def told(folder: str, host: Host) -> str:
    """Return a digest of what the kernel tells of all files of a folder; none is opened. Raises OSError, Unseen."""
    digest = hashlib.sha256()

    def walk(fd: int, path: str) -> None:
        for name in sorted(os.listdir(fd)):
            host.check_time()
            seen = look(fd, os.fsencode(name), content=False)
            line = [f"{path}{show(os.fsencode(name))}", *(seen.get(key) for key in _TOLD)]
            digest.update(json.dumps(line).encode("ascii") + b"\n")
            if seen["type"] == "directory":
                below = open_dir(fd, name)
                try:
                    walk(below, f"{line[0]}/")
                finally:
                    os.close(below)

    root_fd = open_root(folder)
    try:
        walk(root_fd, "")
    finally:
        os.close(root_fd)
    return digest.hexdigest()
