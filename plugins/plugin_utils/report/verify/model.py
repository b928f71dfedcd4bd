# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.json and the findings of its run as the report reads them. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import Lines, paragraph, table
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import CHECKED
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts

ROWS = 200
"""How many rows a table shows; the rest is counted and stands in verify.json."""

STATUS = CHECKED


class Verification:
    """Read access to one verify.json; ``report`` is that of the findings of its run."""

    def __init__(self, data: Json, findings: Json) -> None:
        self.data = data
        self.report = Report(findings)
        self.checks: list[Json] = data["checks"]
        self._by_id: dict[str, Json] = {one["id"]: one for one in self.checks}

    def check(self, name: str) -> Json:
        """Return the check with this id."""
        return self._by_id[name]

    @property
    def open(self) -> list[Json]:
        """The checks that are not PASS, those first that decide, then the worst: of many only the first are shown."""
        return deciding_first(self.data)


def deciding_first(data: Json) -> list[Json]:
    """Return the checks that are not PASS: what fails a required criterion before what is only optional, each the worst
    first.
    """
    deciding = {name for one in data["criteria"] if one["required"] for name in one["checks"]}
    grave = (verdicts.FAIL, verdicts.UNKNOWN)
    found = [one for one in data["checks"] if one["verdict"] != verdicts.PASS]
    return sorted(found, key=lambda one: not (one["verdict"] in grave and one["id"] in deciding))


def rows(titles: t.Sequence[str], found: t.Sequence[t.Sequence[object]]) -> Lines:
    """Return a table, and how many rows of it are not shown."""
    hidden = len(found) - ROWS
    lines = table(titles, found[:ROWS])
    return [*lines, *paragraph(f"... and {hidden} more in verify.json.")] if hidden > 0 else lines
