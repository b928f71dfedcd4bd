# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that break off: what a server that dies had said before is never taken for all of its answer."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.http.ask import Answer, Asked, ask
from ansible_collections.evenkeel.drift.plugins.module_utils.http.connection import Trust
from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import Failure
from ansible_collections.evenkeel.drift.plugins.module_utils.http.url import parse
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from endpoint_server import Server, serving

BODY = b'{"status": "healthy"}'
TEXT = b"the status is healthy"
_COMMON = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sun, 22 Nov 2026 18:09:43 GMT\r\nConnection: close\r\n"
)

# As Node.js 20 sent them.
LENGTH = _COMMON + b"Content-Length: 21\r\n\r\n" + BODY
CHUNKS = (
    _COMMON + b"Trailer: Server-Timing\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'b\r\n{"status": \r\na\r\n"healthy"}\r\n0\r\nServer-Timing: db;dur=3\r\n\r\n'
)
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + LENGTH
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH
EMPTY = b"HTTP/1.1 204 No Content\r\nDate: Sun, 22 Nov 2026 18:09:43 GMT\r\nConnection: close\r\n\r\n"
UNTIL_CLOSED = _COMMON + b"\r\n" + BODY


def get(server: Server, method: str = "GET") -> Answer:
    return ask(parse(server.url + "/"), Asked(method, {}, b"", Trust(None, True), 30, 0), Host("/", 60))


class Sending:
    """A handler that sends ``data`` and closes the connection."""

    data = b""

    def __call__(self, connection: socket.socket, _request: bytes) -> None:
        connection.sendall(self.data)


@pytest.mark.parametrize(
    ("whole", "body"),
    [(LENGTH, BODY), (CHUNKS, BODY), (EARLY, BODY), (CONTINUED, BODY), (EMPTY, b"")],
    ids=["length", "chunks", "early hints", "continue", "no content"],
)
def test_an_answer_that_is_cut_anywhere_is_closed_too_early(whole: bytes, body: bytes) -> None:
    sending, wrong = Sending(), []
    with serving(sending) as server:
        for size in range(len(whole)):
            sending.data = whole[:size]
            try:
                wrong.append((sending.data, get(server)))
            except Failure as failure:
                if failure.kind != "closed":
                    wrong.append((sending.data, failure))
        sending.data = whole
        assert (get(server).body, get(server).partial) == (body, "")
    assert not wrong


def test_an_answer_until_the_connection_is_closed_is_cut_in_its_head() -> None:
    sending, head = Sending(), len(UNTIL_CLOSED) - len(BODY)
    with serving(sending) as server:
        for size in range(head):
            sending.data = UNTIL_CLOSED[:size]
            with pytest.raises(Failure) as caught:
                get(server)
            assert (caught.value.kind, caught.value.stage) == ("closed", "answer")
        # Nothing says where such a body ends but the end of the connection.
        sending.data = UNTIL_CLOSED[: head + 5]
        assert get(server).body == BODY[:5]


@pytest.mark.parametrize(
    ("data", "stage", "text"),
    [
        (b"HTTP/1.1 200 OK", "answer", "its answer broke off in its head"),
        (b"HTTP/1.1 200 OK\r\n", "answer", "its answer broke off in its head"),
        (b"HTTP/1.0 200 OK\nContent-Type: text/plain\n", "answer", "its answer broke off in its head"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r", "answer", "its answer broke off in its head"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a", "answer", "its answer broke off in its head"),
        (b"HTTP/1.1 100 Continue\r\n", "answer", "its answer broke off in its head"),
        (b"HT", "answer", "its answer broke off in its head"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "answer", "the connection was closed without an answer"),
        (b"", "answer", "the connection was closed without an answer"),
        (CHUNKS[:-2], "body", "its answer broke off, or its chunks are garbled"),
        # As a number it is complete, and the last chunk.
        (CHUNKS[: CHUNKS.index(b"\r\nb\r\n") + 4] + b"0", "body", "its answer broke off, or its chunks are garbled"),
    ],
)
def test_where_an_answer_broke_off_is_told(data: bytes, stage: str, text: str) -> None:
    sending = Sending()
    sending.data = data
    with serving(sending) as server, pytest.raises(Failure) as caught:
        get(server)
    assert (caught.value.kind, caught.value.stage, caught.value.text) == ("closed", stage, text)


@pytest.mark.parametrize("data", [b"\x4a\x00\x00\x00\x0a8.0.36", b"SSH-2.0-OpenSSH_9.2", b"H" * 100_000])
def test_what_is_no_http_is_not_called_broken(data: bytes) -> None:
    sending = Sending()
    sending.data = data
    with serving(sending) as server, pytest.raises(Failure) as caught:
        get(server)
    assert (caught.value.kind, caught.value.text) == ("protocol", "it does not speak HTTP")


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        (b"Content-Length: -5\r\n", "its Content-Length is not one number"),
        (b"Content-Length: many\r\n", "its Content-Length is not one number"),
        (b"Content-Length: 21\r\nContent-Length: 22\r\n", "its Content-Length is not one number"),
        (b"Transfer-Encoding: gzip, chunked\r\n", "its Transfer-Encoding is not known here"),
        # Python's parser drops all that follows.
        (b"A: b\r\nnonsense\r\nContent-Length: 99\r\n", "a line of its head is no header"),
        (b"Content-Type: multipart/mixed; boundary=x\r\nContent-Length : 99\r\n", "a line of its head is no header"),
    ],
)
def test_a_head_that_does_not_say_where_the_body_ends(headers: bytes, why: str) -> None:
    sending = Sending()
    sending.data = b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n" + TEXT
    with serving(sending) as server:
        seen = get(server)
        assert (seen.status, seen.body, seen.partial) == (200, TEXT, f"where the answer ends is not known: {why}")
        # What JSON has begun it ends.
        sending.data = sending.data.replace(TEXT, BODY)
        assert (get(server).body, get(server).partial) == (BODY, "")


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 21\r\nContent-Length: 21\r\n",
        b"Transfer-Encoding: identity\r\nContent-Length: 21\r\n",
        b"Content-Type: multipart/x-mixed-replace; boundary=frame\r\nContent-Length: 21\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"",
        # What is no header says nothing of the end, before or after what does.
        b"Content-Length: 21\r\nServer Name: x\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
    ],
)
def test_a_head_that_says_enough(headers: bytes) -> None:
    sending = Sending()
    sending.data = b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n" + TEXT
    with serving(sending) as server:
        seen = get(server)
    assert (seen.body, seen.partial) == (TEXT, "")


def test_the_answer_to_head_is_cut_as_well() -> None:
    sending, whole = Sending(), LENGTH[: -len(BODY)]
    with serving(sending) as server:
        for size in range(len(whole)):
            sending.data = whole[:size]
            with pytest.raises(Failure, match=r"broke off in its head|closed without an answer"):
                get(server, "HEAD")
        sending.data = whole
        assert get(server, "HEAD").status == 200
