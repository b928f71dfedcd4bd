# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building blocks of a Markdown report: what is not marked as Markdown is escaped. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import safe

ROWS = 200
"""How many rows a table shows; the rest is counted and stands in findings.json."""

Lines = t.List[str]


class Markup(str):
    """Text that is Markdown already: words of the report, never a value from findings.json."""

    __slots__ = ()


def cell(value: object) -> Markup:
    """Return a value as Markdown for one line: markup stays, all else is escaped; None is told as a dash."""
    if isinstance(value, Markup):
        return value
    return Markup("-" if value is None or value == "" else safe.markdown(str(value)))


def code(value: object) -> Markup:
    """Return a value as a code span, a dash for nothing."""
    return Markup("-" if value is None or value == "" else safe.markdown_code(str(value)))


def join(separator: str, parts: t.Iterable[object]) -> Markup:
    """Join values with a separator of our own."""
    return Markup(separator.join(cell(part) for part in parts))


def phrase(template: str, *values: object) -> Markup:
    """Fill a template of our own with escaped values."""
    return Markup(template.format(*(cell(value) for value in values)))


def heading(level: int, title: object) -> Lines:
    """Return a heading and the empty line after it."""
    return [f"{'#' * level} {cell(title)}", ""]


def paragraph(text: object) -> Lines:
    """Return one paragraph and the empty line after it."""
    return [cell(text), ""]


def bullets(items: t.Iterable[object], mark: str = "-") -> Lines:
    """Return a list, one line an item. An item begins with a word of ours, so that no value starts a block."""
    lines = [f"{mark} {cell(item)}" for item in items]
    return [*lines, ""] if lines else []


def table(titles: t.Sequence[str], rows: t.Sequence[t.Sequence[object]], limit: int = ROWS) -> Lines:
    """Return a table; rows after ``limit`` are counted."""
    lines = [_row(titles), _row(Markup("---") for _title in titles)]
    lines += [_row(row) for row in rows[:limit]]
    return [*lines, "", *more(len(rows) - limit)]


def more(count: int, thing: str = "row") -> Lines:
    """Return the line that counts what is not shown, nothing when all is."""
    return paragraph(phrase("... and {} in findings.json.", number(count, f"more {thing}"))) if count > 0 else []


def some(items: t.Sequence[object], total: int, limit: int = 10) -> Markup:
    """Return the first items in one line, and how many there are beyond them."""
    shown = join(", ", items[:limit])
    hidden = total - min(len(items), limit)
    if hidden <= 0:
        return shown if shown else Markup("-")
    return Markup(f"{shown} and {hidden} more") if shown else Markup(f"{hidden} not listed")


def fence(text: str, language: str) -> Lines:
    """Return a fenced block and the empty line after it."""
    return [safe.markdown_fence(text, language).rstrip("\n"), ""]


def _row(values: t.Iterable[object]) -> str:
    return f"| {' | '.join(cell(value) for value in values)} |"
