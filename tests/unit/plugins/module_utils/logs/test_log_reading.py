# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading files of logs: what rotation does to them before and meanwhile, and what stands in the way."""

from __future__ import annotations

import gzip
import os
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.logs import reading
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.files import Missing, locate, unpacked
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from held import descriptors

START = 1795255200

Json = t.Dict[str, t.Any]


def lines(first: int, count: int) -> bytes:
    """Return lines of one second each, numbered from 1 at START."""
    return b"".join(
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + number)).encode() + b" INFO n%d.\n" % number
        for number in range(first, first + count)
    )


def write(path: Path, content: bytes, mtime: float) -> None:
    path.write_bytes(content)
    os.utime(path, (mtime, mtime))


def read(root: Path, since: float | None = None, path: str = "x.log", **spec: t.Any) -> Json:
    asked = {"path": path, "lines": 10_000, "forbid": [{"name": "all", "pattern": r"n\d+\."}], **spec}
    return reading.read_file(asked, since, Host(str(root), 60), 4096)


def count(made: Json) -> int:
    return int(made["forbid"][0]["count"])


def test_the_part_that_was_read_is_told(tmp_path: Path) -> None:
    content = lines(1, 1000)
    write(tmp_path / "x.log", content, START + 1000)
    made = read(tmp_path, lines=10)
    part = len(lines(991, 10))
    assert made["read"] == {
        "lines": 10,
        "first": "2026-11-21T10:16:31Z",
        "first_s": START + 991,
        "last": "2026-11-21T10:16:40Z",
        "last_s": START + 1000,
        "from_byte": len(content) - part,
        "bytes": part,
        "of_total": len(content),
        "dated": True,
        "complete": True,
        "reason": "",
        "siblings": [],
        "cut": 0,
        "changed": "",
        "unsorted": False,
    }
    assert (made["size"], made["mtime"], made["newest_s"]) == (len(content), "2026-11-21T10:16:40Z", START + 1000)


@pytest.mark.parametrize(
    ("since", "expected", "used"),
    [
        (START + 301, 0, []),
        (START + 250, 51, []),
        (START + 201, 100, []),
        (START + 150, 151, ["x.log.1"]),
        (START + 50, 251, ["x.log.2.gz", "x.log.1"]),
        (START - 500, 300, ["x.log.3", "x.log.2.gz", "x.log.1"]),
    ],
)
def test_what_rotation_made_of_it_is_read_as_far_as_it_reaches(
    tmp_path: Path, since: float, expected: int, used: list[str]
) -> None:
    write(tmp_path / "x.log", lines(201, 100), START + 300)
    write(tmp_path / "x.log.1", lines(101, 100), START + 200)
    write(tmp_path / "x.log.2.gz", gzip.compress(lines(1, 60)) + gzip.compress(lines(61, 40)), START + 100)
    write(tmp_path / "x.log.3", b"", START)
    # Others that are none of it.
    write(tmp_path / "x.log.bak", lines(1, 5), START + 300)
    write(tmp_path / "x.logs", lines(1, 5), START + 300)
    made = read(tmp_path, since)
    assert (count(made), made["read"]["siblings"], made["read"]["complete"]) == (expected, used, True)
    assert made["newest_s"] == START + 300


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.log.1.xz", b"\xfd7zXZ", "packed in a way that is not read"),
        ("x.log.1.gz", b"no gzip", "no gzip file, or damaged"),
        ("x.log.1.gz", gzip.compress(lines(1, 1000))[:-500], "breaks off"),
    ],
    # The bytes of a gzip file hold the time: as names they would differ between the workers of one run.
    ids=["xz", "no gzip", "breaks off"],
)
def test_a_part_that_cannot_be_read_is_told(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    write(tmp_path / "x.log", lines(201, 100), START + 300)
    write(tmp_path / name, content, START + 200)
    made = read(tmp_path, START + 50)
    assert not made["read"]["complete"]
    assert reason in made["read"]["reason"]


def test_a_log_that_was_just_rotated_is_read_where_it_is_now(tmp_path: Path) -> None:
    write(tmp_path / "x.log", b"", START + 101)
    write(tmp_path / "x.log.1", lines(1, 100), START + 100)
    assert count(read(tmp_path, START + 51)) == 50


def test_a_packed_log_that_unpacks_without_end_is_not_read_to_it(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"\0" * (3 << 20)))
    fd = os.open(path, os.O_RDONLY)
    try:
        with pytest.raises(Unseen, match="more than 2 MiB"):
            for piece in unpacked(fd, Host("/", 60), 4096, 2 << 20):
                assert len(piece) <= 4096
    finally:
        os.close(fd)


