# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status words, icons and horizons: ASCII words carry the meaning, icons stand beside them.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import LEVELS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import Markup


class Status(t.NamedTuple):
    """An ASCII word, the icon beside it and its colour (a word of ``LEVELS``, or ``cyan``)."""

    word: str
    icon: str
    colour: str

    def markdown(self) -> Markup:
        """Return the icon and the word."""
        return Markup(f"{self.icon} [{self.word}]")


OK = Status("OK", "\u2705", "green")
DRIFT = Status("DRIFT", "\u274c", "red")
UNKNOWN = Status("UNKNOWN", "\u2753", "cyan")
NOTE = Status("NOTE", "\u26aa", "none")
NOT_ASKED = Status("NOT ASKED", "\u2796", "none")
NOT_EXERCISED = Status("NOT EXERCISED", "\u2796", "none")

VERDICTS = {"in_sync": OK, "drift": DRIFT, "unknown": UNKNOWN}
OUTCOMES = {
    "pass": OK,
    "waived": OK,
    "fail": DRIFT,
    "unknown": UNKNOWN,
    "observation": NOTE,
    "not_exercised": NOT_EXERCISED,
}
CELLS = {
    "in_sync": OK,
    "differs": DRIFT,
    "missing": Status("MISSING", "\u274c", "red"),
    "expected": Status("EXPECTED", "\U0001f7e1", "yellow"),
    "constrained": Status("CONSTRAINED", "\U0001f7e1", "yellow"),
    "unknown": UNKNOWN,
    "not_asked": NOT_ASKED,
}
CHECKED = {
    "PASS": Status("PASS", "\u2705", "green"),
    "OBSERVATION": Status("OBSERVATION", "\U0001f7e1", "yellow"),
    "NOT_EXERCISED": NOT_EXERCISED,
    "UNKNOWN": Status("UNKNOWN", "\u2753", "cyan"),
    "FAIL": Status("FAIL", "\u274c", "red"),
    "CONDITIONAL": Status("CONDITIONAL", "\U0001f7e1", "yellow"),
}
"""The verdicts of a verification (``verify/verdicts.py``)."""
WORKING = {
    "works": OK,
    "idle": Status("IDLE", "\u26aa", "none"),
    "impaired": Status("IMPAIRED", "\U0001f7e1", "yellow"),
    "broken": Status("BROKEN", "\u274c", "red"),
    "unknown": UNKNOWN,
}
_CIRCLES = {"red": "\U0001f534", "yellow": "\U0001f7e1", "green": "\U0001f7e2", "none": "\u26aa"}

HORIZONS = {
    "critical": "within 1 hour",
    "high": "within 24 hours",
    "medium": "within 1 week",
    "low": "within 1 month",
    "info": "when convenient",
}
RISKS = {
    "business": "Business risks",
    "system": "System risks",
    "operational": "Operational risks",
}
NOT_STATED = "not stated in the contract"


def severity(name: str) -> Status:
    """Return how a severity is shown."""
    colour = LEVELS[name].colour
    return Status(name.upper(), _CIRCLES[colour], colour)


def priority(name: str) -> str:
    """Return a severity with its priority: ``CRITICAL (P0)``; ``info`` has none."""
    level = LEVELS[name].priority
    return f"{name.upper()} ({level})" if level else name.upper()


def words(name: str | None) -> str:
    """Return a word of a closed list as it is read: ``edited_on_host`` becomes ``edited on host``."""
    return (name or "").replace("_", " ")
