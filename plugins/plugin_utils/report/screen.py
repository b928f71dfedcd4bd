# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines for a terminal: clipped to its width, without control codes but our own colours. Private to the collection."""

from __future__ import annotations

import textwrap

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import safe
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import Status

_CODES = {"red": "31", "yellow": "33", "green": "32", "cyan": "36"}


class Screen:
    """Collects lines. Every text is made safe and clipped here, and colour is put on afterwards."""

    def __init__(self, columns: int, colour: bool) -> None:
        self.columns = columns
        self._colour = colour
        self._lines: list[str] = []

    def line(self, text: str) -> None:
        """Add one line."""
        self._lines.append(self._fit(text, self.columns))

    def gap(self) -> None:
        """Add an empty line."""
        self._lines.append("")

    def marked(self, mark: Status, text: str, before: str = "") -> None:
        """Add one line with a status word in its colour."""
        self._begin(mark, f"{before}[{mark.word}] {text}", before)

    def marked_paragraph(self, mark: Status, text: str, indent: str, most: int | None = None, before: str = "") -> None:
        """Add a text behind a status word, on as many lines as it needs, ``most`` at the most; all but the first are
        indented. ``before`` stands in front of the word.
        """
        whole = safe.terminal(f"{before}[{mark.word}] {text}")
        first, *others = _wrapped(whole, self.columns, most, indent)
        self._begin(mark, first, before)
        for line in others:
            self.line(line)

    def _begin(self, mark: Status, line: str, before: str = "") -> None:
        """Add a line that begins with a status word, in its colour."""
        fitted, start = self._fit(line, self.columns), f"{before}[{mark.word}]"
        if fitted.startswith(start):
            fitted = f"{before}{self.paint(f'[{mark.word}]', mark.colour)}{fitted[len(start) :]}"
        self._lines.append(fitted)

    def cells(self, cells: list[tuple[str, str, int]]) -> None:
        """Add one line of a table from (text, colour, width): cells are clipped and filled to their width."""
        last = len(cells) - 1
        shown = []
        for place, (text, colour, width) in enumerate(cells):
            fitted = self._fit(text, width)
            filler = "" if place == last else " " * (width - safe.width(fitted))
            shown.append(self.paint(fitted, colour) + filler)
        self._lines.append(" ".join(shown).rstrip())

    def whole(self, label: str, text: str) -> None:
        """Add a line that may be wider than the screen: a path is there to be copied."""
        self._lines.append(safe.terminal(f"{label}{text}"))

    def paragraph(self, text: str, indent: str, most: int, first: str | None = None) -> None:
        """Add a text on as many lines as it needs, ``most`` at the most, each indented; ``first`` takes the place
        of the first indent, and is as wide.
        """
        fitting = self.columns - len(indent)
        lines = _wrapped(safe.terminal(text), fitting, most)
        for number, line in enumerate(lines):
            self.line((indent if number or first is None else first) + line)

    def paint(self, text: str, colour: str) -> str:
        """Return a text in a colour, when colours are wanted."""
        code = _CODES.get(colour)
        return f"\033[{code}m{text}\033[0m" if self._colour and code and text else text

    def text(self) -> str:
        """Return all lines."""
        return "\n".join(self._lines) + "\n"

    def _fit(self, text: str, columns: int) -> str:
        return safe.clip(safe.terminal(text), columns)


def _wrapped(text: str, columns: int, most: int | None, indent: str = "") -> list[str]:
    """Return a text, which ``safe.terminal`` made, in lines that fit: some characters take two columns."""
    if not text.isascii():
        # NUL stands for the second one. A line may end between the two, and is then one column wider.
        text = "".join(char + "\0" * (safe.width(char) - 1) for char in text)
        columns -= 1
    lines = textwrap.wrap(text, columns, subsequent_indent=indent, max_lines=most, placeholder=" ...")
    return [line.replace("\0", "") for line in lines]
