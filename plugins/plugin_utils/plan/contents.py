# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contents that a plan writes, taken from the reference's repository. Private to the collection."""

from __future__ import annotations

import hashlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable, quoted

_CHECKOUT = "checkout"

Json = dict[str, t.Any]


def write_contents(about: Json, wanted: t.Mapping[str, str], folder: str) -> None:
    """Write the contents that are ``wanted``, SHA-256 by path, into a folder: each as a file named by its SHA-256.

    ``about`` names the repository and the commit. The files are written as git checks them out, and read back: one that
    is another than planned is refused. Raises ReferenceUnavailable.
    """
    if not wanted:
        return
    place = os.path.join(folder, _CHECKOUT)
    os.mkdir(place, 0o700)
    with Repository(about["repo"]) as repository:
        git.checkout(repository, about["commit"], place, sorted(wanted))
    for path, sha256 in sorted(wanted.items()):
        file = os.path.join(os.fsencode(place), raw(path))
        if not os.path.isfile(file) or os.path.islink(file) or _sha256(file) != sha256:
            raise ReferenceUnavailable(
                f"{quoted(path)} of commit {about['commit'][:12]} in {quoted(about['repo'])} is not the content that "
                "was planned"
            )
        os.replace(file, os.path.join(os.fsencode(folder), sha256.encode("ascii")))


def _sha256(path: bytes) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
