# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Markdown report: golden files, counts, and names that try to be more than names.

``EVENKEEL_GOLDEN=write pytest tests/unit/plugins/plugin_utils/report`` writes the golden files anew; read the
difference before it is committed.
"""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import markdown_it
import pytest
import report_scenarios as scenarios
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import SEVERITIES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import document, markdown
from hypothesis import given, settings
from hypothesis import strategies as st
from report_findings import Audit, entry, on_host

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = Path(__file__).parents[5] / "docs" / "findings.schema.json"
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
PLAIN = "x\x01"
"""A name without any markup that, like the hostile ones, cannot stand in a shell line."""
NAMES = [
    scenarios.HOSTILE_NAME,
    "\n[ok] no drift",
    "\n\n# heading\n",
    "a\n| b | c |\n",
    "| a | b |",
    "`", "``", "```\n", "~~~\n", " ` | ` ",
    "<script>alert(1)</script>", "<!-- ", "&lt;b&gt;", "&#10;",
    "[x](javascript:x)", "![x](http://example.org/x.png)", "<http://example.org>", "[x]: http://example.org",
    "**b**", "__b__", "~~b~~", "\\", "\\\\|", "\\`", "    code", "- [x] done", "1. one", "> quote", "---", "===",
    "{{ lookup('pipe', 'id') }}", "{% raw %}", "\u202eabc\u2066", "\u2028x\u2029", "\ufeff", "\x1b]0;t\x07", "\x9b31m",
    "\ud800", "a" * 255, "\U0001f600 \u6f22\u5b57 e\u0301",
]  # fmt: skip


def parse(text: str) -> list[Any]:
    engine = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens: list[Any] = engine.parse(text)
    return tokens


def shape(text: str) -> list[tuple[str, str, str]]:
    """Return the blocks of a report without its shell commands, which depend on which names a shell line can show."""
    cut = re.sub(r"(?ms)^## Verification commands\n.*?^## Success", "## Success", text)
    return [(token.type, token.tag, token.info) for token in parse(cut)]


@functools.cache
def plain_shape() -> list[tuple[str, str, str]]:
    return shape(markdown.render(scenarios.hostile(PLAIN)))


def inline(text: str) -> set[str]:
    return {child.type for token in parse(text) for child in token.children or ()}


def rows(text: str, section: str) -> list[list[str]]:
    """Return the cells of the body rows of all tables between one ``##`` heading and the next."""
    found: list[list[str]] = []
    inside = body = False
    tokens = parse(text)
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag in ("h1", "h2"):
            inside = tokens[place + 1].content == section
        body = {"tbody_open": True, "tbody_close": False}.get(token.type, body)
        if inside and body and token.type == "tr_open":
            found.append([])
        if inside and body and token.type == "inline":
            found[-1].append("".join(child.content for child in token.children))
    return found


@pytest.mark.parametrize("name", sorted(scenarios.GOLDEN))
def test_golden(name: str) -> None:
    text, stored = markdown.render(scenarios.GOLDEN[name]()), GOLDEN / f"{name}.md"
    if os.environ.get("EVENKEEL_GOLDEN") == "write":
        stored.write_text(text, encoding="utf-8")
    assert text == stored.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["drift", "all_ok", "unseen", "two_environments"])
def test_the_audits_of_these_tests_follow_the_schema(name: str) -> None:
    jsonschema.validate(scenarios.GOLDEN[name](), json.loads(SCHEMA.read_text(encoding="utf-8")))


def check_hostile(name: str) -> None:
    text = markdown.render(scenarios.hostile(name))
    assert shape(text) == plain_shape()
    assert inline(text) <= {"text", "code_inline", "strong_open", "strong_close", "text_special"}
    assert not CONTROLS.search(text)
    text.encode("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_a_name(name: str) -> None:
    check_hostile(name)


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_in_a_name(byte: int) -> None:
    check_hostile(show(b"a" + bytes([byte]) + b"b\n[ok] no drift"))


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("|`<>[]()*_~\\\n\r !#-+=&{}\"'1.ab:/@\u202e\u00e9"), min_size=1, max_size=24))
def test_any_name_stays_a_name(name: str) -> None:
    check_hostile(name)


@pytest.mark.parametrize("broken", ["markdown", "markdown_code", "markdown_fence"])
def test_without_escaping_names_break_out(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document.safe, broken, lambda text, *_more: text)
    with pytest.raises(AssertionError):
        for name in NAMES:
            check_hostile(name)


