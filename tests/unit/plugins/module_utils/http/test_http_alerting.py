# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test message to an alert channel: sent once, over real sockets, and nothing of the address in what is told."""

from __future__ import annotations

import json
import re
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.http import alerting
from endpoint_server import Server, answer, serving

PATH = "/hook/s3cr3t-t0k3n-of-the-channel"
MESSAGE = "evenkeel.drift test message v1, please ignore"

Json = t.Dict[str, t.Any]


def replying(reply: bytes, bodies: list[bytes]) -> t.Callable[[socket.socket, bytes], None]:
    """Return a handler that reads the whole request before it answers."""

    def handler(connection: socket.socket, request: bytes) -> None:
        head, _blank, body = request.partition(b"\r\n\r\n")
        length = int((re.search(rb"(?i)content-length: (\d+)", head) or [b"", b"0"])[1])
        while len(body) < length:
            body += connection.recv(65536)
        bodies.append(body)
        connection.sendall(reply)

    return handler


def send(root: Path, address: str, key: str = "HOOK") -> Json:
    (root / ".env").write_text(f"{key}={address}\n")
    channel = {"name": "general", "webhook": {"file": ".env", "key": "HOOK"}}
    told = alerting.answer({"root": str(root), "message": MESSAGE, "channels": [channel]})
    assert "s3cr3t" not in json.dumps(told)
    (one,) = told["channels"]
    return t.cast(Json, one)


def outcome(one: Json) -> tuple[t.Any, ...]:
    return one["outcome"], one["status"], one["failure"]


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("204 No Content", ("taken", 204, None)),
        ("200 OK", ("taken", 200, None)),
        ("404 s3cr3t", ("refused", 404, None)),
        ("429 Too Many Requests", ("refused", 429, None)),
    ],
)
def test_one_marked_message_is_sent_and_its_status_judged(
    tmp_path: Path, status: str, wanted: tuple[t.Any, ...]
) -> None:
    bodies: list[bytes] = []
    with serving(replying(answer(status=status), bodies)) as server:
        assert outcome(send(tmp_path, server.url + PATH)) == wanted
        assert len(server.requests) == 1
    head = server.requests[0].decode().splitlines()
    assert head[0] == f"POST {PATH} HTTP/1.1"
    assert "Content-Type: application/json" in head
    assert [json.loads(body) for body in bodies] == [{"content": MESSAGE}]


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    bodies: list[bytes] = []
    with serving(replying(answer(b"elsewhere"), bodies)) as other:
        reply = answer(status="302 Found", Location=other.url + PATH)
        with serving(replying(reply, bodies)) as server:
            assert outcome(send(tmp_path, server.url + PATH)) == ("refused", 302, None)
        assert other.requests == []


def test_a_server_that_is_not_there_is_named_by_a_word(tmp_path: Path) -> None:
    closed = Server(lambda _connection, _request: None)
    closed.close()
    assert outcome(send(tmp_path, closed.url + PATH)) == ("failed", None, "refused")


def test_a_server_that_answers_nonsense_tells_nothing(tmp_path: Path) -> None:
    with serving(replying(b"s3cr3t nonsense\r\n\r\n", [])) as server:
        assert outcome(send(tmp_path, server.url + PATH))[0::2] == ("failed", "protocol")


@pytest.mark.parametrize(
    ("reply", "stage"),
    [(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", "answer"), (answer(b"ok")[:-1], "body")],
)
def test_an_answer_that_breaks_off_takes_no_message(tmp_path: Path, reply: bytes, stage: str) -> None:
    with serving(replying(reply, [])) as server:
        one = send(tmp_path, server.url + PATH)
    assert (*outcome(one), one["stage"]) == ("failed", None, "closed", stage)


@pytest.mark.parametrize(
    ("address", "failure"),
    [
        ("", "missing"),
        ("changeme", "malformed"),
        ("http://alerts.internal" + PATH, "malformed"),
        ("https://discord.com/api/webhooks/12/short", "malformed"),
        ("https://api.telegram.org/bot123456789:AAabcdefghijklmnopqrstuvwxyz012345678/sendMessage", "unsupported"),
    ],
)
def test_nothing_is_sent_where_that_cannot_be_right(tmp_path: Path, address: str, failure: str) -> None:
    assert outcome(send(tmp_path, address)) == ("not_sent", None, failure)


def test_nothing_is_sent_to_what_a_template_has_in_the_place_of_an_address(tmp_path: Path) -> None:
    bodies: list[bytes] = []
    with serving(replying(answer(), bodies)) as server:
        assert outcome(send(tmp_path, f"{server.url}/hooks/your-channel")) == ("not_sent", None, "malformed")
        assert server.requests == []


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    channel = {"name": "general", "webhook": {"file": "none.env", "key": "HOOK"}}
    told = alerting.answer({"root": str(tmp_path), "message": MESSAGE, "channels": [channel]})
    assert outcome(told["channels"][0]) == ("not_sent", None, "unread")
