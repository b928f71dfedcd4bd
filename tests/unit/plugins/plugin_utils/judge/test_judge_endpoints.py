# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the section endpoints: each fault with its cause, and nothing else."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.endpoints import CHECKS, SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import endpoints
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.endpoint_rules import DEFAULTS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement

Json = dict[str, t.Any]
# 2026-11-21T12:00:00Z
NOON = 1795262400.0
DAY = 86400


def contract(*entries: Json) -> list[Json]:
    problems = Problems()
    read = SHAPE.read(
        [{"name": "api", "url": "http://127.0.0.1:8001/health", **entry} for entry in entries], "", problems
    )
    problems.raise_any()
    return t.cast("list[Json]", read)


def result(kind: str, subject: str, **more: t.Any) -> Json:
    made = {"kind": kind, "subject": subject, "outcome": "ok", "reason": "", "holds": True, "missing": "", "type": ""}
    return {**made, "shown": "1", "size": None, "broken": [], "times_s": [], **more}


def answered(**more: t.Any) -> Json:
    tls = more.pop("tls", None)
    answer = {
        "status": 200,
        "reason": "OK",
        "headers": {},
        "url": "http://127.0.0.1:8001/health",
        "redirects": [],
        "address": "127.0.0.1",
        "at_s": NOON,
        "times_ms": {"resolve": 0.1, "connect": 0.2, "first_byte": 90.0, "total": 100.0},
        "totals_ms": [100.0],
        "median_ms": 100.0,
        "size": 2,
        "partial": "",
        "late": False,
        "body": "",
        "body_cut": False,
        "content": [],
        **more,
    }
    return seen(answer=answer, tls=tls)


def failed(kind: str, stage: str, text: str, tls: Json | None = None) -> Json:
    return seen(failure={"kind": kind, "stage": stage, "text": text}, tls=tls)


def seen(**more: t.Any) -> Json:
    made = {"name": "api", "url": "http://127.0.0.1:8001/health", "method": "GET", "outcome": "ok", "reason": ""}
    return {**made, "failure": None, "answer": None, "tls": None, "from": "host", **more}


def judged(entry: Json, evidence: Json, **context: t.Any) -> Judgement:
    answers = [{**evidence, "from": entry.get("from", "host")}]
    data = {"now_s": {"host": NOON, "control": NOON}, "endpoints": answers, "webhooks": []}
    return endpoints.judge(contract(entry), data, Context("prod", "web1", **context))


def found(made: Judgement) -> list[tuple[str, str, str | None, str]]:
    return [
        (check.check, check.subject, check.cause, check.outcome) for check in made.checks if check.outcome != "pass"
    ]


def only(made: Judgement) -> Check:
    (check,) = (check for check in made.checks if check.outcome != "pass")
    return check


def test_each_check_can_be_given_a_severity() -> None:
    assert tuple(DEFAULTS) == CHECKS


def test_one_that_answers_as_declared_passes() -> None:
    made = judged({}, answered())
    assert [check.check for check in made.checks] == ["answers", "status"]
    assert found(made) == []
    assert made.cells == {"api": "in_sync"}
    assert made.coverage == {"checked": 2, "unknown": 0, "ignored": 0, "reasons": []}


@pytest.mark.parametrize(
    ("kind", "stage", "check", "cause"),
    [
        ("refused", "connect", "answers", "not_answering"),
        ("name", "resolve", "answers", "not_answering"),
        ("timeout", "connect", "answers", "not_answering"),
        ("timeout", "answer", "answers", "too_slow"),
        ("closed", "body", "answers", "not_answering"),
        ("protocol", "answer", "answers", "not_answering"),
        ("tls", "tls", "answers", "not_answering"),
        ("certificate", "tls", "certificate", "not_answering"),
    ],
)
def test_no_answer_is_one_finding(kind: str, stage: str, check: str, cause: str) -> None:
    made = judged({"json": {"a": 1}, "under_ms": 5}, failed(kind, stage, "because of this"))
    assert found(made) == [(check, "api", cause, "fail")]
    assert "because of this" in only(made).summary
    assert only(made).severity == "critical"