@pytest.mark.parametrize("name", sorted(scenarios.GOLDEN))
def test_every_number_is_counted_from_the_findings(name: str) -> None:
    audit = scenarios.GOLDEN[name]()
    text, findings = markdown.render(audit), audit["findings"]
    by_severity = {row[1].split()[0]: row for row in rows(text, "Executive summary") if row[1] != "-"}
    for severity in SEVERITIES:
        mine = [one for one in findings if one["severity"] == severity]
        unknown = sum(1 for one in mine if one["outcome"] == "unknown")
        assert by_severity[severity.upper()][2:5] == [str(len(mine) - unknown), str(unknown), str(len(mine))]
        assert audit["verdict"]["counts"][severity] == len(mine)
    assert len(rows(text, "Risk assessment")) == len(findings)
    solved = sum(int(number) for number in re.findall(r"^  - Solves (\d+) finding", text, re.MULTILINE))
    assert solved == len(findings)
    groups = re.findall(r"^### \w+ risks: (\d+) finding", text, re.MULTILINE)
    assert len(groups) == 3 and sum(map(int, groups)) == len(findings)


def test_the_same_findings_in_any_order_give_the_same_report() -> None:
    audit = scenarios.drift()
    turned = {
        key: value[::-1] if key in ("findings", "checks", "facts", "coverage", "evidence") else value
        for key, value in audit.items()
    }
    assert markdown.render(turned) == markdown.render(audit)


def test_every_finding_names_severity_place_and_words_of_the_contract() -> None:
    found = {row[0]: row for row in rows(markdown.render(scenarios.drift()), "Risk assessment")}
    monitor = found["trees content: src/monitoring/monitor.py"]
    assert monitor[1:3] == ["prod / prod-1", "\U0001f534 CRITICAL (P0)"]
    assert monitor[4:6] == ["Wrong signals are traded.", "trading"]
    assert found["trees content: src/data/storage.py"][4:6] == ["not stated in the contract"] * 2


def test_work_that_exists_only_on_a_host_is_guarded_before_any_action() -> None:
    text = markdown.render(scenarios.drift())
    assert text.index("**[DO NOT]** stash, pull, reset") < text.index("**A1**")
    assert "- On prod / prod-1: 3 findings (" in text
    assert "[DO NOT]" not in markdown.render(scenarios.all_ok())


def test_nothing_unseen_is_a_success() -> None:
    text = markdown.render(scenarios.drift())
    assert "- [ ] Everything that was asked was seen (measured: 1 unknown)" in text
    audit = scenarios.all_ok()
    assert "- [ ]" not in markdown.render(audit).partition("## Success criteria")[2]
    blind = Audit({"prod": ["prod-1"]})
    blind.cover("prod-1", "trees", 0, 1)
    blind.unknown("prod-1", "trees", "observed", ".", "high", "The tree . was not seen")
    assert "- [ ] \u2753 [UNKNOWN] No forbidden file lies on any host" in markdown.render(blind.done())


def test_window_and_review_are_computed() -> None:
    audit = Audit({"prod": ["prod-1"]}, started="2026-12-28T18:04:00Z", finished="2026-12-28T18:35:00Z").done()
    values = dict(rows(markdown.render(audit), "Drift report: virtuoso"))
    assert values["Window"].endswith("(31 min 0 s)")
    assert "on 2027-01-04 (7 days after this run)" in values["Next review"]


def test_long_tables_are_cut_and_the_rest_is_counted() -> None:
    audit = Audit({"prod": ["prod-1"]})
    total = document.ROWS + 37
    for number in range(total):
        path = f"src/{number:04}.py"
        audit.fail(
            "prod-1",
            "trees",
            "content",
            path,
            "low",
            f"{path} differs",
            expected=entry("a", 1),
            observed=on_host("b", 2),
        )
    text = markdown.render(audit.done())
    assert len(rows(text, "Risk assessment")) == document.ROWS
    assert text.count("... and 37 more rows in findings.json.") == 2
    assert f"### System risks: {total} findings" in text


def test_a_secret_shows_neither_digest_nor_size() -> None:
    audit = Audit({"prod": ["prod-1"]})
    secret = {"type": "file", "mode": "0600", "owner": "app", "group": "app", "secret": True}
    audit.fail(
        "prod-1",
        "trees",
        "content",
        ".env",
        "high",
        ".env differs",
        expected=secret,
        observed={**secret, "aspects": ["content"]},
    )
    row = next(row for row in rows(markdown.render(audit.done()), "Detailed findings") if ".env" in row)
    assert row[2] == "secret class: content is never shown, mode 0600"


def test_hosts_that_lack_the_same_commits_share_a_list() -> None:
    audit = Audit({"prod": ["prod-1", "prod-2"]})
    for host in ("prod-1", "prod-2"):
        audit.facts(host, "git", scenarios.git_facts(behind=60, missing=scenarios.MISSING, missing_total=60))
    text = markdown.render(audit.done())
    assert text.count("Commits that") == 1
    assert "Commits that `prod-1`, `prod-2` lack of `main@0487dce`: 60." in text
    assert "... and 56 more commits in findings.json." in text


def test_a_section_without_tables_of_its_own_is_shown_by_its_findings() -> None:
    audit = Audit({"prod": ["prod-1"]})
    audit.fail("prod-1", "backups", "age", "nightly", "high", "The last one is 3 d old")
    text = markdown.render(audit.done())
    assert rows(text, "Detailed findings")[0][:3] == ["prod / prod-1", "age", "nightly"]
