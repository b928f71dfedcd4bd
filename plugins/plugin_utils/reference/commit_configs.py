# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configurations of a commit, read here and never sent to a host. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import MAX_BYTES
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.config_side import Asked, Json, absent, from_text
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.lfs import lfs_pointer


def commit_configs(repository: Repository, commit: str, asked: t.Sequence[Asked], key: bytes) -> list[Json]:
    """Return what a commit has of each configuration. Raises ReferenceUnavailable."""
    paths = {raw(one.inside) for one in asked if one.kind == "path" and one.inside is not None}
    there = git.blobs_at(repository, commit, paths)
    sizes = git.sizes(repository, [blob.oid for blob in there.values() if _is_file(blob)])
    contents = git.read_blobs(repository, sorted(oid for oid, size in sizes.items() if size <= MAX_BYTES))
    return [_one(f"commit {commit[:12]}", there, contents, one, key) for one in asked]


def _is_file(blob: git.Blob) -> bool:
    return blob.mode.startswith("100")


def _one(
    where: str, there: t.Mapping[bytes, git.Blob], contents: t.Mapping[str, bytes], asked: Asked, key: bytes
) -> Json:
    if asked.kind != "path":
        return absent(asked, "missing", f"{where} is of files, and this is the environment of a {asked.kind}")
    if asked.inside is None:
        return absent(asked, "missing", f"{where} is of files below drift_root, and this one lies elsewhere")
    blob = there.get(raw(asked.inside))
    if blob is None:
        return absent(asked, "missing", f"{where} has no file {asked.inside}")
    why = f"in {where}, {asked.inside}"
    if not _is_file(blob):
        return absent(asked, "unknown", f"{why} is no regular file")
    if blob.oid not in contents:
        return absent(asked, "unknown", f"{why} is larger than {MAX_BYTES >> 20} MiB")
    data = contents[blob.oid]
    if lfs_pointer(data) is not None:
        return absent(asked, "unknown", f"{why} is a pointer to a file in Git LFS")
    found = from_text(asked, data, key)
    return {**found, "reason": f"{why} cannot be read: {found['reason']}"} if found["reason"] else found
