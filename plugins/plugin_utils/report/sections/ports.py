# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section ports of a report: who listens where. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    code,
    heading,
    more,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import findings, host_status

SECTION = "ports"


def render(report: Report) -> Lines:
    """Return the ports part: listeners, findings. What is merely not declared is told in the first table alone."""
    told = [one for one in report.of(SECTION) if one["outcome"] != "observation"]
    return [*heading(3, "Ports"), *_listeners(report), *findings(report, SECTION, told)]


def _listeners(report: Report) -> Lines:
    rows: list[list[object]] = []
    hidden = 0
    for place in report.facts(SECTION):
        if place.facts is None:
            mark = host_status(report, SECTION, place)
            rows.append([place.environment, place.host, "not seen", None, None, None, mark])
            continue
        for one in place.facts["listeners"]:
            where = code(f"{one['proto']}/{one['address']}/{one['port']}")
            process = phrase("{} ({})", code(one["name"]), one["pid"]) if one["pid"] is not None else "not seen"
            supervisor = one["container"] and f"container {one['container']}"
            declared = "declared" if one["declared"] else "not declared"
            rows.append(
                [place.environment, place.host, where, process, one["user"], supervisor or one["unit"], declared]
            )
        hidden += place.facts["total"] - len(place.facts["listeners"])
    titles = ("Environment", "Host", "Listens at", "Process", "User", "Supervised by", "Contract")
    return [*table(titles, rows), *more(hidden, "listener")]
