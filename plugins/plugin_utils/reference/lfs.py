# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pointer files of Git LFS. Private to the collection."""

from __future__ import annotations

import re
import typing as t

_VERSION = b"version https://git-lfs.github.com/spec/v1\n"
_OID = re.compile(rb"oid sha256:([0-9a-f]{64})")
_SIZE = re.compile(rb"size (0|[1-9][0-9]{0,18})")
LFS_MAX = 1024
"""No pointer is this long."""


def lfs_pointer(content: bytes) -> dict[str, t.Any] | None:
    """Return ``{oid, size}`` of a Git LFS pointer file (v1, no extensions), or None for any other content.

    https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
    """
    if len(content) >= LFS_MAX or not content.startswith(_VERSION) or not content.endswith(b"\n"):
        return None
    lines = content[len(_VERSION) : -1].split(b"\n")
    if len(lines) != 2:
        return None
    oid, size = _OID.fullmatch(lines[0]), _SIZE.fullmatch(lines[1])
    if oid is None or size is None:
        return None
    return {"oid": oid.group(1).decode("ascii"), "size": int(size.group(1))}
