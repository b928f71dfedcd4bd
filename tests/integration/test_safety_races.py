# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Races and special files: nothing outside of the tree is ever read, nothing blocks, and the rest is seen."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import details
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from e2e_arena import CANARY, INSIDE, LEVELS, Arena
from e2e_host import differences, see
from e2e_project import write
from waiting import LIMIT_S

BUDGET_S = 5.0
WALKS = 50


@LEVELS
def test_nothing_outside_of_the_tree_is_read(tmp_path: Path, level: str) -> None:
    arena = Arena(tmp_path, level)
    canary = hashlib.sha256(CANARY.encode()).hexdigest()
    inside = hashlib.sha256(INSIDE.encode()).hexdigest()
    asked = {"trees": [{"name": "source", "path": ".", "paths": ["one/two/file"], "max_text": 100, "text": True}]}
    walks = seen_inside = seen_link = 0
    with arena.flipping():
        end = time.monotonic() + BUDGET_S
        # On a busy machine, the walks take longer than the budget, and on one processor the path is swapped seldom.
        while time.monotonic() < end + (0 if walks >= WALKS and seen_inside and seen_link else LIMIT_S):
            view = see(arena.root)
            told = repr([directory.entries for directory in view.directories])
            text = repr(details.collect(asked, Host(os.fspath(arena.root), 60)))
            assert canary not in told + text
            assert CANARY not in told + text
            walks += 1
            seen_inside += inside in text
            seen_link += "outside" in told
    assert walks >= WALKS
    assert seen_inside, "the file itself was seen as well"
    assert seen_link, "and so was the link in its place"


@LEVELS
def test_twin_that_looks_and_then_opens_by_name_leaks(tmp_path: Path, level: str) -> None:
    arena = Arena(tmp_path, level)
    leaked = False
    with arena.flipping():
        end = time.monotonic() + LIMIT_S
        while not leaked and time.monotonic() < end:
            leaked = CANARY in _naive(arena.root)
    assert leaked


def _naive(folder: Path) -> list[str]:
    """Walk a tree as one does who trusts names: a link is recognised, and not followed, as long as it stays one."""
    found: list[str] = []
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(folder)):
            path = folder / name
            mode = os.lstat(path).st_mode
            if stat.S_ISDIR(mode):
                found += _naive(path)
            elif stat.S_ISREG(mode):
                found.append(path.read_text())
    return found


# Special files.


def test_special_files_do_not_block_and_are_told(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    write(root, {"d/file": "1", "d/" + "n" * 255: "long", "n" * 255 + "/file": "long"})
    os.mkfifo(root / "d/fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        # The address of a socket has 108 bytes at most: too few for a folder of pytest.
        folder_fd = os.open(root / "d", os.O_RDONLY)
        listening.bind(f"/proc/self/fd/{folder_fd}/socket")
        os.close(folder_fd)
    wanted = {"fifo": "p", "socket": "s", "file": "f", "n" * 255: "f"}
    if os.geteuid() == 0:
        os.mknod(root / "d/zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        os.mknod(root / "d/loop", stat.S_IFBLK | 0o666, os.makedev(7, 200))
        wanted |= {"zero": "d", "loop": "d"}
    view = see(root, timeout_s=20)
    assert (view.complete, view.unseen) == (True, [])
    folder = view.directories.get("d/")
    assert folder is not None
    assert {entry[0]: entry[1] for entry in folder.parsed() or []} == wanted
    assert view.directories.get("n" * 255 + "/") is not None


def test_special_files_in_the_place_of_files_differ(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    write(root, {"fifo": "1", "same": "2"})
    reference = see(root).directories
    (root / "fifo").unlink()
    os.mkfifo(root / "fifo")
    (difference,) = differences(see(root, reference), reference).differences
    assert (difference["path"], difference["aspects"], difference["host"]["type"]) == ("fifo", ["type"], "fifo")


@pytest.mark.parametrize("size", [1 << 40, (1 << 43) - 4096])
def test_a_file_without_end_costs_no_more_than_the_time_limit(tmp_path: Path, size: int) -> None:
    root = tmp_path / "tree"
    write(root, {"before/file": "1", "huge/sparse": "", "then/file": "2"})
    reference = see(root).directories
    os.truncate(root / "huge/sparse", size)
    begun = time.monotonic()
    view = see(root, reference, timeout_s=2)
    assert time.monotonic() - begun < LIMIT_S, "to read it all takes hours"
    result = differences(view, reference)
    assert (result.differences, result.groups) == ([], [])
    reasons = [view.reason, *(item["reason"] for item in result.unknown)]
    assert any("time limit" in reason for reason in reasons)
    assert result.unknown_files or result.unknown


def test_a_tree_deeper_than_any_path_may_be_long(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    depth = 1200
    fd = os.open(root, os.O_RDONLY)
    for _level in range(depth):
        os.mkdir("deep", dir_fd=fd)
        below = os.open("deep", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    leaf = os.open("leaf", os.O_WRONLY | os.O_CREAT, dir_fd=fd)
    os.write(leaf, b"leaf")
    os.close(leaf)
    os.close(fd)
    try:
        view = see(root)
        assert (view.complete, view.unseen, len(view.directories)) == (True, [], depth + 1)
        deepest = view.directories.get("deep/" * depth)
        assert deepest is not None
        assert [entry[0] for entry in deepest.parsed() or []] == ["leaf"]
    finally:
        subprocess.run(["rm", "-rf", str(root)], check=True)
