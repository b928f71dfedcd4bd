# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses the index of a git repository: versions 2 to 4, SHA-1 and SHA-256. Private to the collection.

Source: https://git-scm.com/docs/index-format
"""

from __future__ import annotations

import hashlib
import re
import struct
import typing as t
from array import array

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

LIMIT = 1 << 30
"""Largest index that is read, in bytes."""

STAT = struct.Struct(">10I")
"""ctime s, ctime ns, mtime s, mtime ns, dev, inode, mode, uid, gid, size; all modulo 2**32."""

MODE, OID = 24, STAT.size
"""Where the mode and the object's name begin in an entry; the flags follow the name."""

ASSUME_VALID, EXTENDED, STAGE = 0x8000, 0x4000, 0x3000
SKIP_WORKTREE, INTENT_TO_ADD = 0x4000, 0x2000
"""Flags of an entry and, in the second line, of its extended flags."""

_SPARSE = 0o040000
_NOT_SPARSE = "index: it is a sparse index, which holds directories instead of files and is not read"
_MODES = frozenset((0o100644, 0o100755, 0o120000, 0o160000, 0o100664))
# What would leave the work tree or reach into a git directory. git refuses to have such a path in an index.
_ESCAPE = re.compile(rb"(?:\A|[\0/])(?:\.\.?|\.git)?(?=[/\0]|\Z)", re.IGNORECASE)
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")


class Index:
    """The entries of an index, sorted by path and stage, in columns rather than objects: they can be a million.

    Entry ``i`` has the path ``paths[i]``; its other fields begin at ``offsets[i]`` in ``data``.
    """

    def __init__(self, version: int, oid_size: int, data: bytes) -> None:
        self.version = version
        self.oid_size = oid_size
        self.data = data
        self.paths: list[bytes] = []
        self.offsets = array("Q")

    def mode(self, entry: int) -> int:
        """Return the mode of an entry, as git stores it."""
        mode: int = _U32.unpack_from(self.data, self.offsets[entry] + MODE)[0]
        return mode

    def oid(self, entry: int) -> bytes:
        """Return the raw name of the object of an entry."""
        start = self.offsets[entry] + OID
        return self.data[start : start + self.oid_size]

    def flags(self, entry: int) -> int:
        """Return the flags of an entry."""
        flags: int = _U16.unpack_from(self.data, self.offsets[entry] + OID + self.oid_size)[0]
        return flags

    def extended(self, entry: int) -> int:
        """Return the extended flags of an entry, 0 when it has none."""
        if not self.flags(entry) & EXTENDED:
            return 0
        flags: int = _U16.unpack_from(self.data, self.offsets[entry] + OID + self.oid_size + 2)[0]
        return flags


class Parsed(t.NamedTuple):
    """One index file: its own entries, and the content of the ``link`` extension if it is half of a split index."""

    entries: Index
    link: bytes | None


def parse(data: bytes, oid_size: int) -> Parsed:
    """Return what an index file holds. Raises Unseen for one that is damaged, or of a kind that is not known."""
    end = len(data) - oid_size
    if end < 12 or data[:4] != b"DIRC":
        raise Unseen("index: damaged: this is no index, or only a part of one")
    _check_sum(data, end, oid_size)
    version, count = struct.unpack_from(">II", data, 4)
    if version not in (2, 3, 4):
        raise Unseen(f"index: version {version} is not known")
    index = Index(version, oid_size, data)
    try:
        at = _packed_entries(index, count, end) if version == 4 else _entries(index, count, end)
        link = _extensions(data, at, end)
    except (IndexError, ValueError, struct.error):
        raise Unseen("index: damaged: it ends within an entry") from None
    return Parsed(index, link)


def check(index: Index) -> None:
    """Raise Unseen for entries that git itself would refuse: out of order, or with a path that leaves the work tree."""
    paths = index.paths
    if paths and _ESCAPE.search(b"\0".join(paths)):
        raise Unseen("index: damaged: it has a path that git does not allow")
    modes = {_U32.unpack(mode)[0] for mode in {index.data[at + MODE : at + MODE + 4] for at in index.offsets}}
    if _SPARSE in modes:
        raise Unseen(_NOT_SPARSE)
    if not modes <= _MODES:
        raise Unseen("index: damaged: an entry has a mode that is not known")
    for entry in range(1, len(paths)):
        if paths[entry - 1] >= paths[entry]:
            before = index.flags(entry - 1) & STAGE
            if paths[entry - 1] != paths[entry] or not 0 < before < index.flags(entry) & STAGE:
                raise Unseen("index: damaged: its entries are out of order")


def _check_sum(data: bytes, end: int, oid_size: int) -> None:
    trailer = data[end:]
    # With index.skipHash git writes zeros there.
    if trailer != bytes(oid_size):
        # Not for secrecy: the format of git says which digest it is.
        digest = hashlib.sha256() if oid_size == 32 else hashlib.sha1()  # noqa: S324
        digest.update(memoryview(data)[:end])
        if digest.digest() != trailer:
            raise Unseen("index: damaged: its checksum is wrong")


def _entries(index: Index, count: int, end: int) -> int:
    """Read the entries of versions 2 and 3; return where they end."""
    data, paths, offsets = index.data, index.paths, index.offsets
    find, flags_at = data.find, OID + index.oid_size
    at = 12
    for _entry in range(count):
        start = at + flags_at + (4 if data[at + flags_at] & 0x40 else 2)
        stop = find(b"\0", start, end)
        if stop < start:
            raise ValueError("no end of a path")
        paths.append(data[start:stop])
        offsets.append(at)
        # One to eight zeros fill an entry up to a multiple of eight bytes.
        at += (stop - at + 8) & ~7
    return at


def _packed_entries(index: Index, count: int, end: int) -> int:
    """Read the entries of version 4, whose paths say how much of the one before to keep; return where they end."""
    data, paths, offsets = index.data, index.paths, index.offsets
    find, flags_at = data.find, OID + index.oid_size
    at = 12
    path = b""
    for _entry in range(count):
        offsets.append(at)
        at += flags_at + (4 if data[at + flags_at] & 0x40 else 2)
        drop = data[at] & 0x7F
        while data[at] & 0x80:
            at += 1
            drop = ((drop + 1) << 7) | (data[at] & 0x7F)
        stop = find(b"\0", at + 1, end)
        if stop < 0 or drop > len(path):
            raise ValueError("no end of a path, or no beginning")
        path = path[: len(path) - drop] + data[at + 1 : stop]
        paths.append(path)
        at = stop + 1
    return at


def _extensions(data: bytes, at: int, end: int) -> bytes | None:
    """Check the extensions from ``at`` to ``end`` and return the content of ``link`` if it is among them."""
    link = None
    while at < end:
        if end - at < 8:
            raise ValueError("no whole extension")
        name = data[at : at + 4]
        size = _U32.unpack_from(data, at + 4)[0]
        at += 8
        if size > end - at:
            raise ValueError("an extension longer than the file")
        if name == b"link":
            link = data[at : at + size]
        elif name == b"sdir":
            raise Unseen(_NOT_SPARSE)
        elif not name[:1].isupper():
            raise Unseen(f"index: it needs the extension {name!r}, which is not known")
        at += size
    if at != end:
        raise ValueError("more than the file")
    return link
