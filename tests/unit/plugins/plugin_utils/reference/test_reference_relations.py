# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is ahead of whom, counted in real repositories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_lines
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.relations import (
    MAX_NODES,
    Node,
    Repositories,
    Tree,
    branch,
    relate,
)
from reference_repos import Repo, fingerprint

UNKNOWN_COMMIT = "0123456789" * 4


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """main is two commits after the fork, side is one; main's files are in two trees."""
    made = Repo(tmp_path_factory.mktemp("relations") / "app")
    made.commit("fork", **{"src/a__py": "1\n", "docs/a__md": "1\n"})
    made.git("branch", "side")
    made.commit("second", **{"src/a__py": "2\n"})
    made.commit("third", **{"src/b__py": "1\n", "docs/a__md": "2\n"})
    made.git("checkout", "-q", "side")
    made.commit("aside", **{"src/gone__py": "1\n", "src/logs/x__log": "1\n"})
    made.git("checkout", "-q", "main")
    for name, ref in (("main", "main"), ("side", "side"), ("old", "main~1")):
        made.git("update-ref", f"refs/remotes/origin/{name}", ref)
    made.git("update-ref", "refs/remotes/origin/blob", made.git("rev-parse", "main:src/a.py"))
    return made


@pytest.fixture
def repositories(repo: Repo) -> Iterator[Repositories]:
    before = fingerprint(repo.path)
    with Repositories() as opened:
        yield opened
    assert fingerprint(repo.path) == before


def node(repo: Repo, name: str, ref: str) -> Node:
    return Node(name, str(repo.path), repo.git("rev-parse", ref))


@pytest.mark.parametrize(
    ("a", "b", "counted"),
    [
        ("main", "main~2", (2, 0)),
        ("main~2", "main", (0, 2)),
        ("main", "side", (2, 1)),
        ("side", "main", (1, 2)),
        ("main", "main", (0, 0)),
    ],
)
def test_both_numbers(repo: Repo, repositories: Repositories, a: str, b: str, counted: tuple[int, int]) -> None:
    (found,) = relate(repositories, [node(repo, "one", a), node(repo, "other", b)])
    ahead, behind = counted
    assert found == {"a": "one", "b": "other", "ahead": ahead, "behind": behind, "outcome": "ok", "reason": ""}


def test_every_pair_once_in_the_order_of_the_nodes(repo: Repo, repositories: Repositories) -> None:
    nodes = [node(repo, name, "main") for name in ("z", "a", "m")]
    assert [(one["a"], one["b"]) for one in relate(repositories, nodes)] == [("z", "a"), ("z", "m"), ("a", "m")]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Node("b", "{repo}", UNKNOWN_COMMIT), f"does not have the commit {UNKNOWN_COMMIT[:12]}: fetch it"),
        (Node("b", "{repo}", "--all"), "does not have the commit --all"),
        (Node("b", "{repo}", "HEAD"), "does not have the commit HEAD"),
        (Node("b", "{repo}", None, "its hosts are at 2 commits"), "b: its hosts are at 2 commits"),
        (Node("b", "/nonexistent/app", UNKNOWN_COMMIT), "different repositories"),
    ],
)
def test_unrelated(repo: Repo, repositories: Repositories, other: Node, said: str) -> None:
    other = Node(other.name, (other.repo or "").format(repo=repo.path), other.commit, other.reason)
    (found,) = relate(repositories, [node(repo, "a", "main"), other])
    assert (found["outcome"], found["ahead"], found["behind"]) == ("unknown", None, None)
    assert said in found["reason"]


def test_without_any_repository_only_one_commit_is_related(repositories: Repositories) -> None:
    same, also, other = Node("a", None, "1" * 40), Node("b", None, "1" * 40), Node("c", None, "2" * 40)
    found = {(one["a"], one["b"]): one for one in relate(repositories, [same, also, other])}
    assert (found["a", "b"]["ahead"], found["a", "b"]["behind"]) == (0, 0)
    assert found["a", "c"]["reason"] == "neither is compared with a git repository"


def test_one_repository_of_the_two_is_enough(repo: Repo, repositories: Repositories) -> None:
    copy = Node("copy", None, repo.git("rev-parse", "main~1"))
    (found,) = relate(repositories, [node(repo, "main", "main"), copy])
    assert (found["ahead"], found["behind"]) == (1, 0)


def test_a_repository_that_is_not_there_says_so_every_time(repositories: Repositories) -> None:
    nodes = [Node(str(digit), "/nonexistent/app", str(digit) * 40) for digit in range(3)]
    found = relate(repositories, nodes)
    assert {one["outcome"] for one in found} == {"unknown"}
    assert all("/nonexistent/app" in one["reason"] for one in found)


