# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of an answer, of which none is missing. Private to the collection.

``http.client`` takes the end of a connection for the end of the head that it is reading, or of the chunks: a server
that died while it answered would look like one that is well.
"""

from __future__ import annotations

import http.client
import io


class Lines(io.BufferedReader):
    """What a response reads from. Lines are those of heads, and those around chunks: an empty one ends them."""

    _due = False

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a line, and nothing when the connection ended where none was due. Raises IncompleteRead."""
        line = super().readline(size)
        if not line.endswith(b"\n") and len(line) != size and (line or self._due):
            raise http.client.IncompleteRead(line)
        self._due = line not in (b"", b"\n", b"\r\n")
        return line
