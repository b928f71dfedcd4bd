# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: every kind of drift is planted, and the audit finds exactly those."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome
from e2e_project import Repository, application, git, write

SECRET = "PASSWORD=correct-horse-battery-staple-42\n"
LFS_CONTENT = b"the content of a large file\n"
CONTRACT = {
    "git": {},
    "trees": [
        {
            "name": "source",
            "path": ".",
            "forbid": ["**/__pycache__/"],
            "must_contain": [{"path": "app/equal.py", "pattern": "^never there$"}],
            "must_not_contain": [{"path": "app/equal.py", "pattern": "equal"}],
        }
    ],
}


def pointer(content: bytes) -> str:
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"


class Planted:
    """An application of two commits, deployed at the first."""

    def __init__(self, folder: Path) -> None:
        self.reference = Repository(folder / "reference")
        self.library = Repository(folder / "library")
        self.library_old = self.library.commit("Old", {"lib.py": "old\n"})
        self.library_new = self.library.commit("New", {"lib.py": "new\n"})
        self._first()
        self._second()
        self.host = self.reference.deploy(folder / "host", self.first)
        git(self.host, "clone", "-q", str(self.library.path), "vendor/lib")
        git(self.host / "vendor/lib", "checkout", "-q", self.library_old)
        for name in ("equal", "edited", "pointer"):
            if name != "pointer":
                (self.host / f"assets/{name}.bin").write_bytes(LFS_CONTENT)

    def _first(self) -> None:
        top = self.reference.path
        write(
            top,
            {
                ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n*.bat text eol=crlf\n",
                ".gitignore": "*.log\n__pycache__/\n",
                ".gitmodules": '[submodule "vendor/lib"]\n\tpath = vendor/lib\n\turl = ../library\n',
                ".env": SECRET,
                "app/behind.py": "one\n",
                "app/edited.py": "one\n",
                "app/both.py": "one\n",
                "app/equal.py": "equal\n",
                "app/gone.py": "one\n",
                "app/removed.py": "one\n",
                "app/to_link.py": "one\n",
                "app/to_fifo.py": "one\n",
                "app/to_dir.py": "one\n",
                "app/same_size.py": "aaaa\n",
                "bin/tool": "#!/bin/sh\n",
                "bin/plain": "plain\n",
                "conf.d/a": "a\n",
                "conf.d/b": "b\n",
                "docs/one": "1\n",
                "docs/two": "2\n",
                "docs/deep/three": "3\n",
                "win/run.bat": "echo one\necho two\n",
                "assets/equal.bin": pointer(LFS_CONTENT),
                "assets/edited.bin": pointer(LFS_CONTENT),
                "assets/pointer.bin": pointer(LFS_CONTENT),
            },
        )
        (top / "bin/tool").chmod(0o755)
        (top / "current").symlink_to("releases/1")
        git(top, "update-index", "--add", "--cacheinfo", f"160000,{self.library_old},vendor/lib")
        self._add()
        self.first = git(top, "rev-parse", "HEAD")

    def _second(self) -> None:
        top = self.reference.path
        write(
            top,
            {
                "app/behind.py": "two\n",
                "app/both.py": "two\n",
                "app/removed.py": None,
                "app/new.py": "new\n",
                "feature/one": "1\n",
                "feature/two": "2\n",
            },
        )
        self._add()

    def _add(self) -> None:
        top = self.reference.path
        git(top, "add", "--all", "--", ".", ":!vendor")
        git(top, "commit", "-q", "-m", "Work")

    def drift(self) -> None:
        """Plant one drift of each kind."""
        host = self.host
        write(
            host,
            {
                "app/edited.py": "edited\n",
                "app/both.py": "three\n",
                "app/only.py": "only\n",
                "app/gone.py": None,
                "app/to_link.py": None,
                "app/to_fifo.py": None,
                "app/to_dir.py": None,
                "app/ignored.log": "log\n",
                "app/__pycache__/a.pyc": "a",
                "app/__pycache__/b.pyc": "b",
                ".env": "PASSWORD=another-battery-staple-43\n",
                "backup/one": "1\n",
                "backup/two": "2\n",
                "assets/edited.bin": b"other content\n",
                "app/to_dir.py/inside": "x\n",
            },
        )
        (host / "app/to_link.py").symlink_to("equal.py")
        os.mkfifo(host / "app/to_fifo.py")
        shutil.rmtree(host / "conf.d")
        (host / "conf.d").write_text("now a file\n")
        shutil.rmtree(host / "docs")
        (host / "bin/tool").chmod(0o644)
        (host / "bin/plain").chmod(0o755)
        (host / "current").unlink()
        (host / "current").symlink_to("releases/2")
        git(host / "vendor/lib", "checkout", "-q", self.library_new)

    def audit(self, operator: Operator, **variables: object) -> Outcome:
        given = {"drift_contract": CONTRACT, "drift_repo": str(self.reference.path), **variables}
        return operator.audit_one(self.host, **given)


