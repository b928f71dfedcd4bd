# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import nearest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from reference_repos import Repo, fingerprint, sha256

Files = dict[str, str]


def tree(repo: Repo, commit: str) -> Files:
    """Return the sha256 of each file of a commit, by plain git."""
    names = repo.git("ls-tree", "-r", "--name-only", commit).split("\n")
    return {name: sha256(repo.git("cat-file", "blob", f"{commit}:{name}") + "\n") for name in names if name}


def look(repo: Repo, host: Files, reference: str = "main", **options: object) -> tuple[str, int] | None:
    wanted = tree(repo, reference)
    differing = {path: host.get(path) for path in wanted.keys() | host.keys() if host.get(path) != wanted.get(path)}
    before = fingerprint(repo.path)
    with Repository(str(repo.path)) as repository:
        commit = repo.git("rev-parse", reference)
        found = nearest.nearest(repository, commit, differing, wanted, **options)  # type: ignore[arg-type]
    assert fingerprint(repo.path) == before
    if found is None:
        return None
    assert found["subject"] == repo.git("log", "-1", "--format=%s", found["commit"])
    return found["subject"], found["apart"]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "app")
    repo.commit("c0", a="a0\n", b="b0\n", same="s\n")
    repo.commit("c1", a="a1\n", c="c1\n")
    repo.commit("c2", b="b2\n", c=None)
    repo.commit("c3", a="a3\n", d="d3\n")
    repo.commit("c4", b="b4\n")
    return repo


@pytest.mark.parametrize("commit", range(5))
def test_a_copied_commit_is_recognised(repo: Repo, commit: int) -> None:
    assert look(repo, tree(repo, f"main~{4 - commit}")) == (f"c{commit}", 0)


def test_edits_are_counted(repo: Repo) -> None:
    host = {**tree(repo, "main~2"), "same": sha256("edited\n"), "extra": sha256("x")}
    assert look(repo, host) == ("c2", 2)


def test_a_missing_file_is_counted(repo: Repo) -> None:
    host = tree(repo, "main~3")
    del host["same"]
    assert look(repo, host) == ("c1", 1)


def test_the_newest_of_several_is_taken(repo: Repo) -> None:
    repo.commit("c5 touches what the host edited", same="t\n")
    assert look(repo, {**tree(repo, "main"), "same": sha256("edited\n")}) == ("c5 touches what the host edited", 1)


def test_nothing_in_common(repo: Repo) -> None:
    assert look(repo, {"other": sha256("x")}) is None


def test_a_commit_of_another_branch_or_tag(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side", "main~2")
    repo.commit("side 1", e="e\n")
    repo.commit("side 2", e="e2\n")
    repo.git("tag", "-m", "annotated", "v1")
    repo.git("checkout", "-q", "main")
    repo.git("branch", "-q", "-D", "side")
    assert look(repo, tree(repo, "v1")) == ("side 2", 0)
    assert look(repo, tree(repo, "v1~1")) == ("side 1", 0)


def test_merges_are_followed_along_the_first_parent(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side", "main~2")
    repo.commit("side", e="e\n")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-edit", "side")
    assert look(repo, tree(repo, "main~1")) == ("c4", 0)
    assert look(repo, tree(repo, "main~3")) == ("c2", 0)


def test_the_limit_holds(repo: Repo) -> None:
    assert look(repo, tree(repo, "main~4"), limit=2) == ("c4", 3)


def test_what_is_not_compared_does_not_count(repo: Repo) -> None:
    host = tree(repo, "main~3")
    del host["c"]
    assert look(repo, host) == ("c2", 1)
    assert look(repo, host, compared=lambda path: path != "c") == ("c1", 0)


def test_commits_without_changes(repo: Repo) -> None:
    repo.commit("empty 1")
    repo.commit("empty 2")
    assert look(repo, tree(repo, "main")) == ("empty 2", 0)
    assert look(repo, tree(repo, "main~4")) == ("c2", 0)


def test_content_as_it_is_checked_out(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app")
    oid = sha256("large file")
    repo.write(".gitattributes", "*.txt eol=crlf\n*.bin filter=lfs\n")
    repo.write("a.txt", "one\r\ntwo\r\n")
    repo.write("b.bin", f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 10\n")
    os.symlink("target", repo.path / "link")
    repo.commit("old")
    reference = {".gitattributes": sha256((repo.path / ".gitattributes").read_text())}
    (repo.path / "link").unlink()
    commit = repo.commit("new", a__txt="1\n", b__bin="2\n")
    host = {"a.txt": sha256("one\r\ntwo\r\n"), "b.bin": oid, "link": sha256("target")}
    with Repository(str(repo.path)) as repository:
        found = nearest.nearest(repository, commit, host, reference)
    assert found is not None and (found["subject"], found["apart"]) == ("old", 0)


def test_names_of_any_bytes(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "app")
    name = os.fsdecode(b"bad\xff\nname")
    (repo.path / name).write_text("1")
    repo.commit("old", a="a\n")
    (repo.path / name).write_text("2")
    commit = repo.commit("new")
    with Repository(str(repo.path)) as repository:
        found = nearest.nearest(repository, commit, {"bad\\xff\nname": sha256("1")}, {"a": sha256("a\n")})
    assert found is not None and (found["subject"], found["apart"]) == ("old", 0)


def test_random_histories_against_counting_everything(tmp_path: Path) -> None:
    chance = random.Random(11)
    repo = Repo(tmp_path / "app")
    names = [f"f{number}" for number in range(8)]
    present: set[str] = set()
    for number in range(14):
        changes: dict[str, str | None] = {}
        for name in chance.sample(names, 3):
            removed = name in present and len(present) > 3 and chance.random() < 0.3
            changes[name] = None if removed else f"{chance.randrange(3)}\n"
            (present.discard if removed else present.add)(name)
        repo.commit(f"c{number}", **changes)
    trees = [tree(repo, f"main~{back}") for back in range(14)]
    for _number in range(12):
        host = dict(chance.choice(trees))
        for name in chance.sample(names, 2):
            host[name] = sha256(f"{chance.randrange(4)}\n")
        counts = [sum(host.get(name) != other.get(name) for name in names) for other in trees]
        best = min(counts)
        assert look(repo, host) == (f"c{13 - counts.index(best)}", best)
