# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import gitversion, process
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git import describe, resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from reference_repos import Repo, fingerprint
from waiting import lives, wait_until


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "app")
    repo.commit("first", a="1\n")
    repo.commit("second: ünicode", a="2\n", sub="x\n")
    return repo


def test_a_commit_is_described_as_git_describes_it(repo: Repo) -> None:
    found = resolve(str(repo.path), "main")
    assert found == {
        "kind": "git",
        "repo": str(repo.path),
        "ref": "main",
        "commit": repo.git("rev-parse", "main"),
        "subject": "second: ünicode",
        "committed": "2023-11-14T22:15:20Z",
        "object_format": "sha1",
        "warnings": [],
    }


@pytest.mark.parametrize(
    "ref", ["HEAD", "main", "refs/heads/main", "v1", "v2", "main~1", "origin/main", "HEAD^{/first}"]
)
def test_refs_mean_what_they_mean_to_git(repo: Repo, ref: str) -> None:
    repo.git("tag", "v1", "main~1")
    repo.git("tag", "-m", "annotated", "v2", "main")
    repo.git("update-ref", "refs/remotes/origin/main", "main~1")
    expected = repo.git("rev-parse", f"{ref}^{{commit}}")
    assert resolve(str(repo.path), ref)["commit"] == expected
    repo.git("pack-refs", "--all")
    repo.git("gc", "-q")
    assert resolve(str(repo.path), ref)["commit"] == expected
    assert resolve(str(repo.path), expected[:10])["commit"] == expected


def _bare(repo: Repo) -> Path:
    target = repo.path.parent / "bare.git"
    repo.git("clone", "-q", "--bare", ".", str(target))
    return target


def _linked(repo: Repo) -> Path:
    target = repo.path.parent / "linked"
    repo.git("worktree", "add", "-q", "--detach", str(target), "main")
    return target


def _shallow(repo: Repo) -> Path:
    target = repo.path.parent / "shallow"
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", str(target))
    return target


def _borrowing(repo: Repo) -> Path:
    target = repo.path.parent / "borrowing"
    repo.git("clone", "-q", "--shared", ".", str(target))
    return target


def _twice_borrowing(repo: Repo) -> Path:
    target = repo.path.parent / "twice"
    Repo(_borrowing(repo), make=False).git("clone", "-q", "--shared", ".", str(target))
    return target


def _borrowing_by_relative_path(repo: Repo) -> Path:
    target = _borrowing(repo)
    (target / ".git/objects/info/alternates").write_text("../../../app/.git/objects\n")
    return target


def _subfolder(repo: Repo) -> Path:
    target = repo.path / "deep" / "er"
    target.mkdir(parents=True)
    return target


def _git_folder(repo: Repo) -> Path:
    return repo.path / ".git"


def _odd_name(repo: Repo) -> Path:
    return Path(shutil.copytree(repo.path, repo.path.parent / 'a:b"c\\d\ne'))


