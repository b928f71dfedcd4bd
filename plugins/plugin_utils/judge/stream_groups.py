# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a consumer group stands between two looks, and the words for it. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.streams.progress import added, group_in, moved
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

NOT_LOOKED, PROGRESSING, STALLED, IDLE, UNSURE = "not_looked", "progressing", "stalled", "idle", "unsure"

_NEVER = "0-0"


def state_of(group: Details, first: Details, second: Details | None) -> str:
    """Return whether a group moved between two looks.

    ``stalled``: entries waited at the first look, and nothing was read or acknowledged until the second. ``idle``:
    nothing waited and nothing was added. ``unsure``: entries came while it was looked, and were not read yet.
    """
    if second is None:
        return NOT_LOOKED
    later = group_in(second, group["name"])
    if moved(group, later):
        return PROGRESSING
    if later is None:
        return UNSURE
    if waits(group):
        return STALLED
    return UNSURE if added(first, second) or waits(later) else IDLE


def waits(group: Details) -> bool:
    """Return whether entries wait for a group: to be read, or to be acknowledged."""
    return bool(group["waiting"]["low"] or group["pending"])


def waiting_words(group: Details) -> str:
    """Return how many entries wait to be read: ``3 entries``, ``1 to 20 entries``."""
    low, high = group["waiting"]["low"], group["waiting"]["high"]
    return number(low, "entry", "entries") if low == high else f"{low} to {high} entries"


def burden(group: Details) -> str:
    """Return what waits for a group, in words."""
    return f"{waiting_words(group)} to read and {group['pending']} to acknowledge"


def history(group: Details) -> str:
    """Return whether a group has ever worked, and how far it came."""
    if group["read"] == 0 or group["last_delivered"] == _NEVER:
        return "it has never read an entry"
    when = f" of {group['last_delivered_time']}" if group["last_delivered_time"] else f" {group['last_delivered']}"
    if group["read"]:
        return f"it has read {number(group['read'], 'entry', 'entries')}, and stands at the one{when}"
    return f"it stands at the entry{when}; how many it has read is not told"


def numbers(look: Details, group: Details | None = None) -> dict[str, t.Any]:
    """Return what a finding shows of a look, and of one group in it."""
    made = {key: look[key] for key in ("at", "length", "added", "last_id")}
    if group is None:
        return made
    keys = ("read", "last_delivered", "pending", "consumers")
    return {**made, **{key: group[key] for key in keys}, "waiting": dict(group["waiting"])}
