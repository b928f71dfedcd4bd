# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment matrix: components by environments. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    code,
    heading,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import CELLS

ORDER = ("missing", "differs", "unknown", "constrained", "expected", "in_sync", "not_asked")
"""Cells from the worst to the best: the status of a row is its worst cell."""


def render(report: Report) -> Lines:
    """Return the matrix; an environment that holds the reference of another is marked."""
    columns: list[str] = list(report.matrix["columns"])
    sources = {one.get("host") for one in report.references.values() if one.get("kind") == "host"}
    holding = {one["name"] for one in report.environments if sources & set(one["hosts"])}
    titles: list[str] = [
        "Component",
        *(f"{name} (reference)" if name in holding else name for name in columns),
        "Status",
    ]
    rows: list[list[object]] = [[Markup("compared with"), *(_reference(report, name) for name in columns), None]]
    for row in report.matrix["rows"]:
        cells: Json = row["cells"]
        rows.append(
            [f"{row['section']}: {row['component']}", *(_cell(cells.get(name)) for name in columns), _worst(cells)]
        )
    return [*heading(2, "Environment matrix"), *table(titles, rows)]


def _reference(report: Report, name: str) -> Markup:
    return code(report.reference_name(name)) if report.references_of(name) else Markup("nothing")


def _cell(cell: Json | None) -> Markup:
    if cell is None:
        return CELLS["not_asked"].markdown()
    mark = CELLS[cell["state"]].markdown()
    count, worst = cell.get("count"), cell.get("worst")
    return phrase("{} {}, worst {}", mark, count, worst) if count and worst else mark


def _worst(cells: Json) -> Markup:
    states = {cell["state"] for cell in cells.values()}
    return next((CELLS[state].markdown() for state in ORDER if state in states), CELLS["not_asked"].markdown())
