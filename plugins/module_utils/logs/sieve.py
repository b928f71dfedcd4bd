# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few lines of a large log that can say something bad, found by the host's grep while this process counts all.

Private to the collection. Python searches for an expression at a tenth of grep's speed. What grep finds is only where
to look: a host without it, or with one that is too simple, is served by looking everywhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import resource
import subprocess
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs.files import truncated
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

SMALLEST = 8 << 20
"""Less is read before a program has started."""

APART = 4096
"""Of places that are closer to each other only the first is told."""

_MOST = 16 << 20
_FED = 64 * 1024
_LIMITS = {
    # A line without an end, a log of nothing but errors, one that grows for ever.
    resource.RLIMIT_AS: 256 << 20,
    resource.RLIMIT_FSIZE: _MOST,
    resource.RLIMIT_CPU: 120,
}
# Colours can stand within a word.
_COLOUR = b"\x1b"
_FOUND = re.compile(rb"^([0-9]{1,15}):(.*)\n", re.MULTILINE)


class Places(t.NamedTuple):
    """Where lines begin that have to be looked at; from ``until`` on, every line has to be."""

    starts: list[int]
    until: int


class _Search:
    """One run of grep over what begins at ``start`` in an open file."""

    def __init__(self, fd: int, start: int, process: subprocess.Popen[bytes], found_fd: int) -> None:
        self._fd = fd
        self._start = start
        self._process = process
        self._found_fd = found_fd

    def places(self, end: int, host: Host) -> Places:
        """Wait for the search, and return the places before ``end``. Raises Unseen at the time limit."""
        try:
            code = self._process.wait(max(host.time_left(), 0.0))
        except subprocess.TimeoutExpired:
            raise Unseen(f"grep was not done within the time limit of {host.timeout_s:g} s") from None
        found = os.pread(self._found_fd, _MOST, 0)
        if code not in (0, 1) and len(found) < _MOST:
            return Places([], self._start)
        starts: list[int] = []
        place = self._start
        for match in _FOUND.finditer(found):
            place = self._start + int(match.group(1))
            if place >= end:
                return Places(starts, end)
            if not starts or place - starts[-1] >= APART:
                if os.pread(self._fd, match.end(2) - match.start(2), place) != match.group(2):
                    # The file changed, or this grep means something else by its number.
                    return Places([], self._start)
                starts.append(place)
        return Places(starts, end if code in (0, 1) else place)


class Sieve:
    """A search of an open file from ``start`` to its end, by two processes: one reads from ``middle`` on by itself, the
    other what it is fed.
    """

    def __init__(self, fd: int, start: int, middle: int, expressions: t.Sequence[bytes]) -> None:
        """Raises Unseen when this host cannot do that."""
        self._fd = fd
        self._middle = middle
        self._open: set[int] = set()
        self._running = contextlib.ExitStack()
        try:
            program = command.find("grep")
            # In Python from 3.8 on, with a C library from 2018 on: a file that is nowhere but in memory.
            if program is None or not hasattr(os, "memfd_create"):
                raise Unseen("this host has no grep, or no files in memory")
            argv = [program, "-abE", "-e", os.fsdecode(b"|".join((_COLOUR, *expressions)))]
            source, self._pipe = os.pipe()
            self._open |= {source, self._pipe}
            self._fed = self._begin(argv, source, fd, start)
            self._shut(source)
            os.lseek(fd, middle, os.SEEK_SET)
            self._rest = self._begin(argv, fd, fd, middle)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Sieve:
        return self

    def __exit__(self, *_error: object) -> None:
        self._close()

    def _begin(self, argv: t.Sequence[str], source: int, fd: int, start: int) -> _Search:
        found_fd = os.memfd_create("found")
        self._open.add(found_fd)
        return _Search(
            fd, start, self._running.enter_context(command.beside(argv, source, found_fd, _LIMITS)), found_fd
        )

    def feed(self, start: int, end: int) -> None:
        """Search a part of what lies before the middle; parts come in order. Raises Unseen when it is gone."""
        try:
            while start < end and self._pipe in self._open:
                sent = self._send(start, min(_FED, end - start))
                if not sent:
                    raise truncated(end - start)
                start += sent
        except BrokenPipeError:
            # It ended before its input did: how, its exit code says.
            self._shut(self._pipe)

    def _send(self, start: int, size: int) -> int:
        try:
            # Without copying it.
            return os.sendfile(self._pipe, self._fd, start, size)
        except OSError as error:
            # Some file systems cannot.
            if error.errno != errno.EINVAL:
                raise
            return os.write(self._pipe, os.pread(self._fd, size, start))

    def fed(self) -> None:
        """Say that the middle is reached."""
        self._shut(self._pipe)

    def places(self, end: int, host: Host) -> Places:
        """Return the places before ``end``, when all was fed. Raises Unseen at the time limit."""
        first = self._fed.places(self._middle, host)
        if first.until < self._middle:
            return first
        rest = self._rest.places(end, host)
        return Places(first.starts + rest.starts, rest.until)

    def _shut(self, fd: int) -> None:
        if fd in self._open:
            self._open.discard(fd)
            os.close(fd)

    def _close(self) -> None:
        self._running.close()
        for fd in list(self._open):
            self._shut(fd)
