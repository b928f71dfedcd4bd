# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine is asked to change: a closed list, each with one of three ends: done, refused, or not known."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.engine import (
    Conflict,
    NotDone,
    Uncertain,
    Writer,
    open_writer,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import NoEngine, NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from fake_engine import HANG, FakeEngine, Raw, body, empty, error

ID = "0123456789abcdef" * 4
Do = t.Callable[[Writer], t.Any]


@pytest.fixture(name="fake")
def fixture_fake() -> t.Iterator[FakeEngine]:
    with FakeEngine() as fake:
        yield fake


def writer(fake: FakeEngine, seconds: float = 20) -> Writer:
    return open_writer(fake.socket, Host("/", seconds))


@pytest.mark.parametrize(
    ("do", "asked", "status"),
    [
        (lambda one: one.start(ID), f"POST /containers/{ID}/start", 204),
        (lambda one: one.start(ID), f"POST /containers/{ID}/start", 304),
        (lambda one: one.stop(ID, 5), f"POST /containers/{ID}/stop?t=5", 204),
        (lambda one: one.stop(ID, 5), f"POST /containers/{ID}/stop?t=5", 304),
        (lambda one: one.restart("web", 5), "POST /containers/web/restart?t=5", 204),
        (lambda one: one.rename(ID, "web.old"), f"POST /containers/{ID}/rename?name=web.old", 204),
        (lambda one: one.remove(ID), f"DELETE /containers/{ID}?force=false&link=false&v=false", 204),
        (lambda one: one.tag(f"sha256:{ID}", "a/b", "1"), f"POST /images/sha256:{ID}/tag?repo=a/b&tag=1", 201),
        (lambda one: one.set_restart(ID, "no", 0), f"POST /containers/{ID}/update", 200),
        (lambda one: one.connect("net", ID, {"Aliases": ["web"]}), "POST /networks/net/connect", 200),
        (lambda one: one.disconnect("net", ID), "POST /networks/net/disconnect", 200),
    ],
)
def test_what_is_asked(fake: FakeEngine, do: Do, asked: str, status: int) -> None:
    fake.answers[asked] = empty(status)
    do(writer(fake))
    fake.answers[asked] = error(500, "no, password=hunter2hunter2")
    with pytest.raises(NotDone, match="error 500") as refused:
        do(writer(fake))
    assert "hunter2" not in refused.value.reason
    fake.answers[asked] = error(409, "it runs")
    with pytest.raises(Conflict, match="it runs"):
        do(writer(fake))
    fake.answers[asked] = error(404, "no such container")
    with pytest.raises(NotFound, match="no such container"):
        do(writer(fake))
    for broken in (Raw(b""), Raw(b"HTTP/1.1 299 Odd\r\n\r\n"), Raw(b"hello\r\n\r\n")):
        fake.answers[asked] = broken
        with pytest.raises(Uncertain, match="is not known"):
            do(writer(fake))


def test_a_container_is_made(fake: FakeEngine) -> None:
    asked = "POST /containers/create?name=web"
    fake.answers[asked] = Raw(b"HTTP/1.1 201 Created\r\n\r\n" + json.dumps({"Id": ID, "Warnings": []}).encode())
    assert writer(fake).create("web", {"Image": ID, "Env": ["A=\u00e4"]}) == ID
    assert json.loads(fake.sent[-1]) == {"Image": ID, "Env": ["A=\u00e4"]}
    for said in (b"{}", b"[]", b'{"Id": "../x"}', b"", b"{", b'{"Id": 1}'):
        fake.answers[asked] = Raw(b"HTTP/1.1 201 Created\r\n\r\n" + said)
        with pytest.raises(Uncertain):
            writer(fake).create("web", {})


def test_an_image_is_loaded_and_what_went_wrong_in_the_middle_is_told(fake: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"x" + bytes(3 << 20))
    fd = os.open(tmp_path / "image", os.O_RDONLY)
    try:
        fake.answers["POST /images/load"] = body(b'{"stream":"Loaded"}\r\n')
        os.lseek(fd, 1, os.SEEK_SET)
        writer(fake).load(fd, 3 << 20)
        assert fake.sent[-1] == bytes(3 << 20)
        fake.answers["POST /images/load"] = body(b'{"stream":"a"}\r\n{"errorDetail":{},"error":"unexpected EOF"}\r\n')
        with pytest.raises(NotDone, match="unexpected EOF"):
            writer(fake).load(fd, 0)
        with pytest.raises(Uncertain, match="shorter than it was"):
            writer(fake).load(fd, 10)
    finally:
        os.close(fd)


def test_an_archive_goes_both_ways(fake: FakeEngine, tmp_path: Path) -> None:
    fake.answers[f"/containers/{ID}/archive?path=/data"] = body(b"archive")
    found: list[bytes] = []
    assert writer(fake).pack(ID, "/data", found.append, 100) == 7
    assert b"".join(found) == b"archive"
    with pytest.raises(Unseen, match="more than 3 bytes"):
        writer(fake).pack(ID, "/data", found.append, 3)
    fake.answers[f"/images/sha256:{ID}/get"] = Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    with pytest.raises(Unseen, match="breaks off"):
        writer(fake).save(f"sha256:{ID}", found.append, 100)
    (tmp_path / "archive").write_bytes(b"archive")
    fake.answers[f"PUT /containers/{ID}/archive"] = empty(200)
    fd = os.open(tmp_path / "archive", os.O_RDONLY)
    try:
        writer(fake).unpack(ID, "/data", fd, 7)
    finally:
        os.close(fd)
    assert fake.sent[-1] == b"archive"
    assert fake.asked[-1] == f"/containers/{ID}/archive?copyUIDGID=true&noOverwriteDirNonDir=true&path=/data"


@pytest.mark.parametrize("name", ["", "../images", "a/b", "a?force=true", "a%2f", "-x", ".", "a" * 300, "a\nb"])
def test_no_name_leads_to_another_request(fake: FakeEngine, name: str) -> None:
    one = writer(fake)
    before = len(fake.asked)
    for do in (one.start, one.stop, one.restart, one.remove):
        with pytest.raises(NotDone, match="is no name"):
            do(name)
    with pytest.raises(NotDone):
        one.create(name, {})
    with pytest.raises(NotDone):
        one.save(name, list.append, 1)  # type: ignore[arg-type]  # it is never called
    assert len(fake.asked) == before


def test_an_engine_that_hangs_does_not_hold_a_change(fake: FakeEngine) -> None:
    fake.answers[f"POST /containers/{ID}/start"] = HANG
    with pytest.raises(Uncertain, match="did not answer"):
        writer(fake, 0.5).start(ID)


def test_an_engine_that_is_gone(fake: FakeEngine) -> None:
    one = writer(fake)
    os.unlink(fake.socket)
    with pytest.raises(NoEngine):
        one.start(ID)
