# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a repository in a point: nothing of it moves, nothing of it runs, and nothing of it is lost."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import gitrun, gitstate
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from point_lab import PointLab

NOBODY = 65534


def git(root: Path, *arguments: str) -> str:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    identity.update({name.replace("AUTHOR", "COMMITTER"): value for name, value in identity.items()})
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", **identity}
    argv = ["git", "-c", "safe.directory=*", "-C", str(root), *arguments]
    return subprocess.run(argv, env=environment, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> PointLab:
    lab = PointLab(tmp_path)
    git(lab.root, "init", "-q", "-b", "main")
    lab.write(".gitignore", "*.log\n")
    lab.write("src/main.py", "print(1)\n")
    lab.write("src/gone.py", "x\n")
    git(lab.root, "add", "-A")
    git(lab.root, "commit", "-q", "-m", "first")
    return lab


def save(lab: PointLab) -> dict[str, t.Any]:
    """Make a point with the repository's state, and return what its manifest tells of that."""
    fd = os.open(lab.root, os.O_RDONLY)
    try:
        point = lab.new_id()
        task = functools.partial(gitstate.save, fd, point, "2026-11-21T15:45:00Z", Patterns([]), lab.host)
        lab.make(["src/main.py"], point=point, git=task)
        return {**lab.verify(point)["git"], "id": point}
    finally:
        os.close(fd)


def seen(lab: PointLab) -> dict[str, tuple[bytes, int]]:
    """Return every file of the git directory but its objects, with its time."""
    return {
        str(path.relative_to(lab.root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in (lab.root / ".git").rglob("*")
        if path.is_file() and "objects" not in path.parts and "evenkeel" not in path.parts
    }


def test_uncommitted_work_becomes_a_commit_and_nothing_moves(lab: PointLab, monkeypatch: pytest.MonkeyPatch) -> None:
    # As with a Python that was built for a C library of 2014.
    monkeypatch.delattr(os, "memfd_create")
    lab.write("src/main.py", "print(2)\n")
    git(lab.root, "add", "src/main.py")
    lab.write("src/main.py", "print(3)\n")
    lab.write("new/notes.txt", "untracked\n")
    lab.write("app.log", "ignored\n")
    (lab.root / "src/gone.py").unlink()
    before = seen(lab)
    told = save(lab)
    assert seen(lab) == before
    assert (told["outcome"], told["reason"]) == ("saved", "")
    assert (told["head"], told["branch"]) == (git(lab.root, "rev-parse", "HEAD"), "main")
    ref = told["ref"]
    assert git(lab.root, "rev-parse", ref) == told["commit"]
    assert git(lab.root, "show", f"{ref}:src/main.py") == "print(3)"
    assert git(lab.root, "show", f"{ref}^2:src/main.py") == "print(2)"
    assert git(lab.root, "rev-parse", f"{ref}^") == told["head"]
    assert git(lab.root, "ls-tree", "-r", "--name-only", ref).split() == [".gitignore", "new/notes.txt", "src/main.py"]
    assert git(lab.root, "fsck", "--strict") == ""


@pytest.mark.parametrize("_time", range(5))
def test_an_edit_as_old_as_the_index_is_seen(lab: PointLab, _time: int) -> None:
    """Of the same size and within one tick of the clock, so that only reading the file tells."""
    lab.write("src/main.py", "print(2)\n")
    git(lab.root, "add", "src/main.py")
    index = (lab.root / ".git/index").stat()
    path = lab.write("src/main.py", "print(3)\n")
    os.utime(path, ns=(index.st_mtime_ns, index.st_mtime_ns))
    lab.write("id_deploy", "staged and secret\n")
    git(lab.root, "add", "id_deploy")
    os.utime(lab.root / ".git/index", ns=(index.st_mtime_ns, index.st_mtime_ns))
    told = save(lab)
    assert git(lab.root, "show", f"{told['ref']}:src/main.py") == "print(3)"


def test_a_clean_work_tree_is_saved_as_its_head(lab: PointLab) -> None:
    told = save(lab)
    assert told["commit"] == told["head"]
    assert sorted(told["objects"]) == ["bundle", "index"]


def test_the_bundle_brings_everything_back_that_no_remote_has(lab: PointLab, tmp_path: Path) -> None:
    git(lab.root, "update-ref", "refs/remotes/origin/main", "HEAD")
    lab.write("src/main.py", "print('work')\n")
    told = save(lab)
    bundle = lab.folder / told["id"] / "objects" / told["objects"]["bundle"]["sha256"]
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--no-local", str(lab.root), str(clone))
    git(clone, "fetch", "-q", str(bundle), told["ref"])
    assert git(clone, "show", "FETCH_HEAD:src/main.py") == "print('work')"


def test_a_bundle_that_is_too_large_is_left_out_and_said(lab: PointLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitstate, "_MAX_BUNDLE", 64)
    told = save(lab)
    assert (told["outcome"], list(told["objects"])) == ("saved", ["index"])
    assert told["notes"] == ["a bundle cannot be made, or would be larger than 0 MiB: there is none"]


def test_what_a_remote_has_needs_no_bundle(lab: PointLab) -> None:
    git(lab.root, "update-ref", "refs/remotes/origin/main", "HEAD")
    told = save(lab)
    assert list(told["objects"]) == ["index"]
    assert "a remote had every commit" in told["notes"][0]


def test_secrets_stay_out_of_the_commit(lab: PointLab) -> None:
    lab.write(".env", "TOKEN=canary-1\n")
    lab.write("deploy.pem", "canary-2\n")
    lab.write("src/main.py", "print(4)\n")
    git(lab.root, "add", "deploy.pem", "src/main.py")
    told = save(lab)
    assert told["left_out"] == [
        {"path": "deploy.pem", "reason": "it is of a secret class"},
        {"path": ".env", "reason": "it is of a secret class"},
    ]
    for commit in (told["ref"], f"{told['ref']}^2"):
        assert git(lab.root, "ls-tree", "-r", "--name-only", commit).split() == [
            ".gitignore",
            "src/gone.py",
            "src/main.py",
        ]


def test_a_repository_of_the_newer_object_format_is_saved(tmp_path: Path) -> None:
    lab = PointLab(tmp_path)
    git(lab.root, "init", "-q", "-b", "main", "--object-format=sha256")
    lab.write("src/main.py", "x\n")
    lab.write("server.key", "committed\n")
    git(lab.root, "add", "-A")
    git(lab.root, "commit", "-q", "-m", "first")
    lab.write("server.key", "changed and staged\n")
    lab.write("other.key", "new and staged\n")
    git(lab.root, "add", "-A")
    lab.write("src/main.py", "y\n")
    told = save(lab)
    assert (told["outcome"], told["reason"], len(told["commit"])) == ("saved", "", 64)
    assert git(lab.root, "show", f"{told['ref']}:src/main.py") == "y"
    assert git(lab.root, "show", f"{told['ref']}:server.key") == "committed"
    assert git(lab.root, "ls-tree", "-r", "--name-only", told["ref"]).split() == ["server.key", "src/main.py"]


def test_a_repository_without_a_commit_is_saved(tmp_path: Path) -> None:
    lab = PointLab(tmp_path)
    git(lab.root, "init", "-q", "-b", "main")
    lab.write("src/main.py", "x\n")
    told = save(lab)
    assert (told["outcome"], told["head"], told["branch"]) == ("saved", None, "main")
    assert git(lab.root, "ls-tree", "-r", "--name-only", told["ref"]) == "src/main.py"


def test_a_merge_that_is_not_finished_is_saved(lab: PointLab) -> None:
    git(lab.root, "checkout", "-q", "-b", "other")
    lab.write("src/main.py", "print('theirs')\n")
    git(lab.root, "commit", "-q", "-am", "theirs")
    git(lab.root, "checkout", "-q", "main")
    lab.write("src/main.py", "print('ours')\n")
    git(lab.root, "commit", "-q", "-am", "ours")
    with pytest.raises(subprocess.CalledProcessError):
        git(lab.root, "merge", "-q", "other")
    told = save(lab)
    assert (told["outcome"], told["operation"]) == ("saved", "merge")
    assert "<<<<<<<" in git(lab.root, "show", f"{told['ref']}:src/main.py")


def test_no_program_of_a_hostile_repository_runs(lab: PointLab, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    program = lab.write("evil.sh", f"#!/bin/sh\ntouch {mark}\ncat\n", 0o755)
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "diff.external", "gpg.program"):
        git(lab.root, "config", key, str(program))
    for key in ("filter.evil.clean", "filter.evil.process", "diff.evil.textconv", "merge.evil.driver"):
        git(lab.root, "config", key, str(program))
    git(lab.root, "config", "core.hooksPath", str(lab.root / ".git/hooks"))
    git(lab.root, "config", "commit.gpgSign", "true")
    git(lab.root, "config", "core.worktree", "/etc")
    git(lab.root, "config", "extensions.partialClone", "evil")
    git(lab.root, "config", "remote.evil.url", f"ext::{program}")
    for name in ("pre-commit", "post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"):
        lab.write(f".git/hooks/{name}", f"#!/bin/sh\ntouch {mark}\n", 0o755)
    lab.write(".gitattributes", "* filter=evil diff=evil merge=evil\n")
    lab.write("src/main.py", "print(5)\n")
    mark.unlink(missing_ok=True)
    told = save(lab)
    assert (told["outcome"], told["reason"]) == ("saved", "")
    assert not mark.exists()


@pytest.mark.parametrize("place", [".gitignore", ".gitattributes", ".git/HEAD", ".git/config", ".git/info/exclude"])
def test_a_fifo_does_not_hold_it_up(lab: PointLab, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.evenkeel.drift.plugins.module_utils.act.points.gitrun._LIMIT_S", 1.0)
    (lab.root / place).unlink(missing_ok=True)
    os.mkfifo(lab.root / place)
    told = save(lab)
    assert told["outcome"] in ("unknown", "saved")


@pytest.mark.skipif(os.geteuid() != 0, reason="this user cannot give files away, on this machine")
def test_git_runs_as_the_owner_of_the_tree(lab: PointLab) -> None:
    lab.write("src/main.py", "print(6)\n")
    for parent in (lab.root, *lab.root.parents):
        # Nothing that is not the test's own becomes another.
        if Path(tempfile.gettempdir()) in parent.parents:
            parent.chmod(0o755)
    for path in [lab.root, *lab.root.rglob("*")]:
        os.lchown(path, NOBODY, NOBODY)
    told = save(lab)
    assert (told["outcome"], told["reason"]) == ("saved", "")
    strangers = [path for path in lab.root.rglob("*") if path.lstat().st_uid != NOBODY]
    assert strangers == []


@pytest.mark.skipif(os.geteuid() != 0, reason="this user cannot give files away, on this machine")
def test_a_repository_of_somebody_else_is_not_touched(lab: PointLab) -> None:
    os.chown(lab.root / ".git", NOBODY, NOBODY)
    told = save(lab)
    assert told["outcome"] == "unknown"
    assert "different users" in told["reason"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to fear what others write, on this machine")
def test_root_reads_nothing_for_git_where_others_can_put_links(lab: PointLab) -> None:
    lab.write("src/main.py", "print(7)\n")
    lab.write("open/deep/new.py", "x\n")
    (lab.root / "open").chmod(0o777)
    told = save(lab)
    reason = "git would read it as root, and others can write in its folder"
    assert told["left_out"] == [{"path": "open/deep/new.py", "reason": reason}]
    assert git(lab.root, "show", f"{told['ref']}:src/main.py") == "print(7)"


def test_a_commit_has_its_limits_and_what_is_tracked_comes_first(
    lab: PointLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gitstate, "_MAX_FILES", 2)
    lab.write("src/main.py", "print(8)\n")
    for name in ("a", "b", "c"):
        lab.write(f"new/{name}", "x\n")
    told = save(lab)
    assert [one["path"] for one in told["left_out"]] == ["new/b", "new/c"]
    assert "2 files and 512 MiB at most" in told["left_out"][0]["reason"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to fear what others write, on this machine")
def test_root_runs_nothing_on_what_others_may_write(lab: PointLab) -> None:
    (lab.root / ".git/objects").chmod(0o777)
    assert "others may write" in save(lab)["reason"]


@pytest.mark.parametrize("fault", ["HEAD", "index", "objects"])
def test_a_broken_repository_is_said_and_the_files_are_saved(lab: PointLab, fault: str) -> None:
    path = lab.root / ".git" / fault
    if fault == "objects":
        path.rename(lab.root / ".git/elsewhere")
    else:
        path.write_bytes(b"garbage")
    told = save(lab)
    assert told["outcome"] == "unknown"
    assert told["reason"]


def test_a_tree_without_a_repository(tmp_path: Path) -> None:
    lab = PointLab(tmp_path)
    lab.write("src/main.py", "x\n")
    assert save(lab)["outcome"] == "absent"


def test_a_host_without_git_says_so(lab: PointLab, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "ansible_collections.evenkeel.drift.plugins.module_utils.observe.command._PATH"
    monkeypatch.setattr(path, "/nonexistent")
    assert save(lab)["outcome"] == "unknown"


def test_the_private_directory_is_gone_afterwards(lab: PointLab) -> None:
    before = set(os.listdir("/dev/shm"))
    save(lab)
    assert not [name for name in set(os.listdir("/dev/shm")) - before if name.startswith(f"evenkeel-{os.getpid()}-")]


@pytest.mark.parametrize("locks", [True, False])
def test_the_private_directory_of_a_process_that_another_does_not_see_stays(
    lab: PointLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    """As one in a container that shares the place and has processes of its own; without the lock it would go."""
    # Not that of all tests: without the lock theirs would go as well.
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(gitrun, "_MEMORY", str(tmp_path / "memory"))
    (tmp_path / "container").mkdir()
    other = PointLab(tmp_path / "container")
    git(other.root, "init", "-q", "-b", "main")
    real, meanwhile = gitrun.Git.run, []

    def run(self: gitrun.Git, *arguments: str, **options: t.Any) -> bytes:
        if not meanwhile:
            meanwhile.append(None)
            with monkeypatch.context() as container:
                container.setattr(os.path, "exists", lambda _path: False)
                meanwhile.append(save(other))
        return real(self, *arguments, **options)

    monkeypatch.setattr(gitrun.Git, "run", run)
    if not locks:
        monkeypatch.setattr(gitrun.fs, "lock", lambda _fd: True)
    told = save(lab)
    assert meanwhile[1] is not None
    assert (told["outcome"] == "saved") is locks, told


def test_the_private_directory_is_nobody_elses_until_it_is_gone(
    lab: PointLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in a container that finds it while it is being removed would be in the way."""
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(gitrun, "_MEMORY", str(tmp_path / "memory"))
    real, found = gitrun.remove_tree, []

    def remove(above_fd: int, name: bytes) -> None:
        with monkeypatch.context() as container:
            container.setattr(os.path, "exists", lambda _path: False)
            container.setattr(gitrun, "remove_tree", real)
            found.append(os.listdir(above_fd))
            gitrun._sweep(above_fd)
        real(above_fd, name)

    monkeypatch.setattr(gitrun, "remove_tree", remove)
    assert save(lab)["outcome"] == "saved"
    assert found[0], found
    assert os.listdir(tmp_path / "memory") == []


@pytest.mark.parametrize("often", [1, 9])
def test_a_private_directory_that_is_removed_before_it_is_locked_is_made_again(
    lab: PointLab, monkeypatch: pytest.MonkeyPatch, often: int
) -> None:
    real, removed = gitrun.make_folder, []

    def make(above_fd: int, name: bytes, *more: t.Any) -> None:
        real(above_fd, name, *more)
        if name.startswith(b"evenkeel-") and len(removed) < often:
            removed.append(name)
            os.rmdir(name, dir_fd=above_fd)

    monkeypatch.setattr(gitrun, "make_folder", make)
    told = save(lab)
    assert told["outcome"] == ("saved" if often == 1 else "unknown"), told
    assert often == 1 or "removed again and again" in told["reason"]


def test_what_a_process_that_is_gone_left_is_removed(
    lab: PointLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not where all tests have theirs: another one would remove it just as well.
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(gitrun, "_MEMORY", str(tmp_path / "memory"))
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = tmp_path / "memory" / f"evenkeel-{ended.pid}-0123456789ab"
    (left / "refs").mkdir(parents=True)
    save(lab)
    assert not left.exists()


def test_a_linked_work_tree_is_saved(lab: PointLab, tmp_path: Path) -> None:
    linked = PointLab(tmp_path / "linked") if (tmp_path / "linked").mkdir() is None else lab
    linked.root.rmdir()
    git(lab.root, "worktree", "add", "-q", "-b", "side", str(linked.root))
    linked.write("src/main.py", "print('side')\n")
    told = save(linked)
    assert (told["outcome"], told["branch"]) == ("saved", "side")
    assert git(lab.root, "show", f"{told['ref']}:src/main.py") == "print('side')"
