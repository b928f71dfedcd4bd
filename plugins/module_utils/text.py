# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of any bytes as text and back. Private to the collection."""

from __future__ import annotations

import os


def show(name: str | bytes) -> str:
    r"""Return the one spelling under which a file name is stored, compared and shown.

    A name is bytes. Valid UTF-8 stays readable, a byte that is not UTF-8 becomes ``\xNN``, and a backslash is
    doubled, so that two different names never share a spelling. A ``str`` is taken as Python's own form of a file
    name (surrogateescape).
    """
    raw = os.fsencode(name) if isinstance(name, str) else name
    if b"\\" in raw:
        raw = raw.replace(b"\\", b"\\\\")
    return raw.decode("utf-8", "backslashreplace")


def raw(shown: str) -> bytes:
    r"""Return the bytes of a name that :func:`show` spelled. Raises ``ValueError`` for other text."""
    if "\\" not in shown:
        return shown.encode("utf-8")
    out = bytearray()
    rest = shown
    while rest:
        head, found, rest = rest.partition("\\")
        out += head.encode("utf-8")
        if not found:
            break
        if rest.startswith("\\"):
            out += b"\\"
            rest = rest[1:]
        elif rest.startswith("x"):
            out += bytes.fromhex(rest[1:3])
            rest = rest[3:]
        else:
            break
    name = bytes(out)
    # What was skipped or spelled in another way on the way here comes back different.
    if show(name) != shown:
        raise ValueError(f"not the spelling of a file name: {shown!r}")
    return name


def spelled(text: str) -> str:
    r"""Return text that UTF-8 can spell: a lone surrogate, which JSON can name, becomes ``\udNNN``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
