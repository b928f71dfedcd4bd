# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a log, found and opened, and what rotation made of it before. Private to the collection."""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import os
import re
import stat
import typing as t
import zlib

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

UNPACKED = 1 << 30
"""How much of a packed log is looked at."""

_WILD = re.compile(r"[*?\[]")
# x.log.1, x.log.2.gz, x.log-20261121, x.log.2026-11-21, x.log-20261121-1795255200.gz
_ROTATED = re.compile(rb"[.-](?:\d{1,4}|\d{4}-?\d\d-?\d\d(?:[-_T.]?\d+)*)(?:\.([a-z0-9]{1,4}))?")
_SYMLINK = (errno.ELOOP, errno.EMLINK)


class Missing(Exception):
    """There is no such log."""


class Sibling(t.NamedTuple):
    """A file that rotation made of a log: ``packing`` is ``gz``, another ending, or nothing."""

    name: bytes
    packing: str
    mtime: float


class LogFile:
    """One open log. ``path`` is what was opened, ``size`` what it had at that moment: more is not read."""

    def __init__(self, path: str, folder_fd: int, name: bytes) -> None:
        """Open a file in an open directory, which belongs to this object from now on. Raises Missing, Unseen."""
        self.path = path
        self._folder = folder_fd
        self._name = name
        try:
            self.fd = _open(folder_fd, name, path)
        except BaseException:
            os.close(folder_fd)
            raise
        about = os.fstat(self.fd)
        self.inode, self.size, self.mtime = about.st_ino, about.st_size, about.st_mtime

    def close(self) -> None:
        """Close the file and its directory."""
        os.close(self.fd)
        os.close(self._folder)

    def changed(self) -> tuple[str, bool]:
        """Return what happened to the file since it was opened, in words, and whether something of it was lost."""
        if os.fstat(self.fd).st_size < self.size:
            return "it was truncated while it was read", True
        try:
            now = os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return "it was moved or removed while it was read", False
        if now.st_ino != self.inode:
            return "it was rotated while it was read: what the new file has is not looked at", False
        return "", False

    def siblings(self) -> list[Sibling]:
        """Return what rotation made of this log, the newest first."""
        found = []
        for name in map(os.fsencode, os.listdir(self._folder)):
            match = _ROTATED.fullmatch(name[len(self._name) :]) if name.startswith(self._name) else None
            if match is None:
                continue
            with contextlib.suppress(FileNotFoundError):
                about = os.stat(name, dir_fd=self._folder, follow_symlinks=False)
                # Rotated after it was opened: it is the one that is being read.
                if stat.S_ISREG(about.st_mode) and about.st_ino != self.inode:
                    found.append(Sibling(name, (match.group(1) or b"").decode("ascii"), about.st_mtime))
        return sorted(found, key=lambda one: (-one.mtime, one.name))

    def open(self, sibling: Sibling) -> int:
        """Return a descriptor of a sibling. Raises Unseen."""
        try:
            return _open(self._folder, sibling.name, show(sibling.name))
        except Missing:
            raise Unseen(f"{show(sibling.name)} went away while it was looked for") from None


def locate(path: str, host: Host) -> LogFile:
    """Open a log: below the root of ``host`` or absolute, the newest of those that a pattern in the last part names.

    Raises Missing when there is none, Unseen when that cannot be told or it cannot be opened.
    """
    folder, _slash, name = path.rpartition("/")
    try:
        folder_fd = _folder(folder, path, host)
    except FileNotFoundError:
        raise Missing(f"{path} does not exist") from None
    except NotADirectoryError:
        raise Missing(f"{path} does not exist: {folder} is no directory") from None
    except OSError as error:
        raise Unseen(_words(path, error)) from None
    if not _WILD.search(name):
        return LogFile(path, folder_fd, os.fsencode(name))
    try:
        found = _newest(folder_fd, name)
    except OSError as error:
        os.close(folder_fd)
        raise Unseen(_words(path, error)) from None
    if found is None:
        os.close(folder_fd)
        raise Missing(f"no file matches {path}")
    return LogFile(f"{path[: len(path) - len(name)]}{show(found)}", folder_fd, found)


def _folder(folder: str, path: str, host: Host) -> int:
    """Return a descriptor of the directory of a log. Raises OSError."""
    if path.startswith("/"):
        # As an operator wrote it: its links are the operator's own.
        return paths.open_followed(None, folder or "/")
    held = paths.open_root(host.root)
    try:
        for part in filter(None, folder.split("/")):
            below = paths.open_dir(held, part)
            os.close(held)
            held = below
    except BaseException:
        os.close(held)
        raise
    return held


def _newest(folder_fd: int, pattern: str) -> bytes | None:
    """Return the name of the regular file changed last among those that match. Raises OSError."""
    found: list[tuple[float, bytes]] = []
    for name in os.listdir(folder_fd):
        if fnmatch.fnmatchcase(name, pattern) and not name.startswith("."):
            with contextlib.suppress(FileNotFoundError):
                about = os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
                if stat.S_ISREG(about.st_mode):
                    found.append((about.st_mtime, os.fsencode(name)))
    return max(found)[1] if found else None


def _open(folder_fd: int, name: bytes, path: str) -> int:
    try:
        return paths.open_file(folder_fd, name)
    except FileNotFoundError:
        raise Missing(f"{path} does not exist") from None
    except OSError as error:
        raise Unseen(_words(path, error)) from None


def _words(path: str, error: OSError) -> str:
    if error.errno in _SYMLINK:
        return f"{path} is a symbolic link, or goes through one: name the file that it leads to"
    return f"{path} cannot be opened: {explain(error)}"


def pieces(fd: int, start: int, end: int, host: Host, block: int) -> t.Iterator[bytes]:
    """Yield a part of a file. Raises Unseen at the time limit, and when the file ends before it should."""
    while start < end:
        host.check_time()
        data = os.pread(fd, min(block, end - start), start)
        if not data:
            raise truncated(end - start)
        yield data
        start += len(data)


def truncated(missing: int) -> Unseen:
    """Return what is told of a file that ends so many bytes before it should."""
    return Unseen(f"it was truncated while it was read: its last {missing} bytes are gone")


def unpacked(fd: int, host: Host, block: int, limit: int = UNPACKED) -> t.Iterator[bytes]:
    """Yield what a gzip file holds. Raises Unseen when it is damaged or holds more than ``limit`` bytes."""
    total, within = 0, False
    packer = zlib.decompressobj(31)
    try:
        for piece in pieces(fd, 0, os.fstat(fd).st_size, host, block):
            rest = piece
            while rest or within:
                data = packer.decompress(rest, block)
                total += len(data)
                if total > limit:
                    raise Unseen(f"it holds more than {limit >> 20} MiB")
                if data:
                    yield data
                rest, within = packer.unconsumed_tail, not packer.eof
                if packer.eof:
                    # gzip files may be joined, and end in zeros.
                    rest = packer.unused_data.lstrip(b"\0")
                    packer = zlib.decompressobj(31)
                elif len(data) < block and not rest:
                    break
                host.check_time()
    except zlib.error as error:
        raise Unseen(f"it is no gzip file, or damaged: {error}") from None
    if within:
        raise Unseen("it breaks off before its end")
