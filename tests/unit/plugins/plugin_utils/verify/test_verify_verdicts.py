# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks make criteria and criteria the whole, by rules that never call the unseen a pass."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import OUTCOMES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.severity import SEVERITIES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import verdicts
from hypothesis import given
from hypothesis import strategies as st

FAIL, UNKNOWN, IDLE, NOTE, PASS = verdicts.VERDICTS


@pytest.mark.parametrize(
    ("outcome", "severity", "verdict"),
    [
        ("pass", "critical", PASS),
        ("fail", "critical", FAIL),
        ("fail", "high", FAIL),
        ("fail", "medium", FAIL),
        ("fail", "low", NOTE),
        ("fail", "info", NOTE),
        ("observation", "info", NOTE),
        ("waived", "critical", NOTE),
        ("unknown", "low", UNKNOWN),
        ("not_exercised", "info", IDLE),
        ("a word of tomorrow", "high", UNKNOWN),
    ],
)
def test_a_check_has_one_verdict(outcome: str, severity: str, verdict: str) -> None:
    assert verdicts.of_check(outcome, severity) == verdict


@given(outcome=st.sampled_from(OUTCOMES), severity=st.sampled_from(SEVERITIES))
def test_only_what_passed_passes(outcome: str, severity: str) -> None:
    assert (verdicts.of_check(outcome, severity) == PASS) is (outcome == "pass")


@given(st.lists(st.sampled_from(verdicts.VERDICTS)))
def test_the_worst_is_one_of_them_and_of_none_it_is_unknown(given_: list[str]) -> None:
    worst = verdicts.worst(given_)
    assert worst == (min(given_, key=verdicts.VERDICTS.index) if given_ else UNKNOWN)
    assert sum(verdicts.counts(given_).values()) == len(given_)


def criterion(verdict: str, required: bool = True) -> dict[str, object]:
    return {"name": "It works", "required": required, "verdict": verdict, "decision": "1 check"}


@pytest.mark.parametrize(
    ("criteria", "unseen", "verdict"),
    [
        ([(PASS, True)], [], "PASS"),
        ([(PASS, True), (PASS, False)], [], "PASS"),
        ([(PASS, True), (FAIL, True)], [], "FAIL"),
        ([(PASS, True), (UNKNOWN, True)], [], "FAIL"),
        ([(PASS, True), (IDLE, True)], [], "CONDITIONAL"),
        ([(PASS, True), (NOTE, True)], [], "CONDITIONAL"),
        ([(PASS, True), (FAIL, False)], [], "CONDITIONAL"),
        ([(PASS, True), (UNKNOWN, False)], [], "CONDITIONAL"),
        ([(PASS, True)], ["web2"], "FAIL"),
        ([], [], "FAIL"),
    ],
)
def test_the_whole_follows_from_its_criteria(criteria: list[tuple[str, bool]], unseen: list[str], verdict: str) -> None:
    made = verdicts.overall([criterion(*one) for one in criteria], unseen)
    assert made["verdict"] == verdict
    assert made["reasons"]
    assert all(host in " ".join(made["reasons"]) for host in unseen)
