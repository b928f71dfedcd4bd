# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One question has one answer: a row of a table stands as the worst of all checks about the same thing."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.sections import registry
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import checks, consistency, document, standing
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Inputs
from verify_builders import ABOUT, check, files, run, seen

Json = dict[str, t.Any]

ENDPOINT = {
    "name": "/health",
    "method": "GET",
    "required": True,
    "from": "host",
    "status": 200,
    "failure": None,
    "reason": "",
    "median_ms": 5.0,
    "first_byte_ms": 4.0,
    "samples": 1,
    "under_ms": None,
    "not_after": None,
    "data": {"age_s": None, "live": None, "asserted": 0, "hold": 0},
    "partial": False,
    "outcome": "pass",
    "url": "http://127.0.0.1/health",
}
CHANNEL = {
    "name": "ops",
    "kind": "any",
    "configured": "pass",
    "well_formed": "pass",
    "distinct": None,
    "sent": "not_exercised",
}
ENDPOINTS = {"endpoints": [ENDPOINT], "total": 1, "webhooks": [CHANNEL]}
READ = {"complete": True, "dated": True, "lines": 9, "first": "2026-11-21T18:04:00Z", "last": "2026-11-21T18:34:00Z"}
LOG = {
    "name": "main",
    "source": "logs/main.log",
    "outcome": "ok",
    "reason": "",
    "part": "9 lines",
    "complete": True,
    "levels": {},
    "exceptions": {},
    "exceptions_rest": 0,
    "unhandled": {},
    "newest": None,
}
CYCLE = {
    "log": "main",
    "kind": "interval",
    "name": "cycle",
    "expected": {"max_s": 3},
    "count": 2,
    "beyond": 0,
    "first": "2026-11-21T18:04:00Z",
    "last": "2026-11-21T18:04:02Z",
    "min": 2.0,
    "mean": 2.0,
    "max": 2.0,
}
STREAM = {
    "server": "redis 127.0.0.1:6379",
    "stream": "intent",
    "entry": "intent",
    "seen": True,
    "length": 3,
    "last_time": None,
    "producer": "moving",
    "groups": [
        {"name": "workers", "consumers": 1, "waiting": {"low": 0, "high": 0}, "pending": 0, "state": "progressing"}
    ],
}
INSTANCE = {
    "pid": 7,
    "started": "2026-11-21T18:00:00Z",
    "user": "app",
    "cwd": "/",
    "venv": None,
    "container": None,
    "unit": None,
    "cpu_percent": 1,
    "rss_kb": 2048,
    "command": "app",
}
FACTS = [
    {"host": "web1", "section": "endpoints", "facts": ENDPOINTS},
    {"host": "web1", "section": "logs", "facts": {"logs": [LOG], "performance": [CYCLE]}},
    {
        "host": "web1",
        "section": "streams",
        "facts": {"servers": [], "streams": [STREAM], "streams_total": 1, "waited_s": 0.0},
    },
    {
        "host": "web1",
        "section": "processes",
        "facts": {"processes": [{"name": "app", "wanted": 1, "running": 1, "containers": 0, "instances": [INSTANCE]}]},
    },
]
FINDINGS = run(
    check("endpoints", "status", component="/health"),
    check("endpoints", "sent", "not_exercised", component="ops", severity="info", summary="no message was sent"),
    check("logs", "log", observed={"read": READ}),
    check("streams", "lag", component="intent"),
    check("processes", "instances", component="app"),
    facts=FACTS,
)


def watched(name: str, place: str, outcome: str = "fail", **more: t.Any) -> Json:
    more = {"verdict": "PASS" if outcome == "pass" else "FAIL", **more}
    made = check("watch", name, outcome, component=place.partition("/")[0], subject=place.partition("/")[2], **more)
    return {**made, "evidence": [f"watch/web1.json#{place}"]}


def shown(*more: Json) -> str:
    told = standing.told(FINDINGS, [*checks.of_run(FINDINGS), *more])
    report = Report(told)
    sections = ("endpoints", "logs", "streams", "processes")
    return "\n".join(line for section in sections for line in registry.RENDERERS[section](report))


