# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of a watch is. Private to the collection. Pure."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import safe_name
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import checks

SECTION = "watch"

ENOUGH = 0.95
"""The part of the window that must have been observed, and of the looks that something must have been seen in."""

Json = dict[str, t.Any]

UNSEEN = remedy("investigate", "Look at why it could not be seen for long enough, and watch again.")
"""What to do about anything of which too little was seen."""

_LONGER = remedy("investigate", "Watch for longer, or when there is more to do: nothing happened that could be judged.")
_LEAKS = remedy("investigate", "Find out what holds the memory; until then it needs to be started anew in time.")
_LATE = remedy("fix_endpoint", "Look at the service's log at the times that are named, and at what it waits for.")
_LOG = remedy("read_log", "Read the log of the window, and cure what it complains about.")
_REMEDIES = {
    "window": remedy("investigate", "Find out why the host booted: its journal, and who was logged in. Watch again."),
    "stable": remedy("investigate", "Find out why it ended or was started anew: its log and the host's at that time."),
    "available": _LATE,
    "time": _LATE,
    "cycles": remedy("investigate", "Find out what takes the time, or why it stopped: what the log says in between."),
    "errors": _LOG,
    "forbid": _LOG,
    "lag": remedy("restart_consumer", "Look at the log of the consumers, and at whether there are enough of them."),
    "memory": _LEAKS,
    "cpu": remedy("investigate", "Find out what it does all the while: what it logs, and a profile of it."),
}


def percent(part: float) -> str:
    """Return a share, rounded down: too little is never called enough, nor most of it all of it."""
    return f"{math.floor(100 * min(part, 1))} %"


def unseen(one: Json) -> str:
    """Return why something was seen in too few looks to be judged, or nothing."""
    if not one["looks"]:
        return one["reason"] or "it was never looked at"
    if (one["looks"] - one["unseen"]) / one["looks"] >= ENOUGH:
        return ""
    return f"it was not seen in {one['unseen']} of {number(one['looks'], 'look')}: {one['reason']}"


def happened(one: Json) -> str:
    """Return what happened to something, the first of it with its time."""
    events = one["events"]
    if not events:
        return ""
    more = f", and {one['events_total'] - 1} more" if one["events_total"] > 1 else ""
    return f"; {events[0]['at']}: {events[0]['what']}{more}"


def file_of(host: str) -> str:
    """Return where the document of a host lies in the folder of a verification."""
    return f"watch/{safe_name(host)}.json"


class Maker:
    """Makes the checks of one host."""

    def __init__(self, host: str, environment: str) -> None:
        self._host = host
        self._environment = environment

    def check(
        self, check: str, subject: str, outcome: str, summary: str, expected: Json, observed: Json, place: str
    ) -> Json:
        """Return a check; ``place`` is where its evidence stands in the host's document, nothing when there is none.

        What is only told of is no drift, and is not as bad as what would be.
        """
        return checks.make(
            self._environment,
            self._host,
            (SECTION, place.partition("/")[0] or SECTION, check, subject),
            outcome,
            summary,
            severity="info" if outcome in ("observation", "not_exercised") else "high",
            expected=expected,
            observed=observed,
            evidence=[f"{file_of(self._host)}#{place}"] if place else [],
            remedy=_remedy(check, outcome),
        )


def _remedy(check: str, outcome: str) -> Json | None:
    if outcome == "pass":
        return None
    return {"unknown": UNSEEN, "not_exercised": _LONGER}.get(outcome) or _REMEDIES.get(check)
