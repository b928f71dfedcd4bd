# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mistakes that reports made by hand contain, and that a verification must not be able to repeat.

docs/verify.md names each with the tests that show it; the first test here holds that table to the tests.
"""

from __future__ import annotations

import copy
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import markdown, terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import model as report_model
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import consistency, criteria, document, verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import Maker
from hypothesis import given
from hypothesis import strategies as st
from verify_builders import ABOUT, check, criterion, files, item, run, seen, verification

ROOT = Path(__file__).parents[5]

Json = dict[str, t.Any]


def test_each_mistake_has_a_test_that_is_there() -> None:
    page = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-p]) \| .+ \| (.+) \|$", page, re.MULTILINE)
    assert [letter for letter, _tests in rows] == list("abcdefghijklmnop")
    sources = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    for letter, named in rows:
        found = re.findall(r"`(test_\w+\.py)` `(test_\w+)`", named)
        assert found, letter
        for file, name in found:
            assert f"def {name}(" in sources[file], (letter, name)


@given(st.lists(st.tuples(st.integers(0, 86_000), st.integers(0, 399)), min_size=1, max_size=6))
def test_a_the_length_of_a_window_is_computed_from_the_evidence(spans: list[tuple[int, int]]) -> None:
    """18:04 to 18:35 was called "40+ minutes"."""

    def clock(second: int) -> str:
        return f"2026-11-21T{second // 3600:02}:{second % 3600 // 60:02}:{second % 60:02}Z"

    findings = run(check("git", "commit"))
    findings["evidence"] = [
        item(f"evidence/web{place}/git.json", started=clock(begin), finished=clock(begin + length))
        for place, (begin, length) in enumerate(spans, 1)
    ]
    made = verification(findings)
    begin, end = min(first for first, _length in spans), max(one + length for one, length in spans)
    assert made["window"]["seconds"] == end - begin
    spoilt = copy.deepcopy(made)
    spoilt["window"]["seconds"] += 540
    with pytest.raises(consistency.Contradiction, match="the window is called"):
        consistency.check(spoilt, findings, files(findings))


def test_a_the_report_says_31_minutes() -> None:
    findings = run(check("git", "commit"))
    assert "(31 min), computed from the times in 1 evidence file of 1 host" in markdown.render(
        verification(findings), findings
    )


def test_c_a_log_does_not_pass_without_the_time_that_it_is_of() -> None:
    """0 errors in the last 10,000 lines of a log of 194 MB: of which time?"""
    read = {"complete": True, "dated": True, "lines": 10_000, "first": None, "last": None, "reason": ""}
    findings = run(check("logs", "log", observed={"read": read}))
    with pytest.raises(consistency.Contradiction, match="does not say of which time it is"):
        consistency.check(verification(findings), findings, files(findings))


def test_d_a_fix_does_not_pass_while_a_process_runs_the_code_before_it() -> None:
    """A process from the day before was the proof that a fix of this day is stable."""
    old = check(
        "processes",
        "code",
        "fail",
        subject="main[185412]:source",
        summary="main (pid 185412) runs since 2026-11-20T04:00:00Z, src/main.py was changed at 2026-11-21T17:27:00Z",
    )
    fix = criterion("The fix", {"section": "trees"}, {"section": "processes", "check": "code"})
    findings = run(check("trees", "comparison", component="source"), old)
    made = verification(findings, seen("web1", [fix]))
    assert (made["criteria"][0]["verdict"], made["overall"]["verdict"]) == ("FAIL", "FAIL")
    assert "main (pid 185412) runs since" in markdown.render(made, findings)


def test_d_a_fix_does_not_pass_when_no_process_was_compared_with_it() -> None:
    fix = criterion("The fix", {"section": "trees"}, {"section": "processes", "check": "code"})
    findings = run(check("trees", "comparison", component="source"), check("processes", "instances"))
    made = verification(findings, seen("web1", [fix]))
    assert (made["criteria"][0]["verdict"], made["overall"]["verdict"]) == ("UNKNOWN", "FAIL")


def endpoints(*outcomes: str) -> Json:
    made = [
        check("endpoints", "status", outcome, component=f"/{place}", severity="info" if outcome != "pass" else "high")
        for place, outcome in enumerate(outcomes)
    ]
    return run(*made, facts=[{"host": "web1", "section": "endpoints", "facts": {"endpoints": [], "total": len(made)}}])


def test_g_one_thing_is_counted_once_and_has_one_verdict() -> None:
    """ "All 6 endpoints", "5/5", and one of them 404; PASS WITH OBSERVATIONS at the top, PASS at the end."""
    findings = endpoints("pass", "pass", "pass", "pass", "pass", "observation")
    made = verification(findings)
    consistency.check(made, findings, files(findings))
    text = markdown.render(made, findings)
    assert made["overall"]["verdict"] == "CONDITIONAL"
    assert set(re.findall(r"\*\*(?:Overall: )?\S+ \[(\w+)\]\*\*$", text, re.MULTILINE)) == {"CONDITIONAL"}
    assert "6 checks: 1 OBSERVATION, 5 PASS" in text
    assert "Verdict: [CONDITIONAL]" in terminal.render(made, report_path="r")
    fewer = {**findings, "facts": [{"host": "web1", "section": "endpoints", "facts": {"endpoints": [], "total": 5}}]}
    with pytest.raises(consistency.Contradiction, match="5 endpoints of web1 in the table, and checks of 6"):
        consistency.check(made, fewer, files(findings))


def test_h_the_same_fact_is_as_bad_four_days_later() -> None:
    """Several instances of a process: HIGH in one report, INFORMATIONAL in the next."""
    first, later = (
        verification(run(check("processes", "instances", "fail")), about=ABOUT._replace(started=started))
        for started in ("2026-11-21T18:35:00Z", "2026-11-25T18:35:00Z")
    )
    assert first["checks"] == later["checks"]
    assert first["overall"] == later["overall"]


@pytest.mark.parametrize("outcome", ["observation", "not_exercised"])
def test_h_a_fact_is_as_bad_in_the_window_as_in_the_audit(outcome: str) -> None:
    """What an audit only tells of has no severity; that it was seen again and again makes it no drift."""
    one = Maker("web1", "prod").check("available", "/status", outcome, "answers 404", {}, {}, "endpoints//status")
    assert one["severity"] == check("endpoints", "status", outcome, severity="info")["severity"]


def test_i_an_alert_channel_that_nobody_tried_does_not_pass() -> None:
    """ "Alert system active: PASS", and nothing was ever sent."""
    found = [
        check("endpoints", name, outcome, component="alerts", severity="info" if outcome != "pass" else "high")
        for name, outcome in (("configured", "pass"), ("well_formed", "pass"), ("sent", "not_exercised"))
    ]
    made = verification(run(*found))
    assert (made["criteria"][0]["verdict"], made["overall"]["verdict"]) == ("NOT_EXERCISED", "CONDITIONAL")


def test_l_one_question_has_one_answer() -> None:
    """The same setting was "broken" in one report and "polling" in another of the same day."""
    findings = run(check("configs", "value", component=".env", subject=".env:MODE"))
    made = copy.deepcopy(verification(findings))
    made["checks"].append({**made["checks"][0], "summary": "MODE is polling"})
    with pytest.raises(consistency.Contradiction, match="stands there 2 times"):
        consistency.check(made, findings, files(findings))


@given(
    st.lists(
        st.sampled_from(["pass", "fail", "observation", "unknown", "not_exercised", "waived"]), min_size=1, max_size=30
    )
)
def test_o_what_is_listed_is_what_is_counted(outcomes: list[str]) -> None:
    """ "17+ files" where 23 are listed, "11 gaps" where 10 are."""
    waiver = {"reason": "planned", "owner": "ops", "expires": "2026-12-31"}
    found = [
        check("git", "commit", outcome, component=f"c{place}", waiver=waiver if outcome == "waived" else None)
        for place, outcome in enumerate(outcomes)
    ]
    findings = run(*found)
    made = verification(findings)
    consistency.check(made, findings, files(findings))
    text = markdown.render(made, findings)
    matrix = text.partition("### Criterion: Code\n")[2].partition("**Decision")[0]
    assert len(re.findall(r"^\| git commit ", matrix, re.MULTILINE)) == len(outcomes) == made["counts"]["checks"]
    risks = text.partition("## Risks\n")[2].partition("## Follow-up")[0]
    assert len(re.findall(r"^\| git commit ", risks, re.MULTILINE)) == len(outcomes) - outcomes.count("pass")


def test_p_healthy_containers_are_no_progress() -> None:
    """ "All healthy" while nothing is processed."""
    findings = run(
        *(check("containers", "health", component=f"service-{number}") for number in range(11)),
        check("streams", "progress", "fail", component="trade.intent", severity="critical"),
    )
    made = verification(findings)
    assert {one["name"]: one["verdict"] for one in made["criteria"]} == {"Containers": "PASS", "Streams": "FAIL"}
    assert made["overall"]["verdict"] == "FAIL"


def _forgetful() -> t.Callable[[str, str], str]:
    """A rule that calls a thing less bad each time that it is asked."""
    left = [verdicts.FAIL]
    return lambda _outcome, _severity: left.pop() if left else verdicts.OBSERVATION


def _nothing(*_arguments: t.Any) -> list[str]:
    return []


FORTY_MINUTES = {"from": "2026-11-21T18:04:00Z", "to": "2026-11-21T18:35:00Z", "seconds": 2400, "of": "it"}
TWINS: list[tuple[t.Callable[..., None], t.Any, str, t.Any]] = [
    (test_a_the_report_says_31_minutes, document, "window", lambda *_given: FORTY_MINUTES),
    (test_a_the_length_of_a_window_is_computed_from_the_evidence, consistency, "_windows", _nothing),
    (test_c_a_log_does_not_pass_without_the_time_that_it_is_of, consistency, "_logs", _nothing),
    (
        test_d_a_fix_does_not_pass_while_a_process_runs_the_code_before_it,
        verdicts,
        "of_check",
        lambda *_of: verdicts.PASS,
    ),
    (
        test_d_a_fix_does_not_pass_when_no_process_was_compared_with_it,
        criteria,
        "verdict_of",
        lambda *_of: verdicts.PASS,
    ),
    (test_g_one_thing_is_counted_once_and_has_one_verdict, consistency, "_endpoints", _nothing),
    (test_h_the_same_fact_is_as_bad_four_days_later, verdicts, "of_check", _forgetful()),
    (
        test_i_an_alert_channel_that_nobody_tried_does_not_pass,
        verdicts,
        "_OF_OUTCOME",
        {"pass": verdicts.PASS, "not_exercised": verdicts.PASS},
    ),
    (test_l_one_question_has_one_answer, consistency, "_counts", _nothing),
    (test_o_what_is_listed_is_what_is_counted, report_model, "ROWS", 0),
    (test_p_healthy_containers_are_no_progress, criteria, "SECTIONS", (("Containers", ("containers", "streams")),)),
]


@pytest.mark.parametrize(("shown", "room", "name", "broken"), TWINS, ids=lambda one: getattr(one, "__name__", None))
def test_each_of_these_tests_fails_where_the_mistake_is_made(
    shown: t.Callable[..., None], room: t.Any, name: str, broken: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that passes whatever is written shows nothing: here what it is about is broken on purpose."""
    monkeypatch.setattr(room, name, broken)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        shown()