def row(text: str, start: str) -> str:
    (found,) = [line for line in text.splitlines() if line.startswith(start) and " watch " not in line]
    return found


ROWS = {
    "endpoints": ("available", "endpoints//health", "| prod | web1 | GET `/health`"),
    "logs": ("errors", "logs/main", "| prod | web1 | `logs/main.log`"),
    "streams": ("lag", "streams/intent", "| prod | web1 | `intent`"),
    "processes": ("stable", "processes/app", "| web1 | app | 7 |"),
}


@pytest.mark.parametrize("section", ROWS)
def test_a_row_is_not_well_when_the_window_failed(section: str) -> None:
    name, place, start = ROWS[section]
    # Where a table has words of the audit, that of a failure is another.
    well, ill = ("[OK] |", "[DRIFT] |") if section == "endpoints" else ("[PASS] |", "[FAIL] |")
    assert row(shown(), start).endswith(well)
    text = shown(watched(name, place, summary="it failed in the window"))
    assert row(text, start).endswith(ill)
    assert f"watch {name}" in text
    assert "it failed in the window" in text


def test_a_row_is_not_well_when_a_comparison_failed() -> None:
    slower = check("regression", "time", "fail", component="endpoints:/health", verdict="FAIL")
    assert row(shown(slower), ROWS["endpoints"][2]).endswith("[DRIFT] |")


def test_what_never_happened_in_a_window_is_not_called_not_asked() -> None:
    few = watched("memory", "processes/app", "not_exercised", verdict="NOT_EXERCISED", summary="too few looks")
    text = shown(few)
    assert "NOT ASKED" not in text
    assert row(text, "| prod | web1 | app | 1 |").endswith("[NOT EXERCISED] | \u2796 [NOT EXERCISED] |")


def test_required_endpoints_are_counted_by_checks_of_all_kinds() -> None:
    assert "pass every check: 1 of 1" in shown()
    assert "pass every check: 0 of 1" in shown(watched("available", "endpoints//health"))


def test_the_table_of_channels_shows_what_came_of_a_message() -> None:
    sent = check(
        "endpoints", "sent", component="ops", summary="ops took it", observed={"outcome": "taken"}, verdict="PASS"
    )
    kept = [one for one in checks.of_run(FINDINGS) if one["check"] != "sent"]
    text = "\n".join(registry.RENDERERS["endpoints"](Report(standing.told(FINDINGS, [*kept, sent]))))
    assert "[OK] | ops took it |" in text
    assert "no message was sent" not in text


def test_the_pace_is_that_of_the_window_and_that_of_the_audit() -> None:
    seven = {"count": 7, "mean_s": 2.5, "longest_s": 4.0, "over": 1, "first": "18:10", "last": "18:20"}
    cycles = watched("cycles", "logs/main", "pass", observed=seven)
    text = shown({**cycles, "subject": "main:cycle"})
    paces = [line for line in text.splitlines() if line.startswith("| web1 | main | `cycle`")]
    assert [one.split(" | ")[4] for one in paces] == ["7", "2"]


def test_a_table_that_says_otherwise_than_the_checks_is_not_written() -> None:
    """The broken twin: with the tables of the audit alone the report would have two answers."""
    failed = watched("available", "endpoints//health")
    sent = check("endpoints", "sent", component="ops", observed={"outcome": "taken"})
    kept = [one for one in checks.of_run(FINDINGS) if one["check"] != "sent"]
    every = [{**one, "verdict": "FAIL" if one is failed else "PASS"} for one in (*kept, sent, failed)]
    more = {"figures": {}, "files": [{"of": "verification", "path": "watch/web1.json", "bytes": 1, "sha256": "1"}]}
    made = document.build(ABOUT, Inputs(FINDINGS, files(FINDINGS), None, [seen()]), every, more)
    known = {**files(FINDINGS), "watch/web1.json": "1"}
    consistency.check(made, standing.told(FINDINGS, made["checks"]), known)
    with pytest.raises(consistency.Contradiction) as caught:
        consistency.check(made, FINDINGS, known)
    assert "endpoints /health of web1 is pass in the table, and its checks are fail" in str(caught.value)
    assert "channel ops of web1 is not_exercised in the table, and its checks are pass" in str(caught.value)
