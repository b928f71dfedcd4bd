# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a file counted line by line: in one pass, or in two when it is large. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs import sieve
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.counting import Counting
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.files import pieces
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.lines import LONGEST, Lines
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.tally import Tally
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.window import next_line
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen


class NotSought(Unseen):
    """Lines were counted, but not looked at for what is sought: nothing can be told of them."""


Read = t.Callable[[int, int], None]
"""Takes what lies between two offsets."""


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
        self._long_lines = 0
        self.bytes = 0

    @property
    def cut(self) -> int:
        return self._lines.cut + self._long_lines

    def count(self, tally: Tally, smallest: int = sieve.SMALLEST) -> None:
        """Count the lines. Raises Unseen at the time limit, and when the file ends before it should; what was read
        until then is counted, unless NotSought is raised.
        """
        words = tally.sieves if self._end - self._start >= smallest else None
        if words is None:
            try:
                self._read(tally.feed, self._start, self._end)
            finally:
                # What came before something went wrong is counted.
                tally.feed(self._lines.end())
                tally.end()
            return
        before = tally.last
        try:
            found = self._skim(tally, words) if tally.skims else self._count(tally, words)
            self._look(tally, found, before)
        except Unseen as unseen:
            raise NotSought(unseen.reason) from None

    def _count(self, tally: Tally, words: t.Sequence[bytes]) -> sieve.Places:
        """Count what is asked of every line, and return where more has to be looked at."""
        found = self._sift(words, lambda start, end: self._read(tally.count, start, end))
        tally.count(self._lines.end())
        return found

    def _skim(self, tally: Tally, words: t.Sequence[bytes]) -> sieve.Places:
        """Count the lines and find the first and the last time; return where more has to be looked at."""
        with Counting(self._fd, self._start, self._end, self._host) as counting:
            found = self._sift(words)
            counted = counting.result()
        self._long_lines += counted.cut
        self.bytes += self._end - self._start
        lines = Lines()
        for piece in pieces(self._fd, self._start, self._end, self._host, self._block):
            if tally.begins(lines.feed(piece)):
                break
        tally.skim(counted.lines, self._last_time(tally, self._end, self._start))
        return found

    def _sift(self, words: t.Sequence[bytes], read: Read = lambda _start, _end: None) -> sieve.Places:
        """Return where lines begin that hold one of the words, while all is read piece by piece in order."""
        middle = next_line(self._fd, (self._start + self._end) // 2, self._end)
        try:
            search = sieve.Sieve(self._fd, self._start, middle, words)
        except Unseen:
            read(self._start, self._end)
            return sieve.Places([], self._start)
        with search:
            for at in range(self._start, middle, self._block):
                self._host.check_time()
                end = min(at + self._block, middle)
                search.feed(at, end)
                read(at, end)
            search.fed()
            read(middle, self._end)
            return search.places(self._end, self._host)

    def _read(self, take: t.Callable[[bytes], None], start: int, end: int) -> None:
        for piece in pieces(self._fd, start, end, self._host, self._block):
            self.bytes += len(piece)
            take(self._lines.feed(piece))

    def _last_time(self, tally: Tally, end: int, floor: int) -> float | None:
        """Return the time of the last record that lies between two places where lines begin, None when none has one."""
        while end > floor and tally.dated:
            self._host.check_time()
            start = self._line_before(end, floor)
            # Of a line that is longer, no more is looked at anywhere.
            lines = Lines()
            seconds = tally.last_of(lines.feed(os.pread(self._fd, min(end - start, 2 * LONGEST), start)) + lines.end())
            if seconds is not None:
                return seconds
            end = start
        return None

    def _line_before(self, end: int, floor: int) -> int:
        """Return where a line begins that is about 64 KiB before another, or as far before as its length makes it."""
        probe = max(end - LONGEST, floor)
        start = floor if probe == floor else next_line(self._fd, probe, end)
        while start >= end:
            probe = max(probe - LONGEST, floor)
            newline = os.pread(self._fd, min(LONGEST, end - probe), probe).rfind(b"\n")
            start = probe + newline + 1 if newline != -1 else floor if probe == floor else end
        return start

    def _look(self, tally: Tally, found: sieve.Places, before: float | None) -> None:
        """Look at the lines that were found, and at what follows each, in order; ``before`` is the time of the last
        record before this part.
        """
        done = -1
        tally.apart(before)
        for place in found.starts:
            if place + sieve.APART > done:
                done = self._seek(tally, max(place, done), done, place + sieve.APART)
        if found.until < self._end:
            self._seek(tally, max(found.until, done), done, self._end)
        tally.end()

    def _seek(self, tally: Tally, start: int, done: int, stop: int) -> int:
        """Look at the lines from ``start`` to ``stop`` or later; return where the first begins that was not seen."""
        if start != done:
            seconds = self._last_time(tally, start, max(done, self._start))
            tally.apart(tally.last_sought if seconds is None else seconds)
        lines, at = Lines(), start
        for piece in pieces(self._fd, start, self._end, self._host, sieve.APART):
            newline = piece.rfind(b"\n") + 1
            at += len(piece)
            tally.seek(lines.feed(piece))
            # Of the lines that begin before, the last can be long.
            if newline and at - len(piece) + newline >= stop and not tally.held:
                return at - len(piece) + newline
        tally.seek(lines.end())
        return self._end
