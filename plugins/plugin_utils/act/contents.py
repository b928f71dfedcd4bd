# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contents that a change writes, packed for the way to a host. Private to the collection."""

from __future__ import annotations

import hashlib
import os
import typing as t
import zlib

from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file

_PART = 1 << 16

Json = dict[str, t.Any]


class ContentError(Exception):
    """A content that cannot or must not be sent; the message names the path."""


def needed(operations: t.Sequence[Json], public: t.Collection[str]) -> dict[str, str]:
    """Return the contents that a host has to be given, path by SHA-256: those that do not stand at their place already.

    Raises ContentError for a file of a secret class that is not among ``public``.
    """
    found: dict[str, str] = {}
    for operation in operations:
        if operation["do"] != "write" or operation["before"].get("sha256") == operation["sha256"]:
            continue
        path = operation["path"]
        if operation["before"].get("secret") is True or (is_secret_file(path) and path not in public):
            raise ContentError(
                f"{path} is of a secret class by its name: such contents do not travel. "
                "Leave it out, or name it under public when it holds no secret"
            )
        found[operation["sha256"]] = path
    return found


def check(folder: str, wanted: t.Mapping[str, str]) -> int:
    """Return the size of all wanted contents in a folder. Raises ContentError for one that is missing or damaged."""
    return sum(_digested(folder, sha256, path) for sha256, path in sorted(wanted.items()))


def pack(folder: str, wanted: t.Mapping[str, str], out: t.BinaryIO) -> None:
    """Write a pack (``module_utils/act/delivery.py``) of the wanted contents. Raises OSError."""
    deflate = zlib.compressobj(6)
    for sha256 in sorted(wanted):
        with open(os.path.join(folder, sha256), "rb") as content:
            size = os.fstat(content.fileno()).st_size
            out.write(deflate.compress(f"{sha256}{size:016x}".encode("ascii")))
            while part := content.read(_PART):
                out.write(deflate.compress(part))
    out.write(deflate.flush())


def _digested(folder: str, sha256: str, path: str) -> int:
    try:
        with open(os.path.join(folder, sha256), "rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
            size = os.fstat(content.fileno()).st_size
    except OSError as error:
        raise ContentError(f"the content of {path} cannot be read from {folder}: {error.strerror}") from error
    if found != sha256:
        raise ContentError(f"the content of {path} in {folder} is damaged: it does not have the digest of its name")
    return size
