# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.json: by its schema, with a window that is computed, and the same bytes from the same run."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import verify
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.spec import rows
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import markdown
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import document
from verify_builders import ABOUT, AS_OF, check, criterion, item, run, seen, verification

DOCS = Path(__file__).parents[5] / "docs"
SCHEMA = json.loads((DOCS / "verify.schema.json").read_text(encoding="utf-8"))
WAIVER = {"reason": "planned", "owner": "ops", "expires": "2026-12-31"}

NOW_S = 1795255200
"""2026-11-21T10:00:00Z"""

Json = dict[str, t.Any]


def tree(**more: t.Any) -> Json:
    counts = {"files": 240, "equal": 238, "directories": 12, "ignored": 0, "unknown": 0}
    made = {"name": "source", "path": "src", "outcome": "ok", "reason": "", "reference": "r1", "counts": counts, **more}
    return {"host": "web1", "section": "trees", "facts": {"trees": [made]}}


def test_it_is_as_the_schema_says() -> None:
    findings = run(
        check("git", "commit"),
        check("processes", "code", "fail"),
        check("logs", "max", "waived", waiver=WAIVER),
        check("endpoints", "sent", "not_exercised", severity="info"),
        facts=[tree()],
    )
    changes = {"last": {"time": "2026-11-21T18:00:00Z"}}
    failure = {"kind": "unreachable", "reason": "no route"}
    hosts = [
        seen(
            "web1",
            [criterion("Code", {"section": "git"}), criterion("No such", {"section": "units"})],
            changes=changes,
            logs={},
        ),
        seen("web2", failure=failure),
    ]
    made = verification(findings, *hosts)
    jsonschema.validate(made, SCHEMA)
    assert json.loads(json.dumps(made)) == made
    assert made["overall"]["verdict"] == "FAIL"
    assert made["overall"]["reasons"][0] == "web2 could not be observed"
    assert [(one["host"], one["verdict"], one["fails"]) for one in made["hosts"]] == [
        ("web1", "FAIL", True),
        ("web2", "FAIL", True),
    ]


def test_it_says_from_when_on_logs_were_read_and_of_which_another_time_is_known() -> None:
    last, first, later = ({"time": f"2026-11-21T18:00:0{second}Z", "time_s": second} for second in (0, 1, 4))
    changes = {"last": last, "last_reason": "", "starts": {"first": first, "of": {"a.service": later}}}
    writers = {"a": {"journal": "a"}, "b": {"journal": "b.service"}, "main": {}}
    hosts = [
        seen("web1", changes=changes, logs={}, writers=writers),
        seen("web2", changes={"last": None, "last_reason": "none is recorded"}, logs={}, writers={"main": {}}),
    ]
    findings = run(check("git", "commit"))
    made = verification(findings, *hosts, since="deploy")
    jsonschema.validate(made, SCHEMA)
    web1, web2 = made["logs_since"]
    assert (web1["from"], web1["reason"]) == (first["time"], "")
    assert web1["logs"] == [{"name": "a", "from": later["time"]}, {"name": "b", "from": last["time"]}]
    assert (web2["from"], web2["reason"], web2["logs"]) == (None, "none is recorded", [])
    told = markdown.render(made, findings)
    assert f"since its last change: {first['time']} (`a` since {later['time']}, `b` since {last['time']})" in told


def test_a_host_fails_by_what_is_its_own() -> None:
    findings = run(check("git", "commit"), check("git", "commit", "fail", host="web2"), hosts=["web1", "web2"])
    made = verification(findings, seen("web1"), seen("web2"))
    assert [(one["host"], one["verdict"], one["fails"]) for one in made["hosts"]] == [
        ("web1", "PASS", False),
        ("web2", "FAIL", True),
    ]
    assert made["hosts"][1]["reasons"][0]["sentence"] == "git commit is fail"


@pytest.mark.parametrize("strict", [True, False])
def test_strictness_fails_a_host_that_is_conditional(strict: bool) -> None:
    findings = run(check("endpoints", "sent", "not_exercised", severity="info"))
    made = verification(findings, about=ABOUT._replace(strict=strict))
    assert made["overall"]["verdict"] == "CONDITIONAL"
    assert [(one["verdict"], one["fails"]) for one in made["hosts"]] == [("CONDITIONAL", strict)]


def test_the_window_is_that_of_the_evidence() -> None:
    findings = run(check("git", "commit"))
    findings["evidence"] = [
        item("evidence/web1/git.json", started="2026-11-21T18:10:00Z", finished="2026-11-21T18:11:00Z"),
        item("evidence/web2/git.json", started="2026-11-21T18:04:00Z", finished="2026-11-21T18:35:00Z"),
        item("evidence/web2/settings.json", started="", finished=""),
    ]
    assert document.window(findings) == {
        "from": "2026-11-21T18:04:00Z",
        "to": "2026-11-21T18:35:00Z",
        "seconds": 31 * 60,
        "of": "the times in 2 evidence files of 2 hosts",
    }
    assert document.window({**findings, "evidence": []})["from"] is None


