# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the commits of environments and branches stand to each other, as the operator's repositories know it.

Private to the collection.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git import Json, about
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.history import distance, is_commit
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable, quoted

MAX_NODES = 40
"""How many environments and branches are related to each other; that is 780 pairs."""


@dataclasses.dataclass(frozen=True)
class Node:
    """An environment or a branch: its commit, and the repository of its reference, None when that is not git.

    ``reason`` says why there is no commit.
    """

    name: str
    repo: str | None
    commit: str | None
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Tree:
    """A tree of the contract, as far as two commits are compared in it."""

    path: str
    exclude: t.Sequence[t.Sequence[t.Any]]


class Repositories:
    """The repositories of one run, each opened once; what cannot be opened says why every time it is asked for."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._open: dict[str, Repository | ReferenceUnavailable] = {}
        self._counted: dict[tuple[str, str, str], tuple[int, int]] = {}

    def __enter__(self) -> Repositories:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    def of(self, path: str) -> Repository:
        """Return a repository. Raises ReferenceUnavailable."""
        if path not in self._open:
            try:
                self._open[path] = self._stack.enter_context(Repository(path))
            except ReferenceUnavailable as error:
                self._open[path] = error
        found = self._open[path]
        if isinstance(found, ReferenceUnavailable):
            raise found
        return found

    def distance(self, path: str, a: str, b: str) -> tuple[int, int]:
        """Return by how many commits ``a`` is ahead of ``b``, and behind it. Raises ReferenceUnavailable."""
        key = (path, a, b)
        if key not in self._counted:
            repository = self.of(path)
            for commit in (a, b):
                if not is_commit(repository, commit):
                    raise ReferenceUnavailable(f"{repository.name} does not have the commit {commit[:12]}: fetch it")
            self._counted[key] = distance(repository, a, b)
        return self._counted[key]


def relate(repositories: Repositories, nodes: t.Sequence[Node]) -> list[Json]:
    """Return ``{a, b, ahead, behind, outcome, reason}`` of every pair, in the order of the nodes.

    ``a`` is ``ahead`` commits ahead of ``b`` and ``behind`` it by the others; both are null in an unknown one. Nodes
    beyond the first MAX_NODES are not related, each is told so.
    """
    made = [_pair(repositories, a, b) for a, b in itertools.combinations(nodes[:MAX_NODES], 2)]
    reason = f"not counted: more than {MAX_NODES} environments and branches"
    return made + [_unknown(node.name, "*", reason) for node in nodes[MAX_NODES:]]


def _pair(repositories: Repositories, a: Node, b: Node) -> Json:
    for node in (a, b):
        if node.commit is None:
            return _unknown(a.name, b.name, f"{node.name}: {node.reason}")
    if a.commit is None or b.commit is None or a.commit == b.commit:
        return {"a": a.name, "b": b.name, "ahead": 0, "behind": 0, "outcome": "ok", "reason": ""}
    repos = {repo for repo in (a.repo, b.repo) if repo is not None}
    if len(repos) != 1:
        why = "they are compared with different repositories" if repos else "neither is compared with a git repository"
        return _unknown(a.name, b.name, why)
    try:
        ahead, behind = repositories.distance(repos.pop(), a.commit, b.commit)
    except ReferenceUnavailable as error:
        return _unknown(a.name, b.name, error.reason)
    return {"a": a.name, "b": b.name, "ahead": ahead, "behind": behind, "outcome": "ok", "reason": ""}


def _unknown(a: str, b: str, reason: str) -> Json:
    return {"a": a, "b": b, "ahead": None, "behind": None, "outcome": "unknown", "reason": reason}


def branch(repositories: Repositories, reference: Json, name: str, trees: t.Mapping[str, Tree]) -> Json:
    """Return what a remote-tracking branch is, compared with the commit of a reference.

    ``{name, reference, commit, subject, committed, fetched, ahead, behind, outcome, reason, trees: {name: {files,
    outcome, reason}}}``; a branch that is not there is unknown and says why. Nothing is fetched.
    """
    found: Json = {
        "name": name,
        "reference": reference["id"],
        **dict.fromkeys(("commit", "subject", "committed", "fetched", "ahead", "behind")),
        "outcome": "unknown",
        "reason": "",
        "trees": {tree: {"files": None, "outcome": "unknown", "reason": ""} for tree in sorted(trees)},
    }
    if reference.get("outcome") != "ok":
        return {**found, "reason": f"its reference could not be made: {reference.get('reason')}"}
    try:
        repository = repositories.of(reference["repo"])
        found["fetched"] = repository.fetched()
        ref = f"refs/remotes/{name}"
        # What is no name of a ref may still be a revision, such as origin/main~1: that is no branch.
        named = repository.run("check-ref-format", ref, codes=(0, 1)).code == 0
        done = repository.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", codes=None)
        if not named or done.code != 0:
            return {**found, "reason": f"{repository.name} has no remote branch {quoted(name)}, as last fetched"}
        found.update(about(repository, done.output.decode("ascii").strip()))
        found["ahead"], found["behind"] = repositories.distance(reference["repo"], found["commit"], reference["commit"])
    except ReferenceUnavailable as error:
        return {**found, "reason": error.reason}
    for tree, asked in trees.items():
        found["trees"][tree] = _files(repository, found["commit"], reference["commit"], asked)
    return {**found, "outcome": "ok"}


def _files(repository: Repository, commit: str, reference: str, tree: Tree) -> Json:
    """Return how many files of a tree differ between two commits. Submodules count, renames are two files."""
    flags = ("-r", "--raw", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
    try:
        listed = repository.run(
            "diff-tree", *flags, reference, commit, "--", *([] if tree.path == "." else [tree.path])
        )
    except ReferenceUnavailable as error:
        return {"files": None, "outcome": "unknown", "reason": error.reason}
    excluded = Patterns(tree.exclude)
    paths = [show(path) for path in listed.output.split(b"\0")[1::2]]
    return {"files": sum(not excluded.ignored_below(path) for path in paths), "outcome": "ok", "reason": ""}
