# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as the reference, and a saved baseline: both hold another host's whole tree. Private to the collection."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.configs import kind_of, source_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import config_side
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.config_side import Asked
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.manifest import narrow
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.side import Json, Side
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
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

    def configs(self, asked: t.Sequence[Asked], key: bytes) -> list[Json]:
        seen = evidence.load(self._folder, self._host, "configs")
        settings = evidence.load(self._folder, self._host, evidence.SETTINGS) or {}
        declared = settings.get("contract", {}).get("configs") or []
        if seen is None or seen["outcome"] != "ok":
            why = "it has no evidence of its own" if seen is None else seen["reason"]
            raise ReferenceUnavailable(f"the configurations of the reference host {self._host} are not known: {why}")
        named = [{"kind": kind_of(entry), "declared": source_of(entry)} for entry in declared]
        known = [{**one, **name} for name, one in zip(named, seen["data"]["configs"], strict=True)]
        return [_one(one, known, key, f"the contract of the reference host {self._host}") for one in asked]


class BaselineSide(Side):
    """What a host looked like when its baseline was saved. Secret content is not in a baseline, so it cannot be
    compared.
    """

    def __init__(self, identity: str, baseline: Json) -> None:
        self.id = identity
        self._trees = {tree["name"]: tree for tree in baseline["trees"]}
        # A baseline of an earlier release has none.
        self._configs: list[Json] | None = baseline.get("configs")

    def tree(self, name: str, spec: Json) -> Directories:
        if name not in self._trees:
            raise ReferenceUnavailable(f"the baseline has no tree {name}; it has {', '.join(sorted(self._trees))}")
        return narrow(thaw(self._trees[name]["directories"]), spec)

    def configs(self, asked: t.Sequence[Asked], key: bytes) -> list[Json]:
        if self._configs is None:
            raise ReferenceUnavailable("the baseline has no configurations: it was saved without the section configs")
        known = [config_side.thawed(one, key) for one in self._configs]
        return [_one(one, known, key, "the baseline") for one in asked]


def _one(asked: Asked, known: t.Sequence[Json], key: bytes, where: str) -> Json:
    """Return what is known of one configuration among those that another host was asked about."""
    found = next((one for one in known if (one["kind"], one["declared"]) == (asked.kind, asked.source)), None)
    if found is None:
        reason = f"{where} has no entry for it in the section configs"
        return config_side.absent(asked, "unknown", reason)
    return config_side.from_keys(asked, found, key)


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
