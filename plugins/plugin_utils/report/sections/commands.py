# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section commands of a report: what ran, how it ended. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import held
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import Lines, code, heading, more, table
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import findings, host_status
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import OUTCOMES

SECTION = "commands"


def render(report: Report) -> Lines:
    """Return the commands part: the commands, findings."""
    return [*heading(3, "Commands"), *_commands(report), *findings(report, SECTION, report.of(SECTION))]


def _commands(report: Report) -> Lines:
    rows: list[list[object]] = []
    hidden = 0
    for place in report.facts(SECTION):
        if place.facts is None:
            mark = host_status(report, SECTION, place)
            rows.append([place.environment, place.host, "not seen", None, None, None, None, mark])
            continue
        rows += [[place.environment, place.host, *_row(one)] for one in place.facts["commands"]]
        hidden += place.facts["total"] - len(place.facts["commands"])
    titles = ("Environment", "Host", "Name", "Command", "Exit code", "Took", "Output", "Status")
    return [*table(titles, rows), *more(hidden, "command")]


def _row(one: Json) -> list[object]:
    took = None if one["seconds"] is None else f"{one['seconds']:.1f} s"
    output = held(one["hold"], one["asserted"]) if one["asserted"] else None
    return [one["name"], code(one["command"]), one["exit_code"], took, output, OUTCOMES[one["outcome"]].markdown()]
