# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service catalogue and the event flow of a report."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.parts import overviews
from report_findings import Audit
from report_hostile import HOSTILE_NAME

SCHEMA = json.loads((Path(__file__).parents[5] / "docs" / "findings.schema.json").read_text(encoding="utf-8"))
WHY = "executor does not run"

Stages = t.Sequence[tuple[str, str]]


def run(stages: Stages, broken: str | None = None) -> dict[str, t.Any]:
    """A run whose stages are as they are said to be; each is a service too."""
    audit = Audit({"prod": ["prod-1"]})
    audit.fail("prod-1", "processes", "instances", "executor", "critical", WHY, cause="not_running")
    data = audit.done()
    failing = [data["findings"][0]["id"]]
    because = {state: failing if state == "broken" else [] for _name, state in stages}
    data["pipelines"] = [
        {
            "environment": "prod",
            "hosts": ["prod-1"],
            "broken": broken,
            "stages": [
                {"stage": name, "of": [f"processes:{name}"], "state": state, "findings": because[state]}
                for name, state in stages
            ],
        }
    ]
    data["services"] = [
        {
            "environment": "prod",
            "category": "core" if state == "broken" else "",
            "section": "processes",
            "component": name,
            "state": state,
            "findings": because[state],
        }
        for name, state in stages
    ]
    jsonschema.validate(data, SCHEMA)
    return data


def made(stages: Stages, broken: str | None = None) -> Report:
    return Report(run(stages, broken))


STAGES = [("intake", "works"), ("sizing", "impaired"), ("execution", "broken"), ("exit", "works")]


def test_the_first_broken_stage_is_marked() -> None:
    page = "\n".join(overviews.flow(made(STAGES, "execution")))
    assert "intake > sizing (impaired) > **execution [BROKEN]** > exit" in page
    assert f"The flow stops at execution: {WHY}. 1 stage after it gets nothing new from it." in page
    assert page.count("[BROKEN]") == 2
    assert f"| 3 | execution | \u274c [BROKEN] | `processes:execution` | {WHY} |" in page


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (["works", "works"], "No stage is broken."),
        (["works", "impaired"], "No stage is broken."),
        (["works", "unknown"], "No stage is known to be broken, but not all of them could be seen."),
    ],
)
def test_what_was_not_seen_is_not_said_to_work(states: list[str], words: str) -> None:
    page = overviews.flow(made([(f"stage{place}", state) for place, state in enumerate(states)]))
    assert words in page


def test_the_terminal_says_where_a_flow_stops() -> None:
    said = "The event flow of prod stops at execution"
    assert said in terminal.render(run(STAGES, "execution"), report_path="report.md")
    assert "event flow" not in terminal.render(run(STAGES[:2]), report_path="report.md")


def test_services_are_counted_and_grouped() -> None:
    page = overviews.catalogue(made([("intake", "works"), ("execution", "broken"), ("exit", "unknown")]))
    assert "3 services: 1 works, 1 broken, 1 unknown." in page
    assert f"| prod | core | `execution` | processes | \u274c [BROKEN] | {WHY} |" in page
    assert "| prod | not categorised | `intake` | processes | \u2705 [OK] | - |" in page


def test_a_run_without_them_has_neither() -> None:
    report = Report(Audit({"prod": ["prod-1"]}).done())
    assert overviews.flow(report) + overviews.catalogue(report) == []


def test_a_name_cannot_break_out() -> None:
    report = made([(HOSTILE_NAME, "broken")], HOSTILE_NAME)
    for line in overviews.flow(report) + overviews.catalogue(report):
        assert "<script" not in line
        assert "\x1b" not in line
        assert "\n" not in line
