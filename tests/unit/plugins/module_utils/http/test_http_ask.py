# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to real sockets: what comes back, what is said when it does not, and that every limit holds."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.http.ask import MAX_BODY, Answer, Asked, ask
from ansible_collections.evenkeel.drift.plugins.module_utils.http.connection import Trust
from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import KINDS, STAGES, Failure
from ansible_collections.evenkeel.drift.plugins.module_utils.http.url import parse
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from endpoint_server import Server, answer, answering, serving

ASKED = Asked("GET", {}, b"", Trust(None, True), 30, 0)
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


def get(server: Server, path: str = "/", host: Host | None = None, **more: t.Any) -> Answer:
    return ask(parse(server.url + path), ASKED._replace(**more), host or Host("/", 60))


def failure(server: Server, path: str = "/", **more: t.Any) -> Failure:
    with pytest.raises(Failure) as caught:
        get(server, path, **more)
    assert caught.value.kind in KINDS
    assert caught.value.stage in STAGES
    return caught.value


def raw(*parts: bytes) -> t.Callable[[socket.socket, bytes], None]:
    """Send the parts as they are, and close."""
    return lambda connection, _request: connection.sendall(b"".join(parts))


def test_an_answer_is_told_with_its_times() -> None:
    with answering({"/a": answer(b'{"a": 1}', Content_Type="application/json")}) as server:
        seen = get(server, "/a?b=c d".replace(" ", "%20"))
    assert (seen.status, seen.reason, seen.body, seen.partial) == (200, "OK", b'{"a": 1}', "")
    assert seen.headers["content-type"] == "application/json"
    assert seen.address == "127.0.0.1"
    steps = [seen.times_ms[step] for step in ("resolve", "connect", "first_byte", "total")]
    assert steps == sorted(steps)
    assert abs(seen.at_s - time.time()) < 60
    head = server.requests[0].decode("ascii").split("\r\n")
    assert head[0] == "GET /a?b=c%20d HTTP/1.1"
    assert {"Connection: close", "Accept-Encoding: identity", f"Host: 127.0.0.1:{server.port}"} <= set(head)


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    with answering({"/": answer(b"ok")}) as server:
        assert get(server).body == b"ok"


