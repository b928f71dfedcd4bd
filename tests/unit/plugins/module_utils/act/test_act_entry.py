# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of one path, whatever stands there."""

from __future__ import annotations

import base64
import os
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.entry import look, look_at, parts_of, stored
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show


@pytest.fixture(name="root_fd")
def fixture_root_fd(tmp_path: Path) -> t.Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def test_each_type_is_told(root_fd: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content\n")
    (tmp_path / "file").chmod(0o4750)
    os.utime(tmp_path / "file", ns=(1, 1_000_000_001))
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        # The address of a socket is short; the path of its folder may not be.
        listener.bind(f"/proc/self/fd/{root_fd}/socket")
    found = look(root_fd, b"file")
    assert found["sha256"] == "434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53"
    told = {key: found[key] for key in ("type", "mode", "size", "mtime_ns", "links", "xattrs")}
    wanted = {"type": "file", "mode": "4750", "size": 8, "mtime_ns": 1_000_000_001, "links": 1, "xattrs": {}}
    assert told == wanted
    assert look(root_fd, b"link")["target"] == "file"
    assert [look(root_fd, name)["type"] for name in (b"folder", b"link", b"fifo", b"socket", b"none")] == [
        "directory",
        "link",
        "other",
        "other",
        "absent",
    ]


def test_without_content_no_file_is_opened(root_fd: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content\n")
    found = look(root_fd, b"file", content=False)
    assert "sha256" not in found
    assert found["size"] == 8


def test_attributes_are_told(root_fd: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for name in ("file", "folder"):
        try:
            os.setxattr(tmp_path / name, "user.evenkeel", b"\0\xff")
        except OSError:
            pytest.skip("the file system has no extended attributes on this machine")
        assert look(root_fd, name.encode())["xattrs"] == {"user.evenkeel": base64.b64encode(b"\0\xff").decode()}


def test_what_lies_below_no_directory_is_absent(root_fd: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "real").mkdir()
    (tmp_path / "real/inside").write_bytes(b"")
    (tmp_path / "link").symlink_to("real")
    for path in ("file/inside", "none/inside", "link/inside"):
        assert look_at(root_fd, path) == {"type": "absent"}
    assert look_at(root_fd, "real/inside")["type"] == "file"


def test_names_of_any_bytes(root_fd: int, tmp_path: Path) -> None:
    name = b"a\\\n\xff"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"x")
    assert look_at(root_fd, show(name))["type"] == "file"


@pytest.mark.parametrize("path", ["", "/etc", "a//b", "a/../b", ".", "..", "a/.", "a\0b", "n" * 256, "a\\b"])
def test_what_is_no_path_below_the_root(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|name"):
        parts_of(path)


def test_a_name_may_have_255_bytes() -> None:
    assert parts_of("a/" + "n" * 255) == [b"a", b"n" * 255]


def test_what_is_stored_is_not_of_the_inode(root_fd: int, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x")
    (tmp_path / "one").chmod(0o644)
    os.utime(tmp_path / "one", ns=(5, 5))
    (tmp_path / "two").write_bytes(b"x")
    (tmp_path / "two").chmod(0o644)
    os.utime(tmp_path / "two", ns=(5, 5))
    assert stored(look(root_fd, b"one")) == stored(look(root_fd, b"two"))
