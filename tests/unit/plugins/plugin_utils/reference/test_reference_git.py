# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.lfs import lfs_pointer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from hypothesis import given
from hypothesis import strategies as st
from reference_repos import Repo, files_below, fingerprint

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"


def checked_out(repo: Repo, tmp_path: Path, commit: str = "HEAD", paths: list[str] | None = None) -> dict[str, str]:
    folder = tmp_path / "checkout"
    folder.mkdir()
    with Repository(str(repo.path)) as repository:
        git.checkout(repository, git.find_commit(repository, commit), str(folder), paths)
    return files_below(folder)


def special(repo: Repo) -> dict[str, object]:
    with Repository(str(repo.path)) as repository:
        return git.special_paths(repository, git.find_commit(repository, "HEAD"))


def cloned(repo: Repo, tmp_path: Path) -> dict[str, str]:
    """What plain git makes of the newest commit, as the oracle."""
    repo.git("clone", "-q", ".", str(tmp_path / "clone"))
    found = files_below(tmp_path / "clone")
    return {name: what for name, what in found.items() if name.split("/")[0] != ".git"}


def full(tmp_path: Path, *init: str) -> Repo:
    repo = Repo(tmp_path / "app", *init)
    repo.write(
        ".gitattributes", "*.crlf eol=crlf\n*.lf eol=lf\nutf16.txt text working-tree-encoding=UTF-16LE\n*.id ident\n"
    )
    repo.write("dos.crlf", "one\ntwo\n")
    repo.write("unix.lf", "one\ntwo\n")
    repo.write("utf16.txt", "text\n".encode("utf-16-le"))
    repo.write("a.id", "$Id$\n")
    repo.write("sub/.gitattributes", "*.lf eol=crlf\n")
    repo.write("sub/other.lf", "one\n")
    repo.write("run.sh", "#!/bin/sh\n", executable=True)
    repo.write("empty", "")
    repo.write("deep/er/x.bin", bytes(range(256)))
    os.symlink("../run.sh", repo.path / "deep" / "link")
    os.symlink("/etc/passwd", repo.path / "out")
    (repo.path / os.fsdecode(b"bad\xff\nname")).write_text("odd")
    repo.commit("all kinds of files")
    return repo


@pytest.mark.parametrize("init", [(), ("--object-format=sha256",)], ids=["sha1", "sha256"])
def test_a_checkout_is_what_git_would_check_out(tmp_path: Path, init: tuple[str, ...]) -> None:
    repo = full(tmp_path, *init)
    before = fingerprint(repo.path)
    found = checked_out(repo, tmp_path)
    assert fingerprint(repo.path) == before
    assert len(found) == 13
    assert found == cloned(repo, tmp_path)


def test_settings_of_the_operator_change_nothing(tmp_path: Path) -> None:
    repo = full(tmp_path)
    expected = cloned(repo, tmp_path)
    for setting in ("core.autocrlf=true", "core.eol=crlf", "core.symlinks=false", "core.filemode=false"):
        repo.git("config", *setting.split("="))
    (repo.path / ".git/info/attributes").write_text("* eol=crlf\n")
    assert checked_out(repo, tmp_path) == expected


def test_dirt_in_the_operators_work_tree_is_not_the_reference(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app")
    repo.commit("one", a="1\n", __gitattributes="")
    expected = cloned(repo, tmp_path)
    repo.write("a", "dirty")
    repo.write(".gitattributes", "* eol=crlf\n")
    repo.git("add", ".gitattributes")
    assert checked_out(repo, tmp_path) == expected


def test_some_files_only(tmp_path: Path) -> None:
    repo = full(tmp_path)
    odd = r"bad\xff" + "\nname"
    found = checked_out(repo, tmp_path, paths=["run.sh", "deep/link", "dos.crlf", odd])
    everything = cloned(repo, tmp_path)
    names = {"run.sh", "deep/link", "dos.crlf", os.fsdecode(raw(odd))}
    assert found == {name: everything[name] for name in names}


def test_a_file_that_the_commit_lacks_is_an_error(tmp_path: Path) -> None:
    repo = full(tmp_path)
    with pytest.raises(ReferenceUnavailable, match=r"absent\.env is not a file of commit"):
        checked_out(repo, tmp_path, paths=["run.sh", "absent.env"])


def test_no_files_at_all(tmp_path: Path) -> None:
    assert checked_out(full(tmp_path), tmp_path, paths=[]) == {}


def test_submodules_are_commits(tmp_path: Path) -> None:
    inner = Repo(tmp_path / "inner")
    commit = inner.commit("inner", a="1\n")
    repo = Repo(tmp_path / "app")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "vendor/inner")
    repo.commit("outer")
    assert special(repo)["submodules"] == {"vendor/inner": commit}
    assert checked_out(repo, tmp_path)["vendor/inner"] == "dir"


