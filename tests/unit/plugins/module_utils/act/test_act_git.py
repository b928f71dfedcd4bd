# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository that moves with its files: real git says whether it is whole, wherever the change was killed, and
nothing that a hostile repository names is run.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import typing as t
from pathlib import Path

import pytest
from act_clone import Clone, git
from act_faults import counted, killed_at
from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove import incoming
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.service import answer
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.sweep import started, sweep

ALL = os.environ.get("EVENKEEL_FAULTS") == "all"
# No kernel gives a process so high a number.
GONE = 2**31 - 1

Json = t.Dict[str, t.Any]


@pytest.fixture(name="clone")
def fixture_clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


def test_a_move_that_is_killed_anywhere_is_all_old_or_all_new(clone: Clone) -> None:
    host = clone.host()
    told: Json = {}
    calls = len(counted(lambda: told.update(answer(clone.request(host)))))
    assert told["outcome"] == "applied", told
    assert clone.which(host) == "new"
    git(host, "fsck", "--strict")
    assert calls > 100
    ends = []
    points = range(1, calls + 1) if ALL else range(3, calls + 1, calls // 10)
    for number in points:
        host = clone.host()
        asked = clone.request(host)
        assert killed_at(number, lambda asked=asked: answer(asked)), number  # type: ignore[misc]  # mypy knows no default
        clone.recover(host)
        ends.append(clone.which(host))
        assert clone.recover(host)["found"] is None
        shutil.rmtree(host)
    # Once it goes forward, it stays so.
    assert ends == sorted(ends, reverse=True)
    assert set(ends) == {"old", "new"}


def test_what_moved_meanwhile_is_never_overwritten(clone: Clone) -> None:
    host = clone.host()
    asked = clone.request(host)
    (host / "a.txt").write_text("edited\n")
    told = answer(asked)
    assert (told["outcome"], [one["path"] for one in told["moved"]]) == ("moved", ["a.txt"])
    git(host, "checkout", "-q", "a.txt")
    assert clone.which(host) == "old"
    git(host, "commit", "-q", "--allow-empty", "-m", "Another")
    assert "make a new plan" in answer(asked)["msg"]


@pytest.mark.parametrize("head", ["HEAD", "refs/heads/main", "logs/HEAD", "index"])
def test_a_git_that_works_beside_the_change_wins(clone: Clone, head: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else writes into the repository between the look and the change, without git's lock."""
    host = clone.host()
    path = host / ".git" / head
    real = incoming.received

    def meanwhile(*arguments: t.Any) -> t.Any:
        path.write_bytes(path.read_bytes() + b"\n")
        return real(*arguments)

    monkeypatch.setattr(incoming, "received", meanwhile)
    before = path.read_bytes()
    told = answer(clone.request(host))
    assert told["outcome"] in ("moved", "refused"), told
    assert path.read_bytes() == before + b"\n"
    assert (host / "a.txt").read_text() == "one\n"


def test_the_objects_must_be_whole(clone: Clone) -> None:
    host = clone.host()
    told = answer(clone.request(host, pack=None))
    assert "lacks objects of" in told["msg"]
    told = answer(clone.request(host, pack=clone.keep(b"PACK, and then nothing of it")))
    assert told["outcome"] == "refused"
    assert clone.which(host) == "old"


def test_checking_writes_nothing(clone: Clone) -> None:
    host = clone.host()
    before = {str(path): path.lstat().st_mtime_ns for path in host.rglob("*")}
    told = answer({**clone.request(host), "check": True})
    assert {".git/index", ".git/refs/heads/main", "a.txt"} <= set(told["changed_paths"])
    assert {str(path): path.lstat().st_mtime_ns for path in host.rglob("*")} == before


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda host: git(host, "config", "core.sparseCheckout", "true"), "sparse checkout"),
        (lambda host: git(host, "config", "core.worktree", "/elsewhere"), "another work tree"),
        (lambda host: (host / ".git/MERGE_HEAD").write_text("x"), "a merge is in progress"),
        (lambda host: (host / ".git/rebase-merge").mkdir(), "a rebase is in progress"),
        (lambda host: (host / ".git/index.lock").write_text(""), "git is at work"),
        (lambda host: (host / ".git/index.lock").write_text("DIRC" * 2000), "git is at work"),
        (lambda host: git(host, "branch", "-m", "main", "main/sub"), "make a new plan"),
        (lambda host: git(host, "worktree", "add", "-q", "--force", f"{host}-other", "main"), "another work tree"),
        (lambda host: (host / ".git").rename(f"{host}-git"), "there is no .git here"),
    ],
)
def test_what_cannot_be_moved_is_refused(clone: Clone, make: t.Callable[[Path], t.Any], words: str) -> None:
    host = clone.host()
    make(host)
    told = answer(clone.request(host))
    assert words in told["msg"]
    assert (told["outcome"], (host / "a.txt").read_text()) == ("refused", "one\n")


