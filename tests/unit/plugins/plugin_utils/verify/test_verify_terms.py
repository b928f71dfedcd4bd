# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract states of a thing stands beside what the window and a comparison say of it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import terms, verdicts
from verify_builders import check

CONTRACT = {
    "processes": [
        {"name": "main", "impact": "Orders are placed by it.", "owner": "trading", "remedy": "Call trading first."},
        {"name": "other", "impact": None, "owner": None, "remedy": None},
    ],
    "logs": [{"name": "main:a", "impact": "The audit log.", "owner": None, "remedy": None}],
    "containers": {"names": ["*"], "expected": [], "impact": "All of it.", "owner": "ops", "remedy": None},
    "ports": [{"port": 8002, "owner": "web"}, {"port": 6379, "owner": "cache", "impact": "No cache."}],
    "resources": {"impact": "All stops.", "owner": "ops", "remedy": None},
    "criteria": [{"name": "main", "checks": []}],
    "git": None,
}

Json = dict[str, t.Any]


def watched(place: str, name: str = "stable", outcome: str = "fail") -> Json:
    one = check("watch", name, outcome, component=place.partition("/")[0], evidence=[f"watch/web1.json#{place}"])
    return {**one, "verdict": verdicts.of_check(outcome, "high"), "impact": "", "owner": ""}


def broken(place: str, *names: str) -> Json:
    return {**watched(place, "available"), "observed": {"broken": list(names)}}


def compared(component: str, name: str, outcome: str = "fail") -> Json:
    one = check("regression", name, outcome, component=component)
    return {**one, "verdict": verdicts.of_check(outcome, "high"), "impact": "", "owner": ""}


@pytest.mark.parametrize(
    ("one", "impact", "owner", "text"),
    [
        (watched("processes/main"), "Orders are placed by it.", "trading", "Call trading first."),
        (watched("processes/main", outcome="unknown"), "Orders are placed by it.", "trading", "Look at processes."),
        (watched("processes/main", outcome="pass"), "Orders are placed by it.", "trading", None),
        (watched("processes/other"), "", "", "Look at processes."),
        (watched("containers/web"), "All of it.", "ops", "Look at containers."),
        (watched("window", "window"), "", "", "Look at window."),
        (compared("processes:main", "memory"), "Orders are placed by it.", "trading", "Call trading first."),
        (compared("logs:main:a:ERROR", "errors"), "The audit log.", "", "Look at logs:main:a:ERROR."),
        (compared("logs:main:a", "feature"), "The audit log.", "", "Look at logs:main:a."),
        (compared("ports:listeners", "feature"), "", "", "Look at ports:listeners."),
        (watched("memory", "memory"), "All stops.", "ops", "Look at memory."),
        (compared("web1", "host", "not_exercised"), "", "", "Look at web1."),
    ],
)
def test_what_is_stated_counts_for_what_a_verification_checks(
    one: Json, impact: str, owner: str, text: str | None
) -> None:
    told = terms.applied(one, terms.of_contract(CONTRACT))
    assert (told["impact"], told["owner"]) == (impact, owner)
    assert (told["remedy"] or {"text": None})["text"] == text
    assert [told[key] for key in ("id", "verdict", "summary")] == [one[key] for key in ("id", "verdict", "summary")]


GRADED = {
    "endpoints": [
        {"name": "/a", "severity": {"time": "low", "answers": "low", "status": "info", "fresh": "low"}},
        {"name": "/b", "severity": {}},
        # What does not answer is as bad as all that is not judged then.
        {"name": "/c", "severity": {"status": "info"}},
        {"name": "/d", "severity": {"answers": "low", "status": "low", "json": "medium"}, "json": {"a": {}}},
    ],
    "logs": [{"name": "main", "severity": {"interval": "critical"}}, {"name": "other"}],
    "containers": {"severity": {"running": "low"}},
}


@pytest.mark.parametrize(
    ("one", "severity", "verdict"),
    [
        (watched("endpoints//a", "time"), "low", "OBSERVATION"),
        (watched("endpoints//a", "available"), "low", "OBSERVATION"),
        (broken("endpoints//a", "fresh"), "low", "OBSERVATION"),
        (broken("endpoints//a", "fresh", "json"), "high", "FAIL"),
        (broken("endpoints//a", "answers", "json"), "low", "OBSERVATION"),
        (broken("endpoints//b", "content"), "high", "FAIL"),
        (broken("endpoints//c", "status"), "high", "FAIL"),
        (watched("endpoints//d", "available"), "medium", "FAIL"),
        (watched("endpoints//b", "time"), "medium", "FAIL"),
        (watched("endpoints//b", "available"), "high", "FAIL"),
        (watched("logs/main", "cycles"), "critical", "FAIL"),
        (watched("logs/other", "cycles"), "medium", "FAIL"),
        (watched("logs/other", "errors"), "high", "FAIL"),
        (watched("containers/web"), "low", "OBSERVATION"),
        (watched("containers/web", outcome="unknown"), "low", "UNKNOWN"),
        (watched("window", "window"), "high", "FAIL"),
        (compared("endpoints:/a", "time"), "high", "FAIL"),
    ],
)
def test_what_the_window_sees_is_as_bad_as_the_same_in_an_audit(one: Json, severity: str, verdict: str) -> None:
    """What the contract calls low is an observation of the audit, and no reason to fail a window."""
    told = terms.applied(one, terms.of_contract(GRADED))
    assert (told["severity"], told["verdict"]) == (severity, verdict)


@pytest.mark.parametrize("outcome", ["observation", "not_exercised"])
def test_what_is_only_told_of_has_no_severity(outcome: str) -> None:
    one = {**watched("logs/main", "cycles", outcome), "severity": "info"}
    assert terms.applied(one, terms.of_contract(GRADED))["severity"] == "info"
