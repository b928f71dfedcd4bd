# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section units of a report: how the declared units stand. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import Lines, code, heading, phrase, table
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import (
    findings,
    host_status,
    standing,
    titles,
)

SECTION = "units"


def render(report: Report) -> Lines:
    """Return the units part: the units, findings."""
    return [*heading(3, "Units"), *_units(report), *findings(report, SECTION, report.of(SECTION))]


def _units(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        mark = host_status(report, SECTION, place)
        if place.facts is None:
            rows.append([place.environment, place.host, "not seen", None, None, None, None, None, mark])
            continue
        for unit in place.facts["units"]:
            verdict = standing(report, SECTION, place.host, unit["name"])
            rows.append([place.environment, place.host, code(unit["name"]), *_state(unit), mark, *verdict])
    named = ("Environment", "Host", "Unit", "State", "Since", "At boot", "Restarts", "Needs reload", "Host's status")
    return table(titles(report, *named), rows)


def _state(unit: Json) -> list[object]:
    if unit["load"] is None:
        return ["not seen", None, None, None, None]
    state = unit["load"] if unit["load"] == "not-found" else phrase("{} ({})", unit["active"], unit["sub"])
    return [state, unit["since"], unit["enabled"], unit["restarts"], "yes" if unit["needs_reload"] else "no"]
