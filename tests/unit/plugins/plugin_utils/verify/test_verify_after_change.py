# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Right after a change a verification claims no more than it saw, and says how soon it looked."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import markdown, terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import after_change, checks, watch_advice
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Seen
from verify_builders import check, item, run, seen, verification

Json = dict[str, t.Any]

CHANGE_S = 1795255200.5
CHANGE = {"time": "2026-11-21T10:00:00Z", "time_s": CHANGE_S}


def host(*logs: Json, **more: t.Any) -> Seen:
    changes = {"last": CHANGE, **more.pop("changes", {})}
    return dataclasses.replace(seen(changes=changes, logs={"now_s": CHANGE_S + 3, "logs": list(logs)}), **more)


def log(last_s: float | None, **more: t.Any) -> Json:
    return {
        "name": "main",
        "intervals": [{"name": "cycle", "last_s": last_s}],
        "require": [{"name": "ready", "last": None if last_s is None else "2026-11-21T09:59:59Z"}],
        "numbers": [],
        "newest_s": last_s,
        "mtime_s": last_s,
        "read": {"last_s": last_s, "dated": last_s is not None},
        **more,
    }


def made(name: str, subject: str = "main:cycle", outcome: str = "pass", **more: t.Any) -> Json:
    return checks.of_run(run(check("logs", name, outcome, subject=subject, **more)))[0]


@pytest.mark.parametrize(
    ("name", "subject"),
    [("interval", "main:cycle"), ("require", "main:ready"), ("numbers", "main:n"), ("fresh", "main")],
)
def test_what_came_before_the_change_alone_is_no_proof_of_what_runs_since(name: str, subject: str) -> None:
    of = host(log(CHANGE_S - 1.5), changes={"starts": {"first": {**CHANGE}, "of": {}}})
    (found,) = after_change.judged([made(name, subject, expected={"max_s": 60})], [of])
    assert found["verdict"] == "NOT_EXERCISED"
    assert "nothing of it is known to have come in the 3 s since 2026-11-21T10:00:00Z" in found["summary"]
    assert "-e verify_watch=10m" in found["remedy"]["text"]


@pytest.mark.parametrize("last_s", [CHANGE_S + 1, CHANGE_S, None])
def test_what_came_since_passes_and_so_does_what_nobody_dated(last_s: float | None) -> None:
    one = made("interval")
    assert after_change.judged([one], [host(log(last_s))]) == [one]


def test_a_cycle_in_the_second_of_the_change_may_be_the_old_ones_last_and_a_line_that_says_ready_may_not() -> None:
    whole = float(int(CHANGE_S))
    (cycle,) = after_change.judged([made("interval")], [host(log(whole))])
    assert cycle["verdict"] == "NOT_EXERCISED"
    ready = made("require", "main:ready")
    said = log(whole, require=[{"name": "ready", "last": "2026-11-21T10:00:00Z"}])
    anew = {"starts": {"first": {**CHANGE}, "of": {}}}
    assert after_change.judged([ready], [host(said, changes=anew)]) == [ready]


@pytest.mark.parametrize("outcome", ["fail", "unknown", "observation", "not_exercised"])
def test_nothing_but_a_pass_is_judged_anew(outcome: str) -> None:
    one = made("interval", outcome=outcome)
    assert after_change.judged([one], [host(log(0.0))]) == [one]


@pytest.mark.parametrize(
    "one",
    [made("max", "main:ERROR"), made("forbid", "main:x"), made("log", "main"), made("interval", component="other")],
)
def test_what_must_not_come_stands_as_it_was_read(one: Json) -> None:
    assert after_change.judged([one], [host(log(0.0))]) == [one]


def test_who_writes_a_log_is_asked_when_it_was_started_anew() -> None:
    started = {"time": "2026-11-21T10:00:02Z", "time_s": CHANGE_S + 2}
    changes = {"starts": {"first": CHANGE, "of": {"app.service": started}}}
    of = host(log(CHANGE_S + 1), changes=changes, sources={"main": {"journal": "app"}})
    assert after_change.judged([made("interval")], [of])[0]["verdict"] == "NOT_EXERCISED"
    other = host(log(CHANGE_S + 1), changes=changes, sources={"main": {"journal": None}})
    assert after_change.judged([made("interval")], [other])[0]["verdict"] == "PASS"


