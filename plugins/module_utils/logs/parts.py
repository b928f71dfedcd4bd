# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a file counted line by line: in one pass, or in two when it is large. Private to the collection."""

from __future__ import annotations

import bisect
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs import sieve
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.files import pieces
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.lines import Lines
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.tally import Tally
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.window import next_line
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen


class NotSought(Unseen):
    """Lines were counted, but not looked at for what is sought: nothing can be told of them."""


Take = t.Callable[[bytes], None]


def _nothing(_piece: bytes) -> None:
    pass


class Part:
    """What an open file holds from a line's start to an offset. ``bytes`` is what was read of it, ``cut`` the number of
    its lines that were too long.
    """

    def __init__(self, fd: int, start: int, end: int, host: Host, block: int) -> None:
        self._fd = fd
        self._start = start
        self._end = end
        self._host = host
        self._block = block
        self._lines = Lines()
        # Where lines began, and the time of the record before: some for each block.
        self._marks: list[int] = []
        self._times: list[float | None] = []
        self.bytes = 0

    @property
    def cut(self) -> int:
        return self._lines.cut

    def count(self, tally: Tally, smallest: int = sieve.SMALLEST) -> None:
        """Count the lines. Raises Unseen at the time limit, and when the file ends before it should; what was read
        until then is counted, unless NotSought is raised.
        """
        words = tally.sieves if self._end - self._start >= smallest else None
        if words is None:
            try:
                self._read(tally, tally.feed, self._start, self._end)
            finally:
                # What came before something went wrong is counted.
                self._finish(tally, tally.feed)
            return
        try:
            found = self._sift(tally, words)
            self._finish(tally, tally.count)
            self._look(tally, found)
        except Unseen as unseen:
            raise NotSought(unseen.reason) from None

    def _sift(self, tally: Tally, words: t.Sequence[bytes]) -> sieve.Places:
        """Count what is asked of every line, and return where more has to be looked at."""
        middle = next_line(self._fd, (self._start + self._end) // 2, self._end)
        try:
            search = sieve.Sieve(self._fd, self._start, middle, words)
        except Unseen:
            self._read(tally, tally.count, self._start, self._end)
            return sieve.Places([], self._start)
        with search:
            self._read(tally, tally.count, self._start, middle, search.feed)
            search.fed()
            self._read(tally, tally.count, middle, self._end)
            return search.places(self._end, self._host)

    def _read(self, tally: Tally, take: Take, start: int, end: int, also: Take = _nothing) -> None:
        at = start
        for piece in pieces(self._fd, start, end, self._host, self._block):
            also(piece)
            self.bytes += len(piece)
            newline = piece.rfind(b"\n") + 1
            take(self._lines.feed(piece))
            if newline:
                self._marks.append(at + newline)
                self._times.append(tally.last)
            at += len(piece)

    def _finish(self, tally: Tally, take: Take) -> None:
        take(self._lines.end())
        tally.end()

    def _look(self, tally: Tally, found: sieve.Places) -> None:
        """Look at the lines that were found, and at what follows each, in order."""
        done = -1
        for place in found.starts:
            if place + sieve.APART > done:
                done = self._seek(tally, max(place, done), done, place + sieve.APART)
        if found.until < self._end:
            self._seek(tally, max(found.until, done), done, self._end)
        tally.end()

    def _seek(self, tally: Tally, start: int, done: int, stop: int) -> int:
        """Look at the lines from ``start`` to ``stop`` or later; return where the first begins that was not seen."""
        if start != done:
            at = bisect.bisect_right(self._marks, start) - 1
            mark, last = (self._marks[at], self._times[at]) if at >= 0 else (self._start, None)
            between = os.pread(self._fd, start - mark, mark) if start > mark else b""
            tally.apart(last, Lines().feed(between))
        lines, at = Lines(), start
        for piece in pieces(self._fd, start, self._end, self._host, sieve.APART):
            at += len(piece)
            newline = piece.rfind(b"\n") + 1
            tally.seek(lines.feed(piece))
            if newline and at >= stop and not tally.held:
                return at - len(piece) + newline
        tally.seek(lines.end())
        return self._end
