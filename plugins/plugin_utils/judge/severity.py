# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one severity mapping, the order of severities and the threshold. Private to the collection."""

from __future__ import annotations

import typing as t


class Level(t.NamedTuple):
    """How one severity is shown: its priority (empty for ``info``), its colour, and its rank, 0 being the worst."""

    priority: str
    colour: str
    rank: int


LEVELS: dict[str, Level] = {
    "critical": Level("P0", "red", 0),
    "high": Level("P1", "red", 1),
    "medium": Level("P2", "yellow", 2),
    "low": Level("P3", "green", 3),
    "info": Level("", "none", 4),
}
SEVERITIES = tuple(LEVELS)
FAIL_ON = ("critical", "high", "medium", "low", "never")


def rank(severity: str) -> int:
    """Return the place of a severity in the order: 0 for critical, 4 for info."""
    return LEVELS[severity].rank


def worst(severities: t.Iterable[str]) -> str | None:
    """Return the worst of some severities, None when there are none."""
    return min(severities, key=rank, default=None)


def at_or_above(severity: str, fail_on: str) -> bool:
    """Return whether a finding of this severity fails a host under ``fail_on``; ``never`` lets everything through."""
    return fail_on != "never" and rank(severity) <= rank(fail_on)


def counts(severities: t.Iterable[str]) -> dict[str, int]:
    """Return how often each severity occurs, zeros included, so that every level is always named."""
    found = dict.fromkeys(SEVERITIES, 0)
    for severity in severities:
        found[severity] += 1
    return found
