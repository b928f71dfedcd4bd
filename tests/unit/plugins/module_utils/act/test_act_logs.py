# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of logs: whole or not there, what the logs had, and the logs as they were."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
import tarfile
import typing as t
from pathlib import Path

import pytest
from act_faults import FaultyOs, counted, failing_at, in_place_of_os, killed_at, short_writes
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.logs import archive, service
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Json = t.Dict[str, t.Any]


class Site:
    """An application with logs of its own and one elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.state = folder / "state"
        self.elsewhere = folder / "elsewhere.log"
        (self.root / "logs").mkdir(parents=True)
        self.write({"logs/main.log": b"one\n" * 5000, "logs/empty.log": b"", "logs/odd\nname.log": b"\xff\0x"})
        self.elsewhere.write_bytes(b"elsewhere\n")
        self.paths = ["logs/main.log", "logs/empty.log", "logs/odd*", str(self.elsewhere)]

    def write(self, files: dict[str, bytes]) -> None:
        for path, content in files.items():
            (self.root / path).write_bytes(content)

    def ask(self, **more: t.Any) -> Json:
        request = {
            "root": str(self.root),
            "application": "shop",
            "state_dir": str(self.state),
            "logs": self.paths,
            "keep": 10,
            "keep_days": None,
            "who": "ops@control",
            "why": "a test",
            "timeout_s": 60,
            "check": False,
        }
        return service.reply({**request, **more})

    def archives(self) -> list[str]:
        return sorted(path.name for path in self.state.glob("shop/logs/*"))

    def content(self, name: str) -> dict[str, bytes]:
        # Another program's eyes: what tar says is in it.
        path = self.state / "shop/logs" / name
        subprocess.run(["gzip", "-t", str(path)], check=True)
        with tarfile.open(path) as tar:
            return {one.name: t.cast(t.IO[bytes], tar.extractfile(one)).read() for one in tar}

    def logs(self) -> dict[str, tuple[int, int, int, bytes]]:
        seen = {}
        for path in [*self.root.rglob("*.log"), self.elsewhere]:
            about = path.stat()
            seen[str(path)] = (about.st_ino, about.st_mtime_ns, about.st_ctime_ns, path.read_bytes())
        return seen

    def whole(self) -> dict[str, bytes]:
        held = {f"root/{path.relative_to(self.root)}": path.read_bytes() for path in self.root.rglob("*.log")}
        return {**held, f"host{self.elsewhere}": self.elsewhere.read_bytes()}


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_an_archive_has_what_the_logs_have_and_leaves_them_alone(site: Site) -> None:
    before = site.logs()
    told = site.ask(logs=[*site.paths, "logs/none.log", "logs/main*"])
    assert (told["changed"], told["left_out"]) == (
        True,
        [{"path": "logs/none.log", "reason": "logs/none.log does not exist"}],
    )
    (name,) = site.archives()
    assert told["archive"] == str(site.state / "shop/logs" / name)
    assert site.content(name) == site.whole()
    assert site.logs() == before
    assert (site.state / "shop/logs" / name).stat().st_mode & 0o777 == 0o600
    assert '"what": "logs archived"' in (site.state / "shop/log.jsonl").read_text()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(st.binary(max_size=70_000), min_size=1, max_size=4))
def test_whatever_the_logs_hold(contents: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    site = Site(tmp_path_factory.mktemp("logs"))
    site.write({f"logs/n{number}.log": content for number, content in enumerate(contents)})
    told = site.ask(logs=[f"logs/n{number}.log" for number in range(len(contents))])
    assert told["changed"], told
    found = site.content(site.archives()[0])
    assert found == {f"root/logs/n{number}.log": content for number, content in enumerate(contents)}


def test_checking_tells_the_same_and_writes_nothing(site: Site) -> None:
    told = site.ask(check=True)
    assert (told["changed"], told["archive"], told["bytes"]) == (True, None, 20_013)
    assert not site.state.exists()
    assert site.ask(logs=["logs/none.log"])["changed"] is False
    assert not site.state.exists()


def test_what_is_written_meanwhile_is_not_in_it_and_not_lost(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = archive._packed

    def growing(*arguments: t.Any) -> dict[str, str]:
        with (site.root / "logs/main.log").open("ab") as log:
            log.write(b"later\n" * 5000)
        return packed(*arguments)

    monkeypatch.setattr(archive, "_packed", growing)
    before = site.whole()
    assert site.ask()["changed"]
    assert site.content(site.archives()[0]) == before
    assert (site.root / "logs/main.log").read_bytes().endswith(b"later\n")


def test_a_log_that_is_cut_meanwhile_makes_no_archive(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert site.ask()["changed"]
    (kept,) = site.archives()
    packed = archive._packed

    def cutting(*arguments: t.Any) -> dict[str, str]:
        (site.root / "logs/main.log").write_bytes(b"rotated\n")
        return packed(*arguments)

    monkeypatch.setattr(archive, "_packed", cutting)
    told = site.ask()
    assert told == {
        "failed": True,
        "changed": False,
        "msg": "logs/main.log was truncated while it was read: archive the logs again",
    }
    assert site.archives() == [kept]


def test_a_log_that_cannot_be_read_is_not_left_out(site: Site) -> None:
    (site.root / "logs/folder.log").mkdir()
    told = site.ask(logs=["logs/main.log", "logs/folder.log"])
    assert told["failed"] and "logs/folder.log cannot be archived: " in told["msg"]
    assert site.archives() == []


def test_an_archive_that_the_disk_damages_is_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def flipping(number: int) -> FaultyOs:
        def before(count: int, name: str, arguments: tuple[t.Any, ...]) -> t.Callable[[], t.Any] | None:
            if name != "write" or len(arguments[1]) < number + 10 or not bytes(arguments[1]).strip(b"\0"):
                return None
            data = bytearray(arguments[1])
            data[number] ^= 1
            return lambda: os.write(arguments[0], data)

        return FaultyOs(before)

    for number in (12, 20, 40):
        with in_place_of_os(flipping(number)):
            told = site.ask()
        assert told.get("failed") and "look at the disk" in told["msg"], told
        assert site.archives() == []
    # The broken twin: without reading it back nobody would know.
    monkeypatch.setattr(archive, "_read_back", lambda *_given: archive_digests[0])
    archive_digests: list[dict[str, str]] = []
    packed = archive._packed

    def noting(*arguments: t.Any) -> dict[str, str]:
        archive_digests[:] = [packed(*arguments)]
        return archive_digests[0]

    monkeypatch.setattr(archive, "_packed", noting)
    with in_place_of_os(flipping(20)):
        assert site.ask()["changed"]


def test_killed_anywhere_it_is_there_whole_or_not_at_all(site: Site) -> None:
    assert site.ask(keep=2)["changed"]
    assert site.ask(keep=2)["changed"]
    (first, second) = site.archives()
    calls = len(counted(lambda: site.ask(keep=3)))
    assert calls > 5
    for number in range(1, calls + 1):
        for torn in (False, True):
            killed_at(number, lambda: site.ask(keep=50), torn)
            for name in site.archives():
                if not name.startswith(archive.NEW):
                    assert site.content(name) == site.whole()
    assert site.ask(keep=100)["changed"]
    assert not [name for name in site.archives() if name.startswith(archive.NEW)]
    assert {first, second} <= set(site.archives())


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES])
def test_an_error_is_told_and_leaves_no_half(site: Site, error: int) -> None:
    site.ask()
    calls = len(counted(lambda: site.ask(keep=1)))
    for number in range(1, calls + 1):
        with in_place_of_os(failing_at(number, error)):
            told = site.ask(keep=1)
        assert told.get("failed") is not None or told["changed"], told
        if told.get("failed"):
            assert told["msg"]
        for name in site.archives():
            if not name.startswith(archive.NEW):
                assert site.content(name) == site.whole()
    with in_place_of_os(short_writes()):
        assert site.ask()["changed"]


def test_what_failed_to_begin_never_writes_into_another_file(tmp_path: Path) -> None:
    """What packs ends when it is thrown away, and its descriptor is that of another file by then."""
    written: list[int] = []

    def before(_count: int, name: str, arguments: tuple[t.Any, ...]) -> t.Callable[[], t.Any] | None:
        def fail() -> t.Any:
            written.append(arguments[0])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return fail if name == "write" else None

    folder_fd = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(Refused, match="no space left") as caught, in_place_of_os(FaultyOs(before)):
            archive.write(folder_fd, "a.tar.gz", [], Host("/", 60))
        written_fd = written[0]
        other_fd = os.open(tmp_path / "other", os.O_WRONLY | os.O_CREAT)
        os.dup2(other_fd, written_fd)
        del caught
        gc.collect()
        os.close(other_fd)
        if written_fd != other_fd:
            os.close(written_fd)
    finally:
        os.close(folder_fd)
    assert (tmp_path / "other").read_bytes() == b""


def test_no_more_are_kept_than_asked_for(site: Site) -> None:
    old = "20200101T000000Z-aaaaaa.tar.gz"
    assert site.ask()["changed"]
    for name in (old, "somebody's own.tar.gz", "29990101T000000Z-bbbbbb.tar.gz"):
        (site.state / "shop/logs" / name).write_bytes(b"")
    assert site.ask(keep_days=30)["removed"] == [old]
    for _number in range(3):
        site.ask(keep=2)
    names = site.archives()
    assert "somebody's own.tar.gz" in names and "29990101T000000Z-bbbbbb.tar.gz" in names
    assert len(names) == 3


def test_the_archive_that_was_made_stays_whatever_the_clock_said_before(site: Site) -> None:
    assert site.ask()["changed"]
    ahead = "29990101T000000Z-bbbbbb.tar.gz"
    (site.state / "shop/logs" / ahead).write_bytes(b"")
    told = site.ask(keep=1)
    assert (site.archives(), len(told["removed"])) == ([Path(told["archive"]).name], 2)


def test_where_there_is_no_room_nothing_is_begun(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_SPARE", 1 << 60)
    told = site.ask()
    assert told["failed"] and "the logs have 20013 bytes, and" in told["msg"] and "make room" in told["msg"]
    assert site.archives() == []
