# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of anything as words of a shell, and as parts of file names. Private to the collection."""

from __future__ import annotations

import re
import shlex

from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.command_line import name_bytes

_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST = 60


def quoted(name: str) -> str:
    """Return a name, as ``text.show`` spells it, as one word for bash: whatever it holds, it stays on its line."""
    real = name_bytes(name)
    text = real.decode("utf-8", "surrogateescape")
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(_escaped(byte) for byte in real) + "'"


def _escaped(byte: int) -> str:
    char = chr(byte)
    if char in "'\\":
        return f"\\{char}"
    return char if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"


def filename(name: str) -> str:
    """Return the part of a file's name that stands for any name: letters, digits and ``._-`` alone."""
    return _UNFIT.sub("-", name).strip("-._")[:_LONGEST].strip("-._") or "unnamed"