def test_the_window_holds_what_was_watched_and_sent_after_the_run() -> None:
    findings = run(check("git", "commit"))
    watch = [
        {
            "host": "web1",
            "complete": True,
            "reason": "",
            "not_watched": [],
            "read_to": "2026-11-21T18:46:01Z",
            "window": {"from": "2026-11-21T18:36:00Z", "to": "2026-11-21T18:46:00Z", "for_s": 600, "observed_s": 600.0},
        }
    ]
    sent = check("endpoints", "sent", component="ops", observed={"outcome": "taken", "at": "2026-11-21T18:47:00Z"})
    told = document.window(findings, watch, [sent])
    assert (told["from"], told["to"], told["seconds"]) == ("2026-11-21T18:04:00Z", "2026-11-21T18:47:00Z", 43 * 60)
    assert told["of"] == "the times in 1 evidence file, 1 watched window, 1 test message of 1 host"
    assert document.window(findings, watch)["to"] == "2026-11-21T18:46:01Z"
    unsent = {**sent, "observed": {**sent["observed"], "outcome": "not_sent"}}
    assert "test message" not in document.window(findings, watch, [unsent])["of"]
    assert verification(findings, watch=watch)["window"]["to"] == "2026-11-21T18:46:01Z"
    never = {"from": None, "to": None}
    assert document.window(findings, [{"host": "web1", "window": never, "read_to": None}]) == document.window(findings)


@pytest.mark.parametrize(
    ("outcome", "severity", "verdict"),
    [
        ("fail", "critical", "FAIL"),
        ("fail", "low", "OBSERVATION"),
        ("unknown", "high", "UNKNOWN"),
        ("waived", "high", "OBSERVATION"),
    ],
)
def test_a_tree_that_differs_has_a_check_of_its_own(outcome: str, severity: str, verdict: str) -> None:
    waiver = WAIVER if outcome == "waived" else None
    file = check("trees", "content", outcome, component="source", subject="src/a.py", severity=severity, waiver=waiver)
    made = verification(run(file, check("trees", "forbidden", "fail", component="source"), facts=[tree()]))
    whole = next(one for one in made["checks"] if one["check"] == "comparison")
    assert whole["verdict"] == verdict
    assert whole["summary"].startswith("238 of 240 files of src equal the reference")
    assert whole["evidence"] == ["evidence/web1/trees.json#source"] or whole["evidence"]


def test_a_tree_that_was_compared_with_nothing_is_not_exercised() -> None:
    made = verification(run(check("trees", "forbidden", component="source"), facts=[tree(reference=None)]))
    whole = next(one for one in made["checks"] if one["check"] == "comparison")
    assert (whole["verdict"], made["overall"]["verdict"]) == ("NOT_EXERCISED", "CONDITIONAL")


def test_the_next_validation_is_a_date() -> None:
    made = verification(run(check("git", "commit")), about=ABOUT._replace(again_days=14))
    assert made["next_validation"] == {"by": "2026-12-05", "or": "the next deployment", "days": 14}


def test_each_remedy_is_told_once_by_horizon() -> None:
    cure = {"kind": "restart", "text": "Restart it."}
    findings = run(
        check("processes", "code", "fail", component="a", remedy=cure, severity="critical"),
        check("processes", "code", "fail", component="b", remedy=cure, severity="critical"),
        check("logs", "max", "fail", severity="medium"),
        check("git", "modified", "waived", waiver=WAIVER),
    )
    found = verification(findings)["follow_up"]
    assert [(one["within"], one["text"], len(one["checks"])) for one in found] == [
        ("within 1 hour", "Restart it.", 2),
        ("within 1 week", "Look at main.", 1),
    ]


