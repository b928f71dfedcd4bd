# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers for tests, and a producer and a consumer as processes of their own, with a client of the tests' own.

Run as a program it is one of the two: ``e2e_redis.py produce PORT STREAM``, ``e2e_redis.py consume PORT STREAM GROUP``.
It ends when its standard input does.
"""

from __future__ import annotations

import select
import shutil
import socket
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE_S = 0.02


class Client:
    """The least that a test needs to say to Redis."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._file = self._socket.makefile("rb")

    def __call__(self, *words: str | int) -> t.Any:
        parts = [str(word).encode() for word in words]
        self._socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in parts))
        return self._reply()

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _reply(self) -> t.Any:
        line = self._file.readline()
        kind, rest = line[:1], line[1:].strip()
        if kind == b"$":
            return None if rest == b"-1" else self._file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self._reply() for _item in range(int(rest))]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        return int(rest) if kind == b":" else rest


def answers(port: int, question: bytes, answer: bytes) -> bool:
    """Say whether a server has come up."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as made:
            made.sendall(question)
            return made.recv(100).startswith(answer)
    except OSError:
        return False


@contextmanager
def running(argv: t.Sequence[str], **more: t.Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the end of the test."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **more)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[int]:
    """Run a Redis server on a port of the kernel's choice; yields the port."""
    from own_port import own_port
    from waiting import wait_until

    with own_port() as port:
        argv = ["redis-server", "--port", str(port), "--save", "", "--dir", str(folder), "--bind", "127.0.0.1"]
        with running([*argv, *options]) as process:

            def is_up() -> bool:
                assert process.poll() is None, "Redis ended by itself"
                return any(answers(port, b"PING\r\n", said) for said in (b"+PONG", b"-NOAUTH"))

            wait_until(is_up, "Redis")
            yield port


def worker(role: str, port: int, stream: str, *more: str) -> t.ContextManager[subprocess.Popen[bytes]]:
    """Run a producer or a consumer until the end of the test."""
    return running([sys.executable, __file__, role, str(port), stream, *more])


def installed(program: str) -> bool:
    return shutil.which(program) is not None


def _stopped() -> bool:
    return bool(select.select([sys.stdin], [], [], PAUSE_S)[0])


def _main(role: str, port: int, stream: str, group: str = "") -> None:
    client = Client(port)
    number = 0
    while not _stopped():
        number += 1
        if role == "produce":
            client("XADD", stream, "*", "symbol", "BTC", "price", number, "regime", "unknown")
            continue
        for _name, entries in client("XREADGROUP", "GROUP", group, "worker-1", "STREAMS", stream, ">") or []:
            for entry, _fields in entries:
                client("XACK", stream, group, entry.decode())


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
