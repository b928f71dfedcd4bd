# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in a file of lines a window begins: its last lines, its last bytes, or what was written since a time.

Private to the collection.
"""

from __future__ import annotations

import math
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

BLOCK = 64 * 1024
"""How much is read at once. Above 128 KiB the C library maps each block anew, which takes longer than to read it."""

TOLERANCE_S = 60.0
"""By how much lines may stand in another order than their times."""

_PROBE = 64 * 1024


class Begin(t.NamedTuple):
    """Where a window begins. ``unsorted`` says that times jump back by more than the tolerance before it."""

    at: int
    unsorted: bool = False


def last_lines(fd: int, size: int, count: int, block: int = BLOCK) -> int:
    """Return where the last ``count`` lines of a file begin."""
    needed = count + (os.pread(fd, 1, size - 1) == b"\n" if size else 0)
    end = size
    while end:
        start = max(end - block, 0)
        data = os.pread(fd, end - start, start)
        have = data.count(b"\n")
        if have >= needed:
            at = len(data)
            for _newline in range(needed):
                at = data.rfind(b"\n", 0, at)
            return start + at + 1
        needed -= have
        end = start
    return 0


def last_bytes(fd: int, size: int, count: int) -> int:
    """Return where the first line begins that lies wholly in the last ``count`` bytes of a file."""
    start = max(size - count, 0)
    return start if not start else next_line(fd, start - 1, size)


def since(fd: int, size: int, seconds: float, clock: Clock, host: Host) -> Begin:
    """Return where the first line begins that was written at ``seconds`` or later; ``size`` when there is none.

    The file is halved until little is left. Lines need not be in the order of their times by up to a minute; where
    they are further from it, the file is read from its start. Raises Unseen at the time limit.
    """
    search = _Search(fd, size, clock, host)
    low, high = 0, size
    while high - low > _PROBE:
        middle = (low + high) // 2
        found = search.dated(next_line(fd, middle - 1, size), high)
        if found is None or found[1] >= seconds - TOLERANCE_S:
            high = middle
        else:
            low = found[0]
    if search.jumped():
        return Begin(search.first(0, seconds), True)
    return Begin(search.first(low, seconds))


def is_since(seconds: float, wanted: float) -> bool:
    """Return whether a line with this time was written at ``wanted`` or later, for all that is known: one whose time
    has whole seconds may be from any moment of its second.
    """
    return seconds >= (math.floor(wanted) if seconds == int(seconds) else wanted)


def next_line(fd: int, at: int, size: int) -> int:
    """Return where the line after the one that holds the byte ``at`` begins."""
    if at < 0:
        return 0
    while at < size:
        data = os.pread(fd, min(_PROBE, size - at), at)
        newline = data.find(b"\n")
        if newline != -1:
            return at + newline + 1
        if not data:
            break
        at += len(data)
    return size


class _Search:
    """Reads the times of single lines of a file, and remembers them."""

    def __init__(self, fd: int, size: int, clock: Clock, host: Host) -> None:
        self._fd = fd
        self._size = size
        self._clock = clock
        self._host = host
        self._seen: dict[int, float] = {}

    def dated(self, start: int, end: int) -> tuple[int, float] | None:
        """Return where the first line with a time begins in a part of the file, and its time."""
        for at, line in self._lines(start, end):
            seconds = self._clock.of(line)
            if seconds is not None:
                self._seen[at] = seconds
                return at, seconds
        return None

    def first(self, start: int, wanted: float) -> int:
        """Return where the first line of that time or later begins, at ``start`` or after it."""
        for at, line in self._lines(start, self._size):
            seconds = self._clock.of(line)
            if seconds is not None and is_since(seconds, wanted):
                return at
        return self._size

    def jumped(self) -> bool:
        """Whether times that were read jump back by more than the tolerance; some more of them are read for that."""
        step = max(self._size // 16, _PROBE)
        for at in range(0, self._size, step):
            self.dated(next_line(self._fd, at - 1, self._size), min(at + step, self._size))
        newest = None
        for _at, seconds in sorted(self._seen.items()):
            if newest is not None and seconds < newest - TOLERANCE_S:
                return True
            newest = seconds if newest is None else max(newest, seconds)
        return False

    def _lines(self, start: int, end: int) -> t.Iterator[tuple[int, bytes]]:
        """Yield (place, line) of the lines that begin in a part of the file; of a long line, what fits."""
        rest, at = b"", start
        while start < end:
            self._host.check_time()
            data = os.pread(self._fd, min(_PROBE, self._size - start), start)
            if not data:
                return
            start += len(data)
            *whole, rest_now = (rest + data).split(b"\n")
            for line in whole:
                if at >= end:
                    return
                yield at, line
                at += len(line) + 1
            # A line without an end in sight is not kept whole: where it begins is known.
            if len(rest_now) > BLOCK:
                yield at, rest_now
                start = at = next_line(self._fd, start - 1, self._size)
                rest_now = b""
            rest = rest_now
        if rest and at < end:
            yield at, rest
