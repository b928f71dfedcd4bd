# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small parts of a change: mount points, held directories, attributes, the history."""

from __future__ import annotations

import base64
import os
import typing as t
from pathlib import Path

import pytest
from act_world import World, build
from ansible_collections.evenkeel.drift.plugins.module_utils.act import journal, mounts
from ansible_collections.evenkeel.drift.plugins.module_utils.act.attributes import give, same_xattrs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.folders import Folders
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen


@pytest.mark.parametrize(
    ("line", "point"),
    [
        (b"36 35 98:0 / /mnt/data rw,noatime master:1 - ext4 /dev/root rw\n", b"/mnt/data"),
        (
            b"36 35 98:0 /a\\040b /mnt/with\\040space\\011tab\\012line\\134 rw - ext4 x rw\n",
            b"/mnt/with space\ttab\nline\\",
        ),
        (b"36 35 98:0\n", b""),
        (b"", b""),
    ],
)
def test_mount_points_are_read(line: bytes, point: bytes) -> None:
    assert mounts.points_in(line) == point


def test_mount_points_below_a_directory() -> None:
    fd = os.open("/", os.O_RDONLY)
    try:
        assert b"proc" in mounts.points_below(fd)
    finally:
        os.close(fd)


MOUNTINFO = (
    b"20 1 8:1 /@root / rw - btrfs /dev/a rw\n"
    b"21 20 8:2 / /srv rw - ext4 /dev/b rw\n"
    b"22 20 8:2 / /srv rw - ext4 /dev/b rw\n"
    b"23 21 8:2 /shop/releases/a\\040b/conf /mnt/x rw - ext4 /dev/b rw\n"
    b"24 21 8:3 /shop/releases/other /mnt/y rw - ext4 /dev/c rw\n"
    b"25 21 8:2 /shop/releases-2 /mnt/z rw - ext4 /dev/b rw\n"
    b"26\n"
)


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        (b"/etc", (b"8:1", b"/@root/etc")),
        (b"/srv", (b"8:2", b"")),
        (b"/srv/shop/releases", (b"8:2", b"/shop/releases")),
        (b"/srv2", (b"8:1", b"/@root/srv2")),
        (b"/mnt/x/y", (b"8:2", b"/shop/releases/a b/conf/y")),
    ],
)
def test_where_a_folder_lies_in_its_file_system(folder: bytes, source: tuple[bytes, bytes]) -> None:
    assert mounts.source_of(folder, mounts.parse(MOUNTINFO)) == source
    assert mounts.source_of(folder, []) is None


def test_what_of_a_folder_is_mounted_elsewhere() -> None:
    found = mounts.elsewhere(b"/srv/shop/releases", (b"8:2", b"/shop/releases"), mounts.parse(MOUNTINFO))
    assert list(found) == [b"/srv/shop/releases/a b/conf"]


@pytest.fixture(name="root")
def fixture_root(tmp_path: Path) -> Path:
    (tmp_path / "root/a/b").mkdir(parents=True)
    return tmp_path / "root"


@pytest.fixture(name="folders")
def fixture_folders(root: Path) -> t.Iterator[Folders]:
    fd = os.open(root, os.O_RDONLY)
    with Folders(fd) as folders:
        yield folders
    os.close(fd)


def test_a_directory_is_held(folders: Folders, root: Path) -> None:
    inode = (root / "a/b").stat().st_ino
    assert os.fstat(folders.fd("a/b")).st_ino == inode
    (root / "a/b").rename(root / "moved")
    (root / "a/b").mkdir()
    assert os.fstat(folders.fd("a/b")).st_ino == inode


def test_a_directory_that_was_replaced_is_told_when_it_is_opened_again(folders: Folders, root: Path) -> None:
    folders.fd("a/b")
    for number in range(200):
        (root / f"other-{number}").mkdir()
        folders.fd(f"other-{number}")
    (root / "a/b").rename(root / "moved")
    (root / "a/b").mkdir()
    with pytest.raises(Unseen, match="the directory a/b was replaced by another one meanwhile"):
        folders.fd("a/b")
    folders.forget("a")
    assert os.fstat(folders.fd("a/b")).st_ino == (root / "a/b").stat().st_ino


def test_few_descriptors_are_held(folders: Folders, root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(300):
        (root / f"other-{number}").mkdir()
        folders.fd(f"other-{number}")
    assert len(os.listdir("/proc/self/fd")) - before <= 130


def test_a_barred_directory(root: Path) -> None:
    seen = (root / "a").stat()
    fd = os.open(root, os.O_RDONLY)
    with Folders(fd, [(seen.st_dev, seen.st_ino)]) as folders, pytest.raises(Refused, match="a is the state directory"):
        folders.fd("a/b")
    os.close(fd)


def test_attributes_are_given(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    fd = os.open(path, os.O_RDONLY)
    wanted = {"mode": "4711", "mtime_ns": 5, "xattrs": {"user.a": base64.b64encode(b"\0").decode("ascii")}}
    try:
        give(fd, wanted)
        give(fd, wanted)
        seen = path.stat()
        assert (oct(seen.st_mode & 0o7777), seen.st_mtime_ns, os.getxattr(path, "user.a")) == ("0o4711", 5, b"\0")
        give(fd, {"mode": None, "xattrs": {}}, also_mode=0o700)
        assert (oct(path.stat().st_mode & 0o7777), os.listxattr(path)) == ("0o4711", [])
    finally:
        os.close(fd)


def test_a_label_that_cannot_be_taken_away_is_no_difference() -> None:
    has = {"user.a": "AA==", "security.selinux": "BB=="}
    assert same_xattrs({"user.a": "AA=="}, has)
    assert not same_xattrs({"user.a": "AA==", "security.selinux": "CC=="}, has)
    assert not same_xattrs({}, has)


def test_the_history_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "KEPT", 3)
    world = World(tmp_path / "world")
    build(world.root)
    for number in range(5):
        world.apply([world.write("over.txt", f"{number}\n".encode())])
    kept = list((world.states / "shop/history").iterdir())
    assert len(kept) == 3
    assert len((world.states / "shop/log.jsonl").read_text().splitlines()) == 10
