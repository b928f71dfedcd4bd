# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of files for a rescue: exactly what was asked for, and no secret."""

from __future__ import annotations

import base64
import os
import typing as t
import zlib
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import contents
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

TOKEN = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"


def collect(root: Path, *paths: str, **spec: t.Any) -> dict[str, tuple[bytes | None, str]]:
    host = Host(os.fspath(root), 60)
    host.learn(["Tr0ub4dor%3-Zx9qW77"])
    asked = {"paths": list(paths), "secret": [], "max_bytes": 1 << 20, "allow_secrets": [], **spec}
    files = contents.collect(asked, host)["files"]
    return {
        path: (one["content"] and zlib.decompress(base64.b64decode(one["content"])), one["reason"])
        for path, one in files.items()
    }


def test_content_comes_back_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.bin").write_bytes(bytes(range(256)))
    (tmp_path / os.fsdecode(b"odd-\xff")).write_bytes(b"x")
    found = collect(tmp_path, "src/a.bin", "odd-\\xff")
    assert found == {"src/a.bin": (bytes(range(256)), ""), "odd-\\xff": (b"x", "")}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        (".env", "A=1", "a file of a secret class"),
        ("deep/id_rsa", "x", "a file of a secret class"),
        ("own.secret", "x", "a file of a secret class"),
        ("keys.py", f"one\ntoken = '{TOKEN}'\n", "line 2 looks as if it held a secret"),
        ("notes.txt", "it is Tr0ub4dor%3-Zx9qW77", "it holds a secret that is in use on this host"),
    ],
)
def test_secrets_stay(name: str, text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    found = collect(tmp_path, name, secret=[["(?:^|/)[^/]*\\.secret$", True]])
    assert found == {name: (None, reason)}


def test_a_file_that_somebody_looked_at_may_go(tmp_path: Path) -> None:
    (tmp_path / "keys.py").write_text(TOKEN)
    (tmp_path / ".env").write_text(TOKEN)
    found = collect(tmp_path, "keys.py", ".env", allow_secrets=["keys.py", ".env"])
    assert found["keys.py"] == (TOKEN.encode(), "")
    assert found[".env"] == (None, "a file of a secret class")


def test_nothing_outside_the_root_and_no_link_is_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").write_text("outside")
    (root / "link").symlink_to("../outside")
    (root / "folder").symlink_to("..")
    os.mkfifo(root / "fifo")
    found = collect(root, "link", "folder/outside", "../outside", "fifo", "missing", "bad\\q")
    assert all(content is None and reason for content, reason in found.values())
    assert len(found) == 6


def test_there_is_a_limit_to_all_of_it(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text("x" * 40)
    found = collect(tmp_path, "a", "b", "c", max_bytes=100)
    assert [content is None for content, _reason in found.values()] == [False, False, True]
