# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where secrets came into real histories, where they left them, and what could not be searched."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed import scan as scanning
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.detectors import Detectors
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.scan import Limits, scan
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.search import Searcher, Values
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.sightings import Sighting
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from reference_repos import Repo, fingerprint

KEY = b"k" * 32
VALUE = "korrekt-Pferd-7-Batterie"
LINE = f"PASSWORD={VALUE}\n"

Json = dict[str, t.Any]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "app")
    made.commit("first", a="1\n")
    return made


def searched(repo: Repo, ref: str = "HEAD", **limits: t.Any) -> tuple[Json, list[Sighting]]:
    before = fingerprint(repo.path)
    with Repository(str(repo.path)) as repository:
        commit = git.find_commit(repository, ref)
        looks = Searcher(KEY, Values(frozenset({str(keyed(KEY, VALUE))})), Detectors())
        found = scan(repository, commit, looks, Limits(**{"most": 1 << 30, **limits}))
    assert fingerprint(repo.path) == before
    return found


def one(repo: Repo, ref: str = "HEAD", **limits: t.Any) -> Sighting:
    read, found = searched(repo, ref, **limits)
    assert read["gaps"] == []
    assert len(found) == 1
    return found[0]


def test_a_secret_that_came_and_went(repo: Repo) -> None:
    came = repo.commit("settings", __env=LINE)
    repo.commit("more", __env=f"{LINE}X=1\n")
    went = repo.commit("out", __env="X=1\n")
    repo.commit("later", a="2\n")
    seen = one(repo)
    assert (seen.commit, seen.path, seen.paths, seen.present) == (came, ".env", {".env"}, set())
    assert seen.removed is not None and seen.removed[1] == went
    assert seen.mark.kind == ""


def test_a_secret_that_is_still_there_under_another_name(repo: Repo) -> None:
    came = repo.commit("settings", __env=LINE)
    repo.git("mv", ".env", "prod.env")
    repo.commit("renamed")
    seen = one(repo)
    assert (seen.commit, seen.path, seen.present) == (came, ".env", {"prod.env"})


def test_a_secret_of_a_deleted_file_comes_back(repo: Repo) -> None:
    repo.commit("settings", b=LINE)
    repo.commit("out", b=None)
    repo.commit("back", b=LINE)
    assert one(repo).present == {"b"}


