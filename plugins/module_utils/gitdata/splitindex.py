# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins the halves of a split index. Private to the collection.

The file ``index`` holds what changed since ``sharedindex.<hex>`` was written, and two bitmaps over the entries of that:
which are gone, and which are replaced by its own first entries (these have no path).
Source: https://git-scm.com/docs/index-format (split index), ewah/ewah_io.c of git.
"""

from __future__ import annotations

import struct

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.index import Index, Parsed
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

_HEADER = struct.Struct(">II")
_WORD = struct.Struct(">Q")


def base_name(link: bytes, oid_size: int) -> bytes | None:
    """Return the file that a ``link`` extension names, None when it names none. Raises Unseen for a damaged one."""
    oid = link[:oid_size]
    if len(oid) < oid_size:
        raise Unseen("index: damaged: its link to the shared index is cut off")
    return None if oid == bytes(oid_size) else b"sharedindex." + oid.hex().encode("ascii")


def join(own: Parsed, shared: Index) -> Index:
    """Return the whole index. Raises Unseen when the halves do not fit."""
    bitmaps = (own.link or b"")[own.entries.oid_size :]
    try:
        deleted, at = _positions(bitmaps, 0, len(shared.paths)) if bitmaps else ([], 0)
        replaced, at = _positions(bitmaps, at, len(shared.paths)) if bitmaps else ([], 0)
    except struct.error:
        raise Unseen("index: damaged: a bitmap of its split index is cut off") from None
    if at != len(bitmaps) or len(replaced) > len(own.entries.paths):
        raise Unseen("index: damaged: its halves do not fit")
    # One buffer for both, so that an entry needs no more than an offset.
    shift = len(own.entries.data)
    entries = {at: (path, shared.offsets[at] + shift) for at, path in enumerate(shared.paths)}
    for number, position in enumerate(replaced):
        if own.entries.paths[number]:
            raise Unseen("index: damaged: its halves do not fit")
        entries[position] = (shared.paths[position], own.entries.offsets[number])
    for position in deleted:
        del entries[position]
    added = list(zip(own.entries.paths, own.entries.offsets))[len(replaced) :]
    whole = Index(own.entries.version, own.entries.oid_size, own.entries.data + shared.data)
    flags_at = 40 + whole.oid_size
    rows = sorted((path, whole.data[offset + flags_at] & 0x30, offset) for path, offset in [*entries.values(), *added])
    whole.paths = [path for path, _stage, _offset in rows]
    whole.offsets.extend(offset for _path, _stage, offset in rows)
    return whole


def _positions(data: bytes, at: int, size: int) -> tuple[list[int], int]:
    """Return the set bits of the EWAH bitmap that begins at ``at``, all below ``size``, and where it ends."""
    _bits, words = _HEADER.unpack_from(data, at)
    at += _HEADER.size
    # Behind the words stands the position of the last marker, which only a writer needs.
    end = at + words * _WORD.size + 4
    if end > len(data):
        raise struct.error("more words than bytes")
    found: list[int] = []
    position = 0
    while at + 4 < end:
        marker = _WORD.unpack_from(data, at)[0]
        at += _WORD.size
        running, literals = (marker >> 1) & 0xFFFFFFFF, marker >> 33
        if marker & 1:
            if position + running * 64 > size + 63:
                raise Unseen("index: damaged: a bitmap of its split index is too long")
            found.extend(range(position, position + running * 64))
        position += running * 64
        for _literal in range(literals):
            word = _WORD.unpack_from(data, at)[0]
            at += _WORD.size
            found.extend(position + bit for bit in range(64) if word >> bit & 1)
            position += 64
    if at + 4 != end or (found and found[-1] >= size):
        raise Unseen("index: damaged: a bitmap of its split index is too long")
    return found, end
