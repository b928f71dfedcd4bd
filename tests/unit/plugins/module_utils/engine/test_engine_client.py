# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever an engine does, or whoever sits in its place: an answer in bounded time, or the reason why not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.engine import client, sockets
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import (
    Engine,
    NoEngine,
    NotFound,
    TooMuch,
    open_engine,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from fake_engine import HANG, VERSION, FakeEngine, Raw, body, error, frame


@pytest.fixture(name="fake")
def fixture_fake() -> t.Iterator[FakeEngine]:
    with FakeEngine() as fake:
        yield fake


@pytest.fixture(name="short")
def fixture_short() -> t.Iterator[Path]:
    """A folder for sockets: their paths have 107 bytes at most, and that of a test's own folder may be longer."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        yield Path(folder)


def host(seconds: float = 20) -> Host:
    return Host("/", seconds)


def test_a_container_whose_id_begins_with_a_name_has_another_name(fake: FakeEngine) -> None:
    identity = "db" + "0" * 62
    for name in ("db", "shop-db-1", identity[:12]):
        fake.answers[f"/containers/{name}/json"] = {"Id": identity, "Name": "/shop-db-1"}
    engine = open_engine(fake.socket, host())
    for name in ("shop-db-1", identity[:12]):
        assert engine.container(name)["Id"] == identity
    with pytest.raises(NotFound, match="no container is called db"):
        engine.container("db")


def test_an_engine_says_what_it_is(fake: FakeEngine) -> None:
    engine = open_engine(fake.socket, host())
    assert (engine.kind, engine.socket) == ("docker", fake.socket)
    assert engine.version == {
        "version": "20.10.24",
        "api": "1.41",
        "min_api": "1.12",
        "used_api": "1.41",
        "kind": "docker",
        "os": "linux",
        "arch": "amd64",
        "components": {"Engine": "20.10.24"},
    }
    assert fake.methods == {"GET"}


@pytest.mark.parametrize(
    ("said", "used"),
    [
        ({"ApiVersion": "1.99", "MinAPIVersion": "1.44"}, "1.51"),
        ({"ApiVersion": "1.24"}, "1.24"),
        ({"ApiVersion": "1.41.0", "MinAPIVersion": "1.24"}, "1.41"),
    ],
)
def test_the_newest_api_that_both_know_is_spoken(fake: FakeEngine, said: dict[str, str], used: str) -> None:
    fake.answers["/version"] = said
    assert open_engine(fake.socket, host()).version["used_api"] == used


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"ApiVersion": "1.99", "MinAPIVersion": "1.52"}, "speaks the API from 1.52 to 1.99"),
        ({"ApiVersion": "1.20"}, "speaks the API from 1.24 to 1.20"),
        ({"ApiVersion": "one"}, "does not say which API"),
        ({}, "does not say which API"),
        ([], "has no version"),
        (Raw(b"* OK IMAP ready\r\n"), "not HTTP"),
        (Raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000), "no end"),
        (Raw(b""), "hung up"),
        (error(400, "go away"), "error 400: go away"),
    ],
)
def test_what_is_no_engine_is_not_taken_for_one(fake: FakeEngine, said: t.Any, reason: str) -> None:
    fake.answers["/version"] = said
    with pytest.raises(Unseen, match=reason):
        open_engine(fake.socket, host())


FRAME = frame(1, b"ERROR: it failed\n")


@pytest.mark.parametrize(
    "whole",
    [
        body(FRAME).data,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n19\r\n" + FRAME + b"\r\n0\r\n\r\n",
    ],
    ids=["length", "chunks"],
)
def test_an_answer_that_is_cut_anywhere_is_none(fake: FakeEngine, whole: bytes) -> None:
    engine = open_engine(fake.socket, host())
    for size in range(len(whole)):
        fake.answers["/containers/db/logs"] = Raw(whole[:size])
        with pytest.raises(Unseen, match="broken answer"):
            list(engine.lines("/containers/db/logs", {"stdout": "true"}))
    fake.answers["/containers/db/logs"] = Raw(whole)
    assert [line for _number, line in engine.lines("/containers/db/logs", {"stdout": "true"})] == [b"ERROR: it failed"]


def test_podman_is_recognised(fake: FakeEngine) -> None:
    fake.answers["/version"] = {**VERSION, "Components": [None, {"Name": "Podman Engine", "Version": "5.4.2"}]}
    assert open_engine(fake.socket, host(), "podman").kind == "podman"
    with pytest.raises(Unseen, match="is podman, not docker"):
        open_engine(fake.socket, host(), "docker")


def test_nothing_there_is_no_engine(tmp_path: Path) -> None:
    with pytest.raises(NoEngine, match="there is no socket"):
        open_engine(str(tmp_path / "none.sock"), host())
    (tmp_path / "dangling").symlink_to("gone")
    with pytest.raises(NoEngine, match="leads nowhere"):
        open_engine(str(tmp_path / "dangling"), host())
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "fifo")
    for name in ("file", "fifo", "."):
        with pytest.raises(NoEngine, match="not a socket"):
            open_engine(str(tmp_path / name), host())


def test_a_socket_that_nobody_serves_is_no_engine(short: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(short / "left.sock"))
    left.close()
    with pytest.raises(NoEngine, match="the engine does not run"):
        open_engine(str(short / "left.sock"), host())


def test_a_link_to_a_socket_is_followed(fake: FakeEngine, short: Path) -> None:
    (short / "link").symlink_to(fake.socket)
    assert open_engine(str(short / "link"), host()).kind == "docker"


_DENIED = """
import json, os, sys
sys.path[:0] = json.loads(sys.argv[2])
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Denied, open_engine
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    open_engine(sys.argv[1], Host("/", 20))
except Denied as denied:
    print(denied.reason)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to run as root")
def test_a_socket_of_others_is_denied(fake: FakeEngine) -> None:
    def asked() -> str:
        argv = [sys.executable, "-c", _DENIED, fake.socket, json.dumps(sys.path)]
        return subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout.decode()

    os.chmod(fake.socket, 0o660)
    assert "audit with become" in asked()
    os.chmod(fake.folder, 0o755)
    assert "is for root and the group root (mode 0660)" in asked()
    os.chmod(fake.socket, 0o600)
    assert "is for root (mode 0600): audit with become" in asked()


@pytest.mark.parametrize(
    "answer",
    [
        HANG,
        Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[", drip=True),
        Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1", drip=True),
        Raw(b"HTTP/1.1 200 OK\r\nX: a", drip=True),
        Raw(b"H", drip=True),
    ],
    ids=["hangs", "drips its body", "drips its chunks", "drips its headers", "drips its status"],
)
def test_an_engine_that_never_ends_is_left(fake: FakeEngine, answer: t.Any) -> None:
    engine = open_engine(fake.socket, host())
    fake.answers["/info"] = answer
    begun = time.monotonic()
    with pytest.raises(Unseen, match=r"completely within 0 s|no end"):
        engine.get("/info", limit_s=0.3)
    assert time.monotonic() - begun < 15


def test_the_time_limit_of_the_host_holds(fake: FakeEngine) -> None:
    limits = host(0.4)
    limits.deadline += 20
    engine = open_engine(fake.socket, limits)
    fake.answers["/info"] = HANG
    # Its time begins when the engine is known.
    limits.deadline = time.monotonic() + limits.timeout_s
    with pytest.raises(Unseen):
        engine.get("/info")
    with pytest.raises(Unseen, match=r"time limit of 0\.4 s"):
        engine.get("/version")


def test_an_engine_that_takes_no_connections_hangs(short: Path) -> None:
    path = str(short / "full.sock")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as waiting:
        server.bind(path)
        server.listen(0)
        waiting.connect(path)
        with pytest.raises(Unseen, match=r"takes no more connections|completely within") as caught:
            Engine(path, host(1))
        assert not isinstance(caught.value, NoEngine)


_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_chunks_are_joined(fake: FakeEngine) -> None:
    fake.answers["/info"] = Raw(_CHUNKED + b"3\r\n[1,\r\n2;x=y\r\n2]\r\n0\r\n\r\n")
    assert open_engine(fake.socket, host()).get("/info") == [1, 2]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1,2]"), "breaks off"),
        (Raw(_CHUNKED + b"3\r\n[1,\r\n2\r\n2]\r\n"), "breaks off"),
        (Raw(_CHUNKED + b"zz\r\n[1,2]\r\n0\r\n\r\n"), "breaks off"),
        (Raw(_CHUNKED + b"-5\r\n[1,2]\r\n0\r\n\r\n"), "breaks off|chunks are garbled"),
        (body(b'[{"Id": "a"}, {"Id"'), "not JSON"),
        (body(b""), "not JSON"),
        (body(b"\xff"), "not JSON"),
        (body(b"[" * 100_000), "not JSON"),
        (body(b"NaN"), "not JSON"),
        (body(b"1e999"), "not JSON"),
        (body(b"1" * 10_000), "not JSON"),
        (error(500, "boom: DB_PASSWORD=hunter2hunter2"), "error 500: boom: DB_PASSWORD=<masked>"),
        (Raw(b"HTTP/1.1 500 x\r\nContent-Length: 999999\r\n\r\n" + b"x" * 99_999), "error 500: x"),
        (Raw(b"HTTP/1.1 301 x\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"), "error 301: without a message"),
        (Raw(b"HTTP/1.1 204 x\r\n\r\n"), "error 204"),
    ],
)
def test_a_broken_answer_is_never_an_empty_one(fake: FakeEngine, answer: Raw, reason: str) -> None:
    engine = open_engine(fake.socket, host())
    fake.answers["/info"] = answer
    with pytest.raises(Unseen, match=reason) as caught:
        engine.get("/info")
    assert "hunter2" not in caught.value.reason
    assert len(caught.value.reason) < 500


