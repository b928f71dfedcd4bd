# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program writes, read while it is written: an archive that never lies on a disk. Private to the collection."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged
from ansible_collections.evenkeel.drift.plugins.module_utils.act.program import ProgramFailed, last_words
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

_PART = 1 << 20
_SAID = 64 << 10
# A program that has ended has said all; what left its session and goes on is not waited for.
_SAID_S = 1.0
# What may follow the end of an archive.
_PADDING = 1 << 20
_GRACE_S = 10.0


class Source:
    """A pipe that is read until the host's time is up, as a file."""

    def __init__(self, fd: int, host: Host) -> None:
        self._fd = fd
        self._host = host

    def read(self, size: int = _PART) -> bytes:
        """Return some bytes, none at the end. Raises Unseen when the time is up."""
        if not select.select([self._fd], [], [], max(self._host.time_left(), 0.0))[0]:
            self._host.check_time()
            raise Unseen("a program said nothing more until the time was up")
        return os.read(self._fd, size)

    def drain(self) -> None:
        """Read what pads an archive. Raises Damaged when much more follows it, Unseen."""
        left = _PADDING
        while left > 0:
            part = self.read(min(left, _PART))
            if not part:
                return
            left -= len(part)
        raise Damaged("more than padding follows the end of the archive")


class LastWords:
    """What a program writes to its standard error, read while it runs: it never waits for a reader, and the end of what
    it said is kept. ``sink`` is what the program writes to; :meth:`begun` closes it here.
    """

    def __init__(self) -> None:
        self._kept = bytearray()
        self._source, self.sink = os.pipe()
        self._stop_source, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> LastWords:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.begun()
        # Something that left the program's session may hold its end for ever.
        os.close(self._stop)
        self._thread.join()
        os.close(self._stop_source)
        os.close(self._source)

    def begun(self) -> None:
        """Let the program alone have its end: when it ends, so does what is read."""
        if self.sink >= 0:
            os.close(self.sink)
            self.sink = -1

    def failed(self, program: str, code: int | None) -> ProgramFailed:
        """Return that a program ended with ``code``, or, without one, did not end, with the last words that it said."""
        self._thread.join(_SAID_S)
        how = "did not end" if code is None else f"ended with {code}"
        said = last_words(bytes(self._kept)) or "nothing"
        return ProgramFailed(f"{os.path.basename(program)} {how} and said: {said}")

    def _listen(self) -> None:
        while self._stop_source not in (ready := select.select([self._source, self._stop_source], [], [])[0]):
            part = os.read(ready[0], _SAID)
            if not part:
                return
            self._kept += part
            del self._kept[:-_SAID]


@contextlib.contextmanager
def output_of(argv: t.Sequence[str], host: Host, environment: t.Mapping[str, str]) -> t.Iterator[Source]:
    """Yield what a program writes; it is to be read to its end.

    Raises ProgramFailed with the program's last words when it did not end well, also where that is why the block found
    what it read Damaged; Unseen when it cannot be started or the time is up.
    """
    with contextlib.ExitStack() as stack:
        out, out_sink = _pipe(stack)
        words = stack.enter_context(LastWords())
        nothing = os.open(os.devnull, os.O_RDONLY)
        stack.callback(os.close, nothing)
        try:
            running = command.beside(argv, nothing, out_sink, {}, words.sink, environment)
            process = stack.enter_context(running)
        finally:
            # Only the program has these ends now: when it ends, so does what is read.
            os.close(out_sink)
            words.begun()
        source = Source(out, host)
        try:
            yield source
            source.drain()
        except Damaged:
            # Where nothing more comes the program may tell why.
            with contextlib.suppress(Damaged):
                source.drain()
                code = command.ended(process, min(_GRACE_S, host.time_left()))
                if code:
                    raise words.failed(argv[0], code) from None
            raise
        code = command.ended(process, min(_GRACE_S, host.time_left()))
        if code != 0:
            raise words.failed(argv[0], code)


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    """Return a pipe whose end to read from is closed with the stack."""
    source, sink = os.pipe()
    stack.callback(os.close, source)
    return source, sink
