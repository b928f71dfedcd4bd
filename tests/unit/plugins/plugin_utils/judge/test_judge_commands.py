# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the section commands: each fault with its cause, and nothing else."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.commands import CHECKS, SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import commands
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement

Json = dict[str, t.Any]


def judged(entry: Json, evidence: Json | None) -> Judgement:
    problems = Problems()
    contract = SHAPE.read([{"name": "check", "run": ["./check"], **entry}], "commands", problems)
    problems.raise_any()
    data = {"now_s": 1.0, "allowed": evidence is not None, "commands": [evidence] if evidence else []}
    return commands.judge(contract, data, Context("prod", "web1"))


def ran(**more: t.Any) -> Json:
    made = {"name": "check", "argv": ["./check", "a b"], "outcome": "ok", "reason": "", "failure": "", "exit_code": 0}
    return {**made, "seconds": 0.25, "stdout": "OK\n", "stderr": "", "cut": False, "content": [], **more}


def result(kind: str, subject: str, **more: t.Any) -> Json:
    made = {"kind": kind, "subject": subject, "outcome": "ok", "reason": "", "holds": True, "missing": "", "type": ""}
    return {**made, "shown": "1", "size": None, "broken": [], "times_s": [], **more}


def only(made: Judgement) -> Check:
    (check,) = (check for check in made.checks if check.outcome != "pass")
    return check


def test_each_check_can_be_given_a_severity() -> None:
    assert tuple(commands.DEFAULTS) == CHECKS


def test_one_that_ends_as_declared_passes() -> None:
    made = judged({"contains": "OK"}, ran(content=[result("contains", "OK")]))
    assert [(check.check, check.outcome) for check in made.checks] == [("exit", "pass"), ("output", "pass")]
    assert made.facts["commands"][0] == {
        "name": "check",
        "command": "./check 'a b'",
        "outcome": "pass",
        "exit_code": 0,
        "seconds": 0.25,
        "asserted": 1,
        "hold": 1,
    }


def test_without_leave_it_is_unknown_and_says_how_to_give_it() -> None:
    check = only(judged({"severity": {"exit": "low", "json": "critical"}, "json": {"a": 1}}, None))
    assert (check.outcome, check.cause, check.severity) == ("unknown", "not_allowed", "critical")
    assert check.remedy is not None
    assert check.remedy["kind"] == "allow_commands"
    assert "drift_allow_commands: true" in check.remedy["text"]


@pytest.mark.parametrize(
    ("entry", "evidence", "outcome", "said"),
    [
        (
            {},
            ran(exit_code=3, stderr="first\nlast words\n"),
            "fail",
            "The command check ended with 3 on web1 after 0.2 s, where 0 should come; it said: last words",
        ),
        (
            {"exit": [0, 3], "json": {"a": 1}},
            ran(exit_code=-9, stdout="", content=[result("json", "a")]),
            "fail",
            "ended with -9 on web1 after 0.2 s, where 0 or 3 should come; it said nothing; its output was not judged",
        ),
        ({}, ran(failure="missing", exit_code=None), "fail", "cannot run on web1: there is no ./check"),
        ({"required": False}, ran(failure="missing", exit_code=None), "observation", "there is no ./check"),
        ({"required": False}, ran(failure="late", exit_code=None), "fail", "was not done on web1 after 30 s"),
        ({}, ran(outcome="unknown", reason="no leave to look"), "unknown", "did not run on web1: no leave to look"),
    ],
)
def test_how_it_ended(entry: Json, evidence: Json, outcome: str, said: str) -> None:
    check = only(judged(entry, evidence))
    assert (check.check, check.subject, check.outcome) == ("exit", "check", outcome)
    assert said in check.summary
    assert check.cause == ("unseen" if outcome == "unknown" else "command_failed")


@pytest.mark.parametrize(
    ("entry", "content", "check", "outcome", "said"),
    [
        ({"contains": "x"}, result("contains", "x", holds=False), "output", "fail", 'does not contain "x"'),
        ({"not_contains": "x"}, result("not_contains", "x", holds=False), "output", "fail", 'contains "x"'),
        ({"matches": "x"}, result("matches", "x", holds=False), "output", "fail", 'does not match "x"'),
        (
            {"json": {"a": {"max": 0}}},
            result("json", "a", holds=False, broken=["max"]),
            "json",
            "fail",
            "In the output of check on web1 a is 1 and should be at most 0",
        ),
        (
            {"json": {"a": 1}},
            result("json", "a", outcome="unknown", holds=None, reason="it was cut"),
            "json",
            "unknown",
            "is not known: it was cut",
        ),
    ],
)
def test_what_it_said(entry: Json, content: Json, check: str, outcome: str, said: str) -> None:
    finding = only(judged(entry, ran(content=[content])))
    assert (finding.check, finding.subject, finding.outcome) == (check, f"check:{content['subject']}", outcome)
    assert said in finding.summary
