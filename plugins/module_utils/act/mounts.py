# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is mounted below a directory. Private to the collection."""

from __future__ import annotations

import os
import re

_ESCAPED = re.compile(rb"\\([0-7]{3})")


def points_below(root_fd: int) -> frozenset[bytes]:
    """Return the mount points below an open directory, relative to it; none where ``/proc`` does not tell."""
    try:
        root = os.readlink(f"/proc/self/fd/{root_fd}".encode("ascii"))
        with open("/proc/self/mountinfo", "rb") as source:
            points = [points_in(line) for line in source]
    except OSError:
        # Then the kernel refuses (EBUSY) when the change comes to one, and everything goes back.
        return frozenset()
    prefix = root.rstrip(b"/") + b"/"
    return frozenset(point[len(prefix) :] for point in points if point.startswith(prefix) and point != prefix)


def points_in(line: bytes) -> bytes:
    """Return the mount point of a line of mountinfo, which writes spaces and the like in octal."""
    fields = line.split(b" ")
    return _ESCAPED.sub(lambda match: bytes([int(match.group(1), 8)]), fields[4]) if len(fields) > 4 else b""
