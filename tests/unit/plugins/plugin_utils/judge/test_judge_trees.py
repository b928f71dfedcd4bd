# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the section trees."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import remedies, tree_files, trees
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement
from judge_builders import ALONE, BASE, CONTEXT, TREE, UNMADE, difference, entry, tree


def judge(context: Context = CONTEXT, contract: t.Mapping[str, t.Any] | None = None, **more: t.Any) -> Judgement:
    return trees.judge([contract or TREE], {"trees": [tree(**more)]}, context)


COUNTS = {"directories": 3, "equal": 1, "ignored": 0, "unknown": 0}


def findings(made: Judgement) -> list[Check]:
    return [check for check in made.checks if check.is_finding]


def only(made: Judgement) -> Check:
    (found,) = findings(made)
    return found


def test_the_first_seed_report() -> None:
    monitor = difference(
        "src/monitoring/monitor.py",
        entry("c", lines=1505),
        entry("9", lines=1469),
        base=entry("9"),
        diff={"text": "-a\n+b\n", "truncated": False},
    )
    found = only(judge(differences=[monitor]))
    assert found.summary == (
        "src/monitoring/monitor.py differs: 1505 lines on prod-1, 1469 lines in main@0487dce; "
        "edited on the host after 4ad26e4"
    )
    assert (found.state, found.severity, found.cause, found.direction) == (
        "differs",
        "critical",
        "edited_on_host",
        "host_ahead",
    )
    assert (found.owner, found.impact, found.risk) == ("trading", "Orders are placed by this code.", "business")
    assert found.observed["diff"]["text"] == "-a\n+b\n"
    assert found.expected["sha256"] == "9" * 64
    assert found.evidence == ("evidence/prod-1/trees.json#source/src/monitoring/monitor.py",)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"host": entry("a"), "reference": entry("b"), "base": entry("b")}, "review_and_commit"),
        ({"host": entry("a"), "reference": entry("b"), "base": entry("c")}, "review_and_commit"),
        ({"host": entry("a"), "reference": None, "base": None}, "review_and_commit"),
        ({"host": entry("a"), "reference": entry("b")}, "investigate"),
        ({"host": entry("a"), "reference": None}, "investigate"),
    ],
)
@pytest.mark.parametrize("own_text", [None, "Ask the traders."])
def test_work_that_may_exist_only_on_the_host_is_saved_first(
    given: dict[str, t.Any], kind: str, own_text: str | None
) -> None:
    made = judge(
        contract={**TREE, "remedy": own_text},
        differences=[difference("a.py", **given)],
    )
    cure = only(made).remedy
    assert cure is not None
    assert cure["kind"] == kind
    assert remedies.SAVE_FIRST in cure["text"]
    assert (own_text or "") in cure["text"]


def test_what_is_only_behind_is_deployed_without_a_warning() -> None:
    cure = only(judge(differences=[difference("a.py", entry("a"), entry("b"), base=entry("a"))])).remedy
    assert cure is not None
    assert cure["kind"] == "deploy"
    assert remedies.SAVE_FIRST not in cure["text"]


@pytest.mark.parametrize(
    ("path", "host", "reference", "aspects", "check", "state", "severity"),
    [
        ("a.py", entry("a"), entry("b"), ["content"], "content", "differs", "medium"),
        ("docs/a.md", entry("a"), entry("b"), ["content"], "content", "differs", "low"),
        ("src/core/a.py", entry("a"), entry("b"), ["content", "mode"], "content", "differs", "critical"),
        ("a.py", None, entry("b"), ["presence"], "presence", "missing", "medium"),
        ("a.py", entry("b"), None, ["presence"], "presence", "unexpected", "low"),
        ("src/core/a.py", entry("b"), None, ["presence"], "presence", "unexpected", "critical"),
        ("a.sh", entry(mode="0755"), entry(mode="0644"), ["mode"], "mode", "differs", "medium"),
        ("a.sh", entry(mode="0644"), entry(mode="0755"), ["mode"], "mode", "differs", "low"),
        ("a.sh", entry(owner="root"), entry(owner="app"), ["owner"], "owner", "differs", "low"),
        ("a.sh", entry(mtime="2026"), entry(mtime="2025"), ["mtime"], "mtime", "differs", "low"),
        ("a", {"type": "link", "target": "b"}, entry("b"), ["type"], "content", "differs", "medium"),
    ],
)
def test_check_state_and_severity(
    path: str, host: t.Any, reference: t.Any, aspects: list[str], check: str, state: str, severity: str
) -> None:
    found = only(judge(differences=[difference(path, host, reference, *aspects)]))
    assert (found.check, found.state, found.severity, found.outcome) == (check, state, severity, "fail")


