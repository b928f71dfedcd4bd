# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP over a UNIX socket, with GET alone, under one deadline for the whole answer. Private to the collection."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.engine.errors import Denied, NoEngine, TooMuch
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.sockets import denied, not_running
from ansible_collections.evenkeel.drift.plugins.module_utils.http.lines import Lines
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain

_PIECE = 1 << 16
_SHORT = "it breaks off before its end"
_BROKEN: dict[type, str] = {
    http.client.RemoteDisconnected: "it hung up without one",
    http.client.IncompleteRead: _SHORT,
    http.client.BadStatusLine: "it is not HTTP",
    http.client.LineTooLong: "a line of it has no end",
}


class _Stream(socket.socket):
    """A stream of which every read and write ends with the deadline: one that drips for ever ends, too."""

    deadline = 0.0

    def recv_into(self, *arguments: t.Any) -> int:
        self._limit()
        return super().recv_into(*arguments)

    def sendall(self, *arguments: t.Any) -> None:
        self._limit()
        super().sendall(*arguments)

    def makefile(self, *_arguments: t.Any, **_named: t.Any) -> t.Any:
        return Lines(super().makefile("rb", buffering=0), _PIECE)

    def _limit(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        self.settimeout(left)


class _Connection(http.client.HTTPConnection):
    """A connection to the socket at ``path``."""

    def __init__(self, path: str, deadline: float) -> None:
        super().__init__("localhost")
        self._path = path
        self._deadline = deadline

    def connect(self) -> None:
        stream = _Stream(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.deadline = self._deadline
        stream.settimeout(max(self._deadline - time.monotonic(), 0.001))
        try:
            stream.connect(self._path)
        except BaseException:
            stream.close()
            raise
        self.sock = stream


class Answer:
    """The answer to one GET, which is asked at once: its status, and its body in pieces. Every method raises Unseen."""

    HEADERS: t.ClassVar[dict[str, str]] = {"Host": "localhost", "Connection": "close"}

    def __init__(self, path: str, target: str, limit_s: float) -> None:
        self._path = path
        self._target = target.partition("?")[0]
        self._limit_s = limit_s
        self._connection = _Connection(path, time.monotonic() + limit_s)
        try:
            with self._explained():
                self._ask(target)
        except Unseen:
            self._connection.close()
            raise
        self._begun: http.client.HTTPResponse | None = None

    def _ask(self, target: str) -> None:
        self._connection.request("GET", target, headers=self.HEADERS)

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._begun is not None:
            self._begun.close()
        self._connection.close()

    def fileno(self) -> int:
        """Return the descriptor on which the answer will come, to wait for."""
        return int(self._connection.sock.fileno())

    @property
    def status(self) -> int:
        """The status, waited for."""
        return self._response.status

    @property
    def _response(self) -> http.client.HTTPResponse:
        if self._begun is None:
            with self._explained():
                self._begun = self._connection.getresponse()
        return self._begun

    def pieces(self, limit: int) -> t.Iterator[bytes]:
        """Yield the body. Raises TooMuch when it has more than ``limit`` bytes, after that many."""
        left = limit
        response = self._response
        while True:
            with self._explained():
                # One byte more than the limit tells a body that just fits from one that does not.
                piece = response.read(min(_PIECE, left + 1))
            if not piece:
                break
            if len(piece) > left:
                yield piece[:left]
                raise TooMuch(f"the engine at {self._path} answers {self._target} with more than {limit} bytes")
            left -= len(piece)
            yield piece
        if response.length:
            raise self._broken(_SHORT)

    def whole(self, limit: int) -> bytes:
        """Return the body. Raises TooMuch when it has more than ``limit`` bytes."""
        return b"".join(self.pieces(limit))

    @contextlib.contextmanager
    def _explained(self) -> t.Iterator[None]:
        """Turn what a socket or a broken answer raises into Unseen."""
        try:
            yield
        except socket.timeout:
            raise Unseen(
                f"the engine at {self._path} did not answer {self._target} completely within {self._limit_s:.0f} s"
            ) from None
        except BlockingIOError:
            # What connecting to a UNIX socket gives when nobody takes the connections that wait there already.
            raise Unseen(f"the engine at {self._path} hangs: it takes no more connections") from None
        except PermissionError:
            raise Denied(denied(self._path)) from None
        except (ConnectionRefusedError, FileNotFoundError):
            raise NoEngine(not_running(self._path)) from None
        except http.client.HTTPException as error:
            raise self._broken(_BROKEN.get(type(error), type(error).__name__)) from None
        except ValueError:
            # A chunk of less than nothing.
            raise self._broken("its chunks are garbled") from None
        except OSError as error:
            raise Unseen(f"the engine at {self._path} cannot be asked for {self._target}: {explain(error)}") from None

    def _broken(self, why: str) -> Unseen:
        return Unseen(f"the engine at {self._path} gave a broken answer to {self._target}: {why}")


def as_they_come(answers: t.Sequence[Answer], limit_s: float) -> t.Iterator[Answer]:
    """Yield answers that were asked for together in the order in which they begin to come.

    Those that have not come after ``limit_s`` seconds are yielded last: reading them says that they are late.
    """
    end = time.monotonic() + limit_s
    waiting = {answer.fileno(): answer for answer in answers}
    poll = select.poll()
    for descriptor in waiting:
        poll.register(descriptor, select.POLLIN)
    while waiting:
        ready = poll.poll(max(end - time.monotonic(), 0.0) * 1000)
        if not ready:
            break
        for descriptor, _event in ready:
            poll.unregister(descriptor)
            yield waiting.pop(descriptor)
    yield from waiting.values()
