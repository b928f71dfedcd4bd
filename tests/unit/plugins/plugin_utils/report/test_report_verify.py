# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a verification, over the runs of the other reports: its counts, and names that try to be more."""

from __future__ import annotations

import re
import typing as t

import markdown_it
import pytest
import report_scenarios as scenarios
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections import plain, trees
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import markdown, terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import checks, consistency, document, verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.criteria import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Inputs, Seen
from verify_builders import check, run

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
ABOUT = document.About("20261121T183500Z-prod-1", "2026-11-21T18:35:00Z", {"user": "ops"}, None, False, 7)
ALL = ("drift", "all_ok", "unseen", "two_environments", "hostile")

Json = dict[str, t.Any]


def made(name: str, criteria: list[Json] | None = None) -> tuple[Json, Json]:
    findings = scenarios.GOLDEN[name]()
    hosts = [
        Seen(Host(host, env["name"], criteria, ()), None, None, None)
        for env in findings["environments"]
        for host in env["hosts"]
    ]
    return document.build(ABOUT, Inputs(findings, {}, "deploy", hosts), checks.of_run(findings)), findings


@pytest.mark.parametrize("name", ALL)
def test_the_report_says_the_counts_of_the_document(name: str) -> None:
    data, findings = made(name)
    text = markdown.render(data, findings)
    assert text == markdown.render(*made(name))
    counted = data["counts"]["by_verdict"]
    row = " | ".join(str(counted[one]) for one in reversed(verdicts.VERDICTS))
    assert f"| Checks | {len(data['checks'])} | {row} |" in text
    assert not CONTROLS.search(text)
    for part in ("Summary", "Traceability matrix", "Risks", "Follow-up", "Decision", "Evidence", "Next validation"):
        assert f"\n## {part}\n" in text
    text.encode("utf-8")


@pytest.mark.parametrize("name", ALL)
def test_no_name_becomes_markup(name: str) -> None:
    selector = {"section": "*", "component": "*", "check": "*", "subject": scenarios.HOSTILE_NAME}
    named = [
        {"name": scenarios.HOSTILE_NAME, "description": scenarios.HOSTILE_NAME, "required": False, "checks": [selector]}
    ]
    data, findings = made(name, named)
    parser = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
    tokens = parser.parse(markdown.render(data, findings))
    inner = [child for token in tokens for child in token.children or ()]
    # Links of the report go to its own headings, and no name is in one.
    links = {str(child.attrs["href"]) for child in inner if child.type == "link_open"}
    assert links <= {"#observation-window", "#api-endpoints", "#logs-and-performance", "#infrastructure"}
    kinds = {token.type for token in [*tokens, *inner]} - {"link_open"}
    assert not kinds & {"html_block", "html_inline", "image", "em_open", "s_open", "blockquote_open"} - {"html_inline"}
    assert {child.content for child in inner if child.type == "html_inline"} <= {"&nbsp;"}


# For hosts and roots with such names no command is shown at all.
@pytest.mark.parametrize("name", ALL[:-1])
def test_no_name_becomes_a_command(name: str) -> None:
    """What a check is about stands in a comment: a line that breaks in it would be run with the others."""
    data, findings = made(name)
    for one in data["checks"]:
        one.update(command="true", subject=f"workers\nrm -rf ~ {scenarios.HOSTILE_NAME}")
    (_before, blocks) = markdown.render(data, findings).split("## Commands to repeat each check")
    lines = [line for block in re.findall(r"```+sh\n(.*?)\n```", blocks, re.DOTALL) for line in block.splitlines()]
    assert lines
    assert all(line == "true" or line.startswith(("# ", "cd -- ")) for line in lines), lines


def test_it_is_told_as_which_user_the_commands_are_run() -> None:
    (_before, told) = markdown.render(*made(ALL[0])).split("## Commands to repeat each check")
    assert "as the user that it was read as: after `sudo -i` where that was root" in told


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", ALL)
def test_the_terminal_shows_the_verdict_in_its_width(name: str, columns: int) -> None:
    data, _findings = made(name)
    text = terminal.render(data, columns=columns, report_path="/runs/verify-report.md")
    assert text.isascii() or name == "hostile"
    assert all(len(line) <= columns for line in text.splitlines()[:-1])
    assert f"Verdict: [{data['overall']['verdict']}]" in text
    assert not CONTROLS.search(text.replace("\n", ""))


@pytest.mark.parametrize("name", ALL)
def test_a_document_of_a_run_does_not_contradict_itself(name: str) -> None:
    data, findings = made(name)
    files = {path.partition("#")[0]: "" for one in data["checks"] for path in one["evidence"]}
    files |= {one["path"]: one["sha256"] for one in findings["evidence"]}
    # These runs are made by hand, and rest on no files.
    for one in data["checks"]:
        one["evidence"] = one["evidence"] or [next(iter(files), "none")]
    listed = {one["path"] for one in data["evidence"]}
    data["files"] = [{"path": path, "sha256": files[path]} for path in files if path not in listed]
    data["files"] += [] if files else [{"path": "none", "sha256": ""}]
    consistency.check(data, findings, {**files, "none": ""})


def test_a_tree_that_is_equal_is_not_called_drifted_for_another() -> None:
    names = ("src", "conf")
    shown = [{"name": one, "path": one, "base": None, "outcome": "unknown", "counts": {"files": 3}} for one in names]
    findings = run(
        check("trees", "comparison", component="src"),
        {**check("trees", "rule", "fail", component="conf"), "state": "failed", "cause": None, "direction": None},
        facts=[{"host": "web1", "section": "trees", "facts": {"trees": shown}}],
    )
    text = "\n".join(trees.render(Report(findings)))
    rows = [line for line in text.splitlines() if line.endswith("] |") and "(`" in line]
    assert [("[OK]" in row, "[DRIFT]" in row) for row in rows] == [(True, False), (False, True)]


def test_what_never_happened_is_not_called_unknown_besides() -> None:
    assert plain.status({"outcome": "not_exercised", "state": "unknown", "cause": None}).endswith("[NOT EXERCISED]")
    assert plain.status({"outcome": "unknown", "state": "unknown", "cause": "unseen"}).endswith("unknown, unseen")
