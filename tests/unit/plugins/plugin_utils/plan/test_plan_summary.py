# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a deploy or a remediation: the verdict of the whole, and when each step was done."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import ending, summary, timeline
from test_plan_document import change, example

Json = dict[str, t.Any]

WELL = ending.Ending("web1", "changed", "1 path changed", "p-1", True)
BACK = ending.Ending("web1", "rolled_back", "it was worse. " + "Everything is back. " * 40 + "verified again", "p-1")
IDLE = ending.Ending("web2", "nothing", "nothing differs")
NOT_BEGUN = ending.Ending("web3", "not_begun", "web1 failed before it")


def final(verdict: str, **hosts: str) -> Json:
    told = {
        host: {"verdict": its, "fails": its == "FAIL", "sentence": f"{host} says" if its == "FAIL" else ""}
        for host, its in hosts.items()
    }
    return {"chain": {}, "verification": {"id": "v-2", "verdict": verdict, "hosts": told}}


@pytest.mark.parametrize(
    ("about", "ended", "verdict", "words"),
    [
        (final("PASS", web1="PASS"), [WELL], "PASS", "the verification of all hosts in the end is PASS"),
        (final("CONDITIONAL", web1="CONDITIONAL"), [WELL], "CONDITIONAL", "is CONDITIONAL"),
        (final("FAIL", web1="FAIL", web2="PASS"), [WELL, IDLE], "FAIL", "in the end is FAIL, and fails web1"),
        (final("PASS", web1="PASS"), [BACK, NOT_BEGUN], "FAIL", "web1: ROLLED BACK; web3: NOT BEGUN; the verification"),
        ({"verdict": "in_sync", "after": "run-2"}, [WELL], "IN SYNC", "of the audit afterwards"),
        ({"verdict": "drift", "after": "run-2"}, [WELL], "DRIFT", "of the audit afterwards"),
        ({"standing": "in_sync"}, [IDLE], "IN SYNC", "there was nothing to do"),
        ({"verdict": "in_sync"}, [NOT_BEGUN], "FAIL", "web3: NOT BEGUN"),
        ({}, [WELL._replace(outcome="planned")], "CHECKED", "nothing was changed"),
    ],
)
def test_the_whole_has_one_verdict(about: Json, ended: list[ending.Ending], verdict: str, words: str) -> None:
    made = summary.overall(about, ended)
    assert made["verdict"] == verdict
    assert words in made["sentence"]
    screen = " ".join(summary.terminal(example(), ended, about, "/result.md", columns=100).split())
    assert f"[{verdict}] {'Remediation' if 'chain' in about else 'Deploy'}: " in screen


def test_the_terminal_says_of_each_host_how_it_ended() -> None:
    text = summary.terminal(example(), [WELL, IDLE], final("FAIL", web1="FAIL", web2="PASS"), "/result.md")
    assert "  in the end: FAIL, web1 says\n" in text
    assert "  in the end: PASS\n" in text
    assert "undo it with the restore point p-1" in text
    # All of what became of a host that went back is told: its end says whether all is well again.
    assert "verified again" in summary.terminal(example(), [BACK], {}, "/result.md")


@pytest.mark.parametrize(
    ("result", "undo"),
    [
        ({"outcome": "changed", "changed": ["a"], "left": []}, True),
        ({"outcome": "failed", "reason": "the connection was lost"}, True),
        ({"outcome": "failed", "reason": "worse", "verification": {"back": "done"}}, False),
        ({"outcome": "failed", "reason": "worse", "verification": {"back": "due"}}, False),
        ({"outcome": "failed", "reason": "web does not start", "back": "done"}, False),
        ({"outcome": "rolled_back", "reason": "worse"}, False),
    ],
)
def test_a_host_that_was_brought_back_is_not_told_to_go_back_to_where_it_is(result: Json, undo: bool) -> None:
    told = {"verdict": "FAIL", "known": [], **result.pop("verification", {})}
    result = {**result, "point": "p-1", **({"verification": told} if "back" in told else {})}
    (one,) = ending.endings(example(), {"web1": result}, [])
    assert one.undo == undo
    text = summary.terminal(example(), [one], {}, "/result.md")
    assert ("undo it with the restore point p-1" in text) == undo


def at(second: int) -> str:
    return f"2026-11-21T18:00:{second:02d}Z"


def step(what: str, result: str, second: int, **more: t.Any) -> Json:
    return {"host": "web1", "who": "ops@control", "what": what, "result": result, "at": at(second), **more}