def test_an_expired_certificate_says_when() -> None:
    tls = {"version": "", "reason": "", "subject": "api", "issuer": "CA", "verified": False}
    tls |= {"not_before_s": 0, "not_after_s": int(NOON) - DAY}
    made = judged({}, failed("certificate", "tls", "certificate has expired", tls))
    assert found(made) == [("certificate", "api", "certificate_expires", "fail")]
    assert "it is api's, vouched for by CA, valid until 2026-11-20T12:00:00Z" in only(made).summary


def test_what_was_not_asked_is_unknown() -> None:
    made = judged({"severity": {"status": "low", "answers": "medium"}}, seen(outcome="unknown", reason="no token"))
    assert found(made) == [("answers", "api", "unseen", "unknown")]
    assert only(made).severity == "medium"
    assert only(made).summary == "What api answers, asked from web1, is not known: no token"


def test_another_status_hides_the_content_and_is_as_bad_as_the_worst() -> None:
    entry = {"json": {"a": 1}, "severity": {"answers": "low", "status": "low", "json": "high"}}
    answer = answered(
        status=500, reason="Internal Server Error", body="database  is\nlocked", content=[result("json", "a")]
    )
    made = judged(entry, answer)
    assert found(made) == [("status", "api", "wrong_status", "fail")]
    assert only(made).severity == "high"
    assert only(made).summary == (
        "api (http://127.0.0.1:8001/health) answers 500 Internal Server Error, asked from web1, where 200 should come; "
        "it says database is locked; its content was not judged"
    )


@pytest.mark.parametrize("status", [404, 410])
def test_one_that_is_not_required_may_be_missing(status: int) -> None:
    made = judged({"required": False}, answered(status=status, reason="Gone"))
    assert found(made) == [("status", "api", "wrong_status", "observation")]
    assert found(judged({"required": False}, failed("refused", "connect", "x"))) == [
        ("answers", "api", "not_answering", "observation")
    ]
    assert found(judged({"required": False}, answered(status=500))) == [("status", "api", "wrong_status", "fail")]
    assert found(judged({}, answered(status=status))) == [("status", "api", "wrong_status", "fail")]


def test_a_limit_on_asking_and_a_redirect_are_told() -> None:
    limited = judged({}, answered(status=429, headers={"retry-after": "30"}))
    assert "it limits how often it may be asked (Retry-After: 30)" in only(limited).summary
    moved = judged({"status": [200, 204]}, answered(status=302, headers={"location": "/login"}))
    assert "where 200 or 204 should come; it redirects to /login" in only(moved).summary


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"median_ms": 100.0}, "pass"),
        ({"median_ms": 100.1}, "fail"),
        ({"median_ms": 50.0, "partial": "only the first 1 MiB of the answer was read"}, "unknown"),
        ({"median_ms": 150.0, "partial": "only the first 1 MiB of the answer was read"}, "fail"),
    ],
)
def test_the_time_is_judged_by_what_was_read(more: Json, outcome: str) -> None:
    made = judged({"under_ms": 100}, answered(**more))
    (check,) = (check for check in made.checks if check.check == "time")
    assert check.outcome == outcome


def test_a_slow_answer_is_told_step_by_step() -> None:
    check = only(judged({"under_ms": 50, "samples": 3}, answered(totals_ms=[90.0, 100.0, 110.0])))
    assert check.summary == (
        "api took 100 ms (the median of 3 samples), asked from web1; limit 50 ms; the last one step by step: "
        "resolve 0.1 ms, connect 0.2 ms, first byte 90 ms, total 100 ms"
    )


@pytest.mark.parametrize("entry", [{}, {"under_ms": 50}, {"under_ms": 60000}])
def test_an_answer_that_did_not_end_is_too_slow(entry: Json) -> None:
    made = judged(entry, answered(partial="the answer did not end", late=True, size=2048))
    assert found(made) == [("time", "api", "too_slow", "fail")]
    assert only(made).summary == (
        "The answer of api (http://127.0.0.1:8001/health) began and did not end within 10 s, asked from web1: "
        "2 KiB came; step by step: resolve 0.1 ms, connect 0.2 ms, first byte 90 ms, total 100 ms"
    )


