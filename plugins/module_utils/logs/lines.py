# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes of a log as blocks of whole, clean lines, however they come. Private to the collection."""

from __future__ import annotations

import re
import typing as t

LONGEST = 64 * 1024
"""Of a longer line only so many bytes are looked at."""

_PROBE = LONGEST // 2
# What most logs have in few lines: the likeliest to be missing first. Other bytes are too common to be asked for.
_RARE = b'\x1fXQZJ|WVKYGPHUE"[=L(RMBFCDASTNIO]zqxjkvwypbgf'
_SPECIAL = re.compile(rb"[.\[\]*+?(){}|^$\\]")
ANSI = re.compile(rb"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b[@-Z\\-_]")


class Lines:
    """Joins pieces to blocks of whole lines without colours, carriage returns, and what a line has beyond 64 KiB.

    ``cut`` counts the lines that were too long.
    """

    def __init__(self) -> None:
        self.cut = 0
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        """Return the lines that are whole now; each ends with a newline."""
        end = piece.rfind(b"\n") + 1
        if not end:
            self._rest = _bounded(self._rest + piece)
            return b""
        whole = self._rest + piece[:end]
        self._rest = _bounded(piece[end:])
        return self._clean(whole)

    def end(self) -> bytes:
        """Return the last line, when it has no end."""
        rest, self._rest = self._rest, b""
        return self._clean(rest + b"\n") if rest else b""

    def _clean(self, block: bytes) -> bytes:
        if any(block.find(b"\n", at, at + _PROBE) == -1 for at in range(0, len(block) - _PROBE, _PROBE)):
            block = self._shorten(block)
        if b"\x1b" in block:
            block = ANSI.sub(b"", block)
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        return block

    def _shorten(self, block: bytes) -> bytes:
        lines = block[:-1].split(b"\n")
        self.cut += sum(1 for line in lines if len(line) > LONGEST)
        return b"\n".join([line[:LONGEST] for line in lines] + [b""])


def _bounded(rest: bytes) -> bytes:
    # One byte more than is kept: that it was too long is still seen when its end comes.
    return rest[: LONGEST + 1]


class Words:
    """Words that are looked for in blocks of lines: one pass a word is some ten times faster than any expression.

    Looking for one byte is faster still: a block that lacks a byte of a word is not searched for it.
    """

    def __init__(self, words: t.Iterable[bytes]) -> None:
        self._words = [(word, _telling(word)) for word in words]

    def __bool__(self) -> bool:
        return bool(self._words)

    def sieves(self) -> list[bytes]:
        """Return the words as expressions of ``grep -E``."""
        return [literal(word) for word, _telling in self._words]

    def lines(self, block: bytes) -> list[tuple[int, int]]:
        """Return (start, end) of the lines of a block that hold one of the words, in order; each once."""
        absent: set[int] = set()
        starts: dict[int, int] = {}
        for word, telling in self._words:
            at = -1 if _lacks(block, telling, absent) else block.find(word)
            while at != -1:
                end = block.find(b"\n", at)
                starts[block.rfind(b"\n", 0, at) + 1] = end
                at = block.find(word, end)
        return sorted(starts.items())


def literal(word: bytes) -> bytes:
    """Return the expression of ``grep -E`` that is a word as it stands."""
    return _SPECIAL.sub(rb"\\\g<0>", word)


def _lacks(block: bytes, telling: t.Sequence[int], absent: set[int]) -> bool:
    """Return whether a block has not all of some bytes; ``absent`` are those that it was seen to lack."""
    if not absent.isdisjoint(telling):
        return True
    for byte in telling:
        if byte not in block:
            absent.add(byte)
            return True
    return False


def _telling(word: bytes) -> list[int]:
    """Return the bytes of a word that a block is likely to lack, the likeliest first."""
    return sorted(set(word) & set(_RARE), key=_RARE.index)


def every(block: bytes) -> t.Iterator[tuple[int, int]]:
    """Yield (start, end) of every line of a block."""
    start = 0
    while start < len(block):
        end = block.find(b"\n", start)
        yield start, end
        start = end + 1