def test_what_is_sent_is_what_was_said() -> None:
    with answering({"/": answer(b"ok")}) as server:
        get(server, method="POST", body=b"abc", headers={"Content-Type": "text/plain", "user-agent": "me"})
    sent = server.requests[0]
    assert sent.startswith(b"POST / HTTP/1.1\r\n")
    assert b"Content-Length: 3\r\n" in sent
    assert sent.lower().count(b"user-agent:") == 1
    assert sent.endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize(
    ("parts", "body"),
    [
        ([b"HTTP/1.1 200 OK\r\n\r\n", b"until the end"], b"until the end"),
        ([b"HTTP/1.0 200 OK\r\n\r\n"], b""),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], b""),
        # They have no body, whatever they say of it.
        ([b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"], b""),
        ([b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"], b""),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", EARLY, b"HTTP/1.1 101 Switching Protocols\r\n\r\nab"], b""),
        ([b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], b"ok"),
        ([EARLY, EARLY, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], b"ok"),
        ([EARLY + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"], b"ok"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more"], b"ok"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"], b"ok"),
    ],
)
def test_the_end_of_a_body_is_known(parts: list[bytes], body: bytes) -> None:
    with serving(raw(*parts)) as server:
        seen = get(server)
    assert (seen.body, seen.partial) == (body, "")


def test_a_body_is_read_to_its_length_though_the_connection_stays_open() -> None:
    done = threading.Event()

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(answer(b"ok"))
        done.wait()

    with serving(handler) as server:
        assert get(server, timeout_s=50).body == b"ok"
        done.set()


@pytest.mark.parametrize(
    ("parts", "kind", "text"),
    [
        ([b""], "closed", "closed without an answer"),
        ([EARLY], "closed", "closed without an answer"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n"], "closed", "closed without an answer"),
        ([EARLY * 16], "protocol", "16 interim answers came, and no answer"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "protocol", "does not speak HTTP"),
        ([b"HTTP/1.1 abc OK\r\n\r\n"], "protocol", "does not speak HTTP"),
        ([b"HTTP/9.9 200 OK\r\n\r\n"], "protocol", "head cannot be read"),
        ([b"HTTP/1.1 200 OK\r\nA: ", b"x" * 100_000, b"\r\n\r\n"], "protocol", "line of its head is too long"),
        ([b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 200, b"\r\n"], "protocol", "head cannot be read"),
        ([b"HTTP/1.1 " * 10_000], "protocol", "too long"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"], "closed", "broke off after 2 of 5 bytes"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n"], "closed", "garbled"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok"], "closed", "garbled"),
    ],
)
def test_what_is_no_answer_is_a_failure(parts: list[bytes], kind: str, text: str) -> None:
    with serving(raw(*parts)) as server:
        failed = failure(server)
    assert failed.kind == kind
    assert text in failed.text


def test_an_endless_answer_ends_at_the_size() -> None:
    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with serving(handler) as server:
        seen = get(server)
    assert len(seen.body) == MAX_BODY
    assert seen.partial == "only the first 1 MiB of the answer was read"


@pytest.mark.parametrize(
    ("head", "drop"),
    [(b"", b""), (b"HTTP/1.1 200 OK\r\nA: ", b"x"), (b"HTTP/1.1 1", b"00 Continue\r\n\r\nHTTP/1.1 1")],
)
def test_a_dripping_head_ends_at_the_time(head: bytes, drop: bytes) -> None:
    ended = threading.Event()

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(head)
        while drop and not ended.wait(0.02):
            connection.sendall(drop)
        ended.wait()

    with serving(handler) as server:
        begun = time.monotonic()
        failed = failure(server, timeout_s=0.5)
        assert time.monotonic() - begun < 30
        ended.set()
    assert (failed.kind, failed.stage, failed.text) == ("timeout", "answer", "no whole answer within 0.5 s")


def test_a_dripping_body_ends_at_the_time_and_is_told() -> None:
    ended = threading.Event()

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not ended.wait(0.02):
            connection.sendall(b"x")

    with serving(handler) as server:
        seen = get(server, timeout_s=0.5)
        ended.set()
    assert seen.status == 200
    assert seen.partial == "the answer did not end: no whole answer within 0.5 s"
    assert seen.late


def test_the_hosts_own_time_says_nothing_about_the_endpoint() -> None:
    ended = threading.Event()
    with serving(lambda _connection, _request: ended.wait() and None) as server:
        with pytest.raises(Unseen, match="not done within the host"):
            get(server, host=Host("/", 0.5), timeout_s=10)
        ended.set()


def test_who_refuses_and_who_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    # A port that is taken, so that nobody else gets it, and on which nobody listens.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Failure) as refused:
            ask(parse(f"http://127.0.0.1:{port}/"), ASKED, Host("/", 60))
    assert (refused.value.kind, refused.value.stage) == ("refused", "connect")
    assert f"127.0.0.1 port {port} is refused" in refused.value.text

    def unknown(*_words: object, **_named: object) -> t.NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # A machine without a network may wait for a server of names until the time is up.
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Failure) as nameless:
        ask(parse("http://nowhere.invalid/"), ASKED, Host("/", 60))
    assert nameless.value.kind == "name"
    assert "nowhere.invalid" in nameless.value.text


def test_a_resolver_that_hangs_ends_at_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_words, **_named: ended.wait() and [])
    with pytest.raises(Failure) as caught:
        ask(parse("http://example.org/"), ASKED._replace(timeout_s=0.2), Host("/", 60))
    ended.set()
    assert (caught.value.kind, caught.value.stage) == ("timeout", "resolve")
    assert caught.value.text == "its name was not resolved within 0.2 s"


