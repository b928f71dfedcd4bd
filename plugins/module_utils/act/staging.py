# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparing a change: every new file whole and on the disk beside its place, every old one under a second name. Private
to the collection.

Nothing that stands at a path of the change is touched here.
"""

from __future__ import annotations

import errno
import hashlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.attributes import give
from ansible_collections.evenkeel.drift.plugins.module_utils.act.change import Change, Place
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.folders import Folders
from ansible_collections.evenkeel.drift.plugins.module_utils.act.sparse import Copy
from ansible_collections.evenkeel.drift.plugins.module_utils.act.steps import PREPARED, Step
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir, open_file
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

NO_LINKS = (errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS)
"""What a file system says that gives no file a second name, or not this one."""
OWNER_BITS = 0o700
"""A directory keeps them while a change goes on in it; it gets its own mode at the end."""
_PART = 1 << 20
_TOGETHER = 64


def prepare(change: Change, sources: t.Sequence[int], host: Host) -> None:
    """Prepare all steps. ``sources`` are descriptors of directories of contents, named by their SHA-256.

    Raises OSError, Unseen, Refused; ``change.at`` is the path.
    """
    with _Written(change) as written:
        for step in change.steps:
            if step["how"] not in (*PREPARED, "inner"):
                continue
            host.check_time()
            with change.prepared(step) as (fd, name):
                _prepare(change, (fd, name), step["new"], sources, host, written)
            if step["how"] == "over":
                _keep(change.place(step), step, host, written)
        written.sync()
    _sync(change)


class _Written:
    """Files that are written and not yet on the disk. They are synchronised some at a time: the file system then has
    one commit for all of them, where it would have one for each.
    """

    def __init__(self, change: Change) -> None:
        self._change = change
        self._open: list[tuple[int, str]] = []

    def __enter__(self) -> _Written:
        return self

    def __exit__(self, *_error: object) -> None:
        for fd, _path in self._open:
            os.close(fd)

    def add(self, fd: int) -> None:
        """Take a file over, with its descriptor. Raises OSError."""
        self._open.append((fd, self._change.at))
        if len(self._open) >= _TOGETHER:
            self.sync()

    def sync(self) -> None:
        """Bring all of them to the disk. Raises OSError; ``at`` of the change is the path."""
        while self._open:
            fd, self._change.at = self._open[-1]
            fs.sync(fd)
            os.close(self._open.pop()[0])


def check_contents(folders: Folders, steps: t.Sequence[Step], sources: t.Sequence[int]) -> None:
    """Refuse a change of which a content is missing, before anything is touched. Raises Refused."""
    for step in steps:
        if step["how"] in (*PREPARED, "inner") and step["new"]["type"] == "file":
            os.close(_open_content(folders, step["path"], step["new"], sources))


def _prepare(
    change: Change,
    place: tuple[int, bytes],
    new: t.Mapping[str, t.Any],
    sources: t.Sequence[int],
    host: Host,
    written: _Written,
) -> None:
    fd, name = place
    if new["type"] == "link":
        fs.symlink(raw(new["target"]), fd, name)
        _own_link(fd, name, new)
    elif new["type"] == "directory":
        fs.mkdir(fd, name)
        made = open_dir(fd, name)
        try:
            give(made, {**new, "mtime_ns": None}, also_mode=OWNER_BITS)
        finally:
            os.close(made)
    else:
        source = _open_content(change.folders, change.at, new, sources)
        try:
            _copy(source, fd, name, new, host, written)
        finally:
            os.close(source)


def _open_content(folders: Folders, path: str, new: t.Mapping[str, t.Any], sources: t.Sequence[int]) -> int:
    """Open the content of a new file: where it stands already, or among what was sent."""
    if new.get("from") is not None:
        folder, _slash, own = new["from"].rpartition("/")
        return open_file(folders.fd(folder), raw(own))
    for source in sources:
        try:
            return open_file(source, new["sha256"])
        except FileNotFoundError:
            continue
    # Its digest is told to nobody: that of a secret is as good as a guess that can be checked.
    raise Refused(f"the content of {path} is not on this host")


def _copy(source: int, fd: int, name: bytes, new: t.Mapping[str, t.Any], host: Host, written: _Written) -> None:
    """Make a file with the content and the attributes that are wanted."""
    made = fs.create(fd, name)
    try:
        shared = fs.share(made, source)
        digest, copy = hashlib.sha256(), Copy(made, source)
        while True:
            part = os.read(made if shared else source, _PART)
            if not part:
                break
            host.check_time()
            digest.update(part)
            if not shared:
                copy.add(part)
        copy.end()
        if digest.hexdigest() != new["sha256"] and new.get("from") is not None:
            raise Unseen(
                "it was written to while it was copied: deploy again, or, where it is written to all the time, name it "
                "or its folder in sync_shared"
            )
        if digest.hexdigest() != new["sha256"]:
            raise Unseen("its content is damaged: it does not have the digest that it is named by")
        give(made, new)
    except (OSError, Unseen):
        os.close(made)
        raise
    written.add(made)


def _own_link(fd: int, name: bytes, new: t.Mapping[str, t.Any]) -> None:
    seen = os.lstat(name, dir_fd=fd)
    if (seen.st_uid, seen.st_gid) != (new["uid"], new["gid"]):
        fs.chown_link(fd, name, new["uid"], new["gid"])


def _keep(place: Place, step: Step, host: Host, written: _Written) -> None:
    """Give the old file a second name, or copy it where it can have none."""
    try:
        fs.link(place.fd, place.name, place.fd, place.old)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if step["old"]["type"] == "link":
            fs.symlink(raw(step["old"]["target"]), place.fd, place.old)
            _own_link(place.fd, place.old, step["old"])
            return
        source = open_file(place.fd, place.name)
        try:
            _copy(source, place.fd, place.old, step["old"], host, written)
        finally:
            os.close(source)


def _sync(change: Change) -> None:
    """Bring the names that were made to the disk, from the innermost directories outwards."""
    for step in reversed(change.steps):
        if step["how"] in (*PREPARED, "inner") and step["new"]["type"] == "directory":
            with change.prepared(step) as (fd, name):
                made = open_dir(fd, name)
                try:
                    fs.sync_directory(made)
                finally:
                    os.close(made)
    for folder in change.folders_touched():
        change.at = folder
        fs.sync_directory(change.folders.fd(folder))
