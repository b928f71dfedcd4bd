# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether anything moved between two looks at a stream. Private to the collection.

A look is what ``redis/stream.py`` returns (``docs/design.md``).
"""

from __future__ import annotations

import typing as t

Look = t.Mapping[str, t.Any]


def added(first: Look, second: Look | None) -> bool:
    """Return whether an entry was added to the stream."""
    return second is not None and first["last_id"] != second["last_id"]


def moved(before: Look, after: Look | None) -> bool:
    """Return whether a group has read or acknowledged entries; ``before`` and ``after`` are the group in two looks."""
    if after is None:
        return False
    read = after["last_delivered"] != before["last_delivered"] or (after["read"] or 0) > (before["read"] or 0)
    return bool(read or after["pending"] < before["pending"])


def group_in(look: Look | None, name: str) -> Look | None:
    """Return a group of a look, None when it is not there."""
    return next((one for one in look["groups"] if one["name"] == name), None) if look else None


def settled(first: Look, second: Look | None) -> bool:
    """Return whether a second look has shown all that is waited for: every group moved, or, without a group, an entry
    was added.
    """
    if second is None:
        return False
    if not first["groups"]:
        return added(first, second)
    return all(moved(group, group_in(second, group["name"])) for group in first["groups"])
