# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collector of endpoints: order, limits, and what leaves the host."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.http import entry as http_entry
from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import Failure
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.endpoints import ask_all, collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from endpoint_server import Server, answer, answering, path_of, serving
from pytest import MonkeyPatch

Json = t.Dict[str, t.Any]


def entry(url: str, **more: t.Any) -> Json:
    made = {"name": "api", "url": url, "method": "GET", "samples": 1, "timeout_s": 30, "redirects": 0, "verify": True}
    return {**made, **more}


def seen(*entries: Json, timeout_s: float = 60, root: str = "/") -> list[Json]:
    found: list[Json] = collect({"endpoints": list(entries)}, Host(root, timeout_s))["endpoints"]
    return found


def test_answers_come_in_the_order_of_the_contract() -> None:
    with answering({"/a": answer(b"a")}) as one, answering({"/b": answer(b"b")}) as other:
        found = seen(*[entry(one.url + "/a"), entry(other.url + "/b")] * 12)
    assert [answered["answer"]["body"] for answered in found] == ["a", "b"] * 12
    assert seen() == []


def test_endpoints_of_one_server_do_not_wait_on_each_other() -> None:
    busy = threading.Semaphore(1)
    overlaps: list[bool] = []

    def handler(connection: socket.socket, _request: bytes) -> None:
        overlaps.append(not busy.acquire(blocking=False))
        # Long enough for another request to arrive meanwhile, and over before this one's answer lets the next one go.
        threading.Event().wait(0.01)
        busy.release()
        connection.sendall(answer(b"ok"))

    with serving(handler) as server:
        found = seen(*(entry(f"{server.url}/{number}") for number in range(20)))
    assert {answered["answer"]["status"] for answered in found} == {200}
    assert overlaps == [False] * 20


def test_the_median_of_several_samples_is_told() -> None:
    with answering({"/": answer(b"ok")}) as server:
        (found,) = seen(entry(server.url + "/", samples=5))
        assert len(server.requests) == 5
    totals = found["answer"]["totals_ms"]
    assert len(totals) == 5
    assert found["answer"]["median_ms"] == sorted(totals)[2]


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_one_of_several_samples_that_is_not_well_is_told(bad: int) -> None:
    asked: list[bytes] = []

    def handler(connection: socket.socket, request: bytes) -> None:
        asked.append(request)
        good = len(asked) != bad + 1
        connection.sendall(answer(b"ok") if good else answer(b"no", "503 Service Unavailable"))

    with serving(handler) as server:
        (found,) = seen(entry(server.url + "/", samples=3, status=[200]))
    assert (found["answer"]["status"], found["answer"]["body"]) == (503, "no")
    assert len(found["answer"]["totals_ms"]) == len(asked) == 3


def test_one_of_several_samples_that_does_not_end_is_told() -> None:
    asked: list[bytes] = []
    ended = threading.Event()

    def handler(connection: socket.socket, request: bytes) -> None:
        asked.append(request)
        connection.sendall(answer(b"ok") if len(asked) > 1 else answer(b"ok")[:-1])
        if len(asked) == 1:
            ended.wait()

    with serving(handler) as server:
        (found,) = seen(entry(server.url + "/", samples=2, timeout_s=0.5))
        ended.set()
    assert (found["answer"]["late"], found["answer"]["body"]) == (True, "o")


def test_one_that_hangs_costs_the_others_nothing_and_the_host_half_its_time() -> None:
    ended = threading.Event()

    def handler(connection: socket.socket, request: bytes) -> None:
        if path_of(request) == "/hangs":
            ended.wait()
        connection.sendall(answer(b"ok"))

    with serving(handler) as slow, answering({"/": answer(b"ok")}) as quick:
        begun = time.monotonic()
        hanging, late, fine = seen(
            entry(slow.url + "/hangs", timeout_s=300), entry(slow.url + "/"), entry(quick.url + "/"), timeout_s=4
        )
        assert time.monotonic() - begun < 30
        ended.set()
    assert (hanging["outcome"], late["outcome"], fine["outcome"]) == ("unknown", "unknown", "ok")
    assert "not done within the host's time limit of 2 s" in hanging["reason"]


def test_a_server_that_is_away_is_waited_for_once(monkeypatch: MonkeyPatch) -> None:
    tried: list[str] = []

    def away(target: t.Any, _asked: t.Any, _host: Host) -> t.Any:
        tried.append(target.path)
        raise Failure("timeout", "connect", "no connection was made within 1 s")

    monkeypatch.setattr(http_entry, "ask", away)
    known: http_entry.Away = {}
    found = [http_entry.observe(entry(f"http://192.0.2.1/{number}"), Host("/", 60), known) for number in range(3)]
    assert tried == ["/0"]
    assert {answered["failure"]["text"] for answered in found} == {"no connection was made within 1 s"}


