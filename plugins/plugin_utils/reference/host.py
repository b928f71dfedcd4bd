# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as the reference, and a saved baseline: both hold another host's whole tree. Private to the collection."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.manifest import narrow
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.side import Json, Side
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import (
    CorruptStore,
    Directories,
    Directory,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import PRIVATE, RunFolder, safe_name


def publish(folder: RunFolder, host: str, tree: str, directories: Directories, secrets: Json) -> None:
    """Lay down a reference host's whole tree for the hosts that are compared with it; gone when the run is sealed."""
    name = f"{PRIVATE}/{safe_name(host)}/{safe_name(tree)}"
    folder.write(f"{name}.secrets", secrets)
    folder.write_bytes(f"{name}.directories", directories.dump())


def published(folder: RunFolder, host: str, tree: str) -> Directories | None:
    """Return a whole tree that was laid down, or None when the host's was not wholly seen."""
    try:
        return Directories.load(folder.join(PRIVATE, safe_name(host), f"{safe_name(tree)}.directories"))
    except FileNotFoundError:
        return None


class HostSide(Side):
    """Another host of this run, observed before."""

    def __init__(self, identity: str, folder: RunFolder, host: str) -> None:
        self.id = identity
        self._folder = folder
        self._host = host

    def tree(self, name: str, spec: Json) -> Directories:
        try:
            whole = published(self._folder, self._host, name)
        except CorruptStore as error:
            raise ReferenceUnavailable(str(error)) from error
        if whole is None:
            raise ReferenceUnavailable(
                f"the reference host {self._host} has no whole observation of tree {name} in this run: "
                "is it in the inventory, within --limit, reachable, and is all of the tree readable?"
            )
        return narrow(whole, spec)

    def keyed(self, name: str, spec: Json, paths: t.Sequence[str], key: bytes) -> dict[str, str]:
        found: dict[str, str] = self._folder.read(f"{PRIVATE}/{safe_name(self._host)}/{safe_name(name)}.secrets")
        return found


class BaselineSide(Side):
    """What a host looked like when its baseline was saved. Secret content is not in a baseline, so it cannot be
    compared.
    """

    def __init__(self, identity: str, baseline: Json) -> None:
        self.id = identity
        self._trees = {tree["name"]: tree for tree in baseline["trees"]}

    def tree(self, name: str, spec: Json) -> Directories:
        if name not in self._trees:
            raise ReferenceUnavailable(f"the baseline has no tree {name}; it has {', '.join(sorted(self._trees))}")
        return narrow(thaw(self._trees[name]["directories"]), spec)


def freeze(directories: Directories) -> list[t.Any]:
    """Return directories in the form of a baseline: ``[[path, own, [entry, …]], …]``."""
    return [[directory.path, directory.own, directory.parsed()] for directory in directories]


def thaw(frozen: t.Iterable[t.Any]) -> Directories:
    """Return the directories that :func:`freeze` froze."""
    return Directories(
        {},
        (
            Directory(path, "", "", own, len(entries), json.dumps(entries, separators=(",", ":")).encode("ascii"))
            for path, own, entries in frozen
        ),
    )
