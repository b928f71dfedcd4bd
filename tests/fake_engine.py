# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container engine that is none: it answers on a UNIX socket with what a test puts in, however odd."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import shutil
import socketserver
import tempfile
import threading
import typing as t
from pathlib import Path
from urllib.parse import unquote

VERSION = {
    "Version": "20.10.24",
    "ApiVersion": "1.41",
    "MinAPIVersion": "1.12",
    "Os": "linux",
    "Arch": "amd64",
    "Components": [{"Name": "Engine", "Version": "20.10.24"}],
}
HANG = object()
"""An answer that never comes."""


class Raw(t.NamedTuple):
    """The bytes of an answer, headers included. ``drip``: then the last byte again and again, for ever."""

    data: bytes
    drip: bool = False


def error(status: int, message: str) -> Raw:
    """Return the answer that says that something went wrong."""
    body = json.dumps({"message": message}).encode()
    return Raw(b"HTTP/1.1 %d Error\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))


def empty(status: int) -> Raw:
    """Return an answer without a body."""
    return Raw(b"HTTP/1.1 %d Done\r\nContent-Length: 0\r\n\r\n" % status)


def body(data: bytes, *headers: str) -> Raw:
    """Return an answer with a body as it is."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(data)}", *headers, "", ""]
    return Raw("\r\n".join(lines).encode() + data)


def frame(stream: int, data: bytes) -> bytes:
    """Return one frame of a log."""
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


class FakeEngine:
    """``answers`` maps a path without its version, with or without its query, to a JSON value, a `Raw` or `HANG`."""

    def __init__(self) -> None:
        # Not in a test's own folder: the path of a socket has 107 bytes at most.
        self.folder = Path(tempfile.mkdtemp(prefix="engine-"))
        self.socket = str(self.folder / "engine.sock")
        self.answers: dict[str, t.Any] = {"/version": VERSION, "/info": {}, "/containers/json": []}
        self.asked: list[str] = []
        self.sent: list[bytes] = []
        self.methods: set[str] = set()
        self._ended = threading.Event()
        self._serving: list[threading.Thread] = []
        engine = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                engine._serving.append(threading.current_thread())
                with contextlib.suppress(OSError):
                    engine.serve(self.rfile, self.wfile)

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True
            request_queue_size = 64

        self._server = Server(self.socket, Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def __enter__(self) -> FakeEngine:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        # What they hold is gone before the next test counts what is open. One that hangs is not waited for for ever.
        for thread in self._serving:
            thread.join(10)
        shutil.rmtree(self.folder)

    def serve(self, reads: t.IO[bytes], writes: t.IO[bytes]) -> None:
        """Answer one request."""
        method, target, _protocol = reads.readline().decode().split(" ")
        length = 0
        while line := reads.readline().strip().lower():
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        target = unquote(re.sub(r"\A/v[0-9.]+(?=/)", "", target))
        self.methods.add(method)
        self.asked.append(target)
        answer = self.answer(method, target, reads.read(length))
        if answer is HANG:
            self._ended.wait()
        else:
            self._send(writes, answer if isinstance(answer, Raw) else body(json.dumps(answer).encode()))

    def answer(self, method: str, target: str, sent: bytes) -> t.Any:
        """Return the answer to one request: what a test put in, under the method as well where it is not GET."""
        prefix = "" if method == "GET" else f"{method} "
        self.sent.append(sent)
        missing = error(404, f"no such thing: {prefix}{target}")
        return self.answers.get(prefix + target, self.answers.get(prefix + target.partition("?")[0], missing))

    def _send(self, writes: t.IO[bytes], answer: Raw) -> None:
        writes.write(answer.data)
        writes.flush()
        while answer.drip and not self._ended.wait(0.002):
            writes.write(answer.data[-1:])
            writes.flush()


def replay(fake: FakeEngine, recorded: Path) -> None:
    """Have an engine answer as the one did that ``tests/tools/record_engine.py`` recorded."""
    for path, answer in json.loads(recorded.read_text(encoding="utf-8")).items():
        logged = isinstance(answer, dict) and set(answer) == {"base64"}
        fake.answers[path] = body(base64.b64decode(answer["base64"])) if logged else answer
