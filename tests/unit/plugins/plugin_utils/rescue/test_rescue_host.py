# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a host's own work: what is asked for, what the answer must be, and the commit that holds it."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import typing as t
import zlib
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue import host as rescue
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.commit import Undone, Work, commit, refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.kept import prune, rescued
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder

Json = dict[str, t.Any]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file(content: bytes = b"x", mode: str = "0644") -> Json:
    return {"type": "file", "sha256": sha256(content), "size": len(content), "mode": mode}


def packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


def left(*paths: str) -> Json:
    return {"left_out": [{"path": path, "kind": "host_work"} for path in paths] + [{"path": "old", "kind": "removed"}]}


def test_only_the_hosts_own_work_is_asked_for() -> None:
    listed = [{"path": "d/one", "entry": file()}, {"path": "d/.env", "entry": {"type": "file", "secret": True}}]
    tree = {
        "differences": [{"path": path, "host": file(), "reference": None} for path in ("own", "old", "behind")],
        "groups": [
            {"path": "d/", "side": "host", "files": 2, "entries": listed},
            {"path": "large/", "side": "host", "files": 900},
            {"path": "new/", "side": "reference", "files": 2},
        ],
    }
    entries, lost = rescue.wanted([tree], left("own", "d/", "large/"))
    assert sorted(entries) == ["d/one", "own"]
    assert {one["path"]: one["reason"] for one in lost} == {
        "d/.env": "a file of a secret class",
        "large/": "holds 900 files, more than are listed (2000 of a directory): archive it by hand",
    }


def test_another_content_than_the_audit_saw_is_no_rescue() -> None:
    entries = {
        "good": file(b"good", "0755"),
        "moved": file(b"seen"),
        "refused": file(),
        "silent": file(),
        "damaged": file(),
        "link": {"type": "link", "target": "odd-\\xff"},
    }
    answer = {
        "files": {
            "good": {"content": packed(b"good"), "reason": ""},
            "moved": {"content": packed(b"edited since"), "reason": ""},
            "refused": {"content": None, "reason": "line 1 looks as if it held a secret"},
            "damaged": {"content": "%%%", "reason": ""},
        }
    }
    made, lost = rescue.works(entries, answer)
    assert made == [Work("good", "100755", b"good"), Work("link", "120000", b"odd-\xff")]
    assert {one["path"] for one in lost} == {"moved", "refused", "silent", "damaged"}


@pytest.mark.parametrize("answer", [{}, {"files": []}, {"files": {"a": {"content": 1, "reason": ""}}}])
def test_an_answer_of_another_shape_is_refused(answer: Json) -> None:
    with pytest.raises(GarbledAnswer):
        rescue.works({"a": file()}, answer)


def git(folder: Path, *arguments: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": "dev@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(name="repository")
def fixture_repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    (path / "src").mkdir(parents=True)
    git(path, "init", "-q", "-b", "main", ".")
    (path / "src/a.py").write_text("one\n")
    (path / ".gitattributes").write_text("*.bat text eol=crlf\n")
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "One")
    return path


def test_the_bundle_gives_a_branch_with_exactly_the_hosts_bytes(repository: Path, tmp_path: Path) -> None:
    base, refs = git(repository, "rev-parse", "HEAD"), git(repository, "show-ref")
    made = [
        Work("src/a.py", "100755", b"two\n"),
        Work("x.bat", "100644", b"echo\r\n"),
        Work("odd-\\xff", "100644", bytes(range(256))),
        Work("link", "120000", b"src/a.py"),
    ]
    folder = tmp_path / "kept"
    folder.mkdir()
    about = commit(os.fspath(repository), base, made, "rescue/web1", "Work of web1\n", os.fspath(folder))
    assert git(repository, "show-ref") == refs
    git(repository, "fetch", "-q", os.fspath(folder / "work.bundle"), "rescue/web1:rescue/web1")
    assert git(repository, "rev-parse", "rescue/web1") == about["commit"]
    assert git(repository, "rev-parse", "rescue/web1^") == base
    listed = git(repository, "ls-tree", "-r", "rescue/web1").splitlines()
    assert {line.split()[0] for line in listed} == {"100644", "100755", "120000"}
    raw = subprocess.run(["git", "show", "rescue/web1:x.bat"], cwd=repository, check=True, capture_output=True).stdout
    assert raw == b"echo\r\n"
    git(repository, "apply", "--index", os.fspath(folder / "work.patch"))
    assert git(repository, "write-tree") == git(repository, "rev-parse", "rescue/web1^{tree}")


HARD = [
    Work("src/a.py", "100644", b"one\nFrom here\n-- \n--- a\n+++ b\ndiff --git a/x b/x\nno newline"),
    Work("crlf.txt", "100644", b"a\r\nB\r\n"),
    Work("latin.txt", "100644", b"caf\xe9 \xff\n"),
    Work("nul.dat", "100644", b"\0" + bytes(range(256))),
    Work("empty", "100644", b""),
    Work("a\nb.txt", "100644", b"a name with a newline\n"),
    Work("n\\xe9.txt", "100644", b"a name that is not UTF-8\n"),
    Work("\u00fc \"q\" 'x'.txt", "100644", b"x\n"),
    Work("deep/er/run.sh", "100755", b"#!/bin/sh\n"),
    Work("link", "120000", b"../outside"),
]


