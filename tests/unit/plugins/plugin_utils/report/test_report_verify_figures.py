# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification's report says at its head: the figures, each with its window, what to do where, and who cares."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import header, key_figures, parts, terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify.model import Verification
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import document
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Seen
from verify_builders import check, host, run, verification

Json = dict[str, t.Any]

SPAN = "2026-11-21T18:40:00Z to 2026-11-21T18:50:00Z"
WINDOW = {"from": SPAN[:20], "to": SPAN[-20:], "for_s": 600, "observed_s": 600.0}
WATCH = [{"host": "web1", "complete": True, "reason": "", "not_watched": [], "read_to": None, "window": WINDOW}]
WELL = {"outcome": "pass", "failure": None, "samples": 1, "from": "control", "method": "POST"}
TIMED = [{"name": "/a", "median_ms": 5.0, **WELL}, {"name": "/b", "median_ms": 9.0, **WELL}]
RUNS = {"name": "app", "running": 1, "instances": [{"pid": 7, "rss_kb": 2048, "cpu_percent": None}]}
FACTS = [
    {"host": "web1", "section": "endpoints", "facts": {"endpoints": TIMED, "total": 2}},
    {"host": "web1", "section": "processes", "facts": {"processes": [RUNS]}},
]


def watched(name: str, place: str, **observed: t.Any) -> Json:
    kind, _slash, subject = place.partition("/")
    made = check("watch", name, component=kind, subject=subject, observed=observed, expected={"at_least": 190})
    return {**made, "evidence": [f"evidence/web1/endpoints.json#{place}"]}


def figures(*made: Json, watch: list[Json] | None = None) -> list[list[str]]:
    findings = run(check("endpoints", "status"), check("processes", "instances"), *made, facts=FACTS)
    seen = Verification(verification(findings, watch=watch or []), findings)
    return [line.split(" | ") for line in key_figures.render(seen) if line.startswith("| ")][2:]


def test_what_was_not_watched_is_told_as_the_audit_saw_it() -> None:
    audit = "the audit, 2026-11-21T18:04:00Z to 2026-11-21T18:35:00Z"
    assert figures() == [
        ["| Response time", "web1", "2 endpoints", "median 7 ms; /b has the highest, 9 ms", audit, LINK_API],
        ["| Memory", "web1", "app:7", "2 MiB", audit, "[Infrastructure](#infrastructure) |"],
    ]


LINK_API = "[API endpoints](#api-endpoints) |"
LINK = "[Observation window](#observation-window) |"


def test_what_was_watched_is_told_with_its_window() -> None:
    read = {"lines": 400}
    pace = {"count": 26, "mean_s": 2.5, "longest_s": 9.0}
    rate = {"asked": 10, "ok": 9, "median_ms": 3.0}
    found = figures(
        watched("errors", "logs/main", errors={"ERROR": 2, "TypeError": 1}, read=read),
        {**watched("cycles", "logs/main", **pace), "subject": "main:cycle"},
        watched("available", "endpoints//a", **rate),
        watched("available", "endpoints//b", **{**rate, "ok": 10, "median_ms": 4.0}),
        {**watched("memory", "processes/app", looks=20, first=2048, last=4096), "subject": "app:7"},
        {**watched("cpu", "processes/app", mean_percent=1.5, most_percent=3.0), "subject": "app:7"},
        watched("lag", "streams/s", lag={"looks": 9, "first": 0, "most": 22, "last": 3}),
        watched("stable", "units/app.service", looks=20, restarts=2),
        watch=WATCH,
    )
    assert [row[:4] for row in found] == [
        ["| Errors", "web1", "main", "ERROR 2, TypeError 1 in 400 lines"],
        ["| Cycles", "web1", "main:cycle", "26 seen, at least 190 expected; every 2.5 s on average, after 9 s at most"],
        ["| Availability", "web1", "2 endpoints", "19 of 20 requests as declared (95 %); the worst is /a, 9 of 10"],
        ["| Response time", "web1", "2 endpoints", "median 3.5 ms; /b has the highest, 4 ms"],
        ["| Memory", "web1", "app:7", "2 MiB at first, 4 MiB at last"],
        ["| CPU", "web1", "app:7", "1.5 % of a processor on average, 3 % at most"],
        ["| Lag", "web1", "s", "0 at first, 22 at most, 3 at last"],
        ["| Restarts", "web1", "app\\.service", "2"],
    ]
    assert {tuple(row[4:]) for row in found} == {(SPAN, LINK)}


def test_a_stream_that_the_contract_does_not_name_has_no_figure() -> None:
    group = {"name": "workers", "waiting": {"low": 2, "high": 2}}
    streams = [
        {"server": "redis a:1", "stream": one, "entry": entry, "seen": True, "groups": [group]}
        for one, entry in (("found", None), ("trades", "mine"))
    ]
    facts = [{"host": "web1", "section": "streams", "facts": {"streams": streams}}]
    findings = run(check("streams", "lag", component="mine"), facts=facts)
    (row,) = key_figures.render(Verification(verification(findings), findings))[4:-1]
    assert row.startswith("| Lag | web1 | trades:workers | 2 |")


