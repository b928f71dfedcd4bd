# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of a watch is. Private to the collection."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import safe_name

SECTION = "watch"

ENOUGH = 0.95
"""The part of the window that must have been observed, and of the looks that something must have been seen in."""

Json = dict[str, t.Any]


class Maker:
    """Makes the checks of one host."""

    def __init__(self, host: str) -> None:
        self._host = host

    def check(
        self, check: str, subject: str, outcome: str, summary: str, expected: Json, observed: Json, place: str
    ) -> Json:
        """Return a check; ``place`` is where its evidence stands in the host's document."""
        name = f"{self._host}\0{SECTION}\0{place}\0{check}\0{subject}"
        return {
            "id": hashlib.sha256(name.encode("utf-8")).hexdigest()[:12],
            "host": self._host,
            "section": SECTION,
            "component": place.partition("/")[0],
            "check": check,
            "subject": subject,
            "outcome": outcome,
            "summary": summary,
            "expected": expected,
            "observed": observed,
            "evidence": [f"watch/{safe_name(self._host)}.json#{place}"],
        }
