# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section logs of a report: what was read and counted, and how fast things went. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    bullets,
    code,
    heading,
    join,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections.plain import (
    findings,
    host_status,
    standing,
    titles,
)

SECTION = "logs"


def render(report: Report) -> Lines:
    """Return the logs part: what was read, findings, performance."""
    return [
        *heading(3, "Logs"),
        *_logs(report),
        *findings(report, SECTION, report.of(SECTION)),
        *_performance(report),
    ]


def _logs(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        if place.facts is None:
            mark = host_status(report, SECTION, place)
            rows.append([place.environment, place.host, "not seen", mark, None, None, None])
            continue
        for log in place.facts["logs"]:
            verdict = standing(report, SECTION, place.host, log["name"])
            rows.append([place.environment, place.host, code(log["source"]), *_counts(log), *verdict])
    named = ("Environment", "Host", "Log", "What was read", "Levels", "Exceptions", "Not handled")
    return [*table(titles(report, *named), rows), *_window(report)]


def _window(report: Report) -> Lines:
    """Return what each log had in the window in which a verification watched it: the table above is of the audit."""
    said = [
        phrase("{}: {}", place.host, log["window"])
        for place in report.facts(SECTION)
        for log in (place.facts or {}).get("logs") or ()
        if "window" in log
    ]
    return [*paragraph("After that, in the observation window:"), *bullets(said)] if said else []


def _counts(log: Json) -> list[object]:
    if log["part"] is None:
        said = "there is none" if log["outcome"] == "missing" else phrase("not read: {}", log["reason"])
        return [said, None, None, None]
    part = phrase("{}; not all: {}", log["part"], log["reason"]) if not log["complete"] else log["part"]
    exceptions = _each(log["exceptions"])
    if log["exceptions_rest"]:
        exceptions = phrase("{}, others {}", exceptions, log["exceptions_rest"])
    return [part, _each(log["levels"]), exceptions, _each(log["unhandled"])]


def _each(counts: Json) -> Markup:
    return join(", ", [phrase("{} {}", name, count) for name, count in counts.items()]) if counts else Markup("none")


def _performance(report: Report) -> Lines:
    rows: list[list[object]] = []
    for place in report.facts(SECTION):
        for one in (place.facts or {}).get("performance") or []:
            rows.append([place.host, one["log"], code(one["name"]), *_measured(one)])
    if not rows:
        return []
    named = ("Host", "Log", "Measured", "Declared", "How often", "Least", "Mean", "Most", "Beyond the limits", "When")
    return [*heading(4, "Performance"), *table(named, rows)]


def _measured(one: Json) -> list[object]:
    interval = one["kind"] == "interval"
    declared = [
        phrase(
            "{} {}", key.replace("_s", "").replace("_", " "), duration(limit) if key.endswith("_s") else f"{limit:g}"
        )
        for key, limit in one["expected"].items()
    ]
    values = [
        None if one[key] is None else duration(one[key]) if interval else f"{one[key]:g}"
        for key in ("min", "mean", "max")
    ]
    when = None if one["first"] is None else phrase("{} to {}", one["first"], one["last"])
    return [join(", ", declared), one["count"], *values, one["beyond"], when]
