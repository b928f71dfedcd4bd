# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables, for the terminal and for docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import clock
from bars import Bar
from fleet import Seen
from workshop import CORES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


def table(head: t.Sequence[str], rows: t.Sequence[t.Sequence[str]]) -> str:
    """Return a Markdown table whose source is readable too; all columns but the first are numbers."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(row: t.Sequence[str]) -> str:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        return f"| {' | '.join(cells)} |"

    rule = "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])])
    return "\n".join([line(head), f"|{rule}|", *map(line, rows)])


def times(samples: t.Mapping[str, list[clock.Sample]], against: str) -> str:
    """Return the table of times; ``against`` is the case that the others are set beside."""
    base = clock.median(samples[against])
    rows = []
    for name, taken in samples.items():
        low, high = clock.spread(taken)
        middle = clock.median(taken)
        rows.append([name, f"{middle:.2f}", f"{low:.2f} - {high:.2f}", f"{middle / base:.2f}"])
    return table(["", "median, s", "range, s", f"/ {against}"], rows)


def promises(bars: t.Sequence[Bar]) -> str:
    rows = [
        [
            one.what,
            "-" if one.value is None else f"{one.value:.2f}{one.unit}",
            f"<= {one.limit:g}{one.unit}",
            one.outcome,
        ]
        for one in bars
    ]
    return table(["", "measured", "bar", ""], rows)


def fleets(seen: t.Sequence[Seen]) -> str:
    rows = [
        [one.name, f"{one.seconds:.1f}", f"{one.together_mb:.0f}", f"{one.largest_mb:.0f}", f"{one.folder_mb:.1f}"]
        for one in seen
    ]
    return table(["", "s", "control node, MB", "its largest process, MB", "run folder, MB"], rows)


def machine() -> str:
    """Return what the times depend on, in general terms."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    tools = [
        _version("ansible", "--version", beside=True),
        f"Python {platform.python_version()}",
        _version("sha256sum", "--version"),
        _version("find", "--version"),
        _version("aide", "--version"),
        _version("git", "--version"),
    ]
    cores = "1 core" if CORES == 1 else f"{CORES} cores"
    kernel = platform.release().split("-")[0]
    return f"{cores}, {memory} GB of memory, {system}, Linux {kernel}; {', '.join(filter(None, tools))}"


def _version(name: str, option: str, beside: bool = False) -> str:
    path = str(Path(sys.executable).parent / name) if beside else shutil.which(name)
    if path is None:
        return ""
    done = subprocess.run([path, option], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    line = (done.stdout or done.stderr).splitlines()[0]
    return line.translate(str.maketrans("", "", "[]()")).replace("GNU ", "").removesuffix(".")


def replace_block(text: str, name: str, content: str) -> str:
    """Return a page's text with one generated block replaced. Raises ValueError when the page has no such block."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    head, found, rest = text.partition(begin)
    _old, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page has no block {name}")
    return f"{head}{begin}\n{content}\n\n{end}{tail}"
