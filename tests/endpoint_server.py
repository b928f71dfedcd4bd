# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server for tests: real sockets on a port that the kernel gives, and answers that a test writes byte by byte."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import typing as t

Handler = t.Callable[[socket.socket, bytes], None]


class Server:
    """Calls ``handler(connection, head of the request)`` for each connection, in a thread, until it is closed."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self._handler = handler
        self._tls = tls
        self._open: list[socket.socket] = []
        self._serving: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def _listen(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self._serving.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._serving[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    part = connection.recv(65536)
                    if not part:
                        return
                    request += part
                self.requests.append(request)
                self._handler(connection, request)

    def close(self) -> None:
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._thread.join()
        # What they hold is gone before the next test counts what is open. One that hangs is not waited for for ever.
        for thread in self._serving:
            thread.join(10)


def path_of(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode("ascii")


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole answer; ``Content_Type`` is the header ``Content-Type``."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


@contextlib.contextmanager
def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> t.Iterator[Server]:
    """Run a server for the length of a block."""
    server = Server(handler, tls)
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def answering(answers: t.Mapping[str, bytes]) -> t.Iterator[Server]:
    """Run a server that has one answer for each path, and 404 for all others."""

    def handler(connection: socket.socket, request: bytes) -> None:
        path = path_of(request).partition("?")[0]
        connection.sendall(answers.get(path, answer(b'{"detail": "Not Found"}', "404 Not Found")))

    with serving(handler) as server:
        yield server