def test_a_connection_that_nobody_takes_ends_at_the_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _number in range(4)]
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
            with pytest.raises(Failure) as caught:
                ask(parse(f"http://127.0.0.1:{port}/"), ASKED._replace(timeout_s=0.3), Host("/", 60))
        finally:
            for one in waiting:
                one.close()
    assert (caught.value.kind, caught.value.stage) == ("timeout", "connect")


def test_a_silent_address_does_not_hide_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as full, answering({"/": answer(b"ok")}) as server:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        silent, closed = full.getsockname(), ("127.0.0.1", 1)
        waiting = [socket.socket() for _number in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(silent)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", at) for at in (silent, closed, ("127.0.0.1", server.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_words, **_named: found)
        try:
            assert get(server, timeout_s=3).body == b"ok"
            found.pop()
            with pytest.raises(Failure) as caught:
                get(server, timeout_s=0.5)
        finally:
            for one in waiting:
                one.close()
    assert (caught.value.kind, caught.value.stage) == ("timeout", "connect")


def test_redirects_are_followed_only_so_far() -> None:
    answers = {
        "/a": answer(b"", "302 Found", Location="b"),
        "/b": answer(b"", "307 Temporary Redirect", Location="/c"),
        "/c": answer(b"there"),
        "/loop": answer(b"", "301 Moved Permanently", Location="/loop"),
        "/secure": answer(b"", "302 Found", Location="https://127.0.0.1/"),
        "/login": answer(b"", "302 Found", Location="http://me:secret@127.0.0.1/"),
        "/file": answer(b"", "302 Found", Location="file:///etc/passwd"),
        "/none": answer(b"", "302 Found"),
    }
    with answering(answers) as server:
        assert get(server, "/a").status == 302
        assert get(server, "/a", redirects=1).status == 307
        seen = get(server, "/a", redirects=2)
        assert (seen.body, seen.redirects) == (b"there", [f"{server.url}/b", f"{server.url}/c"])
        assert get(server, "/loop", redirects=3).status == 301
        assert get(server, "/none", redirects=3).status == 302
        for path, text in (
            ("/secure", "from http to https"),
            ("/login", "a login does not"),
            ("/file", "expected http"),
        ):
            failed = failure(server, path, redirects=1)
            assert failed.kind == "redirect"
            assert text in failed.text
            assert "secret" not in failed.text


def test_another_server_does_not_get_the_headers() -> None:
    with answering({"/": answer(b"ok")}) as other, answering(
        {"/": answer(b"", "302 Found", Location=other.url)}
    ) as one:
        get(one, redirects=1, headers={"Authorization": "Bearer abc"})
        assert b"Bearer abc" in one.requests[0]
        assert b"Bearer" not in other.requests[0]


@pytest.mark.parametrize(
    ("body", "coding", "plain", "partial"),
    [
        (gzip.compress(b"plain"), "gzip", b"plain", ""),
        (gzip.compress(b"x" * (3 * MAX_BODY)), "gzip", b"x" * MAX_BODY, "only the beginning"),
        (gzip.compress(b"plain")[:-9], "gzip", b"plain", "only the beginning"),
        (gzip.compress(b"plain") + gzip.compress(b" and more"), "gzip", b"plain", "only the beginning"),
        (b"plain", "gzip", b"", "says that it is gzip, and is not"),
        (b"plain", "br", b"plain", "not known here"),
        (b"plain", "identity", b"plain", ""),
    ],
    # The bytes of a gzip file hold the time: as names they would differ between the workers of one run.
    ids=["whole", "too much", "cut off", "in two parts", "not gzip", "other coding", "identity"],
)
def test_a_compression_that_was_not_asked_for_is_undone(body: bytes, coding: str, plain: bytes, partial: str) -> None:
    with answering({"/": answer(body, Content_Encoding=coding)}) as server:
        seen = get(server)
    assert seen.body == plain
    assert partial in seen.partial
    assert bool(partial) == bool(seen.partial)


def test_the_answer_to_head_has_no_body() -> None:
    with serving(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")) as server:
        seen = get(server, method="HEAD")
    assert (seen.status, seen.body, seen.partial) == (200, b"", "")
