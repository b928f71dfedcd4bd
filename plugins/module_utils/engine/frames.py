# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of a container as the engine sends it: frames of two streams, or one raw stream. Private to the collection.

Without a terminal each frame has a header of eight bytes: the stream (0 and 1 output, 2 errors, 3 the engine's own
complaint), three zeros, and the length, most significant byte first. A line may be spread over several frames. With
a terminal there are no frames. https://docs.docker.com/reference/api/engine/ describes both under "attach".
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

OUTPUT = "stdout"
ERRORS = "stderr"
RAW = ""

LONGEST = 64 * 1024
"""Of a longer line only so many bytes are kept."""

_HEADER = 8
_STREAMS = {0: OUTPUT, 1: OUTPUT, 2: ERRORS}
_COMPLAINT = 3

Line = t.Tuple[str, bytes]


def lines(pieces: t.Iterable[bytes], tty: bool | None = None) -> t.Iterator[Line]:
    """Yield (stream, line without its end) of a log.

    ``tty`` tells whether the container has a terminal; None: the first bytes tell. Raises Unseen when the log breaks
    off within a frame, has a frame of no known kind, or ends with the engine's own complaint, and what ``pieces``
    raises; lines that were whole come before it.
    """
    held = _Lines()
    source = iter(pieces)
    first = b""
    try:
        while len(first) < _HEADER:
            first += next(source)
    except StopIteration:
        pass
    raw = tty if tty is not None else not _is_header(first[:_HEADER])
    decoder: t.Any = _Raw() if raw else _Frames()
    for piece in _chain(first, source):
        for stream, part in decoder.feed(piece):
            yield from held.feed(stream, part)
    decoder.end()
    yield from held.rest()


def _chain(first: bytes, rest: t.Iterator[bytes]) -> t.Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _is_header(start: bytes) -> bool:
    return not start or (len(start) == _HEADER and start[0] <= _COMPLAINT and start[1:4] == b"\0\0\0")


class _Raw:
    """A log without frames."""

    @staticmethod
    def feed(piece: bytes) -> t.Iterator[Line]:
        yield RAW, piece

    @staticmethod
    def end() -> None:
        return None


class _Frames:
    """Takes frames apart. No more of a frame is held than the piece that it came in."""

    def __init__(self) -> None:
        self._head = b""
        self._stream = RAW
        self._left = 0
        self._complaint: bytearray | None = None

    def feed(self, piece: bytes) -> t.Iterator[Line]:
        at = 0
        while at < len(piece):
            if not self._left:
                needed = _HEADER - len(self._head)
                self._head += piece[at : at + needed]
                at += needed
                if len(self._head) == _HEADER:
                    self._begin()
                continue
            part = piece[at : at + self._left]
            at += len(part)
            self._left -= len(part)
            if self._complaint is None:
                yield self._stream, part
            elif len(self._complaint) < 1000:
                self._complaint += part

    def end(self) -> None:
        """Raise Unseen unless the log ended with a frame."""
        if self._complaint is not None:
            said = mask(show(bytes(self._complaint[:300])))
            raise Unseen(f"the engine could not read the log to its end: {said}")
        if self._left or self._head:
            raise Unseen("the log breaks off in the middle of what the engine sent")

    def _begin(self) -> None:
        head, self._head = self._head, b""
        if head[0] > _COMPLAINT or head[1:4] != b"\0\0\0":
            raise Unseen("the engine sent a log in a form that is not known")
        self._left = int.from_bytes(head[4:], "big")
        if head[0] == _COMPLAINT:
            self._complaint = bytearray() if self._complaint is None else self._complaint
        else:
            self._stream = _STREAMS[head[0]]


class _Lines:
    """Joins the parts of each stream to lines."""

    def __init__(self) -> None:
        self._open: dict[str, bytearray] = {}

    def feed(self, stream: str, part: bytes) -> t.Iterator[Line]:
        held = self._open.setdefault(stream, bytearray())
        *whole, rest = part.split(b"\n")
        for one in whole:
            yield stream, _end(held + one[:LONGEST])
            held.clear()
        held += rest[: max(LONGEST - len(held), 0)]

    def rest(self) -> t.Iterator[Line]:
        """Yield the last lines, which have no end."""
        for stream, held in sorted(self._open.items()):
            if held:
                yield stream, _end(held)


def _end(line: bytearray) -> bytes:
    return bytes(line[:LONGEST]).rstrip(b"\r")