@pytest.mark.parametrize(
    ("entry", "content", "check", "cause", "said"),
    [
        (
            {"json": {"a": {"min": 2}}},
            result("json", "a", holds=False, broken=["min"], shown="1"),
            "json",
            "wrong_content",
            "In the answer of api a is 1 and should be at least 2",
        ),
        (
            {"json": {"a": "x"}},
            result("json", "a", holds=False, missing="the document has no a, only b"),
            "json",
            "wrong_content",
            "In the answer of api a is not there: the document has no a, only b",
        ),
        (
            {"contains": "BTC"},
            result("contains", "BTC", holds=False),
            "content",
            "wrong_content",
            'The answer of api does not contain "BTC"',
        ),
        (
            {"not_contains": "stub"},
            result("not_contains", "stub", holds=False),
            "content",
            "wrong_content",
            'The answer of api contains "stub"',
        ),
        (
            {"matches": "^B"},
            result("matches", "^B", holds=False),
            "content",
            "wrong_content",
            'The answer of api does not match "^B"',
        ),
        (
            {"min_items": {"a": 2}},
            result("min_items", "a", holds=False, size=1),
            "items",
            "too_few_items",
            "a in the answer of api has 1 item, at least 2 wanted",
        ),
        (
            {"min_items": {"a": 0}},
            result("min_items", "a", holds=None, shown='"x"'),
            "items",
            "wrong_content",
            'a in the answer of api is "x", which is no list',
        ),
        (
            {"fresh": {"path": "a", "within_s": 300}},
            result("fresh", "a", holds=None, times_s=[NOON - 400]),
            "fresh",
            "stale_data",
            "a in the answer of api is 6 min 40 s old (2026-11-21T11:53:20Z, asked from web1 at 2026-11-21T12:00:00Z); "
            "limit 5 min",
        ),
        (
            {"fresh": {"path": "a", "within_s": 300}},
            result("fresh", "a", holds=False, missing="a is an empty list"),
            "fresh",
            "stale_data",
            "The answer of api has no time at a: a is an empty list",
        ),
        (
            {"fresh": {"path": "a", "within_s": 300}},
            result("fresh", "a", holds=None, shown='"soon"'),
            "fresh",
            "wrong_content",
            'In the answer of api a is "soon", which is no time',
        ),
    ],
)
def test_each_fault_of_the_content_is_told(entry: Json, content: Json, check: str, cause: str, said: str) -> None:
    made = judged(entry, answered(content=[content]))
    assert found(made) == [(check, f"api:{content['subject']}", cause, "fail")]
    assert only(made).summary == said


@pytest.mark.parametrize(
    ("times", "outcome"),
    [
        ([NOON], "pass"),
        ([NOON - 300], "pass"),
        ([NOON - 301], "fail"),
        ([NOON + 60], "pass"),
        ([NOON + 61], "unknown"),
        ([NOON - 10, NOON - 7210], "unknown"),
        ([NOON - 10, NOON + 7190], "unknown"),
        ([NOON - 7200, NOON - 14400], "fail"),
    ],
)
def test_how_old_data_are(times: list[float], outcome: str) -> None:
    entry = {"fresh": {"path": "a", "within_s": 300}}
    made = judged(entry, answered(content=[result("fresh", "a", holds=None, times_s=times)]))
    (check,) = (check for check in made.checks if check.check == "fresh")
    assert check.outcome == outcome


def test_what_could_not_be_read_of_the_content_is_unknown() -> None:
    entry = {"json": {"a": 1}, "contains": "x"}
    content = [result("contains", "x"), result("json", "a", outcome="unknown", holds=None, reason="it was cut")]
    assert found(judged(entry, answered(content=content))) == [("json", "api:a", "unseen", "unknown")]


