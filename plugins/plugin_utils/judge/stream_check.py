# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checks of one stream, with the severities of its entry. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope

DEFAULTS = {
    "stream": "high",
    "fresh": "high",
    "length": "medium",
    "group": "high",
    "consumers": "high",
    "lag": "high",
    "pending": "medium",
    "idle": "medium",
    "progress": "critical",
    "fields": "medium",
    "values": "medium",
}
"""The checks of a stream and their severities where the contract gives none."""


class StreamChecks(Graded):
    """The checks of one entry."""

    def __init__(self, scope: Scope, entry: Details) -> None:
        more = {key: entry[key] for key in ("user", "database", "tls", "password_from") if entry[key]}
        asked = {"redis": entry["redis"], "stream": entry["stream"], **more}
        super().__init__(scope, entry["severity"], DEFAULTS, asked)
        self.host = scope.context.host
