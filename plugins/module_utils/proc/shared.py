# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems on which another machine's clock, or a program's, gives files their times. Private to the collection."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.proc.order import COARSE_S, EXACT_S

_MOUNTS = "/proc/self/mountinfo"
_SHARED = re.compile(
    rb"nfs|nfs4|cifs|smb3|smbfs|9p|virtiofs|ceph|afs|lustre|glusterfs|beegfs|gpfs|orangefs|pvfs2|ocfs2|gfs2|vboxsf|prl_fs|"
    rb"vmhgfs|fuse(?:\..*)?",
    re.DOTALL,
)
_ESCAPED = re.compile(rb"\\([0-7]{3})")

Ruler = t.Callable[[t.Union[str, bytes]], float]


def within(place: str | bytes, exact_s: float = EXACT_S, mounts: str = _MOUNTS) -> float:
    """Return how far a start and a change of a file must be apart: ``exact_s``, or more where the path ``place``, or
    something that is mounted below it, has times of another clock.
    """
    return ruler(exact_s, mounts)(place)


def ruler(exact_s: float = EXACT_S, mounts: str = _MOUNTS) -> Ruler:
    """Return what answers as :func:`within`, for many places: a host can have thousands of mounts."""
    try:
        with open(mounts, "rb") as source:
            found = [_mount(line) for line in source]
    except OSError:
        # A host that hides its mounts is a sandbox: its files are its own.
        found = []

    def measure(place: str | bytes) -> float:
        kinds = _kinds(os.path.realpath(os.fsencode(place)), found)
        return COARSE_S if any(map(_SHARED.fullmatch, kinds)) else exact_s

    return measure


def _kinds(path: bytes, found: t.Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Return the kinds of file systems of a path and of what is mounted below it."""
    above: tuple[bytes, bytes] = (b"", b"")
    kinds = []
    for point, kind in found:
        if _inside(path, point):
            # Of those at one point the last is on top.
            above = (point, kind) if len(point) >= len(above[0]) else above
        elif _inside(point, path):
            kinds.append(kind)
    return [above[1], *kinds]


def _mount(line: bytes) -> tuple[bytes, bytes]:
    """Return the mount point and the kind of file system of a line of mountinfo."""
    before, _dash, after = line.partition(b" - ")
    fields = before.split(b" ")
    point = fields[4] if len(fields) > 4 else b""
    return _ESCAPED.sub(lambda match: bytes([int(match.group(1), 8)]), point), after.split(b" ")[0]


def _inside(path: bytes, folder: bytes) -> bool:
    """Whether a path is a folder, or below it."""
    return bool(folder) and (path == folder or path.startswith(folder.rstrip(b"/") + b"/"))
