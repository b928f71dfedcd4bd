# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is mounted below a directory, and what of it is mounted elsewhere. Private to the collection."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain

OWN = "/proc/self/mountinfo"
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def points_below(root_fd: int) -> frozenset[bytes]:
    """Return the mount points below an open directory, relative to it; none where ``/proc`` does not tell."""
    try:
        root = os.readlink(f"/proc/self/fd/{root_fd}".encode("ascii"))
        with open(OWN, "rb") as source:
            points = [points_in(line) for line in source]
    except OSError:
        # Then the kernel refuses (EBUSY) when the change comes to one, and everything goes back.
        return frozenset()
    prefix = root.rstrip(b"/") + b"/"
    return frozenset(point[len(prefix) :] for point in points if point.startswith(prefix) and point != prefix)


def points_in(line: bytes) -> bytes:
    """Return the mount point of a line of mountinfo, which writes spaces and the like in octal."""
    fields = line.split(b" ")
    return _plain(fields[4]) if len(fields) > 4 else b""


class Mount(t.NamedTuple):
    """A line of mountinfo: the directory or file ``source`` of the file system ``dev`` is to be seen at ``point``."""

    dev: bytes
    source: bytes
    point: bytes


def own() -> list[Mount]:
    """Return what is mounted where this process is. Raises Unseen."""
    try:
        with open(OWN, "rb") as source:
            return parse(source.read())
    except OSError as error:
        raise Unseen(f"{OWN} cannot be read: {explain(error)}") from None


def parse(mountinfo: bytes) -> list[Mount]:
    """Return the mounts that the mountinfo of a process names."""
    lines = (line.split(b" ") for line in mountinfo.split(b"\n"))
    return [Mount(fields[2], _plain(fields[3]), _plain(fields[4])) for fields in lines if len(fields) > 4]


def source_of(folder: bytes, mounts: t.Iterable[Mount]) -> tuple[bytes, bytes] | None:
    """Return the file system of an absolute path without links, and its path in that; None where no mount has it."""
    found: Mount | None = None
    for mount in mounts:
        # Of those at one point the last is on top.
        if _below(folder, mount.point) is not None and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    if found is None:
        return None
    return found.dev, found.source.rstrip(b"/") + (_below(folder, found.point) or b"")


def elsewhere(folder: bytes, source: tuple[bytes, bytes], mounts: t.Iterable[Mount]) -> t.Iterator[bytes]:
    """Yield the paths below a folder, whose ``source`` is as :func:`source_of` gives it, that one of the mounts shows:
    where a container has a part of a folder, its processes tell other paths.
    """
    dev, inside = source
    for mount in mounts:
        below = _below(mount.source, inside) if mount.dev == dev else None
        if below:
            yield folder + below


def views(source: tuple[bytes, bytes], mounts: t.Iterable[Mount]) -> t.Iterator[bytes]:
    """Yield the places at which one of the mounts shows a whole folder, whose ``source`` is as :func:`source_of` gives
    it: a process that has what lies above the folder under another name tells of paths below these.
    """
    dev, inside = source
    for mount in mounts:
        below = _below(inside, mount.source) if mount.dev == dev else None
        if below is not None:
            yield mount.point.rstrip(b"/") + below


def _below(path: bytes, folder: bytes) -> bytes | None:
    """Return the rest of a path in a folder, with its slash; nothing for the folder itself, None outside."""
    folder = folder.rstrip(b"/")
    rest = path[len(folder) :]
    return rest if path.startswith(folder) and rest[:1] in (b"", b"/") else None


def _plain(field: bytes) -> bytes:
    return _ESCAPED.sub(lambda match: bytes([int(match.group(1), 8)]), field)
