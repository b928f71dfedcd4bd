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


def commit_configs(repository: Repository, commit: str, asked: t.Sequence[Asked], key: bytes) -> list[Json]:
    """Return what a commit has of each configuration. Raises ReferenceUnavailable."""
    there = {blob.path: blob for blob in git.blobs(repository, commit)}
    return [_one(repository, commit, there, one, key) for one in asked]


def _one(repository: Repository, commit: str, there: t.Mapping[bytes, git.Blob], asked: Asked, key: bytes) -> Json:
    where = f"commit {commit[:12]}"
    if asked.kind != "path":
        return absent(asked, "missing", f"{where} is of files, and it is the environment of a {asked.kind}")
    if asked.inside is None:
        return absent(asked, "missing", f"{where} is of files below drift_root, and it lies elsewhere")
    blob = there.get(raw(asked.inside))
    if blob is None:
        return absent(asked, "missing", f"{where} has no file {asked.inside}")
    if not blob.mode.startswith("100"):
        return absent(asked, "unknown", f"in {where}, {asked.inside} is no regular file")
    if git.sizes(repository, [blob.oid])[blob.oid] > MAX_BYTES:
        return absent(asked, "unknown", f"in {where}, {asked.inside} is larger than {MAX_BYTES >> 20} MiB")
    data = git.read_blobs(repository, [blob.oid])[blob.oid]
    if git.lfs_pointer(data) is not None:
        return absent(asked, "unknown", f"in {where}, {asked.inside} is a pointer to a file in Git LFS")
    found = from_text(asked, data, key)
    return (
        {**found, "reason": f"in {where}, {asked.inside} cannot be read: {found['reason']}"}
        if found["reason"]
        else found
    )
