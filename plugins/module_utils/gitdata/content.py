# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a file of the work tree with the blob that the index names. Private to the collection.

What git would do to the content before it makes a blob of it is followed where that takes no more than the content:
line ends and LFS pointers. Other filters are programs, and none is ever run.
"""

from __future__ import annotations

import hashlib
import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.attributes import Attributes, State
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.config import Config
from ansible_collections.evenkeel.drift.plugins.module_utils.gitdata.tree_hash import hasher
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

_CHUNK = 1 << 20
_TEXT_LIMIT = 64 << 20
_LONE_CR = re.compile(rb"\r(?!\n)")
_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"

Feed = t.Callable[[bytes], object]


class Contents:
    """Answers whether a file's content is what the index says."""

    def __init__(self, oid_size: int, config: Config, attributes: Attributes, host: Host) -> None:
        self._hasher = hasher(oid_size)
        self._attributes = attributes
        self._host = host
        self._autocrlf = (config.get("core", "autocrlf") or b"").lower() == b"input" or config.flag(
            "core", "autocrlf", False
        )

    def blob(self, content: bytes) -> bytes:
        """Return the raw name of the blob with this content."""
        name: bytes = self._hasher(b"blob %d\0" % len(content) + content).digest()
        return name

    def is_same(self, dir_fd: int, path: bytes, oid: bytes, size_differs: bool) -> bool:
        """Return whether the file at ``path``, whose directory is open at ``dir_fd``, is the blob ``oid``.

        ``size_differs``: the size is not that of the file which was added, so that the content can only be the same
        after a conversion. Raises OSError, or Unseen when this cannot be told.
        """
        name = path.rpartition(b"/")[2]
        if not size_differs and self._blob_of(dir_fd, name) == oid:
            return True
        states = self._attributes.of(path)
        for attribute in (b"ident", b"working-tree-encoding"):
            if states.get(attribute):
                raise Unseen(f"converted by the attribute {attribute.decode('ascii')}, not verified")
        program = states.get(b"filter")
        if program == b"lfs":
            return self._is_lfs(dir_fd, name, oid)
        if isinstance(program, bytes):
            raise Unseen(f"filtered by {program.decode('utf-8', 'backslashreplace')}, not verified")
        return self._is_same_text(dir_fd, name, oid, self._line_ends(states))

    def _line_ends(self, states: t.Mapping[bytes, State]) -> str:
        """Return whether git turns CRLF into LF: ``always``, for text it recognises (``auto``), or ``never``."""
        text = states.get(b"text")
        if text is True or (text is None and states.get(b"eol")):
            return "always"
        return "auto" if text == b"auto" or (text is None and self._autocrlf) else "never"

    def _is_same_text(self, dir_fd: int, name: bytes, oid: bytes, line_ends: str) -> bool:
        if line_ends == "never":
            return False
        parts: list[bytes] = []

        def begin(size: int) -> Feed:
            if size > _TEXT_LIMIT:
                raise Unseen(f"line ends may be converted, and it is larger than {_TEXT_LIMIT} bytes; not verified")
            return parts.append

        self._read(dir_fd, name, begin)
        content = b"".join(parts)
        if line_ends == "auto" and (b"\0" in content or _LONE_CR.search(content)):
            return False
        return self.blob(content.replace(b"\r\n", b"\n")) == oid

    def _is_lfs(self, dir_fd: int, name: bytes, oid: bytes) -> bool:
        """Return whether the blob is the pointer that git-lfs would write for this content."""
        digest = hashlib.sha256()
        size = self._read(dir_fd, name, lambda _size: digest.update)
        return self.blob(_POINTER % (digest.hexdigest().encode("ascii"), size)) == oid

    def _blob_of(self, dir_fd: int, name: bytes) -> bytes:
        digest = self._hasher(b"")

        def begin(size: int) -> Feed:
            digest.update(b"blob %d\0" % size)
            return digest.update  # type: ignore[no-any-return]

        self._read(dir_fd, name, begin)
        oid: bytes = digest.digest()
        return oid

    def _read(self, dir_fd: int, name: bytes, begin: t.Callable[[int], Feed]) -> int:
        """Hand the content, part by part, to what ``begin(size)`` returns; return the size.

        Raises OSError, or Unseen when the file changes meanwhile or the time is up.
        """
        fd = paths.open_file(dir_fd, name)
        try:
            size = os.fstat(fd).st_size
            feed = begin(size)
            left = size
            while left:
                self._host.check_time()
                part = os.read(fd, min(left, _CHUNK))
                if not part:
                    break
                feed(part)
                left -= len(part)
            if left or os.fstat(fd).st_size != size:
                raise Unseen("changed while it was read")
            return size
        finally:
            os.close(fd)
