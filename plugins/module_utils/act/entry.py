# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands at one path: its type, its attributes and its content's digest. Private to the collection.

An entry is ``{type: absent|file|link|directory|other, mode: "0644", uid, gid, size, mtime_ns, sha256, target, xattrs,
links, inode, dev, ctime_ns}``; absent has only its type, ``sha256`` belongs to files, ``target`` (as ``text.show``
spells it) to links. ``xattrs`` are base64 by name: POSIX ACLs and capabilities are among them.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir, open_file
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show

Entry = t.Dict[str, t.Any]

ABSENT: t.Mapping[str, t.Any] = {"type": "absent"}
# What one look says of the inode and not of what it holds; a copy of the file has others.
OF_THE_INODE = ("links", "inode", "dev", "ctime_ns")
_PART = 1 << 20
_TYPES = {stat.S_IFREG: "file", stat.S_IFLNK: "link", stat.S_IFDIR: "directory"}
_NO_XATTRS = (errno.ENOTSUP, errno.ENODATA, errno.EPERM, errno.EACCES)


Check = t.Callable[[], None]
"""Raises Unseen when the time is up."""


def look(
    dir_fd: int,
    name: bytes,
    content: bool = True,
    sizes: t.Collection[int] | None = None,
    check_time: Check | None = None,
) -> Entry:
    """Return the entry of a name in an open directory; without ``content`` no file is opened: no digest, no xattrs.

    ``sizes`` are those that a file can have for its content to matter; the digest of any other is null, and it is not
    read: it can be endless. ``check_time`` is asked while a file is read. Raises OSError, or Unseen when a file changes
    while it is read, or the time is up.
    """
    try:
        seen = os.lstat(name, dir_fd=dir_fd)
    except FileNotFoundError:
        return dict(ABSENT)
    entry = _told(seen)
    if entry["type"] == "link":
        entry["target"] = show(os.readlink(name, dir_fd=dir_fd))
        entry["xattrs"] = {}
    elif content and entry["type"] == "file":
        return _file(dir_fd, name, sizes, check_time)
    elif entry["type"] == "directory":
        fd = open_dir(dir_fd, name)
        try:
            entry = {**_told(os.fstat(fd)), "xattrs": xattrs_of(fd)}
        finally:
            os.close(fd)
    return entry


def look_at(root_fd: int, path: str, content: bool = True) -> Entry:
    """Return the entry of a path below an open directory. A path below something that is no directory is absent.

    Raises OSError and Unseen like :func:`look`.
    """
    try:
        with parent_of(root_fd, path) as (dir_fd, name):
            return look(dir_fd, name, content)
    except (FileNotFoundError, NotADirectoryError):
        return dict(ABSENT)
    except OSError as error:
        # So says the kernel when a directory of the path is a link.
        if error.errno == errno.ELOOP:
            return dict(ABSENT)
        raise


@contextlib.contextmanager
def parent_of(root_fd: int, path: str) -> t.Iterator[tuple[int, bytes]]:
    """Open the directory that holds a path (as ``text.show`` spells it), no part of it being a link, and give its
    descriptor and the last name. Raises OSError, ValueError for what is no path below the root.
    """
    *folders, name = parts_of(path)
    held = os.dup(root_fd)
    try:
        for folder in folders:
            below = open_dir(held, folder)
            os.close(held)
            held = below
        yield held, name
    finally:
        os.close(held)


def parts_of(path: str) -> list[bytes]:
    """Return the names along a relative path. Raises ValueError, with a reason, for any other text."""
    parts = raw(path).split(b"/")
    for part in parts:
        if part in (b"", b".", b".."):
            raise ValueError(f"not a plain path below the root: {path!r}")
        if b"\0" in part:
            raise ValueError(f"a name cannot hold a zero byte: {path!r}")
        if len(part) > 255:
            raise ValueError(f"a name is longer than 255 bytes: {path!r}")
    return parts


def hash_fd(fd: int, check_time: Check | None = None) -> tuple[str, int]:
    """Return the SHA-256 and the size of what an open file holds from here on. ``check_time`` is asked meanwhile.

    Raises OSError, and what ``check_time`` raises.
    """
    digest = hashlib.sha256()
    size = 0
    while True:
        if check_time is not None:
            check_time()
        part = os.read(fd, _PART)
        if not part:
            return digest.hexdigest(), size
        digest.update(part)
        size += len(part)


def xattrs_of(fd: int) -> dict[str, str]:
    """Return the extended attributes of an open file or directory, in base64; none where the file system has none.

    Raises OSError.
    """
    try:
        names = os.listxattr(fd)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise
    found = {}
    for name in sorted(names):
        try:
            found[show(name)] = base64.b64encode(os.getxattr(fd, name)).decode("ascii")
        except OSError as error:
            # Listed for whoever asks, and shown to root alone, as trusted.overlay.* are; or gone meanwhile.
            if error.errno not in _NO_XATTRS:
                raise
    return found


def stored(entry: t.Mapping[str, t.Any]) -> Entry:
    """Return an entry without what belongs to its inode alone: what a manifest or a journal keeps of it."""
    return {key: value for key, value in entry.items() if key not in OF_THE_INODE}


def shown_mode(st_mode: int) -> str:
    """Return all 12 permission bits, in octal: ``0644``."""
    return f"{stat.S_IMODE(st_mode):04o}"


def _file(dir_fd: int, name: bytes, sizes: t.Collection[int] | None, check_time: Check | None) -> Entry:
    fd = open_file(dir_fd, name)
    try:
        before = os.fstat(fd)
        if sizes is not None and before.st_size not in sizes:
            return {**_told(before), "sha256": None, "xattrs": xattrs_of(fd)}
        digest, size = hash_fd(fd, check_time)
        xattrs = xattrs_of(fd)
        after = os.fstat(fd)
    finally:
        os.close(fd)
    if (before.st_ctime_ns, before.st_mtime_ns) != (after.st_ctime_ns, after.st_mtime_ns) or size != after.st_size:
        raise Unseen(f"{show(name)} changed while it was read")
    return {**_told(after), "sha256": digest, "xattrs": xattrs}


def _told(seen: os.stat_result) -> Entry:
    return {
        "type": _TYPES.get(stat.S_IFMT(seen.st_mode), "other"),
        "mode": shown_mode(seen.st_mode),
        "uid": seen.st_uid,
        "gid": seen.st_gid,
        "size": seen.st_size,
        "mtime_ns": seen.st_mtime_ns,
        "links": seen.st_nlink,
        "inode": seen.st_ino,
        "dev": seen.st_dev,
        "ctime_ns": seen.st_ctime_ns,
    }