def _submodule(repo: Repo) -> Path:
    outer = Repo(repo.path.parent / "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo.path), "inner")
    return outer.path / "inner"


KINDS = [
    _bare,
    _linked,
    _shallow,
    _borrowing,
    _twice_borrowing,
    _borrowing_by_relative_path,
    _subfolder,
    _git_folder,
    _odd_name,
    _submodule,
]


@pytest.mark.parametrize("make", KINDS)
def test_every_kind_of_repository_is_found(repo: Repo, make: object) -> None:
    path = make(repo)  # type: ignore[operator]
    assert resolve(str(path), "HEAD")["commit"] == repo.git("rev-parse", "main")


def test_a_linked_worktree_has_its_own_head_and_the_common_refs(repo: Repo) -> None:
    linked = _linked(repo)
    Repo(linked, make=False).git("checkout", "-q", "main~1")
    assert resolve(str(linked), "HEAD")["subject"] == "first"
    assert resolve(str(linked), "main")["subject"] == "second: ünicode"


def test_a_sha256_repository_is_read(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r", "--object-format=sha256")
    commit = repo.commit("only", a="1\n")
    found = resolve(str(repo.path), "HEAD")
    assert (found["commit"], found["object_format"], len(commit)) == (commit, "sha256", 64)


def _reason(path: object, ref: str = "HEAD") -> str:
    with pytest.raises(ReferenceUnavailable) as caught:
        resolve(str(path), ref)
    reason = caught.value.reason
    assert reason.isprintable()
    return reason


def test_each_reason_names_what_is_wrong(repo: Repo, tmp_path: Path) -> None:
    assert _reason(tmp_path) == f"{tmp_path} is not a git repository, nor is any folder above it"
    assert "is not a folder on this machine" in _reason(tmp_path / "absent\nx")
    assert "is an address" in _reason("https://example.org/app.git")
    assert "is an address" in _reason("git@example.org:app.git")
    assert _reason(Repo(tmp_path / "unborn").path).endswith("unborn has no commits")
    repo.git("branch", "release")
    reason = _reason(repo.path, "relaese")
    assert "has no commit relaese" in reason and "nearest names there are release" in reason
    assert "is not the name of a branch" in _reason(repo.path, "--output=/tmp/x")
    assert "has no commit" in _reason(repo.path, "0" * 40)
    assert "has no commit" in _reason(repo.path, "main:a")


def test_an_unborn_branch_beside_others_names_them(repo: Repo) -> None:
    repo.git("checkout", "-q", "--orphan", "new")
    assert "has no commit HEAD" in _reason(repo.path)


def test_a_broken_configuration_is_said(repo: Repo) -> None:
    (repo.path / ".git" / "config").write_text("[core\n")
    assert "configuration" in _reason(repo.path)


def test_git_not_installed_is_said(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "git is not installed" in _reason(repo.path)


def test_variables_of_the_caller_do_not_matter(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = resolve(str(repo.path), "HEAD")
    other = Repo(tmp_path / "other")
    other.commit("other", b="b")
    settings = {
        "GIT_DIR": str(other.path / ".git"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": "/dev/null",
        "GIT_OBJECT_DIRECTORY": "/nonexistent",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.bare",
        "GIT_CONFIG_VALUE_0": "nonsense",
        "GIT_NAMESPACE": "x",
        "GIT_REPLACE_REF_BASE": "refs/evil/",
        "GIT_EXEC_PATH": "/nonexistent",
        "GIT_TRACE": str(tmp_path / "trace"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert resolve(str(repo.path), "HEAD") == expected
    assert not (tmp_path / "trace").exists()


def test_replace_refs_are_not_obeyed(repo: Repo) -> None:
    expected = resolve(str(repo.path), "main")
    repo.git("replace", "main", "main~1")
    assert resolve(str(repo.path), "main") == expected


def test_the_private_folder_is_private_and_goes(repo: Repo) -> None:
    with Repository(str(repo.path)) as repository:
        scratch = Path(repository.scratch())
        private = scratch.parent.parent
        assert (private.stat().st_mode & 0o777, scratch.is_dir()) == (0o700, True)
    assert not private.exists()


FIFOS = ["HEAD", "config", "packed-refs", "shallow", "refs/heads/main", "objects/info/alternates"]
FIFOS += [
    "objects/pack/pack-x.idx",
    "objects/info/commit-graph",
    "index",
    "info/exclude",
    "info/attributes",
    "FETCH_HEAD",
]


@pytest.mark.parametrize("name", FIFOS)
def test_a_fifo_is_never_waited_for(repo: Repo, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is either not needed, or one clear reason; what it is not is a program that waits for its time limit."""
    monkeypatch.setattr(process.Program, "_too_late", lambda program: pytest.fail("git waited"))
    path = repo.path / ".git" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    try:
        with Repository(str(repo.path)) as repository:
            describe(repository, "HEAD")
            repository.fetched()
    except ReferenceUnavailable as unavailable:
        assert name not in ("index", "info/exclude", "info/attributes", "FETCH_HEAD")
        assert "regular file" in unavailable.reason
    else:
        assert name in ("index", "info/exclude", "info/attributes", "FETCH_HEAD")


def test_a_ref_that_cannot_be_read_is_a_warning(repo: Repo) -> None:
    os.mkfifo(repo.path / ".git/refs/heads/pipe")
    (repo.path / ".git/refs/heads/link").symlink_to("main")
    warnings = resolve(str(repo.path), "HEAD")["warnings"]
    assert [warning.split(" ")[0] for warning in warnings] == ["refs/heads/link", "refs/heads/pipe"]


def test_nothing_is_written_to_the_repository(repo: Repo) -> None:
    before = fingerprint(repo.path)
    resolve(str(repo.path), "HEAD")
    assert fingerprint(repo.path) == before


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("git version 2.39.5", False),
        ("git version 2.39.0", True),
        ("git version 2.30.7", False),
        ("git version 2.30.6", True),
        ("git version 2.25.1", True),
        ("git version 2.54.0", False),
        ("git version 2.43", False),
        ("git version 2.39.3 (Apple Git-146)", False),
        ("git version 3.0.0", False),
        ("something else", True),
    ],
)
def test_unsafe_versions_are_named(text: str, warned: bool) -> None:
    assert bool(gitversion.warnings(text)) == warned


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/child; wait"
    with pytest.raises(ReferenceUnavailable, match="took longer than 2 s"):
        process.run(["/bin/sh", "-c", script], {}, "/", seconds=2)
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not lives(child), "its child has ended too")


def test_output_is_capped() -> None:
    with pytest.raises(ReferenceUnavailable, match="more than 1000 bytes"):
        process.run(["/bin/sh", "-c", "yes"], {"PATH": "/usr/bin:/bin"}, "/", max_output=1000)


def test_a_program_that_fails_where_the_ends_of_children_are_ignored_has_failed() -> None:
    """Python takes an end that it cannot hear of for a success: tests that fail would let a deploy pass."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert process.succeeds(["/bin/sh", "-c", "exit 3"], {}, "/", 50).code == 3
    finally:
        signal.signal(signal.SIGCHLD, before)