def test_lfs_pointers_and_filters(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app")
    pointer = POINTER.format(OID, 12345)
    repo.write(
        ".gitattributes", "*.bin filter=lfs -text\nsecret/* filter=git-crypt\nsecret/open -filter\n*.set filter\n"
    )
    repo.write("real.bin", pointer)
    repo.write("raw.bin", b"\0\1not a pointer")
    repo.write("big.bin", b"x" * 5000)
    repo.write("doc.txt", pointer)
    repo.write("secret/a", "1")
    repo.write("secret/open", "1")
    repo.write("x.set", "1")
    os.symlink("real.bin", repo.path / "link.bin")
    repo.commit("filters")
    found = special(repo)
    assert found["lfs"] == {"real.bin": {"oid": OID, "size": 12345}}
    assert found["filtered"] == {"secret/a": "git-crypt"}
    assert found["submodules"] == {} and found["gitignores"] == {} and found["tracked_but_ignored"] == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        POINTER.format(OID, "01"),
        POINTER.format(OID, "-1"),
        POINTER.format(OID.upper(), 1),
        POINTER.format(OID[:-1], 1),
        POINTER.format(OID, 1) + "x",
        POINTER.format(OID, 1) + "\n",
        POINTER.format(OID, 1)[:-1],
        POINTER.format(OID, 1).replace("\n", "\r\n"),
        POINTER.format(OID, 1).replace("v1", "v2"),
        "size 1\n" + POINTER.format(OID, 1),
        POINTER.format(OID, 1) + "x" * 1024 + "\n",
    ],
)
def test_what_is_no_lfs_pointer(content: str) -> None:
    assert lfs_pointer(content.encode()) is None


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**60))
def test_every_lfs_pointer_is_read(oid: bytes, size: int) -> None:
    assert lfs_pointer(POINTER.format(oid.hex(), size).encode()) == {"oid": oid.hex(), "size": size}


@given(st.binary(max_size=1200))
def test_no_content_breaks_the_lfs_parser(content: bytes) -> None:
    lfs_pointer(b"version https://git-lfs.github.com/spec/v1\n" + content)


def test_ignore_rules_and_what_is_tracked_in_spite_of_them(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app")
    repo.write(".gitignore", "*.log\nbuild/\n!keep.log\n/only-top\n")
    repo.write("sub/.gitignore", b"*.tmp\n\xff*\n")
    for name in ("a.log", "keep.log", "build/out", "sub/x.tmp", "sub/y", "sub/only-top", "only-top", "ok", "x.tmp"):
        repo.write(name, name)
    os.symlink("ok", repo.path / "z.log")
    repo.write("sub/deep/odd\n.tmp", "1")
    repo.commit("ignored and tracked")
    # Neither of these belongs to the commit.
    (repo.path / ".git/info/exclude").write_text("ok\n")
    repo.write("sub/.gitignore", "nothing\n")
    found = special(repo)
    assert found["gitignores"] == {
        ".gitignore": "*.log\nbuild/\n!keep.log\n/only-top\n",
        "sub/.gitignore": "*.tmp\n\udcff*\n",
    }
    assert found["tracked_but_ignored"] == [
        "a.log",
        "build/out",
        "only-top",
        "sub/deep/odd\n.tmp",
        "sub/x.tmp",
        "z.log",
    ]


def test_tracked_but_ignored_as_git_says(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app")
    repo.write(".gitignore", "**/a?/\n*.[ot]\n!x.o\n\\#odd\n foo\\ \n")
    for name in ("ab/x", "s/ab/y.o", "x.o", "s/x.o", "y.t", "#odd", " foo ", "foo"):
        repo.write(name, "1")
    repo.commit("patterns")
    oracle = subprocess.run(
        ["git", "ls-files", "-i", "-c", "-z", "--exclude-per-directory=.gitignore"],
        cwd=repo.path,
        capture_output=True,
        check=True,
    )
    expected = sorted(name.decode() for name in oracle.stdout.split(b"\0") if name)
    assert special(repo)["tracked_but_ignored"] == expected != []


def test_a_huge_gitignore_is_refused(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app")
    repo.commit("huge", __gitignore="x\n" * (1 << 20))
    with pytest.raises(ReferenceUnavailable, match=r"gitignore of .* is larger than"):
        special(repo)


def test_a_missing_object_is_named(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app")
    repo.commit("one", __gitignore="x\n")
    oid = repo.git("rev-parse", "HEAD:.gitignore")
    (repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(ReferenceUnavailable, match=f"lacks the object {oid}"):
        special(repo)
    with pytest.raises(ReferenceUnavailable, match="checkout-index"):
        checked_out(repo, tmp_path)
