# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directories of a tree, on disk and in memory: a commit's manifest, or what is known of a host. Private to the
collection.

The file is a line with the SHA-256 of the rest, a header line (schema, meta), a line with one short record for each
directory, and one line for each directory's entries. Entries are parsed only when asked for: an audit touches those of
the directories that differ.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
import typing as t

_SCHEMA = "evenkeel.drift/directories/2"

# [name, letter, mode, value, size, mtime_ns, owner, group], as the collector sends it.
WireEntry = list[t.Any]


class CorruptStore(Exception):
    """A stored file is not what was written. The message names the file."""


class Directory(t.NamedTuple):
    """One directory. ``path`` is empty or ends in ``/``; ``entries`` is JSON text, or None when they are not known
    here.
    """

    path: str
    digest: str
    stat: str
    own: str
    files: int
    entries: bytes | None

    def parsed(self) -> list[WireEntry] | None:
        """Return the entries, or None when they are not known here."""
        return None if self.entries is None else json.loads(self.entries)


class Directories:
    """Directories by path, sorted, with free ``meta`` data."""

    def __init__(self, meta: t.Mapping[str, t.Any], directories: t.Iterable[Directory]) -> None:
        self.meta = dict(meta)
        self._by_path = {directory.path: directory for directory in sorted(directories)}

    def __iter__(self) -> t.Iterator[Directory]:
        return iter(self._by_path.values())

    def __len__(self) -> int:
        return len(self._by_path)

    def get(self, path: str) -> Directory | None:
        return self._by_path.get(path)

    def digests(self) -> list[bytes]:
        """Return the content digests, sorted."""
        return sorted(bytes.fromhex(directory.digest) for directory in self)

    def root_digest(self) -> str:
        """Return one digest for all: equal for two trees exactly when every directory's content digest is."""
        total = hashlib.sha256()
        for directory in self:
            total.update(bytes.fromhex(directory.digest))
        return total.hexdigest()

    def files(self) -> int:
        return sum(directory.files for directory in self)

    def dump(self) -> bytes:
        index = [[d.path, d.digest, d.stat, d.own, d.files] for d in self]
        header = {"meta": self.meta, "schema": _SCHEMA}
        lines = [json.dumps(header, sort_keys=True).encode("ascii")]
        lines += [json.dumps(index, separators=(",", ":")).encode("ascii")]
        lines += [b"null" if d.entries is None else d.entries for d in self]
        body = b"\n".join(lines)
        return hashlib.sha256(body).hexdigest().encode("ascii") + b"\n" + body

    @classmethod
    def parse(cls, content: bytes, name: str) -> Directories:
        """Return what :meth:`dump` wrote. Raises CorruptStore, naming ``name``, for anything else."""
        checksum, _newline, body = content.partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode("ascii") != checksum:
            raise CorruptStore(f"{name} is corrupt: its content does not match its own checksum")
        try:
            head, index, *entries = body.split(b"\n")
            header = json.loads(head)
            if header["schema"] != _SCHEMA:
                raise CorruptStore(f"{name} is corrupt: it is not of the schema {_SCHEMA}")
            found = [
                Directory(path, digest, stat, own, files, None if line == b"null" else line)
                for (path, digest, stat, own, files), line in zip(json.loads(index), entries, strict=True)
            ]
            return cls(header["meta"], found)
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptStore(f"{name} is corrupt: {error}") from error

    def save(self, path: str) -> None:
        """Write the file whole or not at all, readable by its owner alone."""
        write_private(path, self.dump())

    @classmethod
    def load(cls, path: str) -> Directories:
        """Read a saved file. Raises FileNotFoundError, or CorruptStore."""
        with open(path, "rb") as file:
            return cls.parse(file.read(), path)


def _sync_directory(path: str) -> None:
    """Bring the names in a directory to the disk. Some network file systems have no such call, and say EINVAL."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)


def write_private(path: str, content: bytes, durable: bool = False) -> None:
    """Write a file whole or not at all, mode 0600: to a temporary name beside it, then renamed. ``durable``: it is on
    the disk when this returns, and still there after a power cut.
    """
    folder, name = os.path.split(path)
    fd, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    if durable:
        _sync_directory(folder)
