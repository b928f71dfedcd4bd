# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests of the directories and files of a tree. Private to the collection."""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import stat
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import CONTENT_BYTES, STAT_BYTES, Compared

READ_BYTES = 1 << 18
_ATTEMPTS = 3
# One for all files of a worker: memory that is given back and taken again for each file costs more than the reading.
_BUFFER = memoryview(bytearray(READ_BYTES))

# Type letters of entries, on the wire and in manifests.
FILE, LINK, FIFO, SOCKET, DEVICE, SUBMODULE = "f", "l", "p", "s", "d", "m"
_LETTERS = {
    stat.S_IFREG: FILE,
    stat.S_IFLNK: LINK,
    stat.S_IFIFO: FIFO,
    stat.S_IFSOCK: SOCKET,
    stat.S_IFCHR: DEVICE,
    stat.S_IFBLK: DEVICE,
}
# Stands in the digest of a directory where a secret-class file's content would: that is compared apart, under the run's
# key.
KEYED = "keyed"


# Few modes occur, and many files have them.
@functools.lru_cache(maxsize=4096)
def letter(mode: int) -> str:
    """Return the type letter of an ``st_mode`` that is no directory's."""
    return _LETTERS.get(stat.S_IFMT(mode), DEVICE)


@functools.lru_cache(maxsize=4096)
def shown_mode(mode: int, exec_only: bool) -> str:
    """Return the permission bits as they are compared: ``755`` or ``644`` when only the executable bit counts, else all
    of them.
    """
    if exec_only:
        return "755" if mode & stat.S_IXUSR else "644"
    return f"{stat.S_IMODE(mode):o}"


def same_file(one: os.stat_result, other: os.stat_result) -> bool:
    """Return whether two looks at a file saw the same content, as far as the kernel tells."""
    return (
        one.st_ino == other.st_ino
        and one.st_size == other.st_size
        and one.st_mtime_ns == other.st_mtime_ns
        and one.st_ctime_ns == other.st_ctime_ns
        and one.st_dev == other.st_dev
    )


def hash_file(
    dir_fd: int, name: str, seen: os.stat_result, host: Host, key: bytes | None = None
) -> tuple[str, os.stat_result]:
    """Return the SHA-256 of a regular file (HMAC-SHA256 under ``key`` when given) and the stat that belongs to it.

    ``seen`` is the stat by which the caller knows the file. A file that changes while it is read is read again; raises
    Unseen when it does not hold still or the time is up, OSError when it cannot be read.
    """
    for _attempt in range(_ATTEMPTS):
        fd = paths.open_file(dir_fd, name)
        try:
            digest = _hash_fd(fd, seen.st_size, host, key)
            after = os.fstat(fd)
        finally:
            os.close(fd)
        if same_file(seen, after):
            return digest, after
        seen = after
    raise Unseen("changed while it was read")


def _hash_fd(fd: int, size: int, host: Host, key: bytes | None) -> str:
    count = os.readv(fd, (_BUFFER,))
    part = _BUFFER[:count]
    digest: t.Any = hashlib.sha256(part) if key is None else hmac.new(key, part, hashlib.sha256)
    # A small file was read whole, which the stat that is taken afterwards confirms.
    if count != size or count == READ_BYTES:
        _hash_rest(fd, digest, host)
    value: str = digest.hexdigest()
    return value


def _hash_rest(fd: int, digest: t.Any, host: Host) -> None:
    count = os.readv(fd, (_BUFFER,))
    while count:
        host.check_time()
        digest.update(_BUFFER[:count])
        count = os.readv(fd, (_BUFFER,))


def content_digest(path: bytes, own: str, lines: t.Iterable[bytes]) -> bytes:
    """Return the content digest of a directory.

    ``own`` is what is compared of the directory itself (its mode, or nothing), ``lines`` one for each child that is no
    directory, sorted. The path is part of it, so that a digest alone says which directory it belongs to.
    """
    return hashlib.sha256(b"\0".join((path, own.encode("utf-8"), *lines))).digest()[:CONTENT_BYTES]


def entry_line(name: bytes, kind: str, mode: str, value: str, extra: str) -> bytes:
    """Return the line of one child for :func:`content_digest`. ``extra`` holds owner and mtime where those are
    compared.
    """
    rest = f"/{kind}/{mode}/{value}/{extra}"
    return name + rest.encode("utf-8", "surrogateescape")


@functools.lru_cache(maxsize=4096)
def _exec_mode(mode: str) -> str:
    return shown_mode(int(mode, 8), True)


def wire_line(name: bytes, fields: t.Sequence[t.Any], compared: Compared) -> bytes:
    """Return the line for :func:`content_digest` of an entry in its wire form: ``[name, letter, mode, value, size,
    mtime, owner, group]``.
    """
    _name, kind, mode, value, _size, mtime, owner, group = fields[:8]
    if compared.exec_only:
        mode = _exec_mode(mode) if kind == FILE else ""
    extra = f"{owner}:{group}" if compared.owner else ""
    if compared.mtime and kind == FILE:
        extra += f"@{mtime}"
    return entry_line(name, kind, mode, value, extra)


def stat_digest(path: bytes, lines: t.Iterable[bytes]) -> bytes:
    """Return the stat digest of a directory: while it is the same, nothing in the directory was written, as far as the
    kernel tells.
    """
    return hashlib.sha256(b"\0".join((path, *lines))).digest()[:STAT_BYTES]


def stat_line(name: bytes, seen: os.stat_result) -> bytes:
    """Return the line of one child for :func:`stat_digest`."""
    return b"%s/%o %d %d %d %d %d %d" % (
        name,
        seen.st_mode,
        seen.st_size,
        seen.st_mtime_ns,
        seen.st_ctime_ns,
        seen.st_ino,
        seen.st_uid,
        seen.st_gid,
    )
