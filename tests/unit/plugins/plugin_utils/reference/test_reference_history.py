# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import random
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import history
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from reference_repos import Repo, fingerprint


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "app")
    for number in range(5):
        repo.commit(f"change {number}", a=f"{number}\n")
    return repo


def related(repo: Repo, reference: str, host: str | None, index_tree: str | None = None) -> dict[str, t.Any]:
    before = fingerprint(repo.path)
    with Repository(str(repo.path)) as repository:
        found = history.relation(repository, repo.git("rev-parse", reference), host, index_tree)
    assert fingerprint(repo.path) == before
    return found


def test_a_host_behind(repo: Repo) -> None:
    host = repo.git("rev-parse", "main~2")
    found = related(repo, "main", host)
    missing = [{"commit": repo.git("rev-parse", "main"), "subject": "change 4", "committed": "2023-11-14T22:18:20Z"}]
    missing += [{"commit": repo.git("rev-parse", "main~1"), "subject": "change 3", "committed": "2023-11-14T22:17:20Z"}]
    assert found == {
        "known": True,
        "commit": host,
        "subject": "change 2",
        "committed": "2023-11-14T22:16:20Z",
        "ahead": 0,
        "behind": 2,
        "apart_reason": "",
        "missing": missing,
        "missing_total": 2,
        "extra": [],
        "extra_total": 0,
        "staged": None,
        "remote_branches": {},
        "fetched": None,
    }


def test_what_a_shallow_repository_does_not_tell_is_not_counted(repo: Repo, tmp_path: Path) -> None:
    old = repo.git("rev-parse", "main~2")
    repo.git("branch", "old", old)
    path = tmp_path / "shallow"
    clone = ["clone", "-q", "--depth", "1", "--no-single-branch", f"file://{repo.path}", str(path)]
    Repo(tmp_path, make=False).git(*clone)
    found = related(Repo(path, make=False), "main", old)
    assert (found["known"], found["ahead"], found["behind"], found["missing"]) == (True, None, None, [])
    assert "is shallow and ends before" in found["apart_reason"]
    assert found["remote_branches"]["origin/main"]["has_reference"] is True
    assert found["remote_branches"]["origin/old"] == {"commit": old, "has_reference": None}


def test_a_host_that_went_its_own_way(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side", "main~1")
    host = repo.commit("on the side", b="b\n")
    found = related(repo, "main", host)
    assert (found["ahead"], found["behind"]) == (1, 1)
    assert [extra["subject"] for extra in found["extra"]] == ["on the side"]
    assert [missing["subject"] for missing in found["missing"]] == ["change 4"]


def test_long_lists_are_cut_and_counted(repo: Repo) -> None:
    host = repo.git("rev-parse", "main")
    for number in range(55):
        repo.commit(f"more {number}")
    found = related(repo, "main", host)
    missing = found["missing"]
    assert (found["behind"], found["missing_total"], len(missing)) == (55, 55, 50)  # type: ignore[arg-type]
    assert missing[0]["subject"] == "more 54"  # type: ignore[index]


@pytest.mark.parametrize("host", [None, "0" * 40, "f" * 64, "", "main", "--output=/tmp/x", "HEAD\n", "a" * 39])
def test_a_commit_that_is_not_known(repo: Repo, host: str | None) -> None:
    found = related(repo, "main", host)
    assert found["known"] is False
    assert found["commit"] == host
    assert {found[name] for name in ("subject", "committed", "ahead", "behind", "staged", "missing_total")} == {None}
    assert found["missing"] == found["extra"] == []


def test_a_blob_is_no_commit(repo: Repo) -> None:
    assert related(repo, "main", repo.git("rev-parse", "main:a"))["known"] is False


def test_staged_changes(repo: Repo) -> None:
    host = repo.git("rev-parse", "main")
    assert related(repo, "main", host, repo.git("rev-parse", "main^{tree}"))["staged"] is False
    assert related(repo, "main", host, repo.git("rev-parse", "main~1^{tree}"))["staged"] is True


def test_remote_branches_as_last_fetched(repo: Repo) -> None:
    main, old = repo.git("rev-parse", "main"), repo.git("rev-parse", "main~1")
    repo.git("update-ref", "refs/remotes/origin/main", main)
    repo.git("update-ref", "refs/remotes/origin/feature/x", old)
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    fetch_head = repo.path / ".git" / "FETCH_HEAD"
    fetch_head.write_text("")
    os.utime(fetch_head, (1_700_000_000, 1_700_000_000))
    found = related(repo, "main", main)
    assert found["fetched"] == "2023-11-14T22:13:20Z"
    assert found["remote_branches"] == {
        "origin/feature/x": {"commit": old, "has_reference": False},
        "origin/main": {"commit": main, "has_reference": True},
    }


def test_unrelated_histories(repo: Repo) -> None:
    repo.git("checkout", "-q", "--orphan", "other")
    host = repo.commit("unrelated")
    found = related(repo, "main", host)
    assert (found["ahead"], found["behind"]) == (1, 5)


def test_random_histories_as_git_counts_them(tmp_path: Path) -> None:
    chance = random.Random(7)
    repo = Repo(tmp_path / "app")
    commits = [repo.commit("root")]
    for number in range(25):
        repo.git("checkout", "-q", "--detach", chance.choice(commits))
        if number % 4 == 3:
            repo.git("merge", "-q", "--no-edit", "--no-ff", chance.choice(commits))
        commits.append(repo.commit(f"c{number}"))
    repo.git("update-ref", "refs/heads/all", commits[-1])
    for _number in range(5):
        reference, host = chance.choice(commits), chance.choice(commits)
        found = related(repo, reference, host)
        assert found["behind"] == int(repo.git("rev-list", "--count", f"{host}..{reference}"))
        assert found["ahead"] == int(repo.git("rev-list", "--count", f"{reference}..{host}"))
        listed = repo.git("log", "--format=%H", f"{host}..{reference}").split()
        assert [missing["commit"] for missing in found["missing"]] == listed


def test_remote_branches_as_the_hosts_owner_last_fetched_them(repo: Repo) -> None:
    old, new = repo.git("rev-parse", "HEAD~1"), repo.git("rev-parse", "HEAD")
    remotes = {"origin/main": new, "origin/old": old, "origin/far": "f" * 40}
    with Repository(str(repo.path)) as repository:
        found = history.relation(repository, new, old, host_remotes=remotes)["remote_branches"]
    assert found["origin/main"] == {"commit": new, "has_reference": True, "ahead": 0, "behind": 1}
    assert found["origin/old"] == {"commit": old, "has_reference": False, "ahead": 0, "behind": 0}
    assert found["origin/far"] == {"commit": "f" * 40, "has_reference": None}


def test_an_annotated_tag_names_its_commit(repo: Repo) -> None:
    repo.git("tag", "light")
    repo.git("tag", "-a", "-m", "released", "annotated")
    head, annotated = repo.git("rev-parse", "HEAD"), repo.git("rev-parse", "annotated")
    assert annotated != head
    with Repository(str(repo.path)) as repository:
        found = history.peel(repository, {"light": head, "annotated": annotated, "far": "f" * 40})
    assert found == {"light": head, "annotated": head, "far": "f" * 40}
