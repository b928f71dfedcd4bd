# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a restore point back: nothing is used of one that is not exactly as it was made. Private to the collection."""

from __future__ import annotations

import contextlib
import hashlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import manifest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import (
    open_member,
    open_private,
    read_member,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, NoPoint
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

MANIFEST, OBJECTS, COMPLETE, BAD = b"manifest.json", b"objects", b"COMPLETE", b"BAD.json"
BY_HAND = b"ROLLBACK.sh"
_MEMBERS_MORE = 1000
_MEMBERS = {MANIFEST, OBJECTS, COMPLETE}
SMALL = 4 << 20
"""Largest file of a point that is neither its manifest nor an object, in bytes."""

Level = t.Callable[[manifest.Json], str]
"""Returns the level at which a point is used."""


@contextlib.contextmanager
def opened(points_fd: int, point: str) -> t.Iterator[int]:
    """Yield a descriptor of a point's folder. Raises NoPoint, Damaged."""
    if not manifest.ID.fullmatch(point):
        raise NoPoint(f"{point!r} is not the id of a restore point, such as 20261121T154500Z-3f9a1c")
    try:
        fd = open_private(points_fd, point.encode("ascii"))
    except FileNotFoundError:
        raise NoPoint(f"there is no restore point {point} on this host") from None
    try:
        yield fd
    finally:
        os.close(fd)


def load(point_fd: int, point: str) -> manifest.Json:
    """Return the manifest of a finished point, whose objects were not looked at. Raises Damaged."""
    found = _names(point_fd)
    if COMPLETE not in found:
        raise Damaged("it was not finished")
    if found - {BAD, BY_HAND} != _MEMBERS:
        odd = sorted(found - {BAD, BY_HAND} ^ _MEMBERS)
        raise Damaged(f"{show(odd[0])} is missing, or does not belong to a point")
    content = read_member(point_fd, MANIFEST, manifest.MAX_BYTES)
    document = manifest.parse(content)
    if read_member(point_fd, COMPLETE, SMALL) != completion(document, content):
        raise Damaged("the manifest is not the one that the point was finished with")
    if document["id"] != point:
        raise Damaged(f"it says that it is {document['id']}")
    script = read_member(point_fd, BY_HAND, manifest.MAX_BYTES) if BY_HAND in found else None
    if document.get("by_hand") != (None if script is None else manifest.object_of(script)):
        raise Damaged(f"{show(BY_HAND)} is not what it was, or missing")
    return document


def completion(document: manifest.Json, content: bytes) -> bytes:
    """Return what ``COMPLETE`` holds: the SHA-256 of the manifest, and its summary, which a list of points reads."""
    digest = hashlib.sha256(content).hexdigest()
    return manifest.canonical({"manifest": digest, "summary": manifest.summary(document)}) + b"\n"


def verify(points_fd: int, point: str, host: Host, level_of: Level | None = None) -> manifest.Json:
    """Read a point back, and return its manifest: every byte of it, or of what the level uses that ``level_of`` returns
    for it.

    Raises NoPoint, Damaged with the reason, Unseen when the time is up.
    """
    with opened(points_fd, point) as fd:
        document = load(fd, point)
        verify_content(fd, document, host, None if level_of is None else level_of(document))
    return document


def verify_content(point_fd: int, document: manifest.Json, host: Host, level: str | None = None) -> None:
    """Read back the objects that a manifest names: all of them, or those that a level of a rollback uses. That none is
    missing or added is looked at in any case.

    Raises Damaged, Unseen when the time is up.
    """
    wanted = manifest.members(document)
    with objects_of(point_fd) as objects_fd:
        found = _names(objects_fd)
        for name in sorted(found ^ {sha256.encode("ascii") for sha256 in wanted}):
            how = "is missing" if name not in found else "does not belong to it"
            raise Damaged(f"the object {show(name)} {how}")
        for sha256 in sorted(wanted if level is None else manifest.members(document, level)):
            host.check_time()
            if not is_whole(objects_fd, sha256, wanted[sha256]):
                raise Damaged(f"the object {sha256} is not what it was")


@contextlib.contextmanager
def objects_of(point_fd: int) -> t.Iterator[int]:
    """Yield a descriptor of the folder with a point's objects. Raises Damaged."""
    try:
        fd = open_private(point_fd, OBJECTS)
    except FileNotFoundError:
        raise Damaged("it has no objects") from None
    try:
        yield fd
    finally:
        os.close(fd)


def open_object(objects_fd: int, sha256: str) -> int:
    """Return a descriptor of an object, to be read. Raises Damaged."""
    return open_member(objects_fd, sha256.encode("ascii"))


def is_whole(objects_fd: int, sha256: str, size: int) -> bool:
    """Return whether an object has the content that it is named after. Raises Damaged when it cannot be read."""
    fd = open_object(objects_fd, sha256)
    try:
        return os.fstat(fd).st_size == size and entry.hash_fd(fd) == (sha256, size)
    except OSError as error:
        raise Damaged(f"the object {sha256}: {explain(error)}") from None
    finally:
        os.close(fd)


def _names(fd: int) -> set[bytes]:
    # One more than there may be is enough to know.
    found: set[bytes] = set()
    with os.scandir(fd) as listing:
        for one in listing:
            found.add(os.fsencode(one.name))
            if len(found) > manifest.MAX_ENTRIES + _MEMBERS_MORE:
                raise Damaged(f"it holds more than {manifest.MAX_ENTRIES} objects")
    return found