def test_what_no_look_has_seen_was_not_counted() -> None:
    unit = watched("stable", "units/app.service", looks=20, unseen=20, restarts=0)
    process = watched("stable", "processes/app", looks=20, unseen=20, started=0, ended=0)
    assert not [row for row in figures(unit, process, watch=WATCH) if row[0] == "| Restarts"]
    seen = watched("stable", "units/app.service", looks=20, unseen=19, restarts=0)
    assert [row[3] for row in figures(seen, watch=WATCH) if row[0] == "| Restarts"] == ["0"]


def test_logs_of_a_window_are_of_the_time_until_they_were_read() -> None:
    errors = watched("errors", "logs/main", errors={}, read={"lines": 7})
    cycles = {**watched("cycles", "logs/main", count=3, mean_s=2.5, longest_s=9.0), "subject": "main:cycle"}
    found = figures(errors, cycles, watch=[{**WATCH[0], "read_to": "2026-11-21T18:50:02Z"}])
    assert {row[4] for row in found[:2]} == {"2026-11-21T18:40:00Z to 2026-11-21T18:50:02Z"}


def test_what_was_not_read_whole_is_told_as_such() -> None:
    errors = watched("errors", "logs/main", errors={}, read={"lines": 7})
    found = figures({**errors, "outcome": "unknown", "verdict": "UNKNOWN"}, watch=WATCH)
    assert found[0][:4] == ["| Errors", "web1", "main", "none in 7 lines, as far as it could be read"]


def test_a_window_that_expects_nothing_says_nothing_of_it() -> None:
    short = watched("cycles", "logs/main", count=0, mean_s=None, longest_s=None)
    found = figures({**short, "subject": "main:cycle", "expected": {"at_least": 0}}, watch=WATCH)
    assert found[0][:4] == ["| Cycles", "web1", "main:cycle", "0 seen"]


def test_a_window_is_never_called_longer_than_it_was() -> None:
    def head(**window: t.Any) -> str:
        findings = run(check("endpoints", "status"))
        watch = [{**WATCH[0], "carried": None, "window": {**WINDOW, **window}}]
        text = "\n".join(header.render(Verification(verification(findings, watch=watch), findings)))
        return next(line for line in text.splitlines() if line.startswith("| Observation window"))

    assert "9 min 29 s of 10 min observed (94 %)" in head(observed_s=569.0)
    assert "(99 %)" in head(observed_s=599.9)
    assert "(100 %)" in head()
    assert "`web1` was never seen in 10 min" in head(**{"from": None, "to": None, "observed_s": 0.0})


def test_the_follow_up_says_where() -> None:
    findings = run(
        check("endpoints", "status", "fail", component="/a", remedy={"kind": "investigate", "text": "Look."}),
        {
            **check("watch", "stable", "fail", component="processes", subject="app"),
            "remedy": {"kind": "investigate", "text": "Look."},
        },
    )
    text = "\n".join(parts.follow_up(Verification(verification(findings), findings)))
    assert "| Look. | web1: endpoints `/a`; web1: watch `app` | 2 |" in text


def test_contacts_are_who_the_contract_names() -> None:
    terms = {
        ("endpoints", "/a"): {"owner": "team a"},
        ("logs", "main"): {"owner": ""},
        ("resources", ""): {"owner": "ops"},
    }
    findings = run(check("endpoints", "status"))
    made = verification(findings, Seen(host(), None, None, None, terms=terms))
    assert made["contacts"] == [
        {"owner": "ops", "of": ["resources"], "hosts": ["web1"]},
        {"owner": "team a", "of": ["endpoints /a"], "hosts": ["web1"]},
    ]
    assert "| team a | endpoints /a | web1 |" in "\n".join(parts.contacts(Verification(made, findings)))
    assert document.contacts([]) == []
    assert parts.contacts(Verification(verification(findings), findings)) == []


def test_the_verdict_of_a_terminal_is_whole() -> None:
    findings = run(check("git", "commit"))
    made = verification(findings)
    of_each = {"FAIL": 11, "UNKNOWN": 11, "NOT_EXERCISED": 11, "OBSERVATION": 11, "PASS": 11}
    made = {**made, "counts": {**made["counts"], "criteria": 55, "criteria_by_verdict": of_each}}
    said = " ".join(terminal.render(made, report_path="/r").split())
    assert "55 criteria: 11 FAIL, 11 UNKNOWN, 11 NOT EXERCISED, 11 OBSERVATION, 11 PASS Verify" in said


def test_one_thing_is_told_once_on_a_terminal() -> None:
    """An optional endpoint that answers 404 to the audit does so in the window."""
    low = {"severity": "info", "component": "/a", "subject": "/a"}
    gone = {**watched("available", "endpoints//a"), "outcome": "observation", "severity": "info"}
    findings = run(
        check("endpoints", "status", "observation", **low),
        gone,
        {**watched("available", "endpoints//b"), "outcome": "fail"},
        facts=FACTS,
    )
    text = terminal.render(verification(findings), report_path="/r")
    assert "Not PASS: 3 of 3 checks" in text
    assert [line for line in text.splitlines() if line.startswith("[") and "web1" in line] == [
        "[FAIL] web1 watch available /b",
        "[OBSERVATION] web1 endpoints status /a",
    ]
    assert f"In the observation window: {gone['summary']}" in text