def test_what_the_engine_does_not_know_is_not_found(fake: FakeEngine) -> None:
    with pytest.raises(NotFound, match="no such thing"):
        open_engine(fake.socket, host()).get("/containers/gone/json")


def test_an_answer_has_a_size_limit(fake: FakeEngine) -> None:
    engine = open_engine(fake.socket, host())
    fake.answers["/info"] = body(b"[" + b" " * 100 + b"]")
    assert engine.get("/info", limit=102) == []
    with pytest.raises(TooMuch, match="more than 101 bytes"):
        engine.get("/info", limit=101)


def test_a_query_is_spelled_as_engines_read_it(fake: FakeEngine) -> None:
    fake.answers['/containers/a b/json?all=true&filters={"x":+1}'] = []
    assert open_engine(fake.socket, host()).get("/containers/a b/json", {"filters": '{"x": 1}', "all": True}) == []


def test_a_log_is_read_line_by_line(fake: FakeEngine) -> None:
    engine = open_engine(fake.socket, host())
    fake.answers["/containers/a/logs"] = body(frame(1, b"one\ntw") + frame(2, b"bad\n") + frame(1, b"o\n"))
    query = {"stdout": True, "stderr": True, "tail": 2}
    assert list(engine.lines("/containers/a/logs", query)) == [
        ("stdout", b"one"),
        ("stderr", b"bad"),
        ("stdout", b"two"),
    ]
    assert fake.asked[-1] == "/containers/a/logs?stderr=true&stdout=true&tail=2"
    seen = engine.lines("/containers/a/logs", query, limit_bytes=14)
    assert next(seen) == ("stdout", b"one")
    with pytest.raises(TooMuch):
        list(seen)


