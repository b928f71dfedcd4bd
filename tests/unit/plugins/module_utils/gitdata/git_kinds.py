# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of repositories, each made below a folder by git itself; every function returns the work tree."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible_collections.evenkeel.drift.tests.unit.plugins.module_utils.gitdata.git_oracle import commit, create, git

Make = t.Callable[[Path], Path]


def plain(top: Path) -> Path:
    return create(top / "r")


def edited(top: Path) -> Path:
    where = create(top / "r")
    (where / "readme").write_text("hello, edited\n")
    (where / "src" / "deep" / "er" / "x").unlink()
    (where / "run.sh").chmod(0o644)
    (where / "src-old").unlink()
    (where / "src-old").symlink_to("readme")
    (where / "link").unlink()
    (where / "link").symlink_to("elsewhere")
    (where / "new").write_text("")
    (where / "more" / "below").mkdir(parents=True)
    (where / "more" / "below" / "y").write_text("")
    (where / "empty" / "dir").mkdir(parents=True)
    return where


def replaced(top: Path) -> Path:
    where = create(top / "r")
    (where / "readme").unlink()
    (where / "readme").mkdir()
    (where / "src" / "app.py").unlink()
    (where / "src" / "deep" / "er" / "x").unlink()
    (where / "src" / "deep" / "er").rmdir()
    (where / "src" / "deep").rmdir()
    (where / "src").rmdir()
    (where / "src").symlink_to("readme")
    return where


def unborn(top: Path) -> Path:
    where = top / "r"
    where.mkdir()
    git(where, "init", "-q", "-b", "main")
    (where / "a").write_text("")
    return where


def detached(top: Path) -> Path:
    where = create(top / "r")
    git(where, "checkout", "-q", "--detach", "HEAD~1")
    return where


def packed(top: Path) -> Path:
    where = create(top / "r")
    git(where, "branch", "topic/one")
    git(where, "tag", "light")
    git(where, "tag", "-a", "-m", "x", "annotated")
    git(where, "pack-refs", "--all")
    git(where, "branch", "-f", "topic/one", "HEAD~1")
    git(where, "branch", "later")
    return where


def collected(top: Path) -> Path:
    where = create(top / "r")
    git(where, "gc", "-q")
    return where


def sha256(top: Path) -> Path:
    where = create(top / "r", "--object-format=sha256")
    (where / "readme").write_text("new\n")
    return where


def version4(top: Path) -> Path:
    where = create(top / "r")
    git(where, "update-index", "--index-version", "4")
    (where / "readme").write_text("new\n")
    return where


def split(top: Path) -> Path:
    where = create(top / "r")
    git(where, "config", "splitIndex.maxPercentChange", "100")
    git(where, "update-index", "--split-index")
    (where / "readme").write_text("staged\n")
    (where / "added").write_text("added\n")
    git(where, "add", "readme", "added")
    git(where, "rm", "-q", "--cached", "src-old")
    (where / "run.sh").write_text("edited\n")
    return where


def conflict(top: Path) -> Path:
    where = create(top / "r")
    git(where, "checkout", "-q", "-b", "other")
    (where / "readme").write_text("theirs\n")
    commit(where)
    git(where, "checkout", "-q", "main")
    (where / "readme").write_text("ours\n")
    commit(where)
    git(where, "merge", "other", fails=True)
    return where


def rebase(top: Path) -> Path:
    where = conflict(top)
    git(where, "merge", "--abort")
    git(where, "rebase", "other", fails=True)
    return where


def cherry_pick(top: Path) -> Path:
    where = conflict(top)
    git(where, "merge", "--abort")
    git(where, "cherry-pick", "other", fails=True)
    return where


def revert(top: Path) -> Path:
    where = create(top / "r")
    (where / "readme").write_text("two\n")
    commit(where)
    (where / "readme").write_text("three\n")
    commit(where)
    git(where, "revert", "HEAD~1", fails=True)
    return where


def bisect(top: Path) -> Path:
    where = create(top / "r")
    git(where, "bisect", "start")
    return where


def mailed(top: Path) -> Path:
    where = conflict(top)
    git(where, "merge", "--abort")
    (top / "mail").write_bytes(git(where, "format-patch", "-1", "--stdout", "other"))
    git(where, "am", str(top / "mail"), fails=True)
    return where


