# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of a watch is. Private to the collection. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import safe_name
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import checks

SECTION = "watch"

ENOUGH = 0.95
"""The part of the window that must have been observed, and of the looks that something must have been seen in."""

Json = dict[str, t.Any]


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
        """Return a check; ``place`` is where its evidence stands in the host's document, nothing when there is none."""
        return checks.make(
            self._environment,
            self._host,
            (SECTION, place.partition("/")[0] or SECTION, check, subject),
            outcome,
            summary,
            expected=expected,
            observed=observed,
            evidence=[f"{file_of(self._host)}#{place}"] if place else [],
        )
