# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An archive of one file, as an engine hands it over: read in memory, never unpacked. Private to the collection.

What is in it is in the container's hands. So nothing of it names a place, one file or link and nothing else is taken,
and every length is held against what there is. ``tarfile`` is not used: some of its versions never end on an archive
that is made for it.
"""

from __future__ import annotations

import re
import typing as t

_BLOCK = 512
_OCTAL = re.compile(rb" *([0-7]{1,12})[ \0]*")
_CHECKSUM = slice(148, 156)
_FILE, _LINK = (b"0", b"\0"), (b"2",)
_MOST_HEADERS = 4
_MOST_HEADER = 64 << 10
_LONGEST = 4096
_RECORD = re.compile(rb"([0-9]{1,6}) ([^=\n]{1,256})=")


class BadArchive(Exception):
    """It is not an archive of one file or link. The message says why."""


class Member(t.NamedTuple):
    """The one member: ``type`` is ``file`` or ``link``, ``content`` that of a file, ``target`` that of a link."""

    type: str
    mode: int
    mtime_s: int
    content: bytes
    target: bytes


def only_member(data: bytes) -> Member:
    """Return the one file or link of an archive. Raises BadArchive."""
    at = 0
    extended: dict[bytes, bytes] = {}
    for _number in range(_MOST_HEADERS):
        header = data[at : at + _BLOCK]
        at += _BLOCK
        _check(header)
        kind, size = header[156:157], _number_of(header[124:136], "size")
        if kind in (b"x", b"K", b"L"):
            if size > _MOST_HEADER:
                raise BadArchive("a header of it is larger than any name")
            content = _taken(data, at, size)
            extended.update(_records(content) if kind == b"x" else {_LONG[kind]: content.split(b"\0")[0]})
            at += _padded(size)
            continue
        return _member(data, at, header, extended)
    raise BadArchive("it begins with more headers than a file has")


_LONG = {b"K": b"linkpath", b"L": b"path"}


def _member(data: bytes, at: int, header: bytes, extended: dict[bytes, bytes]) -> Member:
    kind, size = header[156:157], _number_of(header[124:136], "size")
    if b"size" in extended:
        size = _decimal(extended[b"size"])
    if any(name.startswith(b"GNU.sparse") for name in extended):
        raise BadArchive("it is a sparse file")
    mode, mtime_s = _number_of(header[100:108], "mode"), _number_of(header[136:148], "time")
    if b"mtime" in extended:
        mtime_s = _decimal(extended[b"mtime"].split(b".")[0])
    if kind in _LINK:
        target = extended.get(b"linkpath") or header[157:257].split(b"\0")[0]
        if size or not target or len(target) > _LONGEST or b"\0" in target:
            raise BadArchive("it is a link in a form that is not known")
        _ends(data, at)
        return Member("link", mode & 0o777, mtime_s, b"", target)
    if kind not in _FILE:
        raise BadArchive(f"it is {_KINDS.get(kind, 'of a kind that is not known')}")
    content = _taken(data, at, size)
    _ends(data, at + _padded(size))
    return Member("file", mode & 0o777, mtime_s, content, b"")


_KINDS = {
    b"1": "a file with other names",
    b"3": "a device",
    b"4": "a device",
    b"5": "a directory",
    b"6": "a FIFO",
    b"S": "a sparse file",
}


def _check(header: bytes) -> None:
    """Raise BadArchive unless this is a header, whole and undamaged."""
    if len(header) < _BLOCK:
        raise BadArchive("it breaks off")
    if not any(header):
        raise BadArchive("there is nothing in it")
    summed = sum(header) - sum(header[_CHECKSUM]) + 8 * ord(" ")
    if _number_of(header[_CHECKSUM], "checksum") != summed:
        raise BadArchive("it is damaged")


def _number_of(field: bytes, what: str) -> int:
    found = _OCTAL.fullmatch(field)
    if found is None:
        if not field.strip(b" \0"):
            return 0
        raise BadArchive(f"its {what} is no number that a file here has")
    return int(found[1], 8)


def _decimal(field: bytes) -> int:
    if not field.isdigit() or len(field) > 18:
        raise BadArchive("a number of it is none that a file here has")
    return int(field)


def _records(content: bytes) -> dict[bytes, bytes]:
    """Return the records of an extended header."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(content):
        match = _RECORD.match(content, at)
        end = at + int(match[1]) if match else 0
        if match is None or end <= match.end() - 1 or end > len(content) or content[end - 1 : end] != b"\n":
            raise BadArchive("its extended header is damaged")
        found[match[2]] = content[match.end() : end - 1]
        at = end
    return found


def _taken(data: bytes, at: int, size: int) -> bytes:
    content = data[at : at + size]
    if len(content) != size:
        raise BadArchive("it breaks off")
    return content


def _padded(size: int) -> int:
    return (size + _BLOCK - 1) // _BLOCK * _BLOCK


def _ends(data: bytes, at: int) -> None:
    """Raise BadArchive when something follows."""
    if any(data[at:]):
        raise BadArchive("there is more in it than one file")