@pytest.mark.parametrize("start", ["base", "later"])
def test_the_patches_are_taken_by_git_am(start: str, repository: Path, tmp_path: Path) -> None:
    (repository / "crlf.txt").write_bytes(b"a\r\nb\r\n")
    for name in ("gone.py", "kept.py", "run.sh", "mode.sh"):
        (repository / name).write_text(f"{name}\n")
    (repository / "mode.sh").chmod(0o755)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Two")
    base = git(repository, "rev-parse", "HEAD")
    (repository / "kept.py").write_text("later\n")
    git(repository, "commit", "-q", "-a", "-m", "Three")
    folder = tmp_path / "kept"
    folder.mkdir()
    undone = Undone({"run.sh": "100755", "mode.sh": "100644", "never.sh": "100755"}, ["gone.py"])
    about = commit(os.fspath(repository), base, HARD, "rescue/web1", "Work\n\nText.\n", os.fspath(folder), undone)
    git(repository, "fetch", "-q", os.fspath(folder / "work.bundle"), "refs/heads/rescue/*:refs/heads/rescue/*")
    assert git(repository, "rev-parse", "rescue/web1-deleted^") == about["commit"]
    assert git(repository, "diff", "--name-status", "rescue/web1", "rescue/web1-deleted") == "D\tgone.py"
    modes = dict(
        reversed(line.split(maxsplit=3)[::3]) for line in git(repository, "ls-tree", "-r", "rescue/web1").split("\n")
    )
    assert (modes["run.sh"], modes["mode.sh"], "never.sh" in modes) == ("100755", "100644", False)
    git(repository, "checkout", "-q", "-b", "taken", base if start == "base" else "main")
    for patch, branch in (("work.patch", "rescue/web1"), ("deleted.patch", "rescue/web1-deleted")):
        git(repository, "am", "-q", "--keep-cr", os.fspath(folder / patch))
        changed = git(repository, "diff", "--name-only", branch, "HEAD")
        assert changed == ("" if start == "base" else "kept.py")
    assert git(repository, "log", "-1", "--format=%an %s") == "evenkeel.drift Work: what it deleted"


def test_what_was_deleted_alone_is_no_work(repository: Path, tmp_path: Path) -> None:
    base = git(repository, "rev-parse", "HEAD")
    folder = os.fspath(tmp_path)
    about = commit(os.fspath(repository), base, [], "rescue/web1", "Work\n", folder, Undone({}, ["src/a.py"]))
    assert about == {"base": base, "deleted": {"commit": about["deleted"]["commit"], "branch": "rescue/web1-deleted"}}
    assert not (tmp_path / "work.patch").exists()
    git(repository, "fetch", "-q", os.path.join(folder, "work.bundle"), "rescue/web1-deleted:x")
    assert git(repository, "ls-tree", "-r", "--name-only", "x") == ".gitattributes"


def test_a_mode_of_what_the_base_does_not_have_makes_no_commit(repository: Path, tmp_path: Path) -> None:
    base = git(repository, "rev-parse", "HEAD")
    undone = Undone({"never.sh": "100755"}, [])
    about = commit(os.fspath(repository), base, [], "rescue/web1", "Work\n", os.fspath(tmp_path), undone)
    assert about == {"base": base}
    assert os.listdir(tmp_path) == ["repository"]


def operation(do: str, path: str, before: Json) -> Json:
    return {"do": do, "path": path, "before": before, "mode": "0644"}


def test_what_the_host_undid_is_what_its_plan_would_do_again() -> None:
    absent: Json = {"type": "absent"}
    based = {path: file(mode="0644") for path in ("deleted", "runs", "same", "behind", "ahead", "x/.git/a")}
    based.update({"link": {"type": "link", "target": "a"}, "stopped": file(mode="0755")})
    operations = [
        operation("directory", "folder", absent),
        operation("write", "deleted", absent),
        operation("write", "x/.git/a", absent),
        operation("write", "never", absent),
        operation("link", "link", absent),
        operation("write", "behind", file()),
        operation("write", "ahead", file(mode="0755")),
        operation("remove", "deleted", file(mode="0755")),
        operation("attributes", "runs", file(mode="0755")),
        operation("attributes", "stopped", file(mode="0644")),
        operation("attributes", "same", file(mode="0600")),
        operation("attributes", "unknown", file(mode="0755")),
    ]
    part = {"actions": [{"operations": operations}, {"steps": []}]}
    assert rescue.undone(part, based) == Undone(
        {"ahead": "100755", "runs": "100755", "stopped": "100644"}, ["deleted", "link"]
    )


