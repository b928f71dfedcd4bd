# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contents that the control node sends: one pack, unpacked into a folder of this change alone. Private to the
collection.

A pack is a zlib stream of contents, each behind its SHA-256 (64 hexadecimal digits) and its length (16 of them).
Nothing of a pack names a place: a content is stored under its digest, and only those that the change asks for are
taken.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import typing as t
import zlib

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import INCOMING, State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_dir
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import explain

_HEAD = 80
_PART = 1 << 16
_DAMAGED = "what the control node sent arrived damaged: {}; nothing was touched"
_FOLDER = re.compile(r"([0-9]+)-[0-9a-f]{8}\Z")


class _Stream:
    """Reads a zlib stream in parts, never more of it in memory than one part."""

    def __init__(self, packed: t.BinaryIO) -> None:
        self._packed = packed
        self._inflate = zlib.decompressobj()
        self._ready = b""
        self._began = False

    def read(self, size: int) -> bytes:
        """Return the next bytes, fewer at the end. Raises Refused when it is no zlib stream, or only a part of one; no
        bytes at all are a stream without any.
        """
        while len(self._ready) < size and not self._inflate.eof:
            part = self._inflate.unconsumed_tail or self._packed.read(_PART)
            if not part:
                if self._began:
                    raise Refused(_DAMAGED.format("it ends too early"))
                break
            self._began = True
            try:
                self._ready += self._inflate.decompress(part, _PART)
            except zlib.error as error:
                raise Refused(_DAMAGED.format(error)) from None
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken


@contextlib.contextmanager
def unpacked(state: State, packed: t.BinaryIO, sizes: t.Mapping[str, int]) -> t.Iterator[int]:
    """Give the descriptor of a folder with the contents of a pack, removed at the end. ``sizes`` are those that the
    change asks for, by SHA-256: others, and larger ones, are refused. Raises Refused, OSError.
    """
    with folder_of(state) as folder:
        _unpack(_Stream(packed), folder, sizes)
        yield folder


@contextlib.contextmanager
def folder_of(state: State) -> t.Iterator[int]:
    """Give the descriptor of an empty folder for contents, removed at the end. Raises OSError, Refused."""
    incoming = state.folder(INCOMING)
    name = f"{os.getpid()}-{os.urandom(4).hex()}"
    try:
        _remove_abandoned(incoming)
        fs.mkdir(incoming, name)
        folder = open_dir(incoming, name)
        try:
            yield folder
        finally:
            os.close(folder)
            # How the change ended is what counts; what is left here goes as abandoned, with the next one.
            with contextlib.suppress(OSError):
                _remove_folder(incoming, name)
    finally:
        os.close(incoming)


def _unpack(stream: _Stream, folder: int, sizes: t.Mapping[str, int]) -> None:
    taken: set[str] = set()
    while True:
        head = stream.read(_HEAD)
        if not head:
            return
        sha256, length = head[:64].decode("ascii", "replace"), head[64:].decode("ascii", "replace")
        if sizes.get(sha256) is None or length != f"{sizes[sha256]:016x}" or sha256 in taken:
            raise Refused(_DAMAGED.format("it holds what this change does not ask for"))
        taken.add(sha256)
        _take(stream, folder, sha256, sizes[sha256])


def _take(stream: _Stream, folder: int, sha256: str, left: int) -> None:
    digest = hashlib.sha256()
    fd = fs.create(folder, sha256)
    try:
        while left:
            part = stream.read(min(left, _PART))
            if not part:
                raise Refused(_DAMAGED.format("it ends too early"))
            digest.update(part)
            fs.write(fd, part)
            left -= len(part)
    except OSError as error:
        raise Refused(f"what the control node sent cannot be stored: {explain(error)}") from error
    finally:
        os.close(fd)
    if digest.hexdigest() != sha256:
        raise Refused(_DAMAGED.format("a content does not have its digest"))


def sweep(state: State) -> None:
    """Remove the contents that a process left which was killed: they may be secrets, and take room. Raises OSError."""
    try:
        incoming = open_dir(state.fd, INCOMING)
    except FileNotFoundError:
        return
    try:
        _remove_abandoned(incoming)
    finally:
        os.close(incoming)


def _remove_abandoned(incoming: int) -> None:
    """Remove the folders of processes that are gone, as far as that can be: they are in nobody's way."""
    for name in sorted(os.listdir(incoming)):
        match = _FOLDER.match(name)
        if match and not os.path.exists(f"/proc/{match.group(1)}"):
            with contextlib.suppress(OSError):
                _remove_folder(incoming, name)


def _remove_folder(incoming: int, name: str) -> None:
    try:
        folder = open_dir(incoming, name)
    except FileNotFoundError:
        # A process beside this one removed it, as abandoned.
        return
    try:
        for inner in sorted(os.listdir(folder)):
            fs.unlink(folder, inner)
    finally:
        os.close(folder)
    fs.rmdir(incoming, name)
