# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of files that are as sparse as what they are copied from. Private to the collection."""

from __future__ import annotations

import os

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs

_BLOCK = 512
_ZEROS = bytes(1 << 20)


class Copy:
    """A new file that is written from its beginning. Where the source has holes, parts that are all zeros are not
    written; zeros that somebody had written, to have their room, are written in any other file.
    """

    def __init__(self, fd: int, source: int) -> None:
        seen = os.fstat(source)
        self._fd = fd
        self._holes = seen.st_blocks * _BLOCK < seen.st_size
        self._size = 0
        self._skipped = False

    def add(self, part: bytes) -> None:
        """Write the next part, at most 1 MiB. Raises OSError."""
        self._size += len(part)
        self._skipped = self._holes and part == _ZEROS[: len(part)]
        if self._skipped:
            os.lseek(self._fd, self._size, os.SEEK_SET)
        else:
            fs.write(self._fd, part)

    def end(self) -> None:
        """Give the file its size, where it ends in a hole. Raises OSError."""
        if self._skipped:
            fs.set_size(self._fd, self._size)
