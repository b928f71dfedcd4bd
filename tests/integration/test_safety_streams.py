# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit only reads a Redis server: what goes over the wire is recorded, and what is in the server stays as it is."""

from __future__ import annotations

import socket
import subprocess
import threading
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.streams import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.resp import Reader, encode
from e2e_redis import Client, installed, redis_server

Json = dict[str, t.Any]

pytestmark = pytest.mark.skipif(not installed("redis-server"), reason="no redis-server is installed")

# Written down here once more, and not taken from the code that is tested. None of these writes, none blocks.
READING = {
    *("PING", "AUTH", "SELECT", "INFO", "DBSIZE", "SCAN", "TYPE", "XREVRANGE", "XPENDING"),
    *("CLIENT LIST", "CLIENT NO-TOUCH", "CONFIG GET", "SLOWLOG GET", "SLOWLOG LEN"),
    *("XINFO STREAM", "XINFO GROUPS", "XINFO CONSUMERS"),
}


class Recorder:
    """Passes everything on to a server, and writes down the commands."""

    def __init__(self, port: int) -> None:
        self.commands: list[list[str]] = []
        self._behind = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def forbidden(self) -> list[list[str]]:
        """Return the commands that are not known to read."""
        return [words for words in self.commands if not {words[0], " ".join(words[:2])} & READING]

    def close(self) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                front, _address = self._listener.accept()
                back = socket.create_connection(("127.0.0.1", self._behind))
                self._open += [front, back]
                threading.Thread(target=self._forward, args=(front, back), daemon=True).start()
                threading.Thread(target=self._return, args=(back, front), daemon=True).start()

    def _forward(self, front: socket.socket, back: socket.socket) -> None:
        def receive(size: int) -> bytes:
            data = front.recv(size)
            if not data:
                raise OSError
            return data

        reader = Reader(receive)
        with suppress(OSError):
            while True:
                words = reader.read(1 << 20)
                self.commands.append([word.decode() for word in words])
                back.sendall(encode(words))

    def _return(self, back: socket.socket, front: socket.socket) -> None:
        with suppress(OSError):
            while data := back.recv(1 << 16):
                front.sendall(data)


@contextmanager
def recorded(port: int) -> Iterator[Recorder]:
    recorder = Recorder(port)
    try:
        yield recorder
    finally:
        recorder.close()


@pytest.fixture(name="port")
def fixture_port(tmp_path: Path) -> Iterator[int]:
    with redis_server(tmp_path) as port:
        yield port


@pytest.fixture(name="redis")
def fixture_redis(port: int) -> Iterator[Client]:
    client = Client(port)
    for number in range(20):
        client("XADD", "orders", f"{number + 1}-0", "symbol", "BTC", "price", number)
    client("XGROUP", "CREATE", "orders", "billing", "0")
    client("XREADGROUP", "GROUP", "billing", "worker-1", "COUNT", 3, "STREAMS", "orders", ">")
    client("SET", "text", "value")
    # Its slow log has some entries, and gets no more of them: on a busy machine, any command may take long.
    client("CONFIG", "SET", "slowlog-log-slower-than", 0)
    client("PING")
    client("CONFIG", "SET", "slowlog-log-slower-than", -1)
    yield client
    client.close()


def spec(port: int) -> Json:
    """Return the request of an audit that asks for all there is."""
    wanted = {"sample": 5, "required": ["symbol"], "stuck": [{"field": "price", "values": None}], "progress_s": 1}
    named = [
        {**wanted, "stream": name, "group": group}
        for name, group in (("orders", None), ("orders", "billing"), ("orders", "gone"), ("text", None), ("none", None))
    ]
    server = {"kind": "redis", "address": f"127.0.0.1:{port}", "user": None, "password_from": None, "tls": None}
    return {"servers": [{**server, "database": 0, "discover": True, "streams": named}]}


def content(redis: Client) -> list[t.Any]:
    """Return all that is in the server, with when consumers were seen last."""
    names = sorted(redis("KEYS", "*"))
    dumped = [redis("DUMP", name.decode()) for name in names]
    return [names, dumped, redis("CONFIG", "GET", "*"), redis("SLOWLOG", "LEN")]


def test_only_commands_that_read_go_over_the_wire(redis: Client, port: int) -> None:
    before = content(redis)
    with recorded(port) as recorder:
        answer = collect(spec(recorder.port), Host("/", 60, workers=1))
        assert answer["servers"][0]["outcome"] == "ok"
        assert recorder.forbidden() == []
        assert {" ".join(words[:2]) for words in recorder.commands} >= {"XINFO STREAM", "XINFO GROUPS", "SLOWLOG GET"}
    assert content(redis) == before


def test_the_recorder_sees_what_should_not_be_sent(redis: Client, port: int) -> None:
    with recorded(port) as recorder:
        broken = Client(recorder.port)
        broken("KEYS", "*")
        broken("XADD", "orders", "99-0", "a", "b")
        broken("CONFIG", "SET", "slowlog-max-len", "1")
        broken.close()
        assert [words[0] for words in recorder.forbidden()] == ["KEYS", "XADD", "CONFIG"]


@pytest.mark.skipif(not installed("redis-cli"), reason="no redis-cli is installed")
def test_it_sees_what_redis_cli_sees(redis: Client, port: int) -> None:
    def ask(*words: str) -> str:
        argv = ["redis-cli", "-p", str(port), *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def pairs(said: str) -> dict[str, str]:
        lines = said.splitlines()
        return dict(zip(lines[::2], lines[1::2], strict=False))

    server = collect(spec(port), Host("/", 60, workers=1))["servers"][0]
    look = server["streams"][1]["first"]
    stream = pairs(ask("XINFO", "STREAM", "orders"))
    (group,) = look["groups"]
    told = pairs(ask("XINFO", "GROUPS", "orders"))
    assert str(look["length"]) == ask("XLEN", "orders").strip() == stream["length"]
    assert look["last_id"] == stream["last-generated-id"]
    assert (str(group["pending"]), str(group["consumers"])) == (told["pending"], told["consumers"])
    assert group["last_delivered"] == told["last-delivered-id"]
    if "lag" in told:
        assert (str(group["lag"]), str(group["read"])) == (told["lag"], told["entries-read"])
    assert [one["name"] for one in server["found"]["streams"]] == []
    assert f"redis_version:{server['about']['version']}" in ask("INFO", "server")
    assert server["about"]["settings"]["bind"]["value"] == ask("CONFIG", "GET", "bind").splitlines()[1]