def test_where_a_redirect_leads_says_nothing_about_who_sent_it(monkeypatch: MonkeyPatch) -> None:
    def away(_target: t.Any, _asked: t.Any, _host: Host) -> t.Any:
        raise Failure("timeout", "connect", "no connection was made within 1 s")

    monkeypatch.setattr(http_entry, "ask", away)
    known: http_entry.Away = {}
    found = http_entry.observe(entry("http://192.0.2.1/", redirects=1), Host("/", 60), known)
    assert found["failure"]["kind"] == "timeout"
    assert known == {}


def test_one_failure_among_several_requests_is_told() -> None:
    asked: list[bytes] = []

    def handler(connection: socket.socket, request: bytes) -> None:
        asked.append(request)
        connection.sendall(answer(b"ok") if len(asked) < 2 else b"")

    with serving(handler) as server:
        (found,) = seen(entry(server.url + "/", samples=3))
    assert found["failure"]["text"] == "the connection was closed without an answer (request 2 of 3)"
    assert found["answer"] is None


def echo(connection: socket.socket, request: bytes) -> None:
    connection.sendall(answer(json.dumps({"echo": request.decode("latin-1")}).encode("ascii"), X_Echo="none"))


def test_what_is_sent_as_a_secret_does_not_come_back(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_TOKEN=plain.word-4477xx\n")
    headers = {
        "X-Anything": {"file": ".env", "key": "API_TOKEN", "prefix": "Key "},
        "Authorization": "Basic literal.word-3355",
        "X-Harmless": "harmless",
    }
    with serving(echo) as server:
        (found,) = seen(entry(server.url + "/?token=url.word-2266", headers=headers), root=str(tmp_path))
        assert b"X-Anything: Key plain.word-4477xx\r\n" in server.requests[0]
        assert b"Authorization: Basic literal.word-3355\r\n" in server.requests[0]
    kept = json.dumps(found)
    for secret in ("word-4477xx", "word-3355", "word-2266"):
        assert secret not in kept
    assert "harmless" in kept


def decoded(connection: socket.socket, request: bytes) -> None:
    head = dict(line.split(": ", 1) for line in request.decode("ascii").split("\r\n")[1:] if line)
    login = base64.b64decode(head["Authorization"].split(" ")[1]).decode("ascii")
    connection.sendall(answer(f"{login} and {head['Cookie'].split('=')[1]}".encode("ascii")))


def test_the_parts_of_a_secret_do_not_come_back_either() -> None:
    basic = base64.b64encode(b"app:plain.word-1188").decode("ascii")
    headers = {"Authorization": f"Basic {basic}", "Cookie": "session=plain.word-9922"}
    with serving(decoded) as server:
        (found,) = seen(entry(server.url + "/", headers=headers))
    assert found["answer"]["status"] == 200
    assert "plain.word" not in json.dumps(found)


def test_what_a_header_is_read_from_is_known_to_all_sections(tmp_path: Path) -> None:
    (tmp_path / "token.ini").write_text("TOKEN=plain.word-3377\n")
    host = Host(str(tmp_path), 60)
    with serving(echo) as server:
        asked = entry(server.url + "/", headers={"X-Token": {"file": "token.ini", "key": "TOKEN"}})
        collect({"endpoints": [asked]}, host)
    assert "plain.word-3377" in host.learned


def test_a_value_that_would_end_its_line_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('TOKEN="a\x01b"\n')
    with serving(echo) as server:
        headers = {"X-Token": {"file": ".env", "key": "TOKEN"}}
        (found,) = seen(entry(server.url + "/", headers=headers), root=str(tmp_path))
        assert server.requests == []
    assert found["outcome"] == "unknown"
    assert "control character" in found["reason"]
    assert "a\x01b" not in json.dumps(found)


def test_the_evidence_of_a_large_body_is_small() -> None:
    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"word " * 500_000)

    with serving(handler) as server:
        (found,) = ask_all([entry(server.url + "/", contains=["word"], json={"a": {"exists": True}})], Host("/", 60))[
            "endpoints"
        ]
    assert len(json.dumps(found)) < 40_000
    assert found["answer"]["partial"] == "only the first 1 MiB of the answer was read"
    assert [result["outcome"] for result in found["answer"]["content"]] == ["ok", "unknown"]


def test_servers_are_named_by_their_port(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with answering({"/": answer(b"ok")}) as server:
        assert isinstance(server, Server)
        (found,) = seen(entry(server.url + "/"))
    assert found["answer"]["address"] == "127.0.0.1"
