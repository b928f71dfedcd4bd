# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of a log that is a file, read and counted. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs import window
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.files import (
    LogFile,
    Sibling,
    locate,
    unpacked,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.lines import Lines, every
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.measures import Json, utc
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.parts import NotSought, Part
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.tally import Tally
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_SAMPLE = 64 * 1024
_SIBLINGS = 100
_NO_TIMES = "no line of it has a time in a form that is known: only its last lines or bytes can be read, by an audit"


def read_file(spec: t.Mapping[str, t.Any], since_s: float | None, host: Host, block: int = window.BLOCK) -> Json:
    """Return what is known of the log at ``spec["path"]`` (``docs/design.md``).

    ``since_s`` is where the window begins; None: ``spec`` has ``lines`` or ``bytes``. Raises Missing, and Unseen when
    nothing of it can be told.
    """
    log = locate(spec["path"], host)
    try:
        return _Reading(log, spec, since_s, host, block).result()
    finally:
        log.close()


class _Reading:
    """One log while it is read."""

    def __init__(self, log: LogFile, spec: t.Mapping[str, t.Any], since_s: float | None, host: Host, block: int):
        self._log = log
        self._spec = spec
        self._since_s = since_s
        self._host = host
        self._block = block
        self._problem = ""
        self._used: list[str] = []
        self._bytes = 0
        self._earlier = self._log.siblings() if since_s is not None else []
        self._clock = Clock(self._sample(), max(log.mtime, 0.0))
        self._tally = Tally(spec, self._clock)
        self._cut = 0

    def result(self) -> Json:
        start = self._start()
        parts = self._rotated() if start.at == 0 and self._since_s is not None else []
        try:
            for sibling in reversed(parts):
                self._count_sibling(sibling)
            self._count(self._log.fd, start.at, self._log.size)
        except NotSought:
            raise
        except Unseen as unseen:
            self._problem = unseen.reason
        changed, lost = self._log.changed()
        if lost and not self._problem:
            self._problem = changed
        counted = self._tally.result()
        read = {key: counted.pop(key) for key in ("lines", "first", "first_s", "last", "last_s")}
        newest = read["last_s"] if read["last_s"] is not None else self._newest()
        return {
            "path": self._log.path,
            "inode": self._log.inode,
            "size": self._log.size,
            "mtime": utc(self._log.mtime),
            "mtime_s": round(self._log.mtime, 3),
            "newest": utc(newest),
            "newest_s": newest,
            "read": {
                **read,
                "from_byte": start.at,
                "bytes": self._bytes,
                "of_total": self._log.size,
                "dated": self._clock.dated,
                "complete": not self._problem,
                "reason": self._problem,
                "siblings": self._used,
                "cut": self._cut,
                "changed": changed,
                "unsorted": start.unsorted,
            },
            **counted,
        }

    def _sample(self) -> list[bytes]:
        """Return the first and the last lines of the log, or of the newest that rotation made when it is empty."""
        if self._log.size:
            return _some_lines(self._log.fd, self._log.size)
        for sibling in self._earlier[:1]:
            fd = self._log.open(sibling)
            try:
                if sibling.packing == "gz":
                    first = next(unpacked(fd, self._host, _SAMPLE), b"")
                    return first.split(b"\n")[:-1]
                return _some_lines(fd, os.fstat(fd).st_size)
            finally:
                os.close(fd)
        return []

    def _start(self) -> window.Begin:
        log = self._log
        if self._since_s is None:
            if self._spec.get("bytes") is not None:
                return window.Begin(window.last_bytes(log.fd, log.size, self._spec["bytes"]))
            return window.Begin(window.last_lines(log.fd, log.size, self._spec["lines"]))
        if not self._clock.dated and (log.size or self._earlier):
            raise Unseen(_NO_TIMES)
        return window.since(log.fd, log.size, self._since_s, self._clock, self._host)

    def _rotated(self) -> list[Sibling]:
        """Return what was written before this file began and after the window did, the newest first."""
        parts: list[Sibling] = []
        for sibling in self._earlier[:_SIBLINGS]:
            # What was written last to it is older than the window.
            if self._since_s is None or sibling.mtime < self._since_s:
                break
            if sibling.packing not in ("", "gz"):
                self._problem = f"{show(sibling.name)} holds a part of it and is packed in a way that is not read"
                break
            parts.append(sibling)
        return parts

    def _count_sibling(self, sibling: Sibling) -> None:
        fd = self._log.open(sibling)
        name = show(sibling.name)
        try:
            if sibling.packing == "gz":
                self._count_unpacked(fd)
            else:
                size = os.fstat(fd).st_size
                begin = window.since(fd, size, t.cast(float, self._since_s), self._clock, self._host)
                self._count(fd, begin.at, size)
            self._used.append(name)
        except NotSought:
            raise
        except Unseen as unseen:
            raise Unseen(f"{name}: {unseen.reason}") from None
        finally:
            os.close(fd)

    def _count(self, fd: int, start: int, end: int) -> None:
        part = Part(fd, start, end, self._host, self._block)
        try:
            part.count(self._tally)
        finally:
            self._bytes += part.bytes
            self._cut += part.cut

    def _count_unpacked(self, fd: int) -> None:
        lines = Lines()
        try:
            for piece in self._from_since(unpacked(fd, self._host, self._block)):
                self._bytes += len(piece)
                self._tally.feed(lines.feed(piece))
        finally:
            self._tally.feed(lines.end())
            self._tally.end()
            self._cut += lines.cut

    def _from_since(self, read: t.Iterable[bytes]) -> t.Iterator[bytes]:
        """Yield what a packed file holds from the first line of the window on."""
        lines, begun = Lines(), False
        for piece in read:
            if begun:
                yield piece
                continue
            block = lines.feed(piece)
            for start, end in every(block):
                seconds = self._clock.of(block[start:end])
                if seconds is not None and window.is_since(seconds, t.cast(float, self._since_s)):
                    begun = True
                    # With what is left of the last line, so that what follows joins it.
                    yield block[start:] + lines.end().rstrip(b"\n")
                    break

    def _newest(self) -> float | None:
        """Return the time of the last record of the file, whatever the window."""
        for line in reversed(_lines_of(self._log.fd, max(self._log.size - _SAMPLE, 0), self._log.size)):
            seconds = self._clock.of(line)
            if seconds is not None:
                return round(seconds, 3)
        return None


def _some_lines(fd: int, size: int) -> list[bytes]:
    return _lines_of(fd, 0, min(size, _SAMPLE))[:200] + _lines_of(fd, max(size - _SAMPLE, 0), size)[-200:]


def _lines_of(fd: int, start: int, end: int) -> list[bytes]:
    """Return the lines of a part of a file; the first may have lost its beginning."""
    lines = Lines()
    block = lines.feed(os.pread(fd, end - start, start)) + lines.end()
    return block.split(b"\n")[1 if start else 0 : -1]
