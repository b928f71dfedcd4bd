# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment matrix on a terminal; environments that do not fit side by side follow below.

Private to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import safe
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json, Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.screen import Screen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import CELLS

_NAME = 22
_CELL = 27


def draw(screen: Screen, report: Report) -> None:
    """Draw the matrix in as many blocks as the width asks for, and below it why a branch is not known."""
    columns: list[str] = list(report.matrix["columns"])
    rows: list[Json] = list(report.matrix["rows"])
    labels = [f"{row['section']} {row['component']}" for row in rows]
    drawn = {column: [_cell(row["cells"].get(column)) for row in rows] for column in columns}
    titles = {column: _title(report, column) for column in columns}
    texts = [*titles.values(), *(text for cells in drawn.values() for text, _colour in cells)]
    beside, name, cell = _widths(screen.columns, len(columns), _widest(labels), _widest(texts))
    for start in range(0, len(columns), beside):
        if start:
            screen.gap()
        chosen = columns[start : start + beside]
        screen.cells([("COMPONENT", "none", name), *((titles[column], "none", cell) for column in chosen)])
        for place, label in enumerate(labels):
            screen.cells([(label, "none", name), *((*drawn[column][place], cell) for column in chosen)])
    _reasons(screen, report)


def _widths(screen: int, columns: int, label: int, text: int) -> tuple[int, int, int]:
    """Return how many columns stand beside each other, and how wide labels and cells are.

    ``label`` and ``text`` are the widest of each. What the cells leave over goes to labels that are wider than usual.
    """
    name = min(_NAME, max(screen // 3, 1))
    beside = max((screen - name) // (_CELL + 1), 1)
    cell = max(min(_CELL, screen - name - 1), 1)
    shown = min(beside, max(columns, 1))
    name = max(name, min(label, screen - shown * (min(cell, text) + 1)))
    return beside, name, min(cell, (screen - name) // shown - 1)


def _widest(texts: t.Iterable[str]) -> int:
    return max((safe.width(safe.terminal(text)) for text in texts), default=0)


def _reasons(screen: Screen, report: Report) -> None:
    """Tell why a branch is not known: that does not fit into a cell."""
    about: Json = report.matrix.get("about") or {}
    for column in report.matrix["columns"]:
        if (about.get(column) or {}).get("reason"):
            screen.paragraph(f"{column} is not known: {about[column]['reason']}", "", 3)


def _title(report: Report, column: str) -> str:
    about: Json = (report.matrix.get("about") or {}).get(column) or {}
    return f"{column} (reference)" if about.get("reference") else column


def _cell(cell: Json | None) -> tuple[str, str]:
    mark = CELLS["not_asked" if cell is None else cell["state"]]
    if cell is not None and cell.get("note") and cell["state"] != "unknown":
        return f"[{mark.word}] {cell['note']}", mark.colour
    if cell is None or not cell.get("count"):
        return f"[{mark.word}]", mark.colour
    worst = f", worst {cell['worst']}" if cell.get("worst") else ""
    return f"[{mark.word}] {cell['count']}{worst}", mark.colour
