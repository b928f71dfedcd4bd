# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment matrix on a terminal; environments that do not fit side by side follow below.

Private to the collection.
"""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.screen import Screen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import CELLS

_NAME = 22
_CELL = 27


def draw(screen: Screen, report: Report) -> None:
    """Draw the matrix in as many blocks as the width asks for."""
    columns: list[str] = list(report.matrix["columns"])
    name = min(_NAME, max(screen.columns // 3, 1))
    beside = max((screen.columns - name) // (_CELL + 1), 1)
    width = max(min(_CELL, screen.columns - name - 1), 1)
    for start in range(0, len(columns), beside):
        chosen = columns[start : start + beside]
        screen.cells([("COMPONENT", "none", name), *((_title(report, column), "none", width) for column in chosen)])
        for row in report.matrix["rows"]:
            cells = [_cell(row["cells"].get(column)) for column in chosen]
            label = f"{row['section']} {row['component']}"
            screen.cells([(label, "none", name), *((text, colour, width) for text, colour in cells)])


def _title(report: Report, column: str) -> str:
    about: Json = (report.matrix.get("about") or {}).get(column) or {}
    return f"{column} (reference)" if about.get("reference") else column


def _cell(cell: Json | None) -> tuple[str, str]:
    mark = CELLS["not_asked" if cell is None else cell["state"]]
    if cell is not None and cell.get("note"):
        return f"[{mark.word}] {cell['note']}", mark.colour
    if cell is None or not cell.get("count"):
        return f"[{mark.word}]", mark.colour
    worst = f", worst {cell['worst']}" if cell.get("worst") else ""
    return f"[{mark.word}] {cell['count']}{worst}", mark.colour