def test_the_first_engine_that_answers_is_taken_and_the_others_are_named(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch, short: Path
) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(short / "left.sock"))
    left.close()
    (short / "same.sock").symlink_to(fake.socket)
    with FakeEngine() as second:
        paths = [str(short / "none"), str(short / "left.sock"), fake.socket, str(short / "same.sock")]
        places = [sockets.Place(path, "docker") for path in [*paths, second.socket]]
        monkeypatch.setattr(sockets, "usual", lambda _kind: places)
        monkeypatch.setattr(sockets, "others", lambda _kind: [])
        engine = open_engine(None, host())
        assert engine.socket == fake.socket
        assert [(one["socket"], one["state"]) for one in engine.elsewhere] == [
            (str(short / "left.sock"), "not_running"),
            (second.socket, "not_asked"),
        ]
        assert second.asked == []


@pytest.mark.parametrize(
    ("program", "reason"),
    [("", "no Docker or Podman is installed"), ("/usr/bin/podman", "/usr/bin/podman is installed")],
)
def test_installed_and_not_installed_are_told_apart(monkeypatch: pytest.MonkeyPatch, program: str, reason: str) -> None:
    monkeypatch.setattr(sockets, "usual", lambda _kind: [])
    monkeypatch.setattr(sockets, "others", lambda _kind: [])
    monkeypatch.setattr(sockets, "installed", lambda _kind: program)
    with pytest.raises(NoEngine, match=reason):
        open_engine(None, host())


def test_the_environment_does_not_name_the_engine(fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{fake.socket}")
    assert fake.socket not in [place.path for place in sockets.usual()]
    assert client.__all__


def test_many_questions_are_asked_at_once(fake: FakeEngine) -> None:
    engine = open_engine(fake.socket, host())
    fake.answers.update({"/a": [1], "/b": HANG, "/c": error(500, "boom"), "/d": [4], "/e": body(b"{")})
    paths = {name: f"/{name}" for name in "abcdef"}
    begun = time.monotonic()
    found = engine.get_each(paths, limit_s=1.5)
    assert time.monotonic() - begun < 15
    assert (found["a"], found["d"]) == ([1], [4])
    assert isinstance(found["f"], NotFound)
    reasons = {name: found[name].reason for name in "bce"}
    assert "completely within 2 s" in reasons["b"]
    assert "error 500: boom" in reasons["c"]
    assert "not JSON" in reasons["e"]
    assert engine.get_each({}) == {}