class Meanwhile(Host):
    """A host on which something happens while a log is read, the first time that the time limit is looked at."""

    def __init__(self, root: Path, happens: t.Callable[[], object]) -> None:
        super().__init__(str(root), 60)
        self._happens: t.Callable[[], object] | None = happens

    def check_time(self) -> None:
        happens, self._happens = self._happens, None
        if happens:
            happens()


def meanwhile(root: Path, happens: t.Callable[[], object]) -> Json:
    asked = {"path": "x.log", "lines": 10_000, "forbid": [{"name": "all", "pattern": r"n\d+\."}]}
    return reading.read_file(asked, None, Meanwhile(root, happens), 4096)


def test_what_is_appended_meanwhile_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(lines(1, 1000))

    def append() -> None:
        with path.open("ab") as file:
            file.write(lines(1001, 1000))

    made = meanwhile(tmp_path, append)
    assert (count(made), made["read"]["complete"], made["read"]["changed"]) == (1000, True, "")


def test_a_log_that_is_rotated_meanwhile_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(lines(1, 1000))

    def rotate() -> None:
        path.rename(tmp_path / "x.log.1")
        path.write_bytes(lines(1001, 10))

    made = meanwhile(tmp_path, rotate)
    assert (count(made), made["read"]["complete"]) == (1000, True)
    assert "rotated while it was read" in made["read"]["changed"]


def test_a_log_that_is_moved_away_meanwhile_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(lines(1, 1000))
    made = meanwhile(tmp_path, path.unlink)
    assert (count(made), made["read"]["complete"]) == (1000, True)
    assert "moved or removed" in made["read"]["changed"]


def test_a_log_that_is_truncated_meanwhile_is_a_part_that_was_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(lines(1, 1000))
    made = meanwhile(tmp_path, lambda: os.truncate(path, 10))
    assert not made["read"]["complete"]
    assert "truncated while it was read" in made["read"]["reason"]


def test_since_needs_times_and_lines_do_not(tmp_path: Path) -> None:
    write(tmp_path / "x.log", b"n1.\nn2.\n", START)
    made = read(tmp_path)
    assert (count(made), made["read"]["dated"], made["newest_s"]) == (2, False, None)
    with pytest.raises(Unseen, match="no line of it has a time"):
        read(tmp_path, START)
    write(tmp_path / "x.log", b"", START)
    assert read(tmp_path, START)["read"]["lines"] == 0


def test_the_newest_of_several_is_read(tmp_path: Path) -> None:
    write(tmp_path / "app-1.log", lines(1, 1), START)
    write(tmp_path / "app-2.log", lines(1, 2), START + 5)
    write(tmp_path / "app-3.log", lines(1, 3), START + 1)
    (tmp_path / "app-4.log").mkdir()
    made = read(tmp_path, path="app-*.log")
    assert (made["path"], count(made)) == ("app-2.log", 2)
    with pytest.raises(Missing, match="no file matches"):
        read(tmp_path, path="web-*.log")


@pytest.mark.parametrize("path", ["none.log", "none/x.log", "x.log/y.log", "/never-there/x.log"])
def test_what_is_not_there_is_missing(tmp_path: Path, path: str) -> None:
    (tmp_path / "x.log").write_bytes(b"")
    with pytest.raises(Missing):
        locate(path, Host(str(tmp_path), 60))


def test_no_link_is_followed_and_no_descriptor_stays_open(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "real.log").write_bytes(b"x\n")
    (tmp_path / "link.log").symlink_to("logs/real.log")
    (tmp_path / "linked").symlink_to("logs")
    os.mkfifo(tmp_path / "pipe.log")
    before = descriptors()
    for path, reason in (
        ("link.log", "symbolic link"),
        ("linked/real.log", "linked/real.log"),
        ("pipe.log", "not a regular file"),
        ("logs", "not a regular file|cannot be opened"),
    ):
        with pytest.raises((Unseen, Missing), match=reason):
            locate(path, Host(str(tmp_path), 60))
    locate(f"{tmp_path}/linked/real.log", Host("/", 60)).close()
    assert descriptors() <= before
