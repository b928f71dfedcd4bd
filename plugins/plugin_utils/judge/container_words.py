# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wording about containers. Private to the collection."""

from __future__ import annotations

import signal
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details

_LONGEST = 200


def short_id(identity: str) -> str:
    """Return the twelve digits that engines show of an id."""
    return identity[:12]


def quoted(text: str) -> str:
    """Return what a program said in one line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def mebibytes(size: float) -> str:
    """Return a size as the engines' own tools show it."""
    return f"{size / (1 << 20):.1f} MiB"


def last_words(one: Details) -> str:
    """Return how a container's own log ends, as the end of a sentence; nothing when it was not read or is empty."""
    lines = [line for line in one["log"] or () if line.strip()]
    return f'; its log ends with "{quoted(lines[-1])}"' if lines else ""


def ended(one: Details) -> str:
    """Return with which code and when a container ended; of one that runs again engines have forgotten the code."""
    when = f" at {one['finished']}" if one["finished"] else ""
    error = f" ({quoted(one['error'])})" if one["error"] else ""
    if one["state"] == "running":
        return f"ended{when}{error}"
    return f"ended with code {one['exit_code']}{_signal(one['exit_code'])}{when}{error}"


def _signal(code: int) -> str:
    """Return the signal that ended a program, which an exit code above 128 stands for."""
    try:
        return f" ({signal.Signals(code - 128).name})"
    except ValueError:
        return ""


def policy(one: Details) -> str:
    """Return a restart policy as it is written."""
    name, maximum = one["restart_policy"]["name"], one["restart_policy"]["maximum"]
    return f"{name}:{maximum}" if maximum else str(name)


def listed(items: t.Sequence[str], limit: int = 10) -> str:
    """Return the first of some names, the others counted."""
    more = len(items) - limit
    return ", ".join(items[:limit]) + (f" and {more} more" if more > 0 else "")


def endpoint(binding: Details) -> str:
    """Return where a port is published, as a URL spells it."""
    address = binding["address"]
    return f"[{address}]:{binding['host_port']}" if ":" in address else f"{address}:{binding['host_port']}"
