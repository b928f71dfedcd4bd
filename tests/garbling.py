# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes one place of an answer, for tests of what a host in other hands may send."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer

_BAD: list[t.Any] = [None, True, -1, "", "\ud800", [], {"a": None}]

Place = tuple[t.Any, ...]


def places(value: t.Any, at: Place = ()) -> t.Iterator[Place]:
    """Yield the way to every part of a JSON value, the whole first."""
    yield at
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*at, key))


def put(value: t.Any, at: Place, part: t.Any) -> t.Any:
    """Return a copy of a JSON value with another part at a place below it."""
    if not at:
        return part
    changed = copy.deepcopy(value)
    inner = changed
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = part
    return changed


def refusals(answer: t.Any, read: t.Callable[[t.Any], t.Any], use: t.Callable[[t.Any], object]) -> int:
    """Read copies of an answer, each with something bad in the place of one part, use what is taken for good, and
    return how many were refused.
    """
    refused = 0
    for at in list(places(answer))[1:]:
        for bad in _BAD:
            try:
                data = read(put(answer, at, bad))
            except GarbledAnswer:
                refused += 1
                continue
            use(data)
    return refused
