# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One archive of logs: a compressed tar of what each had when it was opened, read back before it has its name. Private
to the collection.

The logs are read and nothing else: none is cut, moved or rotated, and who writes to one goes on writing.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import tarfile
import time
import typing as t
import zlib

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.files import LogFile
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_file
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

NEW = ".new-"
"""What begins so was not finished."""
_PART = 1 << 18
_LEVEL = 6


def write(folder_fd: int, name: str, logs: t.Sequence[LogFile], host: Host) -> int:
    """Write an archive of open logs, and return its size in bytes. It is there whole, or not at all.

    Raises Refused, which names the log that could not be archived, Unseen when the time is up, OSError.
    """
    prepared = f"{NEW}{name}"
    fd = fs.create(folder_fd, prepared)
    target = _Target(fd)
    try:
        try:
            digests = _packed(target, logs, host)
            fs.sync(fd)
            size = os.fstat(fd).st_size
        except OSError as error:
            raise Refused(f"the archive could not be written: {explain(error)}; nothing is left of it") from error
        finally:
            target.end()
            os.close(fd)
        if _read_back(folder_fd, prepared, host) != digests:
            raise Refused("the archive does not hold what was read from the logs: look at the disk that it lies on")
        fs.rename(folder_fd, prepared, folder_fd, name)
    except BaseException:
        # What cannot be removed either goes before the next one is made.
        with contextlib.suppress(OSError):
            fs.unlink(folder_fd, prepared)
        raise
    fs.sync_directory(folder_fd)
    return size


def member(path: str) -> str:
    """Return where a log lies in an archive: ``root/`` for those of the application, ``host/`` for absolute paths."""
    place = f"host{path}" if path.startswith("/") else f"root/{path}"
    return os.fsdecode(raw(place))


class _Target:
    """An open file that is written to by the one door for what changes something."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._ended = False

    def end(self) -> None:
        """Write no more: a packer that failed to begin tries once more when it is thrown away, and what it knows the
        file by may be another file then.
        """
        self._ended = True

    def write(self, data: bytes) -> int:
        if not self._ended:
            fs.write(self._fd, bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""


class _Source:
    """What a log had when it was opened, with the digest of what was read so far."""

    def __init__(self, log: LogFile, host: Host) -> None:
        self._log = log
        self._host = host
        self._left = log.size
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        self._host.check_time()
        parts = []
        wanted = min(size, self._left)
        while wanted:
            try:
                part = os.read(self._log.fd, wanted)
            except OSError as error:
                raise Refused(f"{self._log.path} cannot be read: {explain(error)}") from error
            if not part:
                raise Refused(f"{self._log.path} was truncated while it was read: archive the logs again")
            self.digest.update(part)
            self._left -= len(part)
            wanted -= len(part)
            parts.append(part)
        return b"".join(parts)


def _packed(target: _Target, logs: t.Sequence[LogFile], host: Host) -> dict[str, str]:
    """Write a compressed tar and return the digest of each member."""
    digests: dict[str, str] = {}
    packer = gzip.GzipFile("", "wb", _LEVEL, t.cast(t.BinaryIO, target), time.time())
    with packer, tarfile.open(fileobj=packer, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for log in logs:
            about = tarfile.TarInfo(member(log.path))
            about.size, about.mtime, about.mode = log.size, int(log.mtime), 0o600
            source = _Source(log, host)
            tar.addfile(about, t.cast(t.IO[bytes], source))
            digests[about.name] = source.digest.hexdigest()
    return digests


def _read_back(folder_fd: int, name: str, host: Host) -> dict[str, str]:
    """Return the digest of each member of an archive. Raises Refused when it is none."""
    digests: dict[str, str] = {}
    with os.fdopen(open_file(folder_fd, name), "rb") as file:
        try:
            with gzip.GzipFile(fileobj=file) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as tar:
                for about in tar:
                    digests[about.name] = _digest(t.cast(t.IO[bytes], tar.extractfile(about)), host)
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            raise Refused(f"the archive cannot be read back: {error}: look at the disk that it lies on") from error
    return digests


def _digest(content: t.IO[bytes], host: Host) -> str:
    digest = hashlib.sha256()
    while True:
        host.check_time()
        part = content.read(_PART)
        if not part:
            return digest.hexdigest()
        digest.update(part)
