# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is audited: services by category, and the flow of an event through its stages. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    heading,
    join,
    paragraph,
    phrase,
    some,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import WORKING

_SHOWN = 2


def catalogue(report: Report) -> Lines:
    """Return the service catalogue: one row a service and environment."""
    if not report.services:
        return []
    rows = [
        (
            one["environment"],
            one["category"] or "not categorised",
            code(one["component"]),
            one["section"],
            WORKING[one["state"]].markdown(),
            _why(report, one["findings"]),
        )
        for one in report.services
    ]
    titles = ("Environment", "Category", "Service", "Seen as", "State", "Because")
    return [*heading(2, "Service catalogue"), *paragraph(_count(report)), *table(titles, rows)]


def _count(report: Report) -> Markup:
    states = [one["state"] for one in report.services]
    counted = [f"{states.count(state)} {state}" for state in WORKING if state in states]
    return phrase("{}: {}.", number(len(states), "service"), ", ".join(counted))


def flow(report: Report) -> Lines:
    """Return the event flow of each pipeline, with the first stage that is broken marked."""
    lines: Lines = []
    for one in report.pipelines:
        lines += heading(
            3, phrase("{}: {}", one["environment"], some(list(map(code, one["hosts"])), len(one["hosts"])))
        )
        lines += paragraph(join(" > ", [_mark(stage, one["broken"]) for stage in one["stages"]]))
        lines += paragraph(_verdict(report, one))
        lines += table(("Step", "Stage", "State", "Rests on", "Because"), _stages(report, one))
    return [*heading(2, "Event flow"), *lines] if lines else []


def _mark(stage: Json, broken: str | None) -> Markup:
    if stage["stage"] == broken:
        return phrase("**{} [BROKEN]**", stage["stage"])
    return phrase("{}", stage["stage"]) if stage["state"] == "works" else phrase("{} ({})", *_named(stage))


def _named(stage: Json) -> tuple[str, str]:
    return stage["stage"], stage["state"]


def _verdict(report: Report, pipeline: Json) -> Markup:
    stages = pipeline["stages"]
    if pipeline["broken"] is None:
        states = {stage["state"] for stage in stages}
        if "unknown" in states:
            return Markup("No stage is known to be broken, but not all of them could be seen.")
        return Markup("No stage is broken.")
    first = next(stage for stage in stages if stage["stage"] == pipeline["broken"])
    after = len(stages) - stages.index(first) - 1
    waiting = phrase("{} after it {} nothing new from it.", number(after, "stage"), "gets" if after == 1 else "get")
    stops = phrase("The flow stops at {}: {}.", first["stage"], _why(report, first["findings"]))
    return join(" ", [stops, waiting]) if after else stops


def _stages(report: Report, pipeline: Json) -> list[list[object]]:
    return [
        [
            step,
            stage["stage"],
            WORKING[stage["state"]].markdown(),
            join(", ", map(code, stage["of"])),
            _why(report, stage["findings"]),
        ]
        for step, stage in enumerate(pipeline["stages"], 1)
    ]


def _why(report: Report, ids: list[str]) -> Markup:
    """Return the summaries of the worst findings; the others are counted."""
    return some([report.finding(name)["summary"] for name in ids], len(ids), _SHOWN)