def test_a_secret_on_another_branch_is_neither_there_nor_taken_out(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    came = repo.commit("settings", b=LINE)
    repo.git("checkout", "-q", "main")
    seen = one(repo)
    assert (seen.commit, seen.present, seen.removed) == (came, set(), None)
    assert one(repo, "side").present == {"b"}


def test_a_reference_that_no_ref_names_is_searched(repo: Repo) -> None:
    repo.git("checkout", "-q", "--detach")
    lonely = repo.commit("settings", b=LINE)
    repo.git("checkout", "-q", "main")
    assert searched(repo)[1] == []
    assert one(repo, lonely).present == {"b"}


def test_a_secret_that_only_a_merge_brings(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("aside", b="1\n")
    repo.git("checkout", "-q", "main")
    repo.commit("on", c="1\n")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side")
    merge = repo.commit("merge", d=LINE)
    assert len(repo.git("rev-parse", f"{merge}^@").split()) == 2
    assert (one(repo).commit, one(repo).path) == (merge, "d")


def test_messages_of_commits_and_tags(repo: Repo) -> None:
    said = repo.commit(f"use {VALUE} for now")
    repo.git("tag", "-a", "-m", f"with {VALUE}", "v1")
    seen = one(repo)
    assert (seen.commit, seen.path, seen.messages, seen.paths) == (said, None, 2, set())
    # A file says more than a message.
    came = repo.commit("settings", b=LINE)
    assert (one(repo).commit, one(repo).path, one(repo).messages) == (came, "b", 2)


def test_a_file_in_no_commit_is_not_overlooked(repo: Repo) -> None:
    oid = repo.git("hash-object", "-w", "--stdin", stdin=LINE)
    repo.git("tag", "odd", oid)
    read, found = searched(repo)
    assert found == []
    assert read["gaps"] == ["no commit that was read has 1 content with a secret, or too large to be searched"]


def test_paths_that_do_not_count(repo: Repo) -> None:
    repo.commit(
        "data", **{"tests/data/x": LINE, "id_rsa": "no key\n", "__env__example": "A=\n", "tests/data/__env": "\n"}
    )
    read, found = searched(repo, ignore=["tests/data/"])
    assert (found, read["gaps"], read["tracked"]) == ([], [], ["id_rsa"])
    repo.commit("copy", src=LINE)
    assert one(repo, ignore=["tests/data/"]).paths == {"src"}


def test_everything_is_counted(repo: Repo) -> None:
    repo.commit("second", a="2\n", b="1\n")
    repo.git("tag", "-a", "-m", "tagged", "v1")
    read, found = searched(repo)
    # The content of b was that of a once.
    assert (read["commits"], read["tags"], read["files"], found) == (2, 1, 2, [])


def test_large_files_are_said_by_path(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "LARGEST", 5000)
    repo.commit("dump", dump=f"{LINE}{'x' * 5000}", kept=LINE)
    repo.commit("out", dump=None)
    read, found = searched(repo)
    assert (read["unread_total"], [one["path"] for one in read["unread"]]) == (1, ["dump"])
    assert [seen.paths for seen in found] == [{"kept"}]
    assert searched(repo, ignore=["dump"])[0]["unread_total"] == 0


def test_a_limit_leaves_the_oldest_and_says_so(repo: Repo) -> None:
    repo.commit("old", b=LINE + "x\n" * 50_000)
    repo.commit("new", b="y\n" * 400_000)
    read, found = searched(repo, most=850_000)
    assert found == []
    assert read["gaps"] == ["1 older commit or file was not searched: max_mb is 0"]


def test_too_long_is_said(repo: Repo) -> None:
    repo.commit("b", b=LINE)
    read, _found = searched(repo, seconds=-1.0)
    assert "not searched: that took too long" in read["gaps"][0]


def test_a_shallow_clone_says_what_it_lacks(repo: Repo, tmp_path: Path) -> None:
    repo.commit("settings", b=LINE)
    repo.commit("out", b=None)
    target = tmp_path / "shallow"
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", str(target))
    read, found = searched(Repo(target, make=False))
    assert (found, "shallow" in read["gaps"][0]) == ([], True)


def test_a_partial_clone_says_what_it_lacks(repo: Repo, tmp_path: Path) -> None:
    repo.commit("settings", b=LINE)
    repo.commit("out", b=None)
    repo.git("config", "uploadpack.allowFilter", "true")
    target = tmp_path / "partial"
    repo.git("clone", "-q", "--filter=blob:none", f"file://{repo.path}", str(target))
    read, found = searched(Repo(target, make=False))
    assert (found, "lacks 1 object " in read["gaps"][0]) == ([], True)


def test_missing_history_is_no_clean_history(repo: Repo) -> None:
    gone = repo.commit("settings", b=LINE)
    repo.commit("out", b=None)
    (repo.path / ".git" / "objects" / gone[:2] / gone[2:]).unlink()
    with pytest.raises(ReferenceUnavailable, match="rev-list failed"):
        searched(repo)


@pytest.mark.parametrize(
    ("left", "said"), [(10, "1 older commit or file was not searched: git cat-file failed"), (0, "lacks 1 object ")]
)
def test_a_damaged_object_hides_nothing_that_was_found(repo: Repo, left: int, said: str) -> None:
    repo.commit("new", b=LINE)
    oid = repo.git("rev-parse", "HEAD~1:a")
    path = repo.path / ".git" / "objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:left])
    repo.commit("newer", a=None)
    read, found = searched(repo)
    assert said in " ".join(read["gaps"])
    assert [seen.path for seen in found] == ["b"]


def test_names_of_any_bytes(repo: Repo) -> None:
    name = b'odd\n\x1b[31m\xff"name'
    (repo.path / "x").write_text(LINE)
    Path(str(repo.path).encode().decode(), "x").rename(repo.path / name.decode("utf-8", "surrogateescape"))
    repo.commit("odd name")
    assert one(repo).path == 'odd\n\x1b[31m\\xff"name'


def test_a_sha256_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r", "--object-format=sha256")
    came = repo.commit("settings", b=LINE)
    assert one(repo).commit == came
