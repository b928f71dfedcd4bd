# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section compose of a report: the services, declared and running. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    code,
    heading,
    more,
    some,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import findings, host_status

SECTION = "compose"


def render(report: Report) -> Lines:
    """Return the Compose part: the services, findings."""
    return [*heading(3, "Compose"), *_services(report), *findings(report, SECTION, report.of(SECTION))]


def _services(report: Report) -> Lines:
    rows: list[list[object]] = []
    hidden = 0
    for place in report.facts(SECTION):
        if place.facts is None:
            mark = host_status(report, SECTION, place)
            rows.append([place.environment, place.host, None, "not seen", None, None, None, None, mark])
            continue
        for one in place.facts["services"]:
            running = "not seen" if one["running"] is None else one["running"]
            left = some([code(key) for key in one["not_compared"]], len(one["not_compared"]))
            where = [place.environment, place.host, one["project"], code(one["service"]), code(one["image"])]
            rows.append([*where, one["declared"], running, one["differences"], left])
        hidden += place.facts["total"] - len(place.facts["services"])
    titles = (
        "Environment",
        "Host",
        "Project",
        "Service",
        "Image",
        "Declared",
        "Running",
        "Differences",
        "Not compared",
    )
    return [*table(titles, rows), *more(hidden, "service")]
