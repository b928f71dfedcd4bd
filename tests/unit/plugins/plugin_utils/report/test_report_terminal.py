# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator sees on a terminal; the golden files are written as test_report_markdown.py says."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import report_scenarios as scenarios
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import screen, terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import UNKNOWN
from hypothesis import given, settings
from hypothesis import strategies as st
from report_findings import Audit

GOLDEN = Path(__file__).parent / "golden"
PATH = "drift-runs/20261121T024500Z-prod-1/report.md"
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
COLOUR = re.compile(r"\x1b\[(31|32|33|36|0)m")


def cells(line: str) -> int:
    """Return the display cells of a line, counted apart from the code under test."""
    return sum(
        0 if unicodedata.category(char) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in line
    )


def check(text: str, columns: int = 80) -> None:
    assert not CONTROLS.search(text)
    assert max(cells(line) for line in text.split("\n") if not line.startswith("Report: ")) <= columns


def check_hostile(name: str) -> None:
    text = terminal.render(scenarios.hostile(name), report_path=PATH)
    check(text)
    assert text.count("\n") == terminal.render(scenarios.hostile("x"), report_path=PATH).count("\n")


@pytest.mark.parametrize("name", sorted(scenarios.GOLDEN))
def test_golden(name: str) -> None:
    text, stored = terminal.render(scenarios.GOLDEN[name](), report_path=PATH), GOLDEN / f"{name}.txt"
    check(text)
    if os.environ.get("EVENKEEL_GOLDEN") == "write":
        stored.write_text(text, encoding="utf-8")
    assert text == stored.read_text(encoding="utf-8")


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_in_a_name(byte: int) -> None:
    check_hostile(show(b"a" + bytes([byte]) + b"b\n[ok] no drift"))


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=120))
def test_any_name_stays_on_its_line(name: str) -> None:
    check_hostile(name)


def test_without_the_safe_text_names_break_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen.safe, "terminal", lambda text: text)
    with pytest.raises(AssertionError):
        check_hostile("\x1b[2J\n[ok] no drift")


@pytest.mark.parametrize("columns", [20, 40, 80, 132])
@pytest.mark.parametrize("name", sorted(scenarios.GOLDEN))
def test_no_line_is_wider_than_the_terminal(name: str, columns: int) -> None:
    check(terminal.render(scenarios.GOLDEN[name](), columns=columns, report_path=PATH), columns)


@pytest.mark.parametrize("name", sorted(scenarios.GOLDEN))
def test_colour_adds_only_our_codes(name: str) -> None:
    audit = scenarios.GOLDEN[name]()
    plain, coloured = (terminal.render(audit, colour=colour, report_path=PATH) for colour in (False, True))
    assert coloured != plain
    assert COLOUR.sub("", coloured) == plain
    assert all(len(COLOUR.findall(line)) % 2 == 0 for line in coloured.split("\n"))


def shown(text: str) -> list[str]:
    return [line for line in text.split("\n") if re.match(r"\[(CRITICAL|HIGH|MEDIUM|LOW|INFO|UNKNOWN)\]", line)]


@pytest.mark.parametrize("name", sorted(scenarios.GOLDEN))
def test_each_finding_has_its_line_and_the_worst_come_first(name: str) -> None:
    audit = scenarios.GOLDEN[name]()
    lines = shown(terminal.render(audit, report_path=PATH))
    assert len(lines) == len(audit["findings"])
    ranks = [
        ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO", "UNKNOWN"].index(line[1:].partition("]")[0]) for line in lines
    ]
    assert ranks == sorted(ranks)
    assert ranks.count(5) == sum(1 for one in audit["findings"] if one["outcome"] == "unknown")


def test_many_findings_are_cut_and_the_rest_is_counted() -> None:
    audit = Audit({"prod": ["prod-1"]})
    for number in range(terminal.SHOWN + 13):
        audit.fail("prod-1", "trees", "content", f"src/{number:03}.py", "low", "differs")
    text = terminal.render(audit.done(), report_path=PATH)
    assert len(shown(text)) == terminal.SHOWN
    assert "Findings: 53 (53 low)" in text
    assert "and 13 more in the report" in text


def test_every_environment_of_a_wide_matrix_is_drawn() -> None:
    audit = Audit({f"env-{number}": [f"host-{number}"] for number in range(7)})
    for number in range(7):
        audit.facts(f"host-{number}", "git", {})
    text = terminal.render(audit.done(), report_path=PATH)
    check(text)
    assert text.count("[OK]") == 7 + 1
    assert all(len(re.findall(rf"\benv-{number}\b", text)) == 2 for number in range(7))


def test_the_path_of_the_report_is_whole_however_long_it_is() -> None:
    path = "/srv/" + "very-long-name/" * 20 + "report.md"
    text = terminal.render(scenarios.all_ok(), report_path=path)
    check(text)
    assert f"Report: {path}" in text.split("\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("drift", "Verdict: [DRIFT] 9 findings, worst CRITICAL (P0); 1 not seen: incomplete"),
        ("all_ok", "Verdict: [OK] 0 findings; everything asked was seen"),
        ("unseen", "Verdict: [UNKNOWN] 1 finding, worst CRITICAL (P0); 1 not seen: incomplete"),
    ],
)
def test_verdict(name: str, said: str) -> None:
    audit: dict[str, Any] = scenarios.GOLDEN[name]()
    assert said in terminal.render(audit, report_path=PATH)


@pytest.mark.parametrize("columns", [19, 20, 80])
def test_text_of_wide_characters_is_told_whole(columns: int) -> None:
    text = "\u30c7\u30fc\u30bf\u306e\u76e3\u8996 " * 9 + "e\u0301" * 40 + "\u76e3" * 50
    made = screen.Screen(columns, False)
    made.marked_paragraph(UNKNOWN, text, "  ")
    made.paragraph(text, "  ", 99)
    shown = made.text()
    check(shown, columns)
    assert "".join(shown.split()) == "".join(f"[UNKNOWN]{text}{text}".split())