def lines(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def test_each_step_has_its_own_time() -> None:
    steps = [
        step("check, save and change", "begun", 10),
        step("check", "done", 30, seconds=2.0),
        step("save", "done", 30, seconds=4.0),
        step("change", "done", 30, seconds=12.0, restarts_s=9.0),
        step("roll back", "begun", 40),
        step("roll back", "done", 45),
    ]
    services = [
        {"path": "web.service", "do": "restart", "said": "", "state": "done", "seconds": 6.0},
        {"path": "job.service", "do": "reload", "said": "", "state": "unchanged"},
        {"path": "after_services", "do": "run", "said": "./warm succeeded", "state": "done", "seconds": 3.0},
    ]
    looks = [
        timeline.Look("audit before", "run-1", "../../run-1/report.md", at(1), at(5), ["web1"], ""),
        timeline.Look("verification", "v-1", None, at(31), at(38), ["web1", "web2"], "FAIL"),
    ]
    found = lines(timeline.table(steps, {"web1": {"services": services}}, looks))
    assert [(begun[-4:], took, host, what) for begun, took, host, what, _result in found] == [
        (":01Z", "4.0 s", "web1", "audit before"),
        (":12Z", "2.0 s", "web1", "check"),
        (":14Z", "4.0 s", "web1", "save"),
        (":18Z", "12.0 s", "web1", "change"),
        (":21Z", "6.0 s", "web1", "web\\.service: restart"),
        (":27Z", "3.0 s", "web1", "after\\_services: run"),
        (":31Z", "7.0 s", "web1, web2", "verification"),
        (":40Z", "5.0 s", "web1", "roll back"),
    ]
    assert found[0][-1] == "[`run-1`](../../run-1/report.md)"
    assert found[6][-1] == "`v-1`, FAIL"


@pytest.mark.parametrize(("what", "key"), [("take back", "services"), ("roll back", "back_services")])
def test_a_way_back_tells_what_it_brought_along(what: str, key: str) -> None:
    steps = [
        step("check and change", "begun", 10),
        step("change", "failed: web is down", 20, seconds=8.0, restarts_s=5.0),
        step(what, "begun", 20),
        step(what, "done", 30),
    ]
    again = [{"path": "web.service", "do": "restart", "said": "", "state": "done", "seconds": 4.0}]
    result: Json = {key: again, **({"back": "done"} if key == "services" else {})}
    found = lines(timeline.table(steps, {"web1": result}, []))
    assert [(begun[-4:], took, told) for begun, took, _host, told, _result in found] == [
        (":12Z", "8.0 s", "change"),
        (":20Z", "10.0 s", what),
        (":26Z", "4.0 s", "web\\.service: restart"),
    ]


@pytest.mark.parametrize("seconds", [1e300, "soon", -1.0, float("nan")])
def test_what_cannot_be_is_no_time_and_costs_no_report(seconds: t.Any) -> None:
    """A host can say anything."""
    steps = [step("check and change", "begun", 10), step("change", "done", 20, seconds=8.0, restarts_s=5.0)]
    again = [{"path": "web.service", "do": "restart", "said": "", "state": "done", "seconds": seconds}]
    (row,) = lines(timeline.table(steps, {"web1": {"services": again}}, []))
    assert row[1:4] == ["8.0 s", "web1", "change"]


def test_what_was_begun_and_not_told_has_no_time() -> None:
    assert timeline.table([], {}, []) == "Nothing was done."
    (row,) = lines(timeline.table([step("check, save and change", "begun", 10)], {}, []))
    assert row[1:] == ["not known", "web1", "check, save and change", "begun; its end is not told"]


def test_from_where_to_where_each_host_was_brought() -> None:
    come = {"commit": "b" * 40, "subject": "First | one", "source": "nearest"}
    plan = change(example(), "hosts", 0, "from", come)
    about = {"id": "d-1", "started": at(0), **final("PASS", web1="PASS")}
    paths = [f"src/{number}.py" for number in range(7)]
    told = summary.Told(about, True, [], {"web1": {"outcome": "changed", "changed": paths}}, [])
    text = summary.document(plan, [WELL], told)
    assert text.startswith("# Remediation d-1\n\n**\u2705 [PASS] ")
    assert "| web1 | `bbbbbbb`, the nearest, First \\| one | `0123456`" in text
    assert "7 paths: `src/0.py`" in text and "and 2 others, see [plan.md](plan.md)" in text
    # Where a plan does not say it, nobody guesses.
    assert "| web1 | not known | `0123456`" in summary.document(example(), [WELL], told)