def test_histories_without_a_common_commit_have_diverged(tmp_path: Path, repositories: Repositories) -> None:
    made = Repo(tmp_path / "two")
    made.commit("one")
    made.git("checkout", "-q", "--orphan", "apart")
    made.commit("other")
    (found,) = relate(repositories, [node(made, "main", "main"), node(made, "apart", "apart")])
    assert (found["ahead"], found["behind"]) == (1, 1)


def test_what_a_shallow_repository_cut_off_is_not_counted(
    repo: Repo, tmp_path: Path, repositories: Repositories
) -> None:
    Repo(tmp_path, make=False).git(
        "clone", "-q", "--depth", "1", "--no-single-branch", f"file://{repo.path}", str(tmp_path / "shallow")
    )
    shallow = Repo(tmp_path / "shallow", make=False)
    nodes = [node(shallow, "main", "origin/main"), node(shallow, "side", "origin/side")]
    (found,) = relate(repositories, nodes)
    assert found["outcome"] == "unknown"
    assert "is shallow and ends before" in found["reason"]


def test_commits_that_meet_in_a_shallow_repository_are_counted(
    repo: Repo, tmp_path: Path, repositories: Repositories
) -> None:
    path = tmp_path / "shallow"
    Repo(tmp_path, make=False).git("clone", "-q", "--depth", "2", f"file://{repo.path}", str(path))
    shallow = Repo(path, make=False)
    (found,) = relate(repositories, [node(shallow, "main", "main"), node(shallow, "before", "main~1")])
    assert (found["ahead"], found["behind"]) == (1, 0)


@pytest.mark.parametrize("count", [MAX_NODES, MAX_NODES + 3])
def test_no_more_than_a_bound_are_related_and_the_others_are_told(repositories: Repositories, count: int) -> None:
    found = relate(repositories, [Node(f"n{number:02}", None, "1" * 40) for number in range(count)])
    assert sum(one["outcome"] == "ok" for one in found) == MAX_NODES * (MAX_NODES - 1) // 2
    left = [one for one in found if one["outcome"] == "unknown"]
    assert [(one["a"], one["b"]) for one in left] == [(f"n{number}", "*") for number in range(MAX_NODES, count)]


def reference(repo: Repo, more: dict[str, Any] | None = None) -> dict[str, Any]:
    made = {"id": "r1", "outcome": "ok", "repo": str(repo.path), "commit": repo.git("rev-parse", "main")}
    return {**made, **(more or {})}


TREES = {
    "source": Tree("src", compile_lines(["logs/"])),
    "docs": Tree("docs", []),
    "all": Tree(".", []),
    "none": Tree("nowhere", []),
}


@pytest.mark.parametrize(
    ("name", "distance", "files"),
    [
        ("origin/main", (0, 0), {"source": 0, "docs": 0, "all": 0, "none": 0}),
        ("origin/old", (0, 1), {"source": 1, "docs": 1, "all": 2, "none": 0}),
        ("origin/side", (1, 2), {"source": 3, "docs": 1, "all": 5, "none": 0}),
    ],
)
def test_a_branch_and_the_files_of_its_trees(
    repo: Repo, repositories: Repositories, name: str, distance: tuple[int, int], files: dict[str, int]
) -> None:
    found = branch(repositories, reference(repo), name, TREES)
    assert (found["outcome"], found["reason"]) == ("ok", "")
    assert found["commit"] == repo.git("rev-parse", name)
    assert (found["ahead"], found["behind"]) == distance
    assert {tree: one["files"] for tree, one in found["trees"].items()} == files


@pytest.mark.parametrize(
    "name", ["origin/nothing", "main", "origin/main~1", "origin/main^{tree}", "../heads/main", "--all", "origin/blob"]
)
def test_a_branch_that_is_not_there_is_unknown_and_says_why(repo: Repo, repositories: Repositories, name: str) -> None:
    found = branch(repositories, reference(repo), name, TREES)
    assert found["outcome"] == "unknown"
    assert "no remote branch" in found["reason"]
    assert found["commit"] is found["ahead"] is found["behind"] is None
    assert {one["files"] for one in found["trees"].values()} == {None}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"outcome": "unknown", "reason": "no such ref"}, "its reference could not be made: no such ref"),
        ({"repo": "/nonexistent/app"}, "/nonexistent/app"),
        ({"commit": UNKNOWN_COMMIT}, "does not have the commit"),
    ],
)
def test_a_branch_without_a_reference_to_compare_with(
    repo: Repo, repositories: Repositories, more: dict[str, Any], said: str
) -> None:
    found = branch(repositories, reference(repo, more), "origin/main", TREES)
    assert found["outcome"] == "unknown"
    assert said in found["reason"]
    assert found["ahead"] is found["behind"] is None
