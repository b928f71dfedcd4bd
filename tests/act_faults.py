# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails or kills a process at any call that changes something: puts itself in the place of ``os`` and ``fcntl`` in
``act/fs.py``.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs

CHANGING = [
    "chown",
    "fchmod",
    "fchown",
    "fsync",
    "ftruncate",
    "ioctl",
    "link",
    "makedirs",
    "mkdir",
    "open",
    "pwrite",
    "removexattr",
    "rename",
    "rmdir",
    "setxattr",
    "symlink",
    "unlink",
    "utime",
    "write",
]
"""The calls of ``fs.py``; a test holds this list to its source."""


class FaultyOs:
    """Counts the calls that change something, and asks ``before(number, name, arguments)`` at each.

    What ``before`` returns, if it is not None, is done in the place of the call.
    """

    def __init__(self, before: t.Callable[[int, str, tuple[t.Any, ...]], t.Callable[[], t.Any] | None]) -> None:
        self.count = 0
        self.names: list[str] = []
        self._before = before

    def __getattr__(self, name: str) -> t.Any:
        real = getattr(os if hasattr(os, name) else fcntl, name)
        if name not in CHANGING:
            return real

        def call(*arguments: t.Any, **options: t.Any) -> t.Any:
            self.count += 1
            self.names.append(name)
            instead = self._before(self.count, name, arguments)
            return instead() if instead is not None else real(*arguments, **options)

        return call


@contextlib.contextmanager
def in_place_of_os(faulty: FaultyOs) -> t.Iterator[FaultyOs]:
    """Let all changing calls go through ``faulty``."""
    fs.os = fs.fcntl = t.cast(t.Any, faulty)  # type: ignore[attr-defined]  # imports are no declared attributes
    try:
        yield faulty
    finally:
        fs.os, fs.fcntl = os, fcntl  # type: ignore[attr-defined]  # as above


def counted(work: t.Callable[[], t.Any]) -> list[str]:
    """Return the names of the changing calls of some work, in order."""
    with in_place_of_os(FaultyOs(lambda *_about: None)) as faulty:
        work()
    return faulty.names


def killed_at(number: int, work: t.Callable[[], t.Any], torn: bool = False) -> bool:
    """Do some work in a process of its own that is killed at its changing call ``number``: before it, or, with
    ``torn``, when half of what it writes is written. Return whether it came that far; it must not fail by itself.
    """

    def before(count: int, name: str, arguments: tuple[t.Any, ...]) -> None:
        if count == number:
            if torn and name == "write":
                os.write(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with in_place_of_os(FaultyOs(before)):
                work()
            code = 0
        finally:
            # Nothing of the test runner may run twice.
            os._exit(code)
    _pid, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the work failed by itself"
    return os.WIFSIGNALED(status)


def failing_at(number: int, error: int, last: int | None = None) -> FaultyOs:
    """Return an ``os`` of which the call ``number``, and those after it until ``last``, fail with an errno."""

    def before(count: int, name: str, arguments: tuple[t.Any, ...]) -> t.Callable[[], t.Any] | None:
        if not number <= count <= (number if last is None else last):
            return None

        def fail() -> t.Any:
            raise OSError(error, os.strerror(error))

        return fail

    return FaultyOs(before)


def without_links() -> FaultyOs:
    """Return an ``os`` on a file system that gives no file a second name."""

    def before(count: int, name: str, arguments: tuple[t.Any, ...]) -> t.Callable[[], t.Any] | None:
        def fail() -> t.Any:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        return fail if name == "link" else None

    return FaultyOs(before)


def short_writes() -> FaultyOs:
    """Return an ``os`` whose ``write`` takes one byte of what it is given, or half."""

    def before(count: int, name: str, arguments: tuple[t.Any, ...]) -> t.Callable[[], t.Any] | None:
        if name != "write":
            return None
        data = bytes(arguments[1])
        return lambda: os.write(arguments[0], data[: max(1, len(data) // 2)])

    return FaultyOs(before)
