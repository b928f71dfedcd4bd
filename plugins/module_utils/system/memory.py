# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory and swap a host has left, from ``/proc/meminfo``. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen


def parse_meminfo(text: bytes) -> dict[str, dict[str, t.Any]]:
    """Return ``memory`` and ``swap`` in KiB and percent. Raises Unseen.

    Used memory is what a program could not get without swapping: all but ``MemAvailable``. A host without swap has
    0 percent of it used.
    """
    fields: dict[bytes, int] = {}
    for line in text.splitlines():
        name, _colon, rest = line.partition(b":")
        words = rest.split()
        if words and words[0].isdigit():
            fields[name] = int(words[0])
    try:
        total, available = fields[b"MemTotal"], fields[b"MemAvailable"]
        swap, swap_free = fields[b"SwapTotal"], fields[b"SwapFree"]
    except KeyError as missing:
        raise Unseen(f"/proc/meminfo does not tell {missing.args[0].decode('ascii')}") from None
    return {"memory": _usage(total, available, "available_kb"), "swap": _usage(swap, swap_free, "free_kb")}


def _usage(total: int, left: int, name: str) -> dict[str, t.Any]:
    used = max(total - left, 0)
    return {
        "total_kb": total,
        name: left,
        "used_kb": used,
        "used_percent": round(used * 100 / total, 1) if total else 0.0,
    }