def test_what_the_contract_grades_info_is_told_and_no_failure() -> None:
    found = only(judge(differences=[difference("notes/a", entry("a"), entry("b"))]))
    assert (found.severity, found.outcome) == ("info", "observation")


@pytest.mark.parametrize(("path", "severity"), [("src/core/a.py", "critical"), ("app/src/core/a.py", "medium")])
def test_patterns_are_relative_to_the_root_wherever_the_tree_lies(path: str, severity: str) -> None:
    contract = {**TREE, "path": path.partition("/")[0]}
    made = judge(contract=contract, path=contract["path"], differences=[difference(path, entry("a"), entry("b"))])
    assert only(made).severity == severity


def test_a_whole_directory_is_one_finding_with_its_count() -> None:
    group = {
        "path": "src/core/x/",
        "side": "reference",
        "files": 12,
        "directories": 3,
        "sample": ["src/core/x/a"],
        "base": "none",
    }
    found = only(judge(groups=[group]))
    assert (found.state, found.severity, found.cause) == ("missing", "critical", "never_deployed")
    assert "12 files in 3 directories" in found.summary
    assert found.expected["files"] == 12


def test_a_directory_is_named_without_its_slash() -> None:
    mine, theirs = {"type": "directory", "mode": "0777"}, {"type": "directory", "mode": "0755"}
    made = judge(differences=[difference("docs/", mine, theirs, "mode"), difference("./", mine, theirs, "mode")])
    assert [(found.subject, found.check, found.severity) for found in findings(made)] == [
        ("docs", "mode", "low"),
        (".", "mode", "low"),
    ]


def test_a_directory_without_a_known_base_is_not_classed() -> None:
    group = {"path": "x/", "side": "host", "files": 1, "directories": 1, "sample": []}
    assert only(judge(groups=[group])).cause is None


def test_identical_files_with_a_severity_pass_by_name() -> None:
    made = judge(identical=[{"path": "src/core/bybit.py", "entry": entry("a")}])
    assert not findings(made)
    named = [check for check in made.checks if check.check == "content"]
    assert [(check.subject, check.outcome, check.severity) for check in named] == [
        ("src/core/bybit.py", "pass", "critical")
    ]
    assert made.cells == {"source": "in_sync"}


@pytest.mark.parametrize(
    ("files", "said"), [(1, "The one file of . equals main@0487dce"), (1200, "All 1200 files of . equal main@0487dce")]
)
def test_what_is_equal_is_counted(files: int, said: str) -> None:
    (check,) = [check for check in judge(counts={**COUNTS, "files": files}).checks if check.check == "comparison"]
    assert (check.summary, check.outcome) == (said, "pass")


def test_forbidden_files_are_told_once() -> None:
    pyc = difference("src/a.pyc", entry("a"), None)
    hit = {"pattern": "**/*.pyc", "path": "src/", "count": 7, "sample": ["src/a.pyc"]}
    found = only(judge(differences=[pyc], forbidden=[hit]))
    assert (found.check, found.subject, found.severity, found.observed["count"]) == (
        "forbidden",
        "src:**/*.pyc",
        "low",
        7,
    )


@pytest.mark.parametrize(
    ("kind", "count", "matches", "outcome"),
    [
        ("must_contain", None, 0, "fail"),
        ("must_contain", None, 5, "pass"),
        ("must_contain", 1, 1, "pass"),
        ("must_contain", 1, 2, "fail"),
        ("must_not_contain", None, 0, "pass"),
        ("must_not_contain", None, 1, "fail"),
    ],
)
@pytest.mark.parametrize("context", [CONTEXT, ALONE, UNMADE])
def test_content_rules_are_judged_with_and_without_a_reference(
    kind: str, count: int | None, matches: int, outcome: str, context: Context
) -> None:
    rule = {
        "kind": kind,
        "path": "a.py",
        "pattern": "x+",
        "count": count,
        "outcome": "ok",
        "reason": "",
        "matches": matches,
        "lines": [],
    }
    made = judge(context, contents=[rule])
    (found,) = [check for check in made.checks if check.check == kind]
    assert (found.outcome, found.subject, found.severity) == (outcome, "a.py:x+", "high")


