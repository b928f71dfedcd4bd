# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in a restore point: their archives, each kept once whatever number of points has it.

Private to the collection.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tarfile
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import Writer
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import shelf, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.objects import Objects
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Json = t.Dict[str, t.Any]

ID = re.compile("sha256:[0-9a-f]{64}")
# An archive has the files of all layers and little else: so much more than the engine says that an image takes.
_MORE = 1.2
_MORE_BYTES = 64 << 20
_SMALL = 32 << 20


class Wanted(t.NamedTuple):
    """An image that is to be in a point: its size as the engine tells it, its names, and in which point it is already
    (``{point, sha256, size}``), if in any; ``reason`` says why it cannot be archived.
    """

    id: str
    size: int
    tags: list[str]
    kept: Json | None
    reason: str = ""


def wanted(writer: Writer, ids: t.Iterable[str], points_fd: int | None) -> list[Wanted]:
    """Return the images of containers, sorted. Raises Unseen."""
    found = []
    known = {} if points_fd is None else _known(points_fd)
    for image in sorted(set(ids)):
        try:
            told = writer.engine.get(f"/images/{image}/json")
        except NotFound:
            found.append(Wanted(image, 0, [], known.get(image), "" if image in known else "it is gone from the engine"))
            continue
        tags = sorted(one for one in told.get("RepoTags") or [] if isinstance(one, str))
        size = told.get("Size")
        found.append(Wanted(image, size if isinstance(size, int) else 0, tags, known.get(image)))
    return found


def room(images: t.Iterable[Wanted]) -> int:
    """Return how many bytes their archives take that no point has."""
    return sum(int(one.size * _MORE) for one in images if one.kept is None and not one.reason)


def save(image: Wanted, writer: Writer, points_fd: int, store: Objects) -> Json:
    """Make an object of an image's archive, or share that of another point; return ``{sha256, size}``.

    Raises PointError when what was saved is not that image, Unseen, NotFound, OSError.
    """
    if image.kept is not None:
        archive = {name: image.kept[name] for name in ("sha256", "size")}
        # What cannot be shared is archived once more.
        with contextlib.suppress(PointError, OSError), _objects_of(points_fd, image.kept["point"]) as objects_fd:
            if store.share(objects_fd, archive["sha256"], archive["size"]):
                return archive
    with store.scratch() as fd:
        writer.save(image.id, lambda piece: fs.write(fd, piece), int(image.size * _MORE) + _MORE_BYTES)
        os.lseek(fd, 0, os.SEEK_SET)
        reason = mismatch(fd, image.id)
        if reason:
            raise PointError(f"the image {image.id[:19]} was not archived: {reason}")
        return store.keep(fd)


@contextlib.contextmanager
def _objects_of(points_fd: int, point: str) -> t.Iterator[int]:
    with verify.opened(points_fd, point) as point_fd, verify.objects_of(point_fd) as objects_fd:
        yield objects_fd


def mismatch(fd: int, image: str) -> str:
    """Return why an open archive does not hold an image, empty text when it does.

    The id of an image is the SHA-256 of its configuration, or, with some engines, of its manifest: one of the members
    has exactly that content, and is named by the archive's own list. Nothing is unpacked.
    """
    wanted_digest = image.partition(":")[2]
    try:
        with os.fdopen(os.dup(fd), "rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            members = {one.name: one for one in archive if one.isreg()}
            listed = _member(archive, members, "manifest.json")
            entries = json.loads(listed) if listed else []
            if not isinstance(entries, list) or not entries:
                return "its list of images is missing"
            named = [str(one.get("Config")) for one in entries if isinstance(one, dict)]
            for layer in [name for one in entries for name in one.get("Layers") or []]:
                if layer not in members and not _links_to(archive, layer):
                    return f"its layer {layer[:80]} is missing"
            for name in [*named, f"blobs/sha256/{wanted_digest}"]:
                if hashlib.sha256(_member(archive, members, name)).hexdigest() == wanted_digest:
                    return ""
    except (tarfile.TarError, ValueError, RecursionError, AttributeError, EOFError) as error:
        return f"it is no archive of an image ({type(error).__name__})"
    return "it holds another image"


def _member(archive: tarfile.TarFile, members: t.Mapping[str, tarfile.TarInfo], name: str) -> bytes:
    one = members.get(name)
    if one is None or one.size > _SMALL:
        return b""
    file = archive.extractfile(one)
    return file.read() if file is not None else b""


def _links_to(archive: tarfile.TarFile, name: str) -> bool:
    """Return whether a layer is there as a link to another one, as older engines write it."""
    with contextlib.suppress(KeyError):
        return archive.getmember(name).issym()
    return False


def _known(points_fd: int) -> dict[str, Json]:
    """Return where the archive of each image is that a finished point has: the newest one."""
    found: dict[str, Json] = {}
    for point in shelf.names(points_fd):
        # A damaged point has nothing to share: what it would have is archived once more.
        with contextlib.suppress(PointError, OSError), verify.opened(points_fd, point) as point_fd:
            for one in verify.load(point_fd, point).get("services", {}).get("images", []):
                if one["archive"] is not None:
                    found.setdefault(one["id"], {"point": point, **one["archive"]})
    return found


def load(image: str, archive: t.Mapping[str, t.Any], objects_fd: int, writer: Writer, host: Host) -> None:
    """Give an engine an image back. Raises Damaged, ActError, PointError when the image is not there afterwards."""
    host.check_time()
    fd = verify.open_object(objects_fd, archive["sha256"])
    try:
        reason = mismatch(fd, image)
        if reason:
            raise Damaged(f"the archive of the image {image[:19]} is not used: {reason}")
        os.lseek(fd, 0, os.SEEK_SET)
        writer.load(fd, archive["size"], max(host.time_left(), 1.0))
    finally:
        os.close(fd)
    try:
        writer.engine.get(f"/images/{image}/json")
    except NotFound:
        raise PointError(f"the image {image[:19]} was loaded, and the engine does not have it") from None


def tag(image: str, tags: t.Iterable[str], writer: Writer) -> None:
    """Give an image the names that it had."""
    for name in tags:
        repository, _colon, version = name.rpartition(":")
        if repository and stands_for(name, writer) != image:
            writer.tag(image, repository, version)


def stands_for(name: str, writer: Writer) -> str:
    """Return the id of the image that a name stands for, empty text when it is nobody's. Raises Unseen."""
    try:
        return str(writer.engine.get(f"/images/{name}/json").get("Id") or "")
    except NotFound:
        return ""
