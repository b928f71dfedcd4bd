# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories made to mislead: nothing runs, nothing blocks, nothing is written, nothing reads as clean."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.tests.unit.plugins.module_utils.gitdata.git_kinds import conflict, linked
from ansible_collections.evenkeel.drift.tests.unit.plugins.module_utils.gitdata.git_oracle import (
    commit,
    create,
    git,
    observe,
)

NOBODY = 65534


def _reasons(data: dict[str, t.Any]) -> str:
    """Return everything that the answer says it could not see."""
    if data["repository"] != "present":
        return str(data["reason"])
    parts = [data["index"]["reason"], data["changes"]["reason"]]
    parts += [f"{item['path']}: {item['reason']}" for item in data["unknown"] + data["changes"]["unverified"]]
    return "\n".join(filter(None, parts))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (".git", ".git is neither a directory nor a regular file"),
        (".git/HEAD", "HEAD is not a regular file"),
        (".git/config", "config is not a regular file"),
        (".git/packed-refs", "packed-refs is not a regular file"),
        (".git/index", "index is not a regular file"),
        (".git/refs/heads/main", "refs/heads/main is not a regular file"),
        (".git/refs/heads/other", ".git/refs/heads/other: other is not a regular file"),
        (".git/refs/tags/x", ".git/refs/tags/x: x is not a regular file"),
        (".git/refs/stash", ".git/refs/stash: refs/stash is not a regular file"),
        (".git/FETCH_HEAD", ".git/FETCH_HEAD: FETCH_HEAD is not a regular file"),
        (".git/info/attributes", "info/attributes is not a regular file"),
        (".gitattributes", ".gitattributes is not a regular file"),
        (".git/worktrees/w/gitdir", ".git/worktrees/w: gitdir is not a regular file"),
        (".git/refs", "refs/heads/main: not a directory"),
    ],
)
@pytest.mark.parametrize("kind", ["fifo", "link"])
def test_a_fifo_or_a_link_in_place_of_a_file_is_named(tmp_path: Path, place: str, said: str, kind: str) -> None:
    where = create(tmp_path / "r")
    (where / "readme").write_text("HELLO\n")
    path = where / place
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / "somewhere")
        said = said.partition(" is n")[0].rpartition(": ")[2]
    data = observe(where)
    assert said in _reasons(data)
    assert data["repository"] != "absent"


