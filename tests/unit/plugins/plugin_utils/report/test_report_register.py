# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The register of manual changes: what belongs in it, nothing else, and no more than a bound."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import CAUSES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import ROWS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.parts import register
from hypothesis import given
from hypothesis import strategies as st
from report_findings import Audit
from report_hostile import HOSTILE_NAME

BY_HAND = {"edited_on_host", "both_changed", "only_on_host", "deleted_on_host", "mode_changed", "uncommitted_work"}


def rows(*findings: dict[str, Any]) -> list[str]:
    """Return the lines of the table's body."""
    audit = Audit({"prod": ["prod-1"]})
    for number, one in enumerate(findings):
        given_ = {"section": "trees", "check": "content", "subject": f"src/{number:04}.py", "severity": "low", **one}
        section, check, subject, level = (given_.pop(key) for key in ("section", "check", "subject", "severity"))
        audit.fail("prod-1", section, check, subject, level, "x", **given_)
    lines = register.render(Report(audit.done()))
    return [line for line in lines if line.startswith("| prod")]


@pytest.mark.parametrize("cause", [*CAUSES, None])
def test_which_causes_belong_in_it(cause: str | None) -> None:
    assert len(rows({"cause": cause})) == (cause in BY_HAND)


@pytest.mark.parametrize(
    ("direction", "cause", "belongs"),
    [
        ("host_ahead", "ahead", True),
        ("both", "diverged", True),
        ("host_ahead", "unknown_commit", True),
        ("host_ahead", "mode_changed", True),
        ("reference_ahead", "mode_changed", False),
        ("reference_ahead", "behind", False),
        ("reference_ahead", "never_deployed", False),
        ("none", "hosts_differ", False),
    ],
)
def test_which_directions_belong_in_it(direction: str, cause: str, belongs: bool) -> None:
    assert bool(rows({"direction": direction, "cause": cause})) == belongs


def test_what_was_not_seen_does_not_belong_in_it() -> None:
    assert rows({"cause": "edited_on_host", "outcome": "unknown"}) == []


def test_a_waived_change_does_not_belong_in_it() -> None:
    audit = Audit({"prod": ["prod-1"]})
    audit.fail("prod-1", "trees", "content", "a.py", "low", "x", cause="edited_on_host")
    audit.data["checks"].append({**audit.data["findings"].pop(), "outcome": "waived"})
    assert register.render(Report(audit.done())) == []


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        ({"cause": "edited_on_host"}, "no"),
        ({"cause": "both_changed", "direction": "both"}, "no"),
        ({"cause": "deleted_on_host"}, "no"),
        ({"cause": "mode_changed"}, "no"),
        ({"cause": "only_on_host"}, "yes, unless the deployment removes what is not in the reference"),
        (
            {"section": "git", "check": "untracked", "cause": "only_on_host"},
            "yes, unless the deployment removes what is not in the reference",
        ),
        ({"section": "git", "check": "modified", "cause": "uncommitted_work"}, "no"),
        ({"section": "git", "check": "commit", "cause": "ahead", "direction": "host_ahead"}, "no"),
        ({"section": "git", "check": "stash", "cause": "uncommitted_work"}, "yes, until the repository is replaced"),
        ({"section": "ports", "cause": None, "direction": "host_ahead"}, "not known"),
    ],
)
def test_whether_it_survives_a_redeploy(finding: dict[str, Any], said: str) -> None:
    (row,) = rows(finding)
    assert row.split(" | ")[4] == said


def test_a_row_says_where_what_how_since_when_and_whose() -> None:
    (row,) = rows({"cause": "edited_on_host", "owner": "trading", "first_seen": "2026-11-01T00:00:00Z"})
    assert row == "| prod / prod-1 | trees `src/0000.py` | edited on host | 2026-11-01T00:00:00Z | no | trading |"


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        ({"total": 1, "untracked": [{"path": "src/hotfix.py", "files": 1}]}, "git `.`: `src/hotfix.py`"),
        ({"total": 2, "modified": ["a.py"], "mode": ["b.sh"]}, "git `.`: `a.py`, `b.sh`"),
        ({"total": 90, "modified": [f"f{number}" for number in range(50)]}, "`f3`, `f4` and 85 more"),
        ({"stashes": 2}, "git `.` |"),
    ],
)
def test_the_paths_of_a_repository_are_named(observed: dict[str, Any], said: str) -> None:
    finding = {"section": "git", "check": "modified", "subject": ".", "cause": "uncommitted_work"}
    (row,) = rows({**finding, "observed": observed})
    assert said in row


def test_nothing_by_hand_gives_no_register() -> None:
    assert register.render(Report(Audit({"prod": ["prod-1"]}).done())) == []


def test_it_is_bounded_and_the_rest_is_counted() -> None:
    audit = Audit({"prod": ["prod-1"]})
    for number in range(ROWS + 7):
        audit.fail("prod-1", "trees", "content", f"src/{number:04}.py", "low", "x", cause="edited_on_host")
    lines = register.render(Report(audit.done()))
    assert sum(line.startswith("| prod") for line in lines) == ROWS
    assert "... and 7 more rows in findings.json." in lines
    assert f"{ROWS + 7} changes made on a host, by what the evidence shows." in lines


def _escaped(name: str) -> None:
    finding = {"section": "git", "check": "modified", "cause": "uncommitted_work", "subject": name, "owner": name}
    observed = {"total": 2, "modified": [name], "untracked": [{"path": name, "files": 1}]}
    lines = rows({**finding, "first_seen": name, "observed": observed})
    assert len(lines) == 1
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]", lines[0])
    assert len(re.findall(r"(?<!\\)\|", lines[0])) == 7


@pytest.mark.parametrize("name", [HOSTILE_NAME, "\n## heading", "a|b", "`|`", "\\|", "\u2028x", "\ud800"])
def test_hostile_names_stay_in_their_cell(name: str) -> None:
    _escaped(name)


@given(st.text(min_size=1, max_size=60))
def test_any_name_stays_in_its_cell(name: str) -> None:
    _escaped(name)
