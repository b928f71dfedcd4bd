# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section processes of a report: what runs, and what is wrong with it. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    heading,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Placed, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import (
    findings,
    host_status,
    standing,
    titles,
)

SECTION = "processes"
_LONGEST = 160


def render(report: Report) -> Lines:
    """Return the processes part: how many run where, each instance, findings."""
    return [
        *heading(3, "Processes"),
        *_counts(report),
        *_instances(report),
        *findings(report, SECTION, report.of(SECTION)),
    ]


def _counts(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        mark = host_status(report, SECTION, place)
        if place.facts is None:
            rows.append([place.environment, place.host, "not seen", None, None, None, mark])
            continue
        for row in place.facts.get("processes") or []:
            counted = [row["wanted"], row["running"], row["containers"] or None]
            verdict = standing(report, SECTION, place.host, row["name"])
            rows.append([place.environment, place.host, row["name"], *counted, mark, *verdict])
    named = ("Environment", "Host", "Process", "Declared", "Running", "In containers, not counted", "Host's status")
    return table(titles(report, *named), rows)


def _instances(report: Report) -> Lines:
    rows = [
        [*_instance(place, row["name"], one), *standing(report, SECTION, place.host, row["name"])]
        for place in report.facts(SECTION)
        for row in (place.facts or {}).get("processes") or []
        for one in row["instances"]
    ]
    if not rows:
        return []
    named = ("Host", "Process", "PID", "Since", "User", "Directory", "Environment", "Supervised by", "CPU %", "MiB")
    return [
        *paragraph("Instances; CPU is the share of one core since the start:"),
        *table(titles(report, *named, "Command"), rows),
    ]


def _instance(place: Placed, name: str, one: Json) -> list[object]:
    command = str(one["command"])
    shown = command if len(command) <= _LONGEST else f"{command[:_LONGEST]}…"
    return [
        place.host,
        name,
        one["pid"],
        one["started"],
        one["user"],
        code(one["cwd"]),
        code(one["venv"]),
        _supervisor(one),
        one["cpu_percent"],
        round(one["rss_kb"] / 1024),
        code(shown),
    ]


def _supervisor(one: Json) -> Markup:
    if one["container"]:
        return phrase("container {}", code(one["container"]))
    return code(one["unit"]) if one["unit"] else Markup("nothing")
