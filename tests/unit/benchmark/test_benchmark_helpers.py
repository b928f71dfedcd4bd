# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's own arithmetic and tables; no time is asserted anywhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmark"))

import audits
import bars
import clock
import corpus
import page
import peers

MEDIANS = {
    peers.XARGS: 2.0,
    peers.WALK: 0.2,
    peers.PING: 0.8,
    audits.FIRST: 1.5,
    audits.UNREFERENCED: 2.5,
    audits.SECOND: 1.4,
    audits.APPLICATION: 1.0,
}


def test_plan_is_the_same_every_time_and_as_large_as_asked() -> None:
    files = corpus.plan(corpus.APPLICATION)
    assert files == corpus.plan(corpus.APPLICATION)
    assert len({file.path for file in files}) == corpus.APPLICATION.files
    assert len({file.path.rpartition("/")[0] for file in files}) == corpus.APPLICATION.directories


def test_bars_tell_kept_missed_and_not_measured() -> None:
    outcomes = [one.outcome for one in bars.bars(MEDIANS, 79.9, 100_001)]
    assert outcomes == ["ok", "MISSED", "not measured", "not measured", "ok", "ok", "ok", "MISSED"]


def test_a_run_that_fails_has_no_time() -> None:
    with pytest.raises(clock.Failed, match="broken ended with 3: because"):
        clock.run(clock.Case("broken", ["sh", "-c", "echo because >&2; exit 3"]), {})


def test_table_aligns_its_columns() -> None:
    assert page.table(["", "s"], [["first", "1.50"], ["second audit", "12.00"]]).splitlines() == [
        "|              |     s |",
        "|--------------|------:|",
        "| first        |  1.50 |",
        "| second audit | 12.00 |",
    ]


def test_only_the_named_block_of_the_page_is_replaced() -> None:
    text = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\n<!-- y: begin -->\n<!-- y: end -->\n"
    replaced = page.replace_block(text, "x", "new")
    assert replaced == "a\n<!-- x: begin -->\n\nnew\n\n<!-- x: end -->\n<!-- y: begin -->\n<!-- y: end -->\n"
    assert page.replace_block(replaced, "x", "new") == replaced
    with pytest.raises(ValueError, match="no block z"):
        page.replace_block(text, "z", "")


def test_the_page_has_the_blocks_that_are_written() -> None:
    text = page.PAGE.read_text("utf-8")
    for block in ("figures", "fleet"):
        page.replace_block(text, block, "")
