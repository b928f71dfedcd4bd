# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commit that a plan brings a host to: its files, and which of them it can make. Private to the collection."""

from __future__ import annotations

import hashlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.shown import shown_entry
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import by_name, join
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.trees import TreeExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.commit_files import commit_files
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git_side import GitSide
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories

_PATHS_AT_ONCE = 200
_SECONDS = 600.0

Json = dict[str, t.Any]


class Source:
    """A commit of the operator's repository. ``about`` is the reference's entry in the run folder.

    Every method may raise ReferenceUnavailable.
    """

    def __init__(self, about: Json, cache: Cache) -> None:
        self._repo: str = about["repo"]
        self._about = about
        self._commit: str = about["commit"]
        self._cache = cache
        self._side = GitSide(about["id"], about, cache)

    def entries(self, host: str, root: str, contract: Json, tree: Json) -> dict[str, Json]:
        """Return the entries of a tree of the contract by path: what an audit of the host compares with."""
        return _shown(self._exchange(self._side, host, root, contract, tree).reference)

    def based(self, host: str, root: str, contract: Json, tree: Json, commit: str) -> dict[str, Json]:
        """Return the entries of the same tree in the commit that the host was deployed from."""
        spec = self._exchange(self._side, host, root, contract, tree).spec
        older = GitSide(self._about["id"], {**self._about, "commit": commit}, self._cache)
        return _shown(older.tree(tree["name"], spec))

    def _exchange(self, side: GitSide, host: str, root: str, contract: Json, tree: Json) -> TreeExchange:
        return TreeExchange(tree, Context(host=host, root=root, cache=self._cache, side=side, contract=contract))

    def content(self, path: str) -> bytes | None:
        """Return a file of the commit, None where it has none of that name, or one that is no small regular file."""
        with commit_files(self._repo, self._commit) as files_of:
            try:
                return files_of(".").read(path, "compose")
            except Unsupported:
                return None

    def ignores(self) -> t.Callable[[str], bool]:
        """Return what tells whether the ``.gitignore`` files of the commit ignore a path."""
        pairs, _kept = self._side.ignored()
        ignored = Patterns(pairs)
        return lambda path: ignored.ignored_below(os.fsdecode(raw(path)))

    def unmade(self) -> dict[str, str]:
        """Return the paths whose content the repository does not hold in the form that a host has, with the reason."""
        return self._side.unmade()

    def compose_model(self, spec: Json, directory: str) -> Json:
        """Return what the Compose files of a project declare in the commit: see ``GitSide.compose_model``."""
        return self._side.compose_model(spec, directory)

    def saved(self, contents: t.Mapping[str, str]) -> set[str]:
        """Return those paths whose content, given by SHA-256, some branch or tag has as a version of one of them."""
        return saved_in(self._repo, contents)


def saved_in(repo: str, contents: t.Mapping[str, str]) -> set[str]:
    """Return those paths whose content, given by SHA-256, some branch or tag of a repository has as a version of one of
    them. Raises ReferenceUnavailable.
    """
    known: set[str] = set()
    paths = sorted(contents)
    with Repository(repo) as repository:
        for start in range(0, len(paths), _PATHS_AT_ONCE):
            known |= _versions(repository, [raw(path) for path in paths[start : start + _PATHS_AT_ONCE]])
    return {path for path, sha256 in contents.items() if sha256 in known}


def _shown(directories: Directories | None) -> dict[str, Json]:
    return {
        join(directory.path, name): shown_entry(fields)
        for directory in directories or ()
        for name, fields in by_name(directory).items()
    }


def _versions(repository: Repository, paths: t.Sequence[bytes]) -> set[str]:
    """Return the SHA-256 of every version of some paths, on any branch and in any tag."""
    listed = repository.run(
        "rev-list", "--objects", "--full-history", "--all", "--", *map(os.fsdecode, paths), seconds=_SECONDS
    )
    # Commits have no path after them. Two paths with one content are listed as one.
    oids = {line.partition(b" ")[0].decode("ascii") for line in listed.output.split(b"\n") if b" " in line}
    contents = git.each_blob(repository, _blobs(repository, oids), seconds=_SECONDS)
    return {hashlib.sha256(content).hexdigest() for _oid, content in contents}


def _blobs(repository: Repository, oids: t.Iterable[str]) -> list[str]:
    """Return those objects that are files: a path may have been a directory once."""
    stdin = "".join(f"{oid}\n" for oid in sorted(oids)).encode("ascii")
    if not stdin:
        return []
    lines = repository.run("cat-file", "--batch-check", stdin=stdin).output.decode("ascii").splitlines()
    return [fields[0] for fields in (line.split(" ") for line in lines) if fields[1] == "blob"]
