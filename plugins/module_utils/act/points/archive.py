# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore point as a stream of members, as ``restic dump`` and ``tar`` write it. Private to the collection.

Nothing is believed of a stream: names are those that a point has, files are made by us, and what was received counts
when every byte of it was verified like that of any other point.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tarfile
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import manifest, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import (
    make_folder,
    open_member,
    read_member,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

_PART = 1 << 20
_SMALL = (verify.MANIFEST, verify.COMPLETE, verify.BY_HAND, verify.BAD)
_OBJECTS = verify.OBJECTS.decode("ascii")
_OBJECT = re.compile(f"{_OBJECTS}/([0-9a-f]{{64}})")

Json = t.Dict[str, t.Any]


class Readable(t.Protocol):
    """What a stream is read from: some bytes at a time, none at its end."""

    def read(self, size: int = ...) -> bytes: ...


def members(point_fd: int, document: Json) -> dict[str, Json]:
    """Return the files of a finished point, ``{sha256, size}`` by their names below its folder; not its mark. Raises
    Damaged.
    """
    found = {f"{_OBJECTS}/{name}": {"sha256": name, "size": size} for name, size in manifest.members(document).items()}
    for name in (verify.MANIFEST, verify.COMPLETE, *([verify.BY_HAND] if "by_hand" in document else [])):
        found[name.decode("ascii")] = manifest.object_of(read_member(point_fd, name, manifest.MAX_BYTES))
    return found


@contextlib.contextmanager
def opened_member(point_fd: int, name: str) -> t.Iterator[int]:
    """Yield a descriptor of a file of a point, by its name below the point's folder, to be read. Raises Damaged."""
    found = _OBJECT.fullmatch(name)
    with contextlib.ExitStack() as stack:
        if found:
            fd = verify.open_object(stack.enter_context(verify.objects_of(point_fd)), found[1])
        else:
            fd = open_member(point_fd, name.encode("ascii"))
        stack.callback(os.close, fd)
        yield fd


def compare(source: Readable, point: str, wanted: t.Mapping[str, Json], host: Host) -> None:
    """Read a stream to its end, and raise Damaged unless it holds exactly these members of a point, byte for byte.

    Raises Unseen when the time is up.
    """
    missing = dict(wanted)
    with _whole():
        for name, content in _files(source, point):
            found = _hashed(content, host)
            # A mark is no part of what was saved.
            if name != verify.BAD.decode("ascii") and missing.pop(name, None) != found:
                raise Damaged(f"{name} is not what was written, or there twice")
    if missing:
        raise Damaged(f"{min(missing)} is missing" + (f", and {len(missing) - 1} more" if len(missing) > 1 else ""))


def receive(source: Readable, point: str, folder_fd: int, most: int, host: Host) -> None:
    """Write the members of a stream into a new folder of ``folder_fd`` that is named after the point, and bring them
    to the disk. Whether they are a point has to be verified then.

    Raises Damaged for what is no member of a point, or more than ``most`` bytes; Unseen, OSError.
    """
    make_folder(folder_fd, point.encode("ascii"))
    with verify.opened(folder_fd, point) as point_fd:
        make_folder(point_fd, verify.OBJECTS)
        with verify.objects_of(point_fd) as objects_fd, _whole():
            for name, content in _files(source, point):
                found = _OBJECT.fullmatch(name)
                target = (objects_fd, found[1]) if found else (point_fd, name)
                most -= _write(content, *target, most, host)
            fs.sync_directory(objects_fd)
        fs.sync_directory(point_fd)


def _write(content: Readable, dir_fd: int, name: str, most: int, host: Host) -> int:
    try:
        fd = fs.create(dir_fd, name)
    except FileExistsError:
        raise Damaged(f"{name} is there twice") from None
    written = 0
    try:
        while True:
            host.check_time()
            part = content.read(_PART)
            if not part:
                break
            written += len(part)
            if written > most:
                raise Damaged("it is larger than it was when it was saved")
            fs.write(fd, part)
        fs.sync(fd)
    finally:
        os.close(fd)
    return written


def _hashed(content: Readable, host: Host) -> Json:
    digest, size = hashlib.sha256(), 0
    while True:
        host.check_time()
        part = content.read(_PART)
        if not part:
            return {"sha256": digest.hexdigest(), "size": size}
        digest.update(part)
        size += len(part)


@contextlib.contextmanager
def _whole() -> t.Iterator[None]:
    """Raise Damaged for an archive that is none, or ends too early."""
    try:
        yield
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise Damaged(f"the archive cannot be read: {spelled(str(error))}") from None


def _files(source: Readable, point: str) -> t.Iterator[tuple[str, Readable]]:
    """Yield the files of a stream: their names below the point's folder, and their content. Raises Damaged, and what
    ``tarfile`` raises.
    """
    count = 0
    with tarfile.open(fileobj=t.cast("t.Any", source), mode="r|", bufsize=_PART) as archive:
        while True:
            one = archive.next()
            if one is None:
                return
            # A stream is read once: what was seen of it needs not be remembered.
            t.cast("t.Any", archive).members = []
            count += 1
            if count > manifest.MAX_ENTRIES + len(_SMALL) + 2:
                raise Damaged("it has more members than a point")
            name = _name(one, point)
            content = archive.extractfile(one) if name else None
            if content is not None:
                yield name, content


def _name(one: tarfile.TarInfo, point: str) -> str:
    """Return the name of a file below the point's folder, empty text for a folder. Raises Damaged."""
    below = one.name.lstrip("/")
    if one.isdir() and below.rstrip("/") in (point, f"{point}/{_OBJECTS}"):
        return ""
    folder, _slash, name = below.partition("/")
    known = name.encode("utf-8", "replace") in _SMALL or _OBJECT.fullmatch(name)
    if folder != point or not one.isfile() or not known:
        raise Damaged(f"it has a member that is no part of a point: {spelled(one.name[:200])}")
    return name
