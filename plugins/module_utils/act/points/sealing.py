# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypts a restore point on its host, for the owner of a certificate alone, so that it can be fetched. Private to the
collection.

The archive goes through a pipe: of its text nothing is written to a disk. It is cut into parts, as ``openssl cms``
reads a whole message into memory before it gives anything back.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import tarfile
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import entry, fs, program
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import ActError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import archive, piped, room, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import make_folder, put, remove_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged, PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.ways import OUTGOING
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

_RECIPIENT = b"recipient.pem"
_PART = 64 << 20
# Every openssl since 1.0 reads this, unlike GCM, which is none before 3.0. That nothing was changed say the digests of
# the parts, and those of the point.
_WORDS = ("cms", "-encrypt", "-binary", "-stream", "-outform", "DER", "-aes256")
# A pipe that can be written to takes this much without waiting.
_AT_ONCE = 4096

Json = t.Dict[str, t.Any]


class Recipient(t.NamedTuple):
    """For whom points are encrypted: a certificate, as PEM; and what that may take, in seconds."""

    certificate: str
    timeout: int


def seal(recipient: Recipient, state: State, points_fd: int, point: str) -> Json:
    """Encrypt a finished point into a folder below ``outgoing``, and return ``{folder: its absolute path, parts:
    [{name, size, sha256}]}``. Raises PointError, Unseen, OSError; nothing is left then.
    """
    name, host = point.encode("ascii"), Host("/", recipient.timeout)
    openssl = program.find("openssl")
    if openssl is None:
        raise PointError("there is no openssl on this host: install it, as its package is called")
    with contextlib.ExitStack() as stack:
        outgoing_fd = state.folder(OUTGOING)
        stack.callback(os.close, outgoing_fd)
        make_folder(outgoing_fd, name)
        try:
            with verify.opened(points_fd, point) as point_fd, verify.opened(outgoing_fd, point) as folder_fd:
                members = archive.members(point_fd, verify.load(point_fd, point))
                room.check_free(outgoing_fd, sum(one["size"] for one in members.values()))
                put(folder_fd, _RECIPIENT, recipient.certificate.encode("ascii"))
                certificate = f"/proc/{os.getpid()}/fd/{folder_fd}/{_RECIPIENT.decode('ascii')}"
                with _Parts(folder_fd, [openssl, *_WORDS, certificate], host) as parts:
                    _write(point_fd, point, members, parts, host)
                    parts.end()
                fs.sync_directory(folder_fd)
        except (OSError, ActError, Unseen):
            remove_tree(outgoing_fd, name)
            raise
    return {"folder": f"{state.path}/{OUTGOING}/{point}", "parts": parts.made}


def _write(point_fd: int, point: str, members: t.Mapping[str, Json], target: _Parts, host: Host) -> None:
    """Write a point as an archive, the mark that it is finished last. Raises Damaged when it is not what it was."""
    complete = verify.COMPLETE.decode("ascii")
    with tarfile.open(fileobj=t.cast("t.Any", target), mode="w|", format=tarfile.GNU_FORMAT) as made:
        for folder in (point, f"{point}/objects"):
            made.addfile(_header(folder, 0o700, tarfile.DIRTYPE))
        for name in sorted(members, key=lambda name: (name == complete, name)):
            header = _header(f"{point}/{name}", 0o600, tarfile.REGTYPE)
            header.size = members[name]["size"]
            with archive.opened_member(point_fd, name) as fd:
                content = _Content(fd, host)
                made.addfile(header, t.cast("t.Any", content))
            if content.sha256() != members[name]["sha256"]:
                raise Damaged(f"{name} of the restore point {point} is not what it was")


def _header(name: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.mode, made.type = mode, kind
    return made


class _Content:
    """A file that is read, with its digest."""

    def __init__(self, fd: int, host: Host) -> None:
        self._fd, self._host = fd, host
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        self._host.check_time()
        part = os.read(self._fd, size)
        self._digest.update(part)
        return part

    def sha256(self) -> str:
        return self._digest.hexdigest()


class _Parts:
    """A file whose content goes to one openssl after the other, each of which writes a part. ``made`` are the parts."""

    def __init__(self, folder_fd: int, argv: t.Sequence[str], host: Host) -> None:
        self.made: list[Json] = []
        self._folder_fd, self._argv, self._host = folder_fd, argv, host
        self._stack = contextlib.ExitStack()
        self._sink, self._left = -1, 0
        self._failed = False

    def __enter__(self) -> _Parts:
        return self

    def __exit__(self, *_error: object) -> None:
        self._close_sink()
        self._stack.close()

    def write(self, data: bytes) -> None:
        """Take some bytes. Raises PointError, Unseen when the time is up, OSError."""
        if self._failed:
            # What is left over when an archive is given up: no part is begun for it, and the first error is told.
            return
        rest = memoryview(data)
        while rest:
            if self._sink < 0:
                self._begin()
            part = bytes(rest[: min(_AT_ONCE, self._left)])
            if not select.select([], [self._sink], [], max(self._host.time_left(), 0.0))[1]:
                self._host.check_time()
                continue
            try:
                fs.write(self._sink, part)
            except BrokenPipeError:
                # It has ended, and says why.
                self.end()
                raise
            rest, self._left = rest[len(part) :], self._left - len(part)
            if not self._left:
                self.end()

    def end(self) -> None:
        """Bring the part that is being made to its end, if one is. Raises PointError, OSError."""
        if self._sink < 0:
            return
        self._failed = True
        self._close_sink()
        code = command.ended(self._process, self._host.time_left())
        if code != 0:
            raise PointError(str(self._said.failed(self._argv[0], code)))
        fs.sync(self._fd)
        os.lseek(self._fd, 0, os.SEEK_SET)
        sha256, size = entry.hash_fd(self._fd)
        self.made.append({"name": self._name, "size": size, "sha256": sha256})
        self._stack.close()
        self._failed = False

    def _begin(self) -> None:
        self._name = f"{len(self.made):05d}.cms"
        self._fd = fs.create(self._folder_fd, self._name)
        self._stack.callback(os.close, self._fd)
        source, self._sink = os.pipe()
        self._said = self._stack.enter_context(piped.LastWords())
        try:
            running = command.beside(self._argv, source, self._fd, {}, self._said.sink)
            self._process = self._stack.enter_context(running)
        finally:
            os.close(source)
            self._said.begun()
        self._left = _PART

    def _close_sink(self) -> None:
        if self._sink >= 0:
            os.close(self._sink)
            self._sink = -1
