# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only ``fs.py`` changes anything, and the list of its calls that tests fail is complete."""

from __future__ import annotations

import ast
import fcntl
import os
from pathlib import Path

import pytest
from act_faults import CHANGING
from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs

ACT = Path(fs.__file__).parent
# Every function of os that changes a file system.
MUTATING = {
    "chmod",
    "chown",
    "copy_file_range",
    "fchmod",
    "fchown",
    "fdatasync",
    "fsync",
    "ftruncate",
    "lchmod",
    "lchown",
    "link",
    "makedirs",
    "mkdir",
    "mkfifo",
    "mknod",
    "posix_fallocate",
    "pwrite",
    "pwritev",
    "remove",
    "removedirs",
    "removexattr",
    "rename",
    "renames",
    "replace",
    "rmdir",
    "sendfile",
    "setxattr",
    "symlink",
    "sync",
    "truncate",
    "unlink",
    "utime",
    "write",
    "writev",
}
# Opening files by other means than os.open, which fs.py alone uses to write.
OTHERS = {"shutil", "tempfile", "pathlib", "subprocess", "fileinput"}


def calls_of_os(source: str) -> set[str]:
    return {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }


@pytest.mark.parametrize("path", sorted(ACT.rglob("*.py")), ids=lambda path: path.name)
def test_nothing_else_changes_anything(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not imported & OTHERS
    if path.name == "fs.py":
        return
    assert not calls_of_os(source) & MUTATING
    assert not {name for name in calls_of_os(source) if name.startswith(("O_CREAT", "O_WRONLY", "O_RDWR", "O_TRUNC"))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            mode = ast.literal_eval(node.args[1]) if len(node.args) > 1 else "r"
            assert mode in ("r", "rb"), f"{path.name}:{node.lineno} opens a file to write"


def test_every_call_of_fs_can_be_made_to_fail() -> None:
    calls = calls_of_os((ACT / "fs.py").read_text(encoding="utf-8"))
    # A lock changes no file; the one other call of fcntl shares the content of one.
    assert calls & (MUTATING | {"open"}) | {"ioctl"} == set(CHANGING)
    assert all(hasattr(os, name) or hasattr(fcntl, name) for name in CHANGING)
