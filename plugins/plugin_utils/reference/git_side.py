# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A git commit as the other side of a comparison. Private to the collection."""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.project import read_project
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.written import written_services
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import details
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.compose import declared_model
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import digest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_gitignores
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_compare import FILTERED
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_request import spec_key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import commit_manifest, git, history, nearest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.commit_configs import commit_configs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.commit_files import commit_files
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.config_side import Asked
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.manifest import (
    add_submodules,
    compares,
    narrow,
    observe_folder,
    replace_entries,
    view_folder,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.side import Base, Json, Side
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache, key_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories, WireEntry

_TIMEOUT_S = 600
# To be raised when the collector or what is put right after it changes: older manifests are then made again.
_COLLECTOR = "1"


class GitSide(Side):
    """A commit of the operator's repository. Git runs only for what the cache does not know yet."""

    modes = "exec"

    def __init__(self, identity: str, about: Json, cache: Cache) -> None:
        self.id = identity
        self._repo: str = about["repo"]
        self._commit: str = about["commit"]
        self._cache = cache

    def ignored(self) -> tuple[list[list[t.Any]], list[str]]:
        special = self._special(self._commit)
        kept = set(special["tracked_but_ignored"])
        for path in special["tracked_but_ignored"]:
            while "/" in path:
                path = path.rpartition("/")[0]
                kept.add(path)
        return compile_gitignores(special["gitignores"]), sorted(kept)

    def tree(self, name: str, spec: Json) -> Directories:
        return self._narrowed(self._commit, spec)

    def details(self, request: Json, commit: str | None = None) -> Json:
        with Repository(self._repo) as repository, tempfile.TemporaryDirectory(prefix="evenkeel-") as folder:
            git.checkout(repository, commit or self._commit, folder, request["paths"])
            answer = details.collect({"trees": [request]}, Host(folder, _TIMEOUT_S))
        found: Json = answer["trees"][0]["files"]
        return found

    def keyed(self, name: str, spec: Json, paths: t.Sequence[str], key: bytes) -> dict[str, str]:
        with Repository(self._repo) as repository, tempfile.TemporaryDirectory(prefix="evenkeel-") as folder:
            # Of a file in LFS the repository has the pointer alone: it says nothing about content under our key.
            comparable = sorted(set(paths) - self._special(self._commit)["lfs"].keys())
            git.checkout(repository, self._commit, folder, comparable)
            return view_folder(folder, {"secret": spec["secret"]}, key).secrets

    def compose(self, spec: Json, key: bytes) -> Json | None:
        with commit_files(self._repo, self._commit) as files_of:
            try:
                project = read_project(files_of(spec["directory"]), spec, interpolated=False)
            except Unseen as unseen:
                return {"outcome": "unknown", "reason": f"in the reference, {unseen.reason}", "services": []}
            host = Host("/", _TIMEOUT_S, key=key)
            return {"outcome": "ok", "reason": "", "services": written_services(project, host)}

    def compose_model(self, spec: Json, directory: str) -> Json:
        """Return what the reference's Compose files declare: ``model`` of the evidence, as far as committed files tell.

        ``spec`` is as for :meth:`compose`, ``directory`` the project's absolute path on the host.
        """
        with commit_files(self._repo, self._commit) as files_of:
            return declared_model(spec, files_of(spec["directory"]), directory, Host("/", _TIMEOUT_S))

    def configs(self, asked: t.Sequence[Asked], key: bytes) -> list[Json]:
        with Repository(self._repo) as repository:
            return commit_configs(repository, self._commit, asked, key)

    def base(self, git_data: Json, name: str, spec: Json, host: Directories, reference: Directories) -> Base | None:
        relation = git_data.get("relation") or {}
        if relation.get("known"):
            commit = git_data["head"]["commit"]
            about = {name: relation[name] for name in ("subject", "committed")}
            return Base({"commit": commit, **about, "source": "head", "apart": None}, self._narrowed(commit, spec))
        if git_data.get("repository") == "present":
            return None
        known = _contents(reference)
        theirs = _contents(host, reference)
        apart: dict[str, str | None] = {path: value for path, value in theirs.items() if value != known.get(path)}
        apart.update(dict.fromkeys(known.keys() - theirs.keys()))
        with Repository(self._repo) as repository:
            found = nearest.nearest(repository, self._commit, apart, known, compared=compares(spec))
        if found is None:
            return None
        return Base({**found, "source": "nearest"}, self._narrowed(found["commit"], spec))

    def peeled(self, tags: t.Mapping[str, str]) -> dict[str, str]:
        with Repository(self._repo) as repository:
            return history.peel(repository, tags)

    def relation(self, git_data: Json) -> Json:
        with Repository(self._repo) as repository:
            head, tree = git_data["head"]["commit"], git_data["index"].get("tree")
            return history.relation(repository, self._commit, head, tree, _remotes(git_data))

    def unmade(self) -> dict[str, str]:
        """Return the files that a checkout without the operator's filters does not make, with the reason."""
        special = self._special(self._commit)
        return {
            **dict.fromkeys(special["lfs"], "its content lies in Git LFS, the repository has a pointer alone"),
            **{path: f"its content passes the git filter {name!r}" for path, name in special["filtered"].items()},
        }

    def _special(self, commit: str) -> Json:
        def make() -> Json:
            with Repository(self._repo) as repository:
                return git.special_paths(repository, commit)

        special: Json = self._cache.remembered("special", key_of(self._repo, commit), make)
        return special

    def _narrowed(self, commit: str, spec: Json) -> Directories:
        name = key_of(_COLLECTOR, commit, spec_key(spec))
        known = self._cache.directories("narrowed", name)
        if known is None:
            known = narrow(self._manifest(commit), spec)
            if spec["path"] != "." and not len(known):
                raise ReferenceUnavailable(f"commit {commit[:12]} of {self._repo} has no directory {spec['path']}")
            self._cache.keep_directories("narrowed", name, known)
        return known

    def _manifest(self, commit: str) -> Directories:
        folder = os.path.join(self._cache.folder, "commits")
        with Repository(self._repo) as repository:
            observe = functools.partial(self._observe, commit)
            return commit_manifest.manifest(repository, commit, folder, observe, _COLLECTOR)

    def _observe(self, commit: str, folder: str) -> Directories:
        """Return the manifest of a checked-out commit, with what a plain checkout cannot show put right."""
        special = self._special(commit)
        lfs, filtered = special["lfs"], special["filtered"]

        def change(path: str, entry: WireEntry) -> WireEntry:
            # Owner and time are those of the checkout: git records neither.
            name, kind, mode, value, size, _mtime, _owner, _group, *lines = entry
            if path in lfs:
                value, size, lines = lfs[path]["oid"], lfs[path]["size"], [None]
            elif path in filtered:
                value = FILTERED + filtered[path]
            return [name, kind, mode, value, size, 0, "", "", *lines]

        return add_submodules(replace_entries(observe_folder(folder), change), special["submodules"])


def _remotes(git_data: Json) -> dict[str, str]:
    remotes = git_data["remotes"]
    return {f"{name}/{branch}": commit for name in remotes for branch, commit in remotes[name]["branches"].items()}


def _contents(directories: Directories, fallback: Directories | None = None) -> dict[str, str]:
    """Return the SHA-256 of each file, and of each link's target, by path.

    Where a host's directory equals the reference's, the latter (``fallback``) knows the entries.
    """
    found: dict[str, str] = {}
    for directory in directories:
        known = directory
        if directory.entries is None and fallback is not None:
            known = fallback.get(directory.path) or directory
        for fields in known.parsed() or []:
            if fields[1] == digest.FILE and fields[3] != digest.KEYED:
                found[directory.path + fields[0]] = fields[3]
            elif fields[1] == digest.LINK:
                found[directory.path + fields[0]] = hashlib.sha256(raw(fields[3])).hexdigest()
    return found