def stashed(top: Path) -> Path:
    where = create(top / "r")
    for text in ("one\n", "two\n"):
        (where / "readme").write_text(text)
        git(where, "stash", "-q")
    return where


def autocrlf(top: Path) -> Path:
    where = create(top / "r")
    git(where, "config", "core.autocrlf", "true")
    (where / "readme").unlink()
    git(where, "checkout", "--", "readme")
    assert b"\r\n" in (where / "readme").read_bytes()
    os.utime(where / "readme", (1, 1))
    (where / "src-old").write_bytes(b"old\r\n")
    (where / "run.sh").write_bytes(b"#!/bin/bash\r\n")
    return where


def attributes(top: Path) -> Path:
    where = create(top / "r")
    (where / ".gitattributes").write_text("*.txt text\nsrc/*.bin -text\n")
    for name in ("a.txt", "src/a.bin", "b"):
        (where / name).write_bytes(b"x\n")
    commit(where)
    for name in ("a.txt", "src/a.bin", "b"):
        (where / name).write_bytes(b"x\r\n")
    return where


def no_filemode(top: Path) -> Path:
    where = create(top / "r")
    git(where, "config", "core.fileMode", "false")
    (where / "run.sh").chmod(0o644)
    return where


def intent_to_add(top: Path) -> Path:
    where = create(top / "r")
    (where / "src" / "intent").write_text("x\n")
    git(where, "add", "-N", "src/intent")
    return where


def racy(top: Path) -> Path:
    where = create(top / "r")
    for number in range(20):
        (where / f"f{number}").write_text("aaaa")
    git(where, "add", "-A")
    for number in range(20):
        before = (where / f"f{number}").stat()
        (where / f"f{number}").write_text("bbbb")
        os.utime(where / f"f{number}", ns=(before.st_atime_ns, before.st_mtime_ns))
    return where


def shallow(top: Path) -> Path:
    create(top / "origin")
    git(top, "clone", "-q", "--depth=1", f"file://{top}/origin", "r")
    return top / "r"


def cloned(top: Path) -> Path:
    origin = create(top / "origin")
    git(origin, "branch", "topic/x")
    git(top, "clone", "-q", str(origin), "r")
    git(top / "r", "fetch", "-q")
    return top / "r"


def odd_names(top: Path) -> Path:
    where = create(top / "r")
    odd = [b"new\nline", b"\xff\xfe", b"\x1b[31mred", b"{{ x }}", b"<b>", b"back\\slash", b"two  words ", b"-n"]
    for name in odd:
        Path(os.fsdecode(os.fsencode(where) + b"/" + name)).write_text("x")
    commit(where)
    for name in odd:
        Path(os.fsdecode(os.fsencode(where) + b"/" + name)).write_text("edited")
        Path(os.fsdecode(os.fsencode(where) + b"/new " + name)).write_text("new")
    return where


def linked(top: Path) -> Path:
    where = create(top / "main")
    git(where, "worktree", "add", "-q", "-b", "side", str(top / "r"))
    (top / "r" / "readme").write_text("edited\n")
    return top / "r"


def submodule(top: Path) -> Path:
    create(top / "lib")
    where = create(top / "outer")
    git(where, "submodule", "-q", "add", str(top / "lib"), "lib")
    commit(where)
    return where / "lib"


def with_submodule(top: Path) -> Path:
    where = submodule(top).parent
    git(where / "lib", "checkout", "-q", "HEAD~1")
    return where


def nested(top: Path) -> Path:
    where = create(top / "r")
    create(where / "nested")
    create(where / "vendor" / "deep")
    return where


KINDS = [
    plain,
    edited,
    replaced,
    unborn,
    detached,
    packed,
    collected,
    sha256,
    version4,
    split,
    conflict,
    rebase,
    cherry_pick,
    revert,
    bisect,
    mailed,
    stashed,
    autocrlf,
    attributes,
    no_filemode,
    intent_to_add,
    racy,
    shallow,
    cloned,
    odd_names,
    linked,
    submodule,
    with_submodule,
    nested,
]
OPERATIONS: dict[Make, str] = {
    conflict: "merge",
    rebase: "rebase",
    cherry_pick: "cherry-pick",
    revert: "revert",
    bisect: "bisect",
    mailed: "am",
}
LAYOUTS: dict[Make, str] = {linked: "linked", submodule: "submodule"}