def test_files_are_asked_for_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    sized = {f"f{number}": {**file(), "size": number << 20} for number in (1, 9, 8, 20, 2, 300)}
    pages, lost = rescue.pages({**sized, "link": {"type": "link", "target": "a"}})
    assert pages == [["f1", "f2"], ["f20"], ["f8"], ["f9"]]
    assert [one["path"] for one in lost] == ["f300"]
    assert "more than the 256 MiB that one rescue takes: rescue again" in lost[0]["reason"]
    many = {f"f{number:04}": file() for number in range(1001)}
    assert [len(page) for page in rescue.pages(many)[0]] == [500, 500, 1]
    monkeypatch.setattr(rescue, "MAX_TOTAL", 2)
    assert [one["path"] for one in rescue.pages({name: file() for name in "abc"})[1]] == ["c"]


@pytest.mark.parametrize("path", ["x/.git/config", "x/.GIT", "git~1/a", "a\\\\.git . /b", "src/a.py/b", ".gitmodules"])
def test_what_git_does_not_take_is_in_no_rescue(path: str, repository: Path, tmp_path: Path) -> None:
    base = git(repository, "rev-parse", "HEAD")
    made = [Work(path, "120000", b"own"), Work("src/a.py", "100644", b"two\n")]
    with pytest.raises(ReferenceUnavailable, match=r"git did not take .* into the rescue"):
        commit(os.fspath(repository), base, made, "rescue/web1", "Work of web1\n", os.fspath(tmp_path))
    assert os.listdir(tmp_path) == ["repository"]
    if "git" in path and "modules" not in path:
        entries = {path: {"type": "link", "target": "own", "secret": False}}
        assert rescue.works(entries, {"files": {}}) == ([], [{"path": path, "reason": refused(path)}])


def test_what_was_rescued_counts_for_its_application_alone_and_while_it_is_whole(
    repository: Path, tmp_path: Path
) -> None:
    base = git(repository, "rev-parse", "HEAD")
    part = {"host": "web/1", "environment": "prod", "application": "shop", "root": "/srv/shop"}
    output = os.fspath(tmp_path / "runs")
    kept = rescue.keep(output, part, {"repo": os.fspath(repository)}, base, [Work("a", "100644", b"own")], [])
    assert rescued(output, "shop") == {sha256(b"own")}
    assert rescued(output, "other") == set()
    with open(kept.join("work.patch"), "ab") as file_:
        file_.write(b"x")
    assert rescued(output, "shop") == set()
    assert rescued(os.fspath(tmp_path / "nowhere"), "shop") == set()


def kept_rescue(output_dir: Path, day: int, **more: t.Any) -> Path:
    folder = RunFolder.create(str(output_dir / "rescues"), f"2026-11-{day:02}T12:00:00Z", "web1")
    about: Json = {"host": "web1", "application": "shop", "repo": "/repo", "containers": []}
    about["files"] = {f"f{day}": sha256(b"%d" % day)}
    folder.write("rescue.json", {**about, **more})
    folder.seal()
    return Path(folder.path)


def test_a_rescue_goes_only_when_its_work_is_elsewhere(tmp_path: Path) -> None:
    first, second, third, fourth = (kept_rescue(tmp_path, day) for day in (1, 2, 3, 4))
    of_containers = kept_rescue(tmp_path, 5, containers=[{"id": "web", "files": [], "settings": []}])
    newest = kept_rescue(tmp_path, 6)
    (fourth / "rescue.json").write_text("{}")
    known = {"f1", "f3", "f4", "f5", "f6"}

    def saved(repo: str, contents: t.Mapping[str, str]) -> set[str]:
        assert repo == "/repo"
        return known & contents.keys()

    assert prune(str(tmp_path), None, saved) == []
    assert prune(str(tmp_path), 6, saved) == []
    assert prune(str(tmp_path), 1, saved) == [first.name, third.name]
    assert all(folder.is_dir() for folder in (second, fourth, of_containers, newest))


def test_a_repository_that_cannot_be_read_lets_no_rescue_go(tmp_path: Path) -> None:
    folders = [kept_rescue(tmp_path, day) for day in (1, 2)]

    def saved(_repo: str, _contents: t.Mapping[str, str]) -> set[str]:
        raise ReferenceUnavailable("/repo is no repository")

    assert prune(str(tmp_path), 1, saved) == []
    assert all(folder.is_dir() for folder in folders)


def test_a_rescue_that_says_nothing_of_containers_goes_like_another(tmp_path: Path) -> None:
    folder = RunFolder.create(str(tmp_path / "rescues"), "2026-11-01T12:00:00Z", "web1")
    folder.write("rescue.json", {"host": "web1", "application": "shop", "repo": "/repo", "files": {}})
    folder.seal()
    newest = kept_rescue(tmp_path, 2)
    assert prune(str(tmp_path), 1, lambda _repo, _contents: set()) == [Path(folder.path).name]
    assert newest.is_dir()
