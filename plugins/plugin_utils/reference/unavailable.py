# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception of a reference that cannot be had. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.module_utils.text import show


class ReferenceUnavailable(Exception):
    """A reference cannot be read, or not trusted. ``reason`` is one sentence that names it, safe to print."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CutOff(ReferenceUnavailable):
    """A shallow repository ends before the two commits that are compared meet."""


def quoted(name: str | bytes) -> str:
    """Return a name for a sentence: on one line, whatever bytes it holds."""
    return one_line(show(name))


def one_line(text: str) -> str:
    """Return text with everything that is not printable escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
