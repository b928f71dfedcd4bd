# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers each command as a test says, over a UNIX socket, and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import threading
import typing as t
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.client import Access, Redis
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.resp import Reader
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.wire import Place, Wire, connect

Answer = t.Callable[[t.List[bytes]], t.Union[bytes, t.Iterable[bytes], None]]
_RECORDED = Path(__file__).parent / "unit/plugins/module_utils/redis/recorded"
OK = b"+OK\r\n"


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text)


def array(*items: t.Any) -> bytes:
    """Return a RESP array of bytes, numbers, None and lists."""
    return b"*%d\r\n" % len(items) + b"".join(map(spell, items))


def spell(item: t.Any) -> bytes:
    if item is None:
        return b"$-1\r\n"
    if isinstance(item, bytes):
        return bulk(item)
    return array(*item) if isinstance(item, list) else b":%d\r\n" % item


class Fake:
    """Runs until the end of the test. ``asked`` are the commands that came, ``answer`` gives what is sent back."""

    def __init__(self, path: str, answer: Answer) -> None:
        self.asked: list[list[bytes]] = []
        self.over = threading.Event()
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(8)
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self.over.set()
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                peer, _address = self._listener.accept()
            except OSError:
                return
            self._open.append(peer)
            self._threads.append(threading.Thread(target=self._serve, args=(peer,), daemon=True))
            self._threads[-1].start()

    def _serve(self, peer: socket.socket) -> None:
        def receive(size: int) -> bytes:
            data = peer.recv(size)
            if not data:
                raise OSError
            return data

        reader = Reader(receive)
        try:
            while True:
                words = reader.read(1 << 20)
                self.asked.append(words)
                answer = self._answer(words)
                for part in [answer] if isinstance(answer, bytes) else answer or ():
                    peer.sendall(part)
                if answer is None:
                    peer.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def friendly(words: list[bytes]) -> bytes:
    """Answer what every conversation begins with."""
    return {b"PING": b"+PONG\r\n", b"AUTH": OK, b"SELECT": OK}.get(words[0], b"-ERR unknown command\r\n")


@contextmanager
def fake(answer: Answer = friendly) -> t.Iterator[tuple[Fake, Place]]:
    # Not in a test's own folder: the path of a socket has 107 bytes at most.
    with TemporaryDirectory(prefix="redis-") as folder:
        path = f"{folder}/fake.sock"
        server = Fake(path, answer)
        try:
            yield server, Place(path=path)
        finally:
            server.close()


def client(place: Place, access: Access | None = None, limit_s: float = 5.0, host: Host | None = None) -> Redis:
    limits = host or Host("/", 60, workers=1)

    def wires() -> Wire:
        return connect(place, limits, limit_s=limit_s)

    return Redis(wires, access or Access())


def recorded(version: str) -> dict[str, t.Any]:
    """Return what a real server of a version answered, by command."""
    path = _RECORDED / f"redis-{version}.json"
    made: dict[str, t.Any] = json.loads(path.read_text(encoding="utf-8"))
    return made


def replay(answers: t.Mapping[str, t.Any]) -> Answer:
    """Answer as it was recorded."""

    def answer(words: list[bytes]) -> bytes:
        command = b" ".join(words).decode("utf-8")
        return spell(_bytes(answers[command])) if command in answers else friendly(words)

    return answer


def _bytes(reply: t.Any) -> t.Any:
    if isinstance(reply, list):
        return [_bytes(item) for item in reply]
    return reply.encode("utf-8") if isinstance(reply, str) else reply