def test_a_host_without_a_record_or_without_logs_is_left_as_it_is() -> None:
    one = made("interval")
    for of in (host(log(0.0), changes={"last": None}), dataclasses.replace(host(), logs=None)):
        assert after_change.judged([one], [of]) == [one]


def evidence(*times: str | None) -> list[Json]:
    return [item(f"evidence/web1/{place}.json", started=time) for place, time in enumerate(times)]


def test_it_says_how_long_after_the_last_start_it_looked() -> None:
    started = {"time": "2026-11-21T10:00:02Z", "time_s": CHANGE_S + 2}
    changes = {"starts": {"first": CHANGE, "of": {"app.service": started}}}
    times = evidence("2026-11-21T10:00:09Z", "2026-11-21T10:00:08Z", "garbled", None)
    (found,) = after_change.looked([host(changes=changes)], times)
    assert found == {"host": "web1", "change": "2026-11-21T10:00:02Z", "seconds": 5}
    # What the control node dates is of another clock, and no look is of before the change.
    own = item("evidence/web1/run.json", started="2026-11-21T10:00:00Z")
    assert after_change.looked([host()], [own]) == []
    assert after_change.looked([host()], evidence("2026-11-21T09:00:00Z"))[0]["seconds"] == 0


@pytest.mark.parametrize(("seconds", "watch", "told"), [(3, [], True), (4000, [], False), (3, ["web1"], False)])
def test_a_report_so_soon_after_a_change_says_what_it_cannot_have_seen(
    seconds: int, watch: list[str], told: bool
) -> None:
    findings = run(check("git", "commit"))
    window = {"from": None, "to": None, "for_s": 10, "observed_s": 0, "gaps": [], "gaps_s": 0, "every_s": 1, "looks": 0}
    windows = [{"host": name, "window": window, "carried": None, "reason": ""} for name in watch]
    about = {"looked": [{"host": "web1", "change": CHANGE["time"], "seconds": seconds}], "watch": windows}
    whole = verification(findings, **about)
    said = "web1: looked at 3 s after the last change, and not watched"
    assert (said in " ".join(terminal.render(whole, report_path="r").split())) == told
    text = markdown.render(whole, findings)
    assert (said in text) == told
    assert "| Looked | `web1` " in text


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({}, "verify_watch=10m"),
        ({"max_s": 3600}, "verify_watch=180m"),
        ({"max_s": 86400}, "longer than a window can be"),
        ({"fresh_s": 700}, "verify_watch=35m"),
    ],
)
def test_what_did_not_happen_yet_says_how_long_to_watch(expected: Json, said: str) -> None:
    quiet = made("interval", outcome="not_exercised", severity="info", expected=expected)
    passes = made("interval")
    found, same = watch_advice.advised([quiet, passes])
    assert said in found["remedy"]["text"]
    assert same == passes


@pytest.mark.parametrize(
    ("restarts", "started", "since", "wanted"),
    [
        (2, True, "2026-11-21T10:00:07Z", "OBSERVATION"),
        # systemd tells whole seconds, and a step has parts of one.
        (2, True, CHANGE["time"], "OBSERVATION"),
        (2, True, None, "OBSERVATION"),
        # It was reloaded, or ran already: what systemd has counted is of long before.
        (2, True, "2026-11-20T08:00:00Z", "PASS"),
        (0, True, "2026-11-21T10:00:07Z", "PASS"),
        (2, False, "2026-11-21T10:00:07Z", "PASS"),
    ],
)
def test_a_unit_that_ended_since_the_change_started_it_does_not_pass_for_being_up_just_now(
    restarts: int, started: bool, since: str | None, wanted: str
) -> None:
    """A crash loop with a delay of some seconds is up at times."""
    name = "app.service"
    observed = {"active": "active", "restarts": restarts, "since": since}
    up = checks.of_run(run(check("units", "active", component=name, observed=observed)))
    changes = {"starts": {"first": CHANGE, "of": {name: CHANGE} if started else {}}}
    (found,) = after_change.judged(up, [host(changes=changes)])
    assert found["verdict"] == wanted
    assert ("systemd restarted it 2 times by itself" in found["summary"]) == (wanted == "OBSERVATION")


def test_what_a_program_said_when_it_started_is_said_of_it_until_it_is_started_anew() -> None:
    one = made("require", "main:ready")
    assert after_change.judged([one], [host(log(CHANGE_S - 1.5))]) == [one]