def test_a_fifo_in_place_of_a_tracked_file_is_modified(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    (where / "readme").unlink()
    os.mkfifo(where / "readme")
    assert observe(where)["changes"]["modified"] == ["readme"]


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("damage", ["flip", "cut", "zeros"])
def test_a_damaged_index_never_looks_clean(tmp_path: Path, version: str, damage: str) -> None:
    where = create(tmp_path / "r")
    git(where, "update-index", "--index-version", version)
    whole = (where / ".git" / "index").read_bytes()
    for at in range(len(whole)):
        if damage == "flip":
            broken = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        else:
            broken = whole[:at] + (bytes(20) if damage == "zeros" and at > 12 else b"")
        (where / ".git" / "index").write_bytes(broken)
        data = observe(where)
        clean = data["changes"]["outcome"] == "ok" and not data["changes"]["deleted"]
        # Whoever cuts off nothing but extensions and leaves zeros has made an index that is whole for git as well.
        if not (damage == "zeros" and data["index"]["entries"] == 6):
            assert not clean, (at, data["index"], data["changes"])
            assert data["index"]["outcome"] == "unknown"
            assert "index: " in data["index"]["reason"]


def _forge(path: bytes, mode: int = 0o100644) -> bytes:
    """Return an index with one entry that git would never write."""
    entry = bytes(24) + mode.to_bytes(4, "big") + bytes(12) + bytes(20) + len(path).to_bytes(2, "big") + path
    body = b"DIRC" + (2).to_bytes(4, "big") + (1).to_bytes(4, "big") + entry + bytes(8 - len(entry) % 8)
    return body + hashlib.sha1(body).digest()


@pytest.mark.parametrize(
    "path",
    [b"../../etc/passwd", b"/etc/passwd", b"a/../../b", b"a//b", b"./a", b".git/config", b"a/.GIT/hooks/x", b"a/", b""],
)
def test_an_index_cannot_lead_out_of_the_work_tree(tmp_path: Path, path: bytes) -> None:
    where = create(tmp_path / "r")
    (where / ".git" / "index").write_bytes(_forge(path))
    data = observe(where)
    assert data["index"]["reason"] == "index: damaged: it has a path that git does not allow"
    assert data["changes"]["outcome"] == "unknown"


def test_the_forged_index_is_one_that_is_read_when_its_path_is_fine(tmp_path: Path) -> None:
    """The twin of the test above: its forgery is refused for the path, not for being badly made."""
    where = create(tmp_path / "r")
    (where / ".git" / "index").write_bytes(_forge(b"a/..b"))
    assert observe(where)["changes"]["deleted"] == ["a/..b"]


@pytest.mark.parametrize(("mode", "said"), [(0o040000, "sparse index"), (0o100600, "a mode that is not known")])
def test_an_entry_of_another_mode_is_unknown(tmp_path: Path, mode: int, said: str) -> None:
    where = create(tmp_path / "r")
    (where / ".git" / "index").write_bytes(_forge(b"a", mode))
    assert said in observe(where)["index"]["reason"]


def test_a_directory_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    shutil.copytree(where / "src", tmp_path / "outside")
    shutil.rmtree(where / "src")
    (where / "src").symlink_to(tmp_path / "outside")
    changes = observe(where)["changes"]
    assert changes["deleted"] == ["src/app.py", "src/deep/er/x"]
    assert changes["untracked"] == [{"path": "src", "files": 1}]


HOSTILE = """
[core]
    fsmonitor = touch {marker}
    sshCommand = touch {marker}
    pager = touch {marker}
    editor = touch {marker}
    hooksPath = {hooks}
    attributesFile = {secret}
    excludesFile = {secret}
[include]
    path = {secret}
[includeIf "gitdir:/"]
    path = {secret}
[alias]
    status = !touch {marker}
[filter "evil"]
    clean = touch {marker}
    process = touch {marker}
    required = true
[diff "evil"]
    command = touch {marker}
    textconv = touch {marker}
[remote "origin"]
    url = ext::touch {marker}
    uploadpack = touch {marker}
[gpg]
    program = touch {marker}
"""


def _hostile(top: Path) -> tuple[Path, Path]:
    where, marker = create(top / "r"), top / "marker"
    (top / "secret").write_text("[user]\n\tpassword = s3cret-canary\n")
    (where / ".gitattributes").write_text("* filter=evil diff=evil\n")
    commit(where)
    (where / "readme").write_text("HELLO\n")
    (top / "hooks").mkdir()
    config = where / ".git" / "config"
    names = {"marker": marker, "hooks": top / "hooks", "secret": top / "secret"}
    config.write_text(config.read_text() + HOSTILE.format(**names))
    return where, marker


def test_a_hostile_config_runs_nothing_and_leaks_nothing(tmp_path: Path) -> None:
    where, marker = _hostile(tmp_path)
    data = observe(where)
    assert not marker.exists()
    assert "canary" not in str(data)
    assert data["changes"]["unverified"] == [{"path": "readme", "reason": "filtered by evil, not verified"}]


def test_the_hostile_config_would_run_something_in_git(tmp_path: Path) -> None:
    """The twin of the test above: with git, the same repository leaves its mark."""
    where, marker = _hostile(tmp_path)
    subprocess.run(["git", "-c", "safe.directory=*", "status"], cwd=where, capture_output=True, check=False)
    assert marker.exists()


def test_no_process_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = conflict(tmp_path)

    def refuse(*_arguments: object, **_options: object) -> t.NoReturn:
        raise AssertionError("a process was started")

    for name in ("fork", "execv", "execve", "posix_spawn", "system", "forkpty"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr("_posixsubprocess.fork_exec", refuse)
    assert observe(where)["changes"]["conflicted"] == ["readme"]


def test_another_work_tree_is_not_followed(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    git(where, "config", "core.worktree", "/")
    data = observe(where)
    assert data["changes"]["outcome"] == "unknown"
    assert data["changes"]["reason"] == "core.worktree names another work tree, /, which is not followed"


def test_refs_cannot_lead_out_of_the_git_directory(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    commit_id = git(where, "rev-parse", "HEAD").decode().strip()
    (tmp_path / "outside").write_text(commit_id)
    (where / ".git" / "HEAD").write_text("ref: refs/heads/../../../../outside\n")
    data = observe(where)
    assert data["repository"] == "unreadable"
    assert "is no valid name of a ref" in data["reason"]
    (where / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (where / ".git" / "packed-refs").write_text(f"{commit_id} refs/heads/../../x\n")
    assert "is no valid name of a ref" in observe(where)["reason"]


@pytest.mark.parametrize(
    "content", ["", "nonsense", "ref: refs/heads/main\n" * 1000, "ref: HEAD", "4ad26e4", "ref: refs/heads/a..b"]
)
def test_a_damaged_head_is_unreadable(tmp_path: Path, content: str) -> None:
    where = create(tmp_path / "r")
    (where / ".git" / "HEAD").write_text(content)
    data = observe(where)
    assert data["repository"] == "unreadable"
    assert data["reason"]


def test_a_damaged_branch_is_not_an_unborn_one(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    (where / ".git" / "refs" / "heads" / "main").write_text("")
    assert observe(where) == {"repository": "unreadable", "reason": "refs/heads/main holds no object name"}


def test_symbolic_refs_in_a_circle_end(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    for name, other in (("main", "b"), ("b", "main")):
        (where / ".git" / "refs" / "heads" / name).write_text(f"ref: refs/heads/{other}\n")
    assert "too many symbolic refs" in observe(where)["reason"]


def test_reftable_is_unreadable_not_unborn(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    (where / ".git" / "reftable").mkdir()
    (where / ".git" / "HEAD").write_text("ref: refs/heads/.invalid\n")
    assert "reftable" in observe(where)["reason"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to give files to another user")
def test_a_git_file_cannot_make_root_read_what_its_owner_cannot(tmp_path: Path) -> None:
    where = linked(tmp_path)
    assert observe(where)["repository"] == "present"
    os.chown(where, NOBODY, NOBODY)
    os.chown(where / ".git", NOBODY, NOBODY)
    data = observe(where)
    assert data["repository"] == "unreadable"
    assert data["reason"].endswith("which belongs to another user; it is not read")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to give files to another user")
def test_files_of_another_owner_are_told(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    os.chown(where / ".git" / "config", 12345, 12345)
    assert observe(where)["owners"] == [
        {"path": ".git/config", "owner": "12345", "reason": "neither root nor the owner of the work tree, root"}
    ]


def test_a_deep_tree_does_not_end_the_search(tmp_path: Path) -> None:
    where = create(tmp_path / "r")
    fd = os.open(where, os.O_RDONLY)
    for _level in range(600):
        os.mkdir("d", dir_fd=fd)
        below = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    data = observe(where)
    assert [item["reason"] for item in data["unknown"]] == ["deeper than 500 directories"]
    subprocess.run(["rm", "-rf", str(where / "d")], check=True)


def _state(top: Path) -> dict[str, tuple[object, ...]]:
    """Return what reading must not change. Reading a link moves its access time, which nothing can prevent."""
    state: dict[str, tuple[object, ...]] = {}
    for path in sorted(top.rglob("*")):
        seen = path.lstat()
        accessed = 0 if path.is_symlink() else seen.st_atime_ns
        state[str(path)] = (accessed, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino, seen.st_size, seen.st_mode)
    return state


@pytest.mark.skipif(os.geteuid() != 0, reason="keeping access times takes the owner of the files, or root")
def test_reading_changes_nothing(tmp_path: Path) -> None:
    where = conflict(tmp_path)
    (where / "src" / "app.py").write_text("edited\n")
    for path in [where, *where.rglob("*")]:
        # An old access time: one that relatime would move.
        os.utime(path, ns=(1, path.lstat().st_mtime_ns), follow_symlinks=False)
    index = (where / ".git" / "index").read_bytes()
    os.utime(where / ".git" / "index", ns=(1, (where / ".git" / "index").stat().st_mtime_ns))
    before = _state(where)
    observe(where)
    assert _state(where) == before
    assert (where / ".git" / "index").read_bytes() == index
