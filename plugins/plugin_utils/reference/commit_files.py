# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a commit as a Compose project reads them. Private to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.files import Files, Missing
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.source import MAX_BYTES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository


class CommitFiles(Files):
    """What a project's files in a commit are read through; ``directory`` is relative to the commit's top."""

    def __init__(self, repository: Repository, blobs: t.Mapping[bytes, git.Blob], directory: str) -> None:
        super().__init__("" if directory == "." else directory)
        self._repository = repository
        self._blobs = blobs

    def _read(self, inside: str) -> tuple[bytes, float | None]:
        blob = self._blobs.get(inside.encode("utf-8", "surrogateescape"))
        if blob is None:
            raise Missing("it is not in the commit")
        if not blob.mode.startswith("100"):
            raise Unsupported("it is no regular file in the commit")
        if git.sizes(self._repository, [blob.oid]).get(blob.oid, 0) > MAX_BYTES:
            raise Unsupported("it is larger than 1 MiB")
        return git.read_blobs(self._repository, [blob.oid])[blob.oid], None


@contextlib.contextmanager
def commit_files(repo: str, commit: str) -> t.Iterator[t.Callable[[str], CommitFiles]]:
    """Give what makes the files of a directory. Raises ReferenceUnavailable."""
    with Repository(repo) as repository:
        blobs = {blob.path: blob for blob in git.blobs(repository, commit)}
        yield lambda directory: CommitFiles(repository, blobs, directory)
