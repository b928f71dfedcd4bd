# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked about one tree. Private to the collection."""

from __future__ import annotations

import base64
import typing as t
import zlib

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns

CONTENT_BYTES = 16
STAT_BYTES = 8
MAX_UNPACKED = 512 << 20
IMPORTS = b"i"
"""The kind of the message about the imports of a tree (``imports.py``)."""


def pack(blob: bytes) -> str:
    """Return bytes as compressed base64 text, the form in which digests and records travel."""
    return base64.b64encode(zlib.compress(blob, 1)).decode("ascii")


def unpack(text: str) -> bytes:
    """Return what :func:`pack` packed. Raises ValueError for anything else, or for too much."""
    unpacker = zlib.decompressobj()
    try:
        blob = unpacker.decompress(base64.b64decode(text, validate=True), MAX_UNPACKED)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not unpacker.eof:
        raise ValueError("packed data are cut off, or too large")
    return blob


def _chunks(blob: bytes, size: int) -> dict[bytes, int]:
    return {blob[start : start + size]: start // size for start in range(0, len(blob), size)}


class Compared(t.NamedTuple):
    """What is compared of an entry besides type and content: every mode bit or the executable one alone, the owner, the
    mtime.
    """

    exec_only: bool
    owner: bool
    mtime: bool

    @classmethod
    def of(cls, spec: t.Mapping[str, t.Any]) -> Compared:
        return cls(spec.get("modes", "exec") == "exec", bool(spec.get("owner", False)), bool(spec.get("mtime", False)))


class TreeSpec:
    """One tree of a request. Every key but ``name`` has a default.

    * ``path``: the tree's root, relative to the root of the request; every other path and pattern is relative to the
    root of the request
    * ``exclude``, ``ignore``: pattern pairs; ``keep``: paths that ``ignore`` does not concern (tracked although
    ignored)
    * ``modes``: ``exec`` compares the executable bit alone (git), ``all`` every bit and the directories themselves
    * ``owner``, ``mtime``: whether these belong to what is compared
    * ``secret``: pattern pairs that extend the secret-class files
    * ``known``: packed 16-byte content digests of directories that need no entries in the answer
    * ``stats``: packed 8-byte stat digests of directories that were seen before
    * ``entries``: ``changed`` (of directories that are not known), ``all`` or ``none``
    * ``forbid``: ``[[pattern, pairs], …]``; ``cross_filesystems``
    * ``imports``: ``{venv, ignore}`` to have the imports of its Python files looked for
    * ``similar``: ``[{a, b}]``, files whose lines are compared
    * ``newest``: ``{count, apart}`` to be told the files that were changed last, without those of the pairs ``apart``
    """

    def __init__(self, spec: t.Mapping[str, t.Any]) -> None:
        self.name: str = spec["name"]
        self.path: str = spec.get("path", ".")
        # Where the paths of this tree start: with it, they are relative to the root of the request.
        self.prefix = "" if self.path == "." else self.path.strip("/") + "/"
        self.exclude = Patterns(spec.get("exclude", ()))
        self.ignore = Patterns(spec.get("ignore", ()))
        self.keep = frozenset(spec.get("keep", ()))
        self.compared = Compared.of(spec)
        self.exec_only = self.compared.exec_only
        self.secret = Patterns(spec.get("secret", ()))
        self.known = _chunks(unpack(spec["known"]), CONTENT_BYTES) if spec.get("known") else {}
        self.stats = _chunks(unpack(spec["stats"]), STAT_BYTES) if spec.get("stats") else {}
        self.entries: str = spec.get("entries", "changed")
        self.forbid = [(pattern, Patterns(pairs)) for pattern, pairs in spec.get("forbid", ())]
        self.cross_filesystems = bool(spec.get("cross_filesystems", False))
        self.newest: dict[str, t.Any] | None = spec.get("newest")