def test_the_variables_are_documented() -> None:
    page = (DOCS / "verify.md").read_text(encoding="utf-8")
    table = page.partition("<!-- table: verify -->\n")[2].partition("\n<!-- end -->")[0]
    assert table.splitlines() == rows(verify.documented_keys())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"verify_strikt": True}, 'verify_strikt: unknown variable, did you mean "verify_strict"?'),
        ({"verify_since": "yesterday"}, "verify_since: expected a duration like 2h"),
        ({"verify_since": "2026-11-21T10:09:00Z"}, "verify_since: 2026-11-21T10:09:00Z is still to come"),
        ({"verify_again_days": 0}, "verify_again_days: expected"),
        ({"verify_strict": "perhaps"}, "verify_strict: expected"),
    ],
)
def test_bad_variables_are_refused_by_name(values: Json, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        verify.resolve(values, cwd="/home/me", now_s=NOW_S)
    assert said in str(caught.value)


def test_good_variables_are_read() -> None:
    read = verify.resolve(
        {"verify_since": "1h", "verify_deploy": "runs/a", "verify_unrelated_to_us": 1}, cwd="/home/me", now_s=NOW_S
    )
    assert (read.since, read.deploy, read.strict, read.again_days) == (3600, "/home/me/runs/a", False, 7)
    assert verify.resolve({}, cwd="/", now_s=NOW_S).since == "deploy"


@pytest.mark.parametrize("since", ["2026-11-21T10:00:00Z", "2026-11-21 10:01:00", "2026-11-21T11:01:00+01:00", "9w"])
def test_a_time_that_has_passed_is_read_as_far_as_clocks_may_differ(since: str) -> None:
    assert verify.resolve({"verify_since": since}, cwd="/", now_s=NOW_S).since


@pytest.mark.parametrize("since", ["2026-11-21T10:01:01Z", "2026-11-21T10:00:00-01:00", "2027-01-01"])
def test_a_time_that_is_still_to_come_is_refused(since: str) -> None:
    """Logs have no line since then, and a log that says nothing fails nothing."""
    with pytest.raises(ContractError, match=r"^verify_since: \S+ is still to come: .* says 2026-11-21T10:00:00Z") as no:
        verify.resolve({"verify_since": since}, cwd="/", now_s=NOW_S)
    assert "more than 60 s ahead" in str(no.value)
    assert "Give a time that has passed" in str(no.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            [{"name": "A", "checks": [{"section": "endpoint"}]}],
            'criteria[0].checks[0].section: unknown section, did you mean "endpoints"?',
        ),
        ([{"name": "A", "checks": []}], "criteria[0].checks: expected a list of map, found an empty list"),
        ([{"name": "A"}], "criteria[0].checks: is missing"),
        ([{"name": "A", "checks": [{"subject": "x"}]}], "criteria[0].checks[0].section: is missing"),
        ([{"name": "A", "check": [{"section": "git"}]}], 'did you mean "checks"?'),
        ([{"name": "A", "checks": [{"section": "*"}]}] * 2, "is already the one of"),
        (
            [{"name": "Everything else that the contract declares", "checks": [{"section": "git"}]}],
            "what no other one selects",
        ),
        ([], "expected a list of map, found an empty list"),
    ],
)
def test_bad_criteria_are_refused_with_their_place(given: list[Json], said: str) -> None:
    with pytest.raises(ContractError) as caught:
        resolve({"drift_root": "/srv/app", "drift_contract": {"git": {}, "criteria": given}}, cwd="/")
    assert said in str(caught.value)


def test_criteria_are_no_section() -> None:
    given = [{"name": "A", "checks": [{"section": "pro*"}, {"section": "watch"}]}]
    read = resolve({"drift_root": "/srv/app", "drift_contract": {"git": {}, "criteria": given}}, cwd="/")
    assert read.sections == ["git"]
    assert read.contract["criteria"][0]["checks"][0] == {
        "section": "pro*",
        "component": "*",
        "check": "*",
        "subject": "*",
    }


def test_nothing_stands_behind_the_time_of_a_change() -> None:
    findings = run(check("logs", "log"))
    since = [{"host": "web1", "asked": "deploy", "from": AS_OF, "reason": "", "logs": []}]
    text = markdown.render({**verification(findings), "logs_since": since}, findings)
    assert f"| Logs | `web1` since its last change: {AS_OF} |" in text


def test_a_log_with_a_time_of_its_own_needs_no_last_change() -> None:
    """What was said of logs that nobody can date stood beside logs that had been read, and passed."""
    made = verification(run(check("logs", "log")), seen("web1", changes={}, logs={}), since="deploy")
    assert made["logs_since"] == [{"host": "web1", "asked": None, "from": None, "reason": "", "logs": []}]


def test_of_many_reasons_those_that_decide_are_told_and_all_are_counted() -> None:
    """Many failures of what is optional, or of what is only told, push none out that fails the whole."""
    optional = [check("logs", "max", "fail", subject=f"main:{place}") for place in range(60)]
    told = [check("units", "active", "observation", component=f"u{place}.service") for place in range(70)]
    needed = check("trees", "must_contain", "unknown", component="source")
    criteria = [
        criterion("Logs", {"section": "logs"}, required=False),
        criterion("All", {"section": "*"}, required=True),
    ]
    criteria[1]["checks"] = [{**criteria[1]["checks"][0], "section": name} for name in ("trees", "units")]
    findings = run(*optional, *told, needed)
    made = verification(findings, seen("web1", criteria))
    jsonschema.validate(made, SCHEMA)
    (host,) = made["hosts"]
    assert (len(host["reasons"]), host["counted"]["UNKNOWN"], host["counted"]["OBSERVATION"]) == (50, 1, 70)
    assert host["reasons"][0]["verdict"] == "UNKNOWN"
    shown = markdown.render(made, findings)
    first = shown[shown.index("What is not PASS, the worst first") :].splitlines()[2]
    assert "UNKNOWN" in first
    assert "... and 111 more checks below." in shown
