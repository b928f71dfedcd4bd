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
    """Return the matrix; an environment that holds the reference of another is marked, a branch says its age.

    A row's status is that of its environments: a branch informs.
    """
    columns: list[str] = list(report.matrix["columns"])
    titles: list[str] = ["Component", *(_title(report, name) for name in columns), "Status"]
    rows: list[list[object]] = [[Markup("compared with"), *(_reference(report, name) for name in columns), None]]
    for row in report.matrix["rows"]:
        cells: Json = row["cells"]
        live = {name: cell for name, cell in cells.items() if _about(report, name).get("kind") != "branch"}
        rows.append(
            [f"{row['section']}: {row['component']}", *(_cell(cells.get(name)) for name in columns), _worst(live)]
        )
    return [*heading(2, "Environment matrix"), *table(titles, rows)]


def _about(report: Report, name: str) -> Json:
    found: Json = (report.matrix.get("about") or {}).get(name) or {}
    return found


def _title(report: Report, name: str) -> Markup:
    about = _about(report, name)
    if about.get("kind") == "branch":
        return phrase("{} (branch, fetched {})", name, about.get("fetched") or "at an unknown time")
    return phrase("{} (reference)", name) if about.get("reference") else phrase("{}", name)


def _reference(report: Report, name: str) -> Markup:
    about = _about(report, name)
    if about.get("kind") == "branch":
        return code(str(about["commit"])[:7]) if about.get("commit") else Markup("-")
    return code(report.reference_name(name)) if report.references_of(name) else Markup("nothing")


def _cell(cell: Json | None) -> Markup:
    if cell is None:
        return CELLS["not_asked"].markdown()
    mark = CELLS[cell["state"]].markdown()
    count, worst = cell.get("count"), cell.get("worst")
    if cell.get("note"):
        return phrase("{} {}", mark, cell["note"])
    return phrase("{} {}, worst {}", mark, count, worst) if count and worst else mark


def _worst(cells: Json) -> Markup:
    states = {cell["state"] for cell in cells.values()}
    return next((CELLS[state].markdown() for state in ORDER if state in states), CELLS["not_asked"].markdown())
