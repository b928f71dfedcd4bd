# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes the tree object that an index describes, without reading or writing an object. Private to the collection."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.index import INTENT_TO_ADD, MODE, OID, STAGE, Index

_TREE = b"40000 "
_UNUSUAL = 0x70  # in the first byte of the flags: a stage, or extended flags


def hasher(oid_size: int) -> t.Callable[[bytes], t.Any]:
    """Return the digest that a repository whose object names have ``oid_size`` bytes uses."""
    # Not for secrecy: it is git's own name for an object.
    return hashlib.sha256 if oid_size == 32 else hashlib.sha1


def tree_of(index: Index) -> str | None:
    """Return the name, in hex, of the tree that ``git write-tree`` would write; None while there are conflicts."""
    digest = hasher(index.oid_size)
    # One level for each directory on the way to the current entry: its path with a slash, and its lines so far.
    levels: list[tuple[bytes, list[bytes]]] = [(b"", [])]
    data, oid_size = index.data, index.oid_size
    # This loop is the hot one: fields are read in place, and modes are spelled once.
    modes: dict[bytes, bytes] = {}
    for entry, (path, offset) in enumerate(zip(index.paths, index.offsets)):
        if data[offset + OID + oid_size] & _UNUSUAL:
            if index.flags(entry) & STAGE:
                return None
            if index.extended(entry) & INTENT_TO_ADD:
                continue
        packed = data[offset + MODE : offset + MODE + 4]
        mode = modes.get(packed) or modes.setdefault(packed, b"%o " % index.mode(entry))
        folder = path[: path.rfind(b"/") + 1]
        if folder != levels[-1][0]:
            while not folder.startswith(levels[-1][0]):
                _close(levels, digest)
            top = len(levels[-1][0])
            while top < len(folder):
                top = folder.index(b"/", top) + 1
                levels.append((folder[:top], []))
        start = offset + OID
        levels[-1][1].append(mode + path[len(folder) :] + b"\0" + data[start : start + oid_size])
    while len(levels) > 1:
        _close(levels, digest)
    name: str = _name(levels[0][1], digest).hexdigest()
    return name


def _close(levels: list[tuple[bytes, list[bytes]]], digest: t.Callable[[bytes], t.Any]) -> None:
    """End the innermost directory: it becomes a line of the one around it."""
    folder, lines = levels.pop()
    around, outer = levels[-1]
    outer.append(_TREE + folder[len(around) : -1] + b"\0" + _name(lines, digest).digest())


def _name(lines: list[bytes], digest: t.Callable[[bytes], t.Any]) -> t.Any:
    body = b"".join(lines)
    return digest(b"tree %d\0" % len(body) + body)
