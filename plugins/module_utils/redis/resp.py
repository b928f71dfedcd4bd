# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol that Redis speaks (RESP2), read with limits: https://redis.io/docs/latest/develop/reference/protocol-spec/.
Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

Reply = t.Any
"""bytes, int, None, a list of these, or a `ServerError` inside of a list."""

_DEPTH = 8
# An error or a status is one line; Redis itself cuts its errors long before.
_LINE = 64 * 1024
_AT_ONCE = 64 * 1024


class TooMuch(Unseen):
    """An answer is larger than it may be; what follows of it was not read."""


class ServerError(t.NamedTuple):
    """An error that the server answers with: its first word (``NOAUTH``) and the whole text, not masked."""

    code: str
    text: bytes


def encode(words: t.Sequence[bytes]) -> bytes:
    """Return a command as it goes over the wire."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class Reader:
    """Reads replies from ``receive``, which returns at least one byte and at most as many as it is asked for."""

    def __init__(self, receive: t.Callable[[int], bytes]) -> None:
        self._receive = receive
        self._buffer = bytearray()
        self._left = 0

    def read(self, limit: int) -> Reply:
        """Return the next reply. Raises TooMuch when it has more than ``limit`` bytes, Unseen when it is no reply."""
        self._left = limit
        return self._value(0)

    def _value(self, depth: int) -> Reply:
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            return ServerError(_code(rest), rest)
        if kind == b":":
            return _number(rest)
        if kind == b"$":
            return self._bulk(_number(rest))
        if kind == b"*":
            return self._array(_number(rest), depth)
        raise Unseen("it answers with something else than the Redis protocol")

    def _bulk(self, size: int) -> bytes | None:
        if size == -1:
            return None
        if size < 0:
            raise Unseen("it answers with a text of a negative length")
        if size + 2 > self._left:
            raise TooMuch(f"an answer is larger than it may be: a text of {size} bytes")
        data = self._take(size + 2)
        if data[-2:] != b"\r\n":
            raise Unseen("it answers with a text of another length than it says")
        return data[:-2]

    def _array(self, count: int, depth: int) -> list[Reply] | None:
        if count == -1:
            return None
        if count < 0 or depth >= _DEPTH:
            raise Unseen("it answers with a list of a negative length, or with lists nested too deep")
        # Each item has at least four bytes: a length that no answer can hold is refused before it is waited for.
        if count * 4 > self._left:
            raise TooMuch(f"an answer is larger than it may be: a list of {count} items")
        return [self._value(depth + 1) for _number_of_item in range(count)]

    def _line(self) -> bytes:
        begin = 0
        while True:
            end = self._buffer.find(b"\r\n", begin)
            if end >= 0:
                return self._take(end + 2)[:-2]
            begin = max(len(self._buffer) - 1, 0)
            if len(self._buffer) > min(_LINE, self._left):
                raise TooMuch("an answer has a line that does not end")
            self._buffer += self._receive(_AT_ONCE)

    def _take(self, size: int) -> bytes:
        if size > self._left:
            raise TooMuch("an answer is larger than it may be")
        while len(self._buffer) < size:
            self._buffer += self._receive(min(size - len(self._buffer), 1 << 20))
        self._left -= size
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def _number(text: bytes) -> int:
    digits = text[1:] if text[:1] in (b"-", b"+") else text
    if not digits.isdigit() or len(digits) > 19:
        raise Unseen("it answers with a number that is none")
    return int(text)


def _code(text: bytes) -> str:
    word = text.partition(b" ")[0]
    return word.decode("ascii") if word.isalpha() and len(word) <= 32 else ""
