# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section git: a host's repository, read as data. No git process runs on a host. Private to the collection."""

from __future__ import annotations

import os
import pwd
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata import files, repository, state
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.attributes import Attributes
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.changes import Comparison
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.config import Config
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.content import Contents
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.place import BARE, NoRepository, Place, find
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.refs import Head, Refs
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.remotes import addresses, remotes
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.repository import IndexFile
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.tree_hash import tree_of
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.untracked import Search
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import secrets_of
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

MAX_PATHS = 1000
"""How many paths of each kind of change are listed at most."""

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "path": {"type": "path", "required": True},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "max_paths": {"type": "int", "default": MAX_PATHS},
    "timeout": {"type": "int", "default": 300},
}
"""The options of the module git_info."""

Json = t.Dict[str, t.Any]
Items = t.List[t.Dict[str, str]]

_KINDS = ("modified", "deleted", "mode", "conflicted")


def collect(spec: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return the ``data`` of the section git (its shape is in ``docs/design.md``, without ``relation``).

    ``spec``: ``path`` of the work tree or bare repository, ``ignore`` (pairs for `Patterns`), ``max_paths``. Without a
    readable repository the data are ``{repository, reason}`` alone. Raises Unseen when ``path`` cannot be opened.
    """
    work_fd = paths.open_root(os.path.normpath(os.path.join(host.root, spec.get("path", "."))))
    try:
        with find(work_fd) as place:
            return _Reader(spec, host, work_fd, place).read()
    except NoRepository as unseen:
        return {"repository": "absent", "reason": unseen.reason}
    except Unseen as unseen:
        host.check_time()
        return {"repository": "unreadable", "reason": unseen.reason}
    finally:
        os.close(work_fd)


class _Reader:
    """Puts together what is seen of one repository."""

    def __init__(self, spec: t.Mapping[str, t.Any], host: Host, work_fd: int, place: Place) -> None:
        self._spec = spec
        self._host = host
        self._work_fd = work_fd
        self._place = place
        self._unknown: Items = []

    def read(self) -> Json:
        place, unknown = self._place, self._unknown
        config = repository.read_config(place)
        for url in addresses(config).values():
            self._host.learn(secrets_of("", show(url)))
        object_format = repository.object_format(config)
        oid_size = repository.OID_SIZES[object_format]
        refs = Refs(place)
        head = refs.head()
        everything = refs.everything(self._host, unknown)
        index, changes = self._index_and_changes(config, oid_size)
        return {
            "repository": "present",
            "reason": "",
            "layout": place.layout,
            "object_format": object_format,
            "ref_storage": "files",
            "shallow": state.shallow(place),
            "head": _head(head),
            "branches": _below(everything, b"refs/heads/"),
            "tags": _below(everything, b"refs/tags/"),
            "remotes": remotes(place, config, everything, unknown),
            "stashes": state.stashes(place, refs, unknown),
            "worktrees": state.worktrees(place, refs, unknown),
            "operation": state.operation(place),
            "index": index,
            "changes": changes,
            "unknown": sorted(unknown, key=lambda item: item["path"]),
            "owners": self._owners(),
        }

    def _index_and_changes(self, config: Config, oid_size: int) -> tuple[Json, Json]:
        if self._place.layout == BARE:
            reason = "a bare repository has no work tree"
            return _index("ok", reason), _changes("ok", reason)
        try:
            read = repository.read_index(self._place, oid_size)
        except Unseen as unseen:
            return _index("unknown", unseen.reason), _changes("unknown", unseen.reason)
        version = read.entries.version if read.exists else None
        index = _index("ok", "", version, len(read.entries.paths), tree_of(read.entries))
        try:
            self._check_work_tree(config)
            return index, self._compare(config, oid_size, read)
        except Unseen as unseen:
            return index, _changes("unknown", unseen.reason)

    def _check_work_tree(self, config: Config) -> None:
        """Raise Unseen when the index belongs to another work tree than the one that is asked about."""
        named = config.get("core", "worktree")
        if named is None:
            return
        try:
            seen = os.stat(named, dir_fd=self._place.git_fd)
        except (OSError, ValueError):
            seen = None
        if seen is None or not os.path.samestat(seen, os.fstat(self._work_fd)):
            raise Unseen(f"core.worktree names another work tree, {show(named)}, which is not followed")

    def _compare(self, config: Config, oid_size: int, read: IndexFile) -> Json:
        host = self._host
        contents = Contents(oid_size, config, Attributes(self._work_fd, self._place.common_fd), host)
        found = Comparison(read.entries, read.written_ns, config, contents, host).run(self._work_fd)
        search = Search(read.entries, Patterns(self._spec.get("ignore") or []), host)
        untracked = search.run(self._work_fd)
        self._unknown += [{"path": show(path), "reason": reason} for path, reason in search.unseen]
        limit = int(self._spec.get("max_paths", MAX_PATHS))
        lists: dict[str, list[t.Any]] = {kind: sorted(map(show, found.paths[kind])) for kind in _KINDS}
        lists["unverified"] = [{"path": show(path), "reason": reason} for path, reason in found.unverified]
        lists["untracked"] = [{"path": show(item.path), "files": item.count()} for item in untracked]
        for kind in ("unverified", "untracked"):
            lists[kind].sort(key=lambda item: str(item["path"]))
        changes = _changes("ok", "")
        changes.update({kind: items[:limit] for kind, items in lists.items()})
        changes["truncated"] = any(len(items) > limit for items in lists.values())
        return changes

    def _owners(self) -> Items:
        """Return what belongs to neither root nor the owner of the work tree."""
        owner = os.fstat(self._work_fd).st_uid
        seen = [
            (".git", files.look(self._work_fd, b".git")),
            (".git/config", files.look(self._place.common_fd, b"config")),
            (".git/HEAD", files.look(self._place.git_fd, b"HEAD")),
        ]
        reason = f"neither root nor the owner of the work tree, {_user(owner)}"
        return [
            {"path": path, "owner": _user(status.st_uid), "reason": reason}
            for path, status in seen
            if status is not None and status.st_uid not in (0, owner)
        ]


def _head(head: Head) -> Json:
    return {
        "commit": head.commit,
        "branch": state.branch_name(head.ref),
        "detached": head.ref is None,
        "unborn": head.commit is None,
    }


def _below(refs: t.Mapping[bytes, str], prefix: bytes) -> dict[str, str]:
    return {show(name[len(prefix) :]): refs[name] for name in sorted(refs) if name.startswith(prefix)}


def _index(outcome: str, reason: str, version: int | None = None, entries: int = 0, tree: str | None = None) -> Json:
    return {"outcome": outcome, "reason": reason, "version": version, "entries": entries, "tree": tree}


def _changes(outcome: str, reason: str) -> Json:
    lists: Json = {kind: [] for kind in (*_KINDS, "unverified", "untracked")}
    return {"outcome": outcome, "reason": reason, **lists, "truncated": False}


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
