# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether somebody holds the lock of a state directory, told without taking it. Private to the collection."""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_file

LOCK = "lock"
_MAX = 4096

Json = t.Dict[str, t.Any]


def holder(dir_fd: int, locks: str = "/proc/locks") -> Json | None:
    """Return ``{who, why, since, pid}`` of the process that holds the lock, as far as it noted it; None when none does.

    The kernel lists its locks with process and inode. On some file systems it names the device otherwise than ``stat``
    does: then the process is the one that noted itself. Raises OSError, Unseen.
    """
    try:
        fd = open_file(dir_fd, LOCK)
    except FileNotFoundError:
        return None
    try:
        seen = os.fstat(fd)
        noted = _noted(fd)
    finally:
        os.close(fd)
    device = f"{os.major(seen.st_dev):02x}:{os.minor(seen.st_dev):02x}"
    with open(locks, encoding="ascii") as lines:
        for line in lines:
            fields = line.split()
            if len(fields) < 6 or fields[1] != "FLOCK":
                continue
            where, _colon, inode = fields[5].rpartition(":")
            if inode == str(seen.st_ino) and (where == device or fields[4] == str(noted.get("pid"))):
                return {**{key: noted.get(key) for key in ("who", "why", "since")}, "pid": int(fields[4])}
    return None


def _noted(fd: int) -> Json:
    """Return what the holder wrote of itself; nothing when it was read while it was written."""
    try:
        noted = json.loads(os.pread(fd, _MAX, 0) or b"null")
    except ValueError:
        return {}
    return noted if isinstance(noted, dict) else {}