RULES = {
    ("must_contain", "app/equal.py:^never there$", "rule_broken"),
    ("must_not_contain", "app/equal.py:equal", "rule_broken"),
}
# A host that is merely at the older commit.
BEHIND = {
    *RULES,
    ("content", "app/behind.py", "behind"),
    ("content", "app/both.py", "behind"),
    ("content", "assets/pointer.bin", "lfs_pointer"),
    ("presence", "app/removed.py", "behind"),
    ("presence", "app/new.py", "never_deployed"),
    ("presence", "feature", "never_deployed"),
}
DRIFTED = {
    *(BEHIND - {("content", "app/both.py", "behind")}),
    ("content", "app/edited.py", "edited_on_host"),
    ("content", "app/both.py", "both_changed"),
    ("content", "app/to_link.py", "edited_on_host"),
    ("content", "app/to_fifo.py", "edited_on_host"),
    ("content", "assets/edited.bin", "edited_on_host"),
    ("content", "current", "edited_on_host"),
    ("content", "vendor/lib", "edited_on_host"),
    ("content", ".env", None),
    ("mode", "bin/tool", "mode_changed"),
    ("mode", "bin/plain", "mode_changed"),
    ("presence", "app/only.py", "only_on_host"),
    ("presence", "app/gone.py", "deleted_on_host"),
    ("presence", "app/to_dir.py", "deleted_on_host"),
    ("presence", "app/to_dir.py/inside", "only_on_host"),
    ("presence", "backup", "only_on_host"),
    ("presence", "docs", "deleted_on_host"),
    ("presence", "conf.d", "only_on_host"),
    ("presence", "conf.d/", "deleted_on_host"),
    ("forbidden", "app/__pycache__:**/__pycache__/", "forbidden"),
}


@pytest.fixture(name="planted")
def fixture_planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path / "project")


def test_finds_exactly_what_was_planted(operator: Operator, planted: Planted) -> None:
    planted.drift()
    audit = planted.audit(operator)
    assert audit.brief("trees") == DRIFTED
    assert audit.code == 2
    assert audit.findings["verdict"] | {"counts": 0} == {
        "state": "drift",
        "complete": True,
        "worst": "critical",
        "counts": 0,
    }


def test_a_host_that_is_only_behind_has_no_other_finding(operator: Operator, planted: Planted) -> None:
    assert planted.audit(operator).brief("trees") == BEHIND


def test_a_copy_of_the_reference_has_no_finding(operator: Operator, tmp_path: Path) -> None:
    reference = application(tmp_path / "reference")
    host = reference.deploy(tmp_path / "host")
    audit = operator.audit_one(host, drift_repo=str(reference.path))
    assert (audit.brief(), audit.state()) == (set(), (0, "in_sync"))


def test_a_secret_file_is_only_said_to_differ(operator: Operator, planted: Planted) -> None:
    planted.drift()
    audit = planted.audit(operator)
    assert ("content", ".env", None) in audit.brief()
    written = b"".join(path.read_bytes() for path in operator.home.rglob("*") if path.is_file())
    for content in (SECRET, (planted.host / ".env").read_text()):
        value = content.strip().partition("=")[2]
        for told in (value, hashlib.sha256(content.encode()).hexdigest(), hashlib.sha256(value.encode()).hexdigest()):
            assert told.encode() not in written
            assert told not in audit.text
    assert hashlib.sha256(b"edited\n").hexdigest().encode() in written, "the search finds what is there"
    entry = next(d for d in audit.evidence("web1", "trees")["data"]["trees"][0]["differences"] if d["path"] == ".env")
    assert "size" not in entry["host"]
    assert "mtime" not in entry["host"]


@pytest.mark.parametrize("edit", ["content", "none"])
def test_a_copied_tree_is_classed_against_its_nearest_commit(operator: Operator, tmp_path: Path, edit: str) -> None:
    reference = Repository(tmp_path / "reference")
    files = {f"src/{number}.py": f"{number}\n" for number in range(20)}
    reference.commit("First", {**files})
    second = reference.commit("Second", {"src/1.py": "second\n"})
    reference.commit("Third", {"src/2.py": "third\n"})
    host = reference.deploy(tmp_path / "host", second, with_git=False)
    expected = {("content", "src/2.py", "behind"), ("repository", ".", "no_repository")}
    if edit == "content":
        write(host, {"src/9.py": "edited\n"})
        expected.add(("content", "src/9.py", "edited_on_host"))
    audit = operator.audit_one(host, drift_repo=str(reference.path))
    assert audit.brief() == expected
    base = audit.evidence("web1", "trees")["data"]["trees"][0]["base"]
    assert (base["commit"], base["source"], base["apart"]) == (second, "nearest", int(edit == "content"))


def test_the_second_audit_finds_what_the_first_found(operator: Operator, planted: Planted) -> None:
    planted.drift()
    settle(planted.host)
    first, second = planted.audit(operator), planted.audit(operator)
    assert (first.brief(), first.findings["coverage"]) == (second.brief(), second.findings["coverage"])


def settle(folder: Path) -> None:
    """Let every file look as if it was written long ago, so that the next audit may rely on its times."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (1_600_000_000, 1_600_000_000))


def test_an_edit_with_size_and_time_restored_is_found(operator: Operator, planted: Planted) -> None:
    before = planted.audit(operator).brief("trees")
    edited = planted.host / "app/same_size.py"
    status = edited.stat()
    edited.write_text("bbbb\n")
    os.utime(edited, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert edited.stat().st_size == status.st_size
    assert planted.audit(operator).brief("trees") - before == {("content", "app/same_size.py", "edited_on_host")}


def test_git_findings_of_a_drifted_host(operator: Operator, planted: Planted) -> None:
    planted.drift()
    git(planted.host, "checkout", "-q", "--detach")
    write(planted.host, {"app/equal.py": "equal\nstaged\n"})
    git(planted.host, "add", "app/equal.py")
    audit = planted.audit(operator, drift_contract={"git": {"branch": "main"}})
    assert audit.brief("git") == {
        ("commit", ".", "behind"),
        ("branch", ".", "wrong_branch"),
        ("modified", ".", "uncommitted_work"),
        ("untracked", ".", "only_on_host"),
        ("staged", ".", "uncommitted_work"),
    }
    status = git(planted.host, "status", "--porcelain", "--ignore-submodules=none").splitlines()
    deleted = {line[3:] for line in status if line[1] == "D"}
    assert set(audit.evidence("web1", "git")["data"]["changes"]["deleted"]) == deleted