def test_a_lock_that_cannot_be_removed_is_told_and_no_failure(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    host = clone.host()
    real = fs.unlink

    def unlink(dir_fd: int, name: fs.Name) -> None:
        if name == b"index.lock":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(dir_fd, name)

    monkeypatch.setattr(fs, "unlink", unlink)
    told = answer(clone.request(host))
    assert (told["outcome"], "clearing up after it failed" in told["notes"][0]) == ("applied", True), told
    monkeypatch.undo()
    # As long as the process lives that made it, it stays; the one that comes after removes it.
    (host / ".git/index.lock").write_text(f"evenkeel.drift {GONE} 1\n")
    clone.recover(host)
    assert clone.which(host) == "new"


def left_behind(host: Path, pid: int) -> list[Path]:
    """Make the lock and the ref of a process, which bear its id and start time."""
    marks = [host / ".git/index.lock", host / f".git/refs/evenkeel/incoming/{pid}-{started(pid)}"]
    marks[1].parent.mkdir(parents=True)
    for path in marks:
        path.write_text(f"evenkeel.drift {pid} {started(pid)}\n")
    return marks


def test_a_lock_of_an_id_that_another_process_has_by_now_is_removed(clone: Clone) -> None:
    host = clone.host()
    lock, ref = left_behind(host, os.getpid())
    sweep(str(host))
    assert not lock.exists()
    # A ref is made before it is locked, and is in nobody's way.
    assert ref.exists()


def test_a_lock_of_a_process_that_cannot_be_seen_from_here_stays(clone: Clone) -> None:
    """Of another container, whose ids are its own: the kernel knows that it lives."""
    host = clone.host()
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    marks = left_behind(host, gone)
    os.waitpid(gone, 0)
    with contextlib.ExitStack() as held:
        for path in marks:
            file = held.enter_context(open(path, "rb"))
            fcntl.flock(file, fcntl.LOCK_EX)
        sweep(str(host))
        assert all(path.exists() for path in marks)
        assert "git is at work" in answer(clone.request(host))["msg"]
    sweep(str(host))
    assert not any(path.exists() for path in marks)


def test_where_a_file_system_has_no_locks_the_process_id_tells(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    def lock(_fd: int) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    host = clone.host()
    marks = left_behind(host, os.getpid())
    with monkeypatch.context() as without:
        without.setattr(fs, "lock", lock)
        sweep(str(host))
        assert all(path.exists() for path in marks)


@pytest.mark.parametrize("spared", [b"", b"index.lock"])
def test_a_change_that_is_stuck_is_told_as_such_when_nothing_can_be_cleared_away(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, spared: bytes
) -> None:
    """A disk that fails in the middle of a change, as one that turns read-only, fails all that comes after."""
    host = clone.host()
    renamed: list[fs.Name] = []

    def is_there(dir_fd: int) -> bool:
        return f"{os.readlink(f'/proc/self/fd/{dir_fd}')}/".startswith(f"{host}/")

    def check(dir_fd: int) -> None:
        if is_there(dir_fd) and len(renamed) > 1:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def rename(from_fd: int, old: fs.Name, to_fd: int, new: fs.Name, real: t.Any = fs.rename) -> None:
        check(to_fd)
        real(from_fd, old, to_fd, new)
        if is_there(to_fd) and os.fsencode(new) in (b"a.txt", b"HEAD", b"index"):
            renamed.append(new)

    def unlink(dir_fd: int, name: fs.Name, real: t.Any = fs.unlink) -> None:
        if name != spared:
            check(dir_fd)
        real(dir_fd, name)

    with monkeypatch.context() as failing:
        failing.setattr(fs, "rename", rename)
        failing.setattr(fs, "unlink", unlink)
        told = answer(clone.request(host))
    assert renamed and (told["outcome"], told["changed"]) == ("stuck", True), told
    assert answer(clone.request(host))["outcome"] == "unfinished"
    # Git stays out of what is half done.
    assert (host / ".git/index.lock").read_text().startswith(f"evenkeel.drift {os.getpid()} ")
    (host / ".git/index.lock").write_text(f"evenkeel.drift {GONE} 1\n")
    for path in (host / ".git/refs/evenkeel/incoming").iterdir():
        path.rename(path.with_name(f"{GONE}-1"))
    clone.recover(host)
    assert clone.which(host) in ("old", "new")


def test_a_repository_without_a_commit_gets_its_first(clone: Clone) -> None:
    host = clone.folder / "empty"
    git(clone.folder, "init", "-q", "-b", "main", str(host))
    for name in ("a.txt", "same.txt"):
        shutil.copy(clone.reference / name, host / name)
    whole = git(clone.reference, "pack-objects", "--revs", "--stdout", "-q", stdin=f"{clone.second}\n".encode())
    head = {"commit": None, "branch": "main"}
    asked = clone.request(host, head=head, was=None, have=[], pack=clone.keep(whole))
    told = answer({**asked, "operations": clone.operations()[2:]})
    assert told["outcome"] == "applied", told
    assert clone.which(host) == "new"


def test_a_ref_to_nothing_is_no_obstacle(clone: Clone) -> None:
    host = clone.host()
    (host / ".git/refs/heads/lost").write_text("1" * 40 + "\n")
    told = answer(clone.request(host, have=[clone.first, "1" * 40]))
    assert told["outcome"] == "applied", told


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (1, "git: expected a dictionary"),
        ({"head": {}, "commit": "HEAD"}, "git.commit: expected the name of an object, found 'HEAD'"),
        ({"branch": "../x"}, "git.branch: '../x' is no name of a branch"),
        ({"have": 5}, "git.have: expected a list"),
        ({"have": ["--all"]}, "git.have[0]: expected the name of an object"),
        ({"pack": {"sha256": "x"}}, "git.pack: expected the sha256"),
        ({"pack": "x"}, "git.pack: expected the sha256"),
        ({"pack": {"sha256": "0" * 64}}, "git.pack: expected the sha256 and the size in bytes"),
        ({"pack": {"sha256": "0" * 64, "size": True}}, "git.pack: expected the sha256 and the size in bytes"),
    ],
)
def test_bad_requests(clone: Clone, values: t.Any, words: str) -> None:
    host = clone.host()
    asked = clone.request(host)
    asked["git"] = {**asked["git"], **values} if isinstance(values, dict) else values
    told = answer(asked)
    assert (told["outcome"], words in told["msg"]) == ("refused", True), told
    # Contents that arrive as a pack are looked for before anything else.
    sent = answer({**asked, "folder": None})
    assert (sent["outcome"], words in sent["msg"] or not words.startswith("git.pack")) == ("refused", True), sent


def hostile(clone: Clone) -> tuple[Path, Path]:
    """Return a host whose owner named a program wherever git runs one, and the file that each of them makes."""
    host, mark = clone.host(), clone.folder / "ran"
    program = clone.folder / "program"
    program.write_text(f"#!/bin/sh\necho ran >> {mark}\ncat\n")
    program.chmod(0o755)
    for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc", "post-merge"):
        shutil.copy(program, host / ".git/hooks" / name)
    (host / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
    for key in ("filter.evil.clean", "filter.evil.smudge", "core.fsmonitor", "diff.evil.textconv", "core.pager"):
        git(host, "config", key, str(program))
    (host / "a.txt").write_text("one\n")
    return host, mark


def test_nothing_that_a_repository_names_is_run(clone: Clone) -> None:
    host, mark = hostile(clone)
    told = answer(clone.request(host))
    assert told["outcome"] == "applied", told
    assert not mark.exists()
    assert (host / ".git/refs/heads/main").read_text().strip() == clone.second
    # What git itself would have done with the same repository.
    host, mark = hostile(clone)
    git(host, "reset", "-q", "--hard", clone.first)
    assert mark.exists()
