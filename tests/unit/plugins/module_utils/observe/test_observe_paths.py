# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening below a directory: no link, no way up, nothing that blocks."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from held import descriptors


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "root"
    (inside / "sub").mkdir(parents=True)
    (inside / "sub" / "file").write_text("inside")
    (tmp_path / "file").write_text("outside")
    (inside / "link").symlink_to("sub/file")
    (inside / "folder-link").symlink_to("sub")
    (inside / "out").symlink_to("..")
    os.mkfifo(inside / "fifo")
    return inside


@pytest.mark.parametrize("path", [b"sub/file", b"./sub//file", b"sub/./file"])
def test_a_file_below_the_root_is_opened(root: Path, path: bytes) -> None:
    with opened(root) as root_fd:
        fd = paths.open_beneath(root_fd, path)
        try:
            assert paths.read_fd(fd, 6) == b"inside"
        finally:
            os.close(fd)


@pytest.mark.parametrize("path", [b"..", b"../file", b"sub/../sub/file", b"", b".", b"/", b"sub", b"fifo"])
def test_ways_up_and_what_is_no_file_are_refused_at_once(root: Path, path: bytes) -> None:
    with opened(root) as root_fd, pytest.raises(Unseen):
        paths.open_beneath(root_fd, path)


@pytest.mark.parametrize("path", [b"link", b"folder-link/file", b"out/file"])
def test_a_link_is_followed_nowhere_on_the_way(root: Path, path: bytes) -> None:
    with opened(root) as root_fd:
        with pytest.raises(OSError) as raised:
            paths.open_beneath(root_fd, path)
        assert raised.value.errno in (errno.ELOOP, errno.ENOTDIR)
        # The broken twin: a plain open follows it.
        os.close(os.open(path, os.O_RDONLY, dir_fd=root_fd))


def test_an_absolute_path_is_read_below_the_root(root: Path) -> None:
    with opened(root) as root_fd, pytest.raises(FileNotFoundError):
        paths.open_beneath(root_fd, os.fsencode(root / "sub" / "file"))


def test_devices_and_sockets_are_not_read(root: Path) -> None:
    with opened(Path("/dev")) as devices, pytest.raises(Unseen, match="null is not a regular file"):
        paths.open_file(devices, "null")
    with socket.socket(socket.AF_UNIX) as listening, opened(root) as root_fd:
        # The address of a socket is short; the path of its folder may not be.
        listening.bind(f"/proc/self/fd/{root_fd}/socket")
        with pytest.raises(OSError):
            paths.open_file(root_fd, "socket")


def test_no_descriptor_stays_open(root: Path) -> None:
    before = descriptors()
    with opened(root) as root_fd:
        for path in (b"sub/absent", b"sub/../x", b"fifo", b"folder-link/file"):
            with pytest.raises((OSError, Unseen)):
                paths.open_beneath(root_fd, path)
    assert descriptors() <= before


def test_the_root_says_what_is_wrong_with_it(root: Path) -> None:
    with pytest.raises(Unseen, match="absent does not exist on this host"):
        paths.open_root(str(root / "absent"))
    with pytest.raises(Unseen, match="file is not a directory"):
        paths.open_root(str(root / "sub" / "file"))
    (root / "loop").symlink_to("loop")
    with pytest.raises(Unseen, match="loop cannot be opened: too many levels"):
        paths.open_root(str(root / "loop"))


def test_a_link_that_leads_to_the_root_is_the_operators_own(root: Path) -> None:
    fd = paths.open_root(str(root / "folder-link"))
    try:
        assert os.path.samestat(os.fstat(fd), os.stat(root / "sub"))
    finally:
        os.close(fd)


def test_where_access_times_cannot_be_spared_the_file_is_read_all_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.open
    refused = []

    def of_another_owner(name: str, flags: int, *, dir_fd: int | None = None) -> int:
        if flags & os.O_NOATIME:
            refused.append(name)
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return plain(name, flags, dir_fd=dir_fd)

    with opened(root / "sub") as folder:
        monkeypatch.setattr(os, "open", of_another_owner)
        os.close(paths.open_file(folder, "file"))
    assert refused == ["file"]


def test_a_file_that_may_not_be_read_is_not_tried_in_another_way(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def denied(name: str, flags: int, *, dir_fd: int | None = None) -> int:
        tried.append(name)
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(PermissionError):
        paths.open_file(None, "file")
    assert tried == ["file"]


def test_more_than_the_limit_is_not_cut_but_refused(root: Path) -> None:
    with opened(root / "sub") as folder:
        fd = paths.open_file(folder, "file")
        try:
            with pytest.raises(Unseen, match="larger than 5 bytes"):
                paths.read_fd(fd, 5)
        finally:
            os.close(fd)