def test_a_rule_has_its_own_severity_and_may_be_unknown() -> None:
    contract = {**TREE, "must_contain": [{"path": "a.py", "pattern": "x", "count": None, "severity": "critical"}]}
    rule = {
        "kind": "must_contain",
        "path": "a.py",
        "pattern": "x",
        "count": None,
        "outcome": "unknown",
        "reason": "permission denied",
    }
    found = only(judge(contract=contract, contents=[{**rule, "matches": 0, "lines": []}]))
    assert (found.outcome, found.severity) == ("unknown", "critical")


def test_an_unreadable_path_is_unknown_with_its_reason_and_severity() -> None:
    made = judge(unknown=[{"path": "src/core/x", "reason": "permission denied"}])
    found = only(made)
    assert (found.outcome, found.state, found.severity) == ("unknown", "unknown", "critical")
    assert "permission denied" in found.summary
    assert made.cells == {"source": "unknown"}


@pytest.mark.parametrize(
    "blindness",
    [
        {"complete": False, "reason": "not reached within the time limit"},
        {"unknown": [{"path": "gone/", "reason": "permission denied"}]},
        {"unknown": [{"path": "gone/away/x", "reason": "permission denied"}]},
        {"unknown": [{"path": ".", "reason": "input/output error"}]},
        {"unknown": [{"path": "", "reason": "input/output error"}]},
        {"unknown": [{"path": "other", "reason": "r"}], "unknown_total": 2},
    ],
)
def test_nothing_unseen_counts_as_missing(blindness: dict[str, t.Any]) -> None:
    group = {"path": "gone/away/", "side": "reference", "files": 2, "directories": 1, "sample": [], "base": "same"}
    made = judge(differences=[difference("gone/away/x", None, entry("b"))], groups=[group], **blindness)
    assert {check.outcome for check in findings(made)} == {"unknown"}
    assert made.cells == {"source": "unknown"}


def test_the_guard_is_what_keeps_the_unseen_from_counting_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_files.Blind, "hides", lambda _self, _path: False)
    made = judge(complete=False, differences=[difference("gone", None, entry("b"))])
    assert "fail" in {check.outcome for check in findings(made)}


def test_missing_beside_the_unseen_is_still_missing() -> None:
    made = judge(differences=[difference("a", None, entry("b"))], unknown=[{"path": "ab", "reason": "r"}])
    assert sorted(check.outcome for check in findings(made)) == ["fail", "unknown"]


def test_without_a_reference_comparison_is_not_asked() -> None:
    made = judge(ALONE, reference=None, base=None)
    assert not findings(made)
    assert made.cells == {"source": "not_asked"}


def test_a_reference_that_failed_is_never_in_sync() -> None:
    assert judge(UNMADE, reference=None, base=None).cells == {"source": "unknown"}


def test_a_tree_that_the_reference_does_not_hold_is_unknown() -> None:
    assert only(judge(reference=None, base=None)).check == "comparison"


@pytest.mark.parametrize(
    "answer", [[], [{"name": "source", "path": ".", "outcome": "unknown", "reason": "no such directory"}]]
)
def test_a_tree_that_was_not_seen_is_one_unknown(answer: list[t.Any]) -> None:
    made = trees.judge([TREE], {"trees": answer}, CONTEXT)
    assert (only(made).outcome, only(made).severity, made.cells) == ("unknown", "critical", {"source": "unknown"})


def test_a_nearest_commit_is_called_one() -> None:
    base = {**BASE, "source": "nearest", "apart": 3}
    found = only(judge(base=base, differences=[difference("a", entry("a"), entry("b"), base=entry("a"))]))
    assert "4ad26e4 (the nearest commit)" in found.summary


def test_a_secret_file_shows_neither_digest_nor_size() -> None:
    secret = {"type": "file", "mode": "0600", "owner": "app", "group": "app", "secret": True}
    found = only(judge(differences=[difference(".env", secret, secret, "content", secret=True, base=secret)]))
    assert found.state == "differs"
    assert not {"sha256", "size", "lines"} & (set(found.observed) | set(found.expected))