@pytest.mark.parametrize(("days", "outcome"), [(21, "pass"), (22, "fail")])
def test_how_long_a_certificate_is_valid(days: int, outcome: str) -> None:
    tls = {"version": "TLSv1.3", "reason": "", "subject": "api", "issuer": "CA", "verified": True, "not_before_s": 0}
    entry = {"url": "https://example.org/", "tls_days": days}
    made = judged(entry, answered(tls={**tls, "not_after_s": int(NOON) + 21 * DAY}))
    (check,) = (check for check in made.checks if check.check == "certificate")
    assert check.outcome == outcome
    assert "valid until 2026-12-12T12:00:00Z, another 21 d" in check.summary
    garbled = judged(entry, answered(tls={**tls, "not_after_s": None, "reason": "it cannot be read"}))
    assert found(garbled) == [("certificate", "api", "unseen", "unknown")]


def listener(port: int, pid: int, name: str) -> Json:
    return {"proto": "tcp", "port": port, "pid": pid, "name": name}


@pytest.mark.parametrize(
    ("entry", "outcome", "hint"),
    [
        ({}, "ok", "; nothing listens on port 8001; monitoring_api listens on 8002"),
        ({"from": "control"}, "ok", ""),
        ({"url": "http://192.0.2.7:8001/"}, "ok", ""),
        ({"url": "http://localhost:8009/"}, "ok", "; nothing listens on port 8009"),
        ({"url": "http://localhost:8002/"}, "ok", ""),
        ({}, "unknown", ""),
    ],
)
def test_a_refused_connection_is_compared_with_who_listens(entry: Json, outcome: str, hint: str) -> None:
    ports = {
        "listeners": [listener(8002, 7, "python3"), listener(9, 8, "other")],
        "declared_processes": {"monitoring_api": [7]},
        "outcomes": {key: {"outcome": outcome, "reason": ""} for key in ("tcp", "tcp6")},
    }
    context = {"contract": {"ports": [{"port": 8001, "process": "monitoring_api"}]}, "seen": {"ports": ports}}
    check = only(judged(entry, failed("refused", "connect", "refused there"), **context))
    assert check.summary.endswith(f"refused there{hint}")


def test_facts_have_how_an_endpoint_was_asked_where_that_is_not_as_usual() -> None:
    """What repeats the check asks as the audit did: a redirect that was followed is followed again."""
    unusual = {"ca": "ca.pem", "redirects": 3, "timeout_s": 30}
    (fact,) = judged({"url": "https://app.example.org/", **unusual}, answered()).facts["endpoints"]
    assert {key: fact[key] for key in unusual} == unusual
    (fact,) = judged({}, answered()).facts["endpoints"]
    assert not set(unusual) & set(fact)


def test_facts_count_what_holds() -> None:
    entry = {"json": {"a": 1, "b": 1}, "fresh": {"path": "c", "within_s": 300}}
    content = [
        result("json", "a"),
        result("json", "b", holds=False, broken=["equals"]),
        result("fresh", "c", holds=None, times_s=[NOON - 12]),
    ]
    (fact,) = judged(entry, answered(content=content)).facts["endpoints"]
    assert fact["data"] == {"asserted": 3, "hold": 2, "age_s": 12.0, "live": True}
    assert (fact["outcome"], fact["status"], fact["median_ms"], fact["samples"]) == ("fail", 200, 100.0, 1)


def test_what_is_sent_along_is_told_by_its_place_and_never_by_a_value_that_may_be_secret() -> None:
    place = {"file": ".env", "key": "API_TOKEN", "prefix": None}
    sent = {"Authorization": place, "X-Auth": "hunter2", "Accept": "text/plain"}
    told = judged({"headers": sent}, answered(status=500))
    expected = {"Authorization": place, "X-Auth": MARK, "Accept": "text/plain"}
    assert told.facts["endpoints"][0]["headers"] == expected
    assert [check.expected["headers"] for check in told.checks if check.check == "status"] == [expected]
    assert "headers" not in judged({}, answered()).facts["endpoints"][0]
    # What is no secret as a rule can hold one.
    agent = judged({"headers": {"User-Agent": "probe token=hunter2hunter2"}}, answered()).facts["endpoints"][0]
    assert MARK in agent["headers"]["User-Agent"] and "hunter2" not in str(agent)
