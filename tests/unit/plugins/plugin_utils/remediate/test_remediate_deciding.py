# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change goes back for what it made worse, and for what it was to remove and did not; for nothing else."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import finding_id
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import course, deciding, degrees, instances
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import checks, verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.inputs import Inputs
from hypothesis import given
from hypothesis import strategies as st
from verify_builders import check, files, item, run, seen

FAILING = ("UNKNOWN", "FAIL")
SELECTOR = {"section": "logs", "component": "*", "check": "*", "subject": "*"}

Json = dict[str, t.Any]


def name_of(section: str, host: str = "web1") -> str:
    return finding_id("prod", host, section, "main", "check", "main")


def one_check(section: str, verdict: str, host: str = "web1", **observed: t.Any) -> Json:
    about = {"id": name_of(section, host), "host": host, "environment": "prod", "section": section}
    about |= {"component": "main", "subject": "main"}
    about |= {"check": "max" if section == "logs" else "check", "outcome": "fail" if verdict == "FAIL" else "unknown"}
    return {**about, "expected": {}, "observed": observed, "verdict": verdict, "summary": f"{section} is {verdict}"}


def verification(*made: Json, strict: bool = False, **more: t.Any) -> Json:
    """The parts of verify.json that count here, with one criterion for all."""
    group = {"name": "All", "required": True, "checks": [one["id"] for one in made], "missing": []}
    return {
        "strict": strict,
        "checks": list(made),
        "criteria": [{**group, **more.get("criterion", {})}],
        "hosts": [{"host": "web1", "verdict": "FAIL", "failure": more.get("failure")}],
    }


def earlier(*missing: str, often: t.Sequence[float] | None = None, **of_sections: str) -> deciding.Before:
    known = {name_of(section): verdict for section, verdict in of_sections.items()}
    bad = {}
    if often is not None:
        bad[name_of("logs")] = degrees.degrees(one_check("logs", "FAIL", count=often[0], span_s=often[1]))
    return deciding.Before("20261121T180400Z-prod-1", known, frozenset(missing), bad)


def reasons(made: Json, then: deciding.Before | None, *planned: str) -> tuple[list[str | None], list[str | None]]:
    found = deciding.decide(made, "web1", then, planned)
    return [one["id"] for one in found.reasons], [one["id"] for one in found.known]


@pytest.mark.parametrize("strict", [False, True])
@given(now=st.sampled_from(verdicts.VERDICTS), then=st.sampled_from([None, *verdicts.VERDICTS]), planned=st.booleans())
def test_only_what_got_worse_or_was_to_be_removed_takes_a_change_back(
    strict: bool, now: str, then: str | None, planned: bool
) -> None:
    made = verification(one_check("endpoints", now), strict=strict)
    before = earlier() if then is None else earlier(endpoints=then)
    name = name_of("endpoints")
    back, known = reasons(made, before, *([name] if planned else []))
    fails = now in FAILING or (strict and now == "OBSERVATION")
    worse = then is None or verdicts.VERDICTS.index(now) < verdicts.VERDICTS.index(then)
    assert back == ([name] if fails and (worse or planned) else [])
    assert known == ([name] if fails and not (worse or planned) else [])


@pytest.mark.parametrize(
    ("restarts", "since", "goes_back"),
    [
        (3, "2026-11-21T18:03:40Z", False),
        # It was restarted once, long before, or by somebody: whether it stays now is the change's doing.
        (3, "2026-11-21T17:00:00Z", True),
        (0, "2026-11-21T18:03:40Z", True),
        (3, None, True),
    ],
)
def test_a_unit_that_looped_before_takes_nothing_back_where_observations_do(
    restarts: int, since: str | None, goes_back: bool
) -> None:
    """A crash loop is up at times, before a change as after it."""
    observed = {"active": "active", "restarts": restarts, "since": since}
    findings = run(
        check("units", "active", component="web.service", observed=observed),
        evidence=[item("evidence/web1/units.json", started="2026-11-21T18:04:00Z")],
    )
    before = deciding.before(Inputs(findings, files(findings), None, [seen()]))
    (up,) = checks.of_run(findings)
    made = verification({**up, "outcome": "observation", "verdict": "OBSERVATION"}, strict=True)
    assert reasons(made, before) == (([up["id"]], []) if goes_back else ([], [up["id"]]))


@pytest.mark.parametrize(
    ("lines", "dated", "watched", "goes_back"),
    [
        pytest.param(2, False, "UNKNOWN", set(), id="its lines had no times before the change either"),
        pytest.param(2, True, "UNKNOWN", {"logs", "watch"}, id="they had, and have none any more"),
        pytest.param(0, False, "UNKNOWN", {"logs", "watch"}, id="it had no lines"),
        pytest.param(2, False, "FAIL", {"watch"}, id="the window tells something of it"),
    ],
)
def test_a_log_that_could_not_be_read_since_before_takes_nothing_back(
    lines: int, dated: bool, watched: str, goes_back: set[str]
) -> None:
    """Since the change it is not read: what was said of all its lines before is not said any more."""
    known = {"name": "app", "outcome": "ok", "read": {"lines": lines, "dated": dated}}
    findings = run(check("logs", "log", component="app"), check("logs", "max", component="app", subject="app:ERROR"))
    then = deciding.before(Inputs(findings, files(findings), None, [seen(logs={"logs": [known]})]))
    read = next(one for one in checks.of_run(findings) if one["check"] == "log")
    now = {**read, "outcome": "unknown", "verdict": "UNKNOWN"}
    seen_of = {**one_check("watch", watched), "check": "log", "evidence": ["watch/web1.json#logs/app"]}
    back, told = reasons(verification(now, seen_of), then)
    assert set(back) == {one["id"] for one in (now, seen_of) if one["section"] in goes_back}
    assert {*back, *told} == {now["id"], seen_of["id"]}


_DAY_S = 86400.0


@pytest.mark.parametrize(
    ("then", "now", "worse"),
    [
        pytest.param((1, _DAY_S), (1, 5.0), True, id="one in a day, and now at once"),
        pytest.param((1, _DAY_S), (7, 30.0), True, id="seven of another kind"),
        pytest.param((_DAY_S, _DAY_S), (30, 30.0), False, id="one a second as ever"),
        pytest.param((_DAY_S, _DAY_S), (45, 30.0), False, id="within what varies"),
        pytest.param((_DAY_S, _DAY_S), (60, 30.0), True, id="twice as many"),
        pytest.param((4, 600.0), (8, 1200.0), False, id="longer looked at, as often"),
        pytest.param((18, 3600.0), (1, 18.0), False, id="one line that comes by chance once in eleven times"),
        pytest.param((18, 3600.0), (3, 18.0), True, id="three of them"),
        pytest.param((10, 0.0), (10, 60.0), False, id="a burst of one moment, as ten in a minute"),
        pytest.param((10, 0.0), (100, 60.0), True, id="a burst is no rate"),
        pytest.param((20, 20.0), (15, 15.0), False, id="one a second as ever, of a log that is short"),
        pytest.param((20, 20.0), (60, 15.0), True, id="four a second of a log that is short"),
        pytest.param((20, 20.0), (1, 0.0), False, id="one a second, and one just now"),
        pytest.param((20, 20.0), (20, 50.0), False, id="longer looked at, and no more"),
        pytest.param((1, _DAY_S), (1, 0.0), True, id="one in a day, and now just now"),
        pytest.param((3, None), (3, 5.0), False, id="lines without times before"),
        pytest.param((3, _DAY_S), (3, None), False, id="lines without times now"),
        pytest.param(None, (3, 5.0), False, id="it failed before, and not for lines"),
    ],
)
def test_lines_of_a_log_are_worse_when_they_come_more_often(
    then: tuple[float, float | None] | None, now: tuple[float, float | None], worse: bool
) -> None:
    """Else one old line in a log hides all that a change leaks."""
    counted = None if then is None or then[1] is None else t.cast(tuple[float, float], then)
    made = verification(one_check("logs", "FAIL", count=now[0], span_s=now[1]))
    before = earlier(logs="FAIL", often=counted)
    before = deciding.Before.of(json.loads(json.dumps(before.document())))
    found = deciding.decide(made, "web1", before, ())
    assert ([one["id"] for one in found.reasons], [one["id"] for one in found.known]) == (
        ([name_of("logs")], []) if worse else ([], [name_of("logs")])
    )
    if worse:
        assert re.search("; before the change: [0-9,]+ lines? in ", found.reasons[0]["sentence"])
    made["checks"][0]["section"] = "endpoints"
    assert deciding.decide(made, "web1", before, ()).reasons == [], "what cannot be compared is as bad as it was"


def test_without_an_audit_before_all_that_fails_is_a_reason() -> None:
    made = verification(one_check("endpoints", "FAIL"), one_check("trees", "UNKNOWN"), one_check("logs", "PASS"))
    assert reasons(made, None) == ([name_of("endpoints"), name_of("trees")], [])


def test_what_is_optional_or_of_another_host_is_no_reason() -> None:
    optional = verification(one_check("endpoints", "FAIL"), criterion={"required": False})
    assert reasons(optional, earlier(endpoints="PASS")) == ([], [])
    elsewhere = verification(one_check("endpoints", "FAIL", host="web2"))
    assert reasons(elsewhere, earlier()) == ([], [])


def test_a_host_that_cannot_be_seen_any_more_goes_back() -> None:
    (unseen,) = deciding.decide(
        verification(failure={"kind": "unreachable", "reason": "no answer"}), "web1", earlier(), ()
    ).reasons
    assert unseen == {"id": None, "verdict": "UNKNOWN", "sentence": "web1 could not be observed: no answer"}
    (absent,) = deciding.decide(verification(), "web9", earlier(), ()).reasons
    assert absent["sentence"] == "web9 is not in the verification"


def test_what_a_criterion_asks_for_and_nothing_checks_counts_unless_it_was_so_before() -> None:
    gap = {
        "host": "web1",
        "selector": SELECTOR,
        "verdict": "UNKNOWN",
        "sentence": "on web1 nothing was checked of logs",
    }
    made = verification(criterion={"missing": [gap]})
    assert reasons(made, earlier()) == ([None], [])
    keys = [f"{key}={SELECTOR[key]}" for key in sorted(SELECTOR)]
    assert reasons(made, earlier(json.dumps(["web1", "All", *keys]))) == ([], [None])
    unwatched = verification(criterion={"missing": [{**gap, "verdict": "NOT_EXERCISED"}]})
    assert reasons(unwatched, earlier()) == ([], [])


def test_after_the_way_back_what_was_to_be_removed_is_there_again_and_what_is_worse_is_told() -> None:
    before = earlier(trees="FAIL", endpoints="PASS", processes="PASS")
    first = [{"id": name_of("endpoints"), "verdict": "FAIL", "sentence": "500"}]
    well = verification(one_check("trees", "FAIL"), one_check("endpoints", "PASS"))
    assert deciding.still(well, "web1", [one["id"] for one in first], before) == []
    worse = verification(one_check("trees", "FAIL"), one_check("processes", "FAIL"))
    assert [one["id"] for one in deciding.still(worse, "web1", [one["id"] for one in first], before)] == [
        name_of("processes")
    ]
    # Nothing is known of before: what took it back counts, and the drift that is back does not.
    unknown = verification(one_check("trees", "FAIL"), one_check("endpoints", "FAIL"))
    assert [one["id"] for one in deciding.still(unknown, "web1", [one["id"] for one in first], None)] == [
        name_of("endpoints")
    ]


def test_what_is_kept_of_before_comes_back_as_it_was() -> None:
    before = dataclasses.replace(earlier("a", "b", trees="FAIL"), processes=instances.kept([instance(1, "FAIL")]))
    assert deciding.Before.of(json.loads(json.dumps(before.document()))) == before


def instance(pid: int, verdict: str, check: str = "user", about: str = "") -> Json:
    subject = f"main[{pid}]{about}"
    name = finding_id("prod", "web1", "processes", "main", check, subject)
    return {**one_check("processes", verdict), "id": name, "check": check, "subject": subject}


@pytest.mark.parametrize(
    ("then", "now", "back"),
    [
        pytest.param([(1, "FAIL")], [(2, "FAIL")], 0, id="started anew, and as wrong as before"),
        pytest.param([(1, "FAIL"), (2, "PASS")], [(3, "PASS"), (4, "FAIL")], 0, id="one of two, as before"),
        pytest.param([(1, "FAIL"), (2, "PASS")], [(3, "FAIL"), (4, "FAIL")], 1, id="both of two"),
        pytest.param([(1, "PASS")], [(2, "FAIL")], 1, id="it was well"),
        pytest.param([(1, "PASS")], [(1, "FAIL")], 1, id="it was well, and still runs"),
        pytest.param([(1, "UNKNOWN")], [(2, "FAIL")], 1, id="it was not known"),
        pytest.param([(1, "FAIL")], [(2, "FAIL"), (3, "FAIL")], 1, id="one more"),
        pytest.param([], [(2, "FAIL")], 1, id="none ran"),
    ],
)
def test_a_process_that_was_started_anew_is_compared_with_the_one_before(
    then: list[tuple[int, str]], now: list[tuple[int, str]], back: int
) -> None:
    before = before_of(*(instance(*one) for one in then), instance(1, "PASS", "unit"), instance(1, "FAIL", about=":a"))
    made = verification(*(instance(*one) for one in now))
    assert len(reasons(made, before)[0]) == back
    # After the way back it was started anew once more.
    assert len(deciding.still(made, "web1", [], before)) == back


def test_what_was_to_be_removed_of_a_process_and_is_there_again_takes_the_change_back() -> None:
    old, new = instance(1, "FAIL", "code"), instance(2, "FAIL", "code")
    before = before_of(old)
    assert reasons(verification(new), before, old["id"]) == ([new["id"]], [])
    assert reasons(verification(new), before, instance(1, "FAIL")["id"]) == ([], [new["id"]])


def before_of(*made: Json) -> deciding.Before:
    told = {one["id"]: one["verdict"] for one in made}
    kept, hidden = instances.kept(made), deciding.hidden(made)
    return deciding.Before("20261121T180400Z-prod-1", told, frozenset(), {}, kept, hidden)


def of_endpoint(check: str, verdict: str, name: str = "main") -> Json:
    made = {**one_check("endpoints", verdict), "check": check, "component": name}
    return {**made, "id": finding_id("prod", "web1", "endpoints", name, check, "main")}


@pytest.mark.parametrize(
    ("then", "now", "back"),
    [
        pytest.param("answers", [("status", "FAIL")], 0, id="nobody answered, and now somebody does, badly"),
        pytest.param("status", [("fresh", "FAIL"), ("time", "UNKNOWN")], 0, id="nothing was judged of its content"),
        pytest.param("time", [("fresh", "FAIL")], 1, id="it was only slow, and its content was not asked for"),
        pytest.param("status", [("answers", "FAIL")], 1, id="it answered, badly, and now it does not"),
    ],
)
def test_what_was_not_judged_before_failed_as_what_left_it_out(
    then: str, now: list[tuple[str, str]], back: int
) -> None:
    """Going back would bring about nothing but that nobody answers."""
    passed = [of_endpoint("answers", "PASS")] if then != "answers" else []
    before = before_of(*({**one, "outcome": "pass"} for one in passed), of_endpoint(then, "FAIL"))
    before = deciding.Before.of(json.loads(json.dumps(before.document())))
    made = [of_endpoint(*one) for one in now]
    assert len(reasons(verification(*made), before)[0]) == back
    other = verification(*(of_endpoint(check, verdict, "other") for check, verdict in now))
    assert len(reasons(other, before)[0]) == len(now), "of another endpoint nothing was left out"


def feature(section: str) -> Json:
    about = {"section": "regression", "component": f"{section}:main", "subject": f"{section}:main", "check": "feature"}
    return {**one_check("regression", "FAIL"), **about}


@pytest.mark.parametrize(
    ("own", "then", "goes_back"),
    [
        pytest.param(["endpoints"], {"endpoints": "FAIL"}, False, id="it failed before the change as well"),
        pytest.param(["endpoints"], {"endpoints": "PASS"}, True, id="it worked before the change"),
        pytest.param(["endpoints", "watch"], {"endpoints": "FAIL"}, True, id="it fails in the window as well"),
        pytest.param(["trees"], {"trees": "FAIL"}, True, id="another thing failed before"),
        pytest.param([], {}, True, id="nothing of it says so itself"),
    ],
)
def test_what_worked_when_it_was_accepted_takes_back_what_its_own_checks_do(
    own: list[str], then: dict[str, str], goes_back: bool
) -> None:
    """Accepted last week, failing since yesterday: a change of today neither brought that about nor mends it."""
    made = [{**one_check(section, "FAIL"), "evidence": ["watch/web1.json#endpoints/main"]} for section in own]
    back, known = reasons(verification(*made, feature("endpoints")), earlier(**then))
    assert (feature("endpoints")["id"] in back) == goes_back
    assert (feature("endpoints")["id"] in known) != goes_back


@pytest.mark.parametrize(
    ("then", "now", "watched", "goes_back"),
    [
        pytest.param("UNKNOWN", "UNKNOWN", "UNKNOWN", False, id="it could not be told before either"),
        pytest.param("FAIL", "UNKNOWN", "UNKNOWN", False, id="it was worse before"),
        pytest.param("PASS", "UNKNOWN", "UNKNOWN", True, id="it could be told before"),
        pytest.param("UNKNOWN", "PASS", "UNKNOWN", True, id="the audit could tell"),
        pytest.param("UNKNOWN", "UNKNOWN", "FAIL", True, id="it does not answer in the window"),
    ],
)
def test_what_cannot_be_told_of_an_answer_cannot_in_a_window_either(
    then: str, now: str, watched: str, goes_back: bool
) -> None:
    """An answer that is longer than what is read is so in every look."""
    seen = {**one_check("watch", watched), "check": "available", "evidence": ["watch/web1.json#endpoints/main"]}
    made = [{**one_check("endpoints", now), "check": "content"}, seen]
    back, known = reasons(verification(*made), earlier(endpoints=then))
    assert (seen["id"] in back, seen["id"] in known) == (goes_back, not goes_back)


def test_what_a_window_calls_otherwise_is_about_the_same_thing() -> None:
    host = {**one_check("resources", "FAIL"), "component": "memory"}
    killed = {**one_check("watch", "FAIL"), "component": "memory", "evidence": ["watch/web1.json#memory"]}
    worked = {**feature("resources"), "component": "resources:memory"}
    back, _known = reasons(verification(host, killed, worked), earlier(resources="FAIL"))
    assert back == [killed["id"], worked["id"]]


def test_after_the_way_back_what_is_behind_its_reference_again_is_no_regression() -> None:
    """The commit is newer than what was accepted: a host without it is as it was before the change, and not worse."""
    made = verification(one_check("trees", "FAIL"), feature("trees"))
    assert deciding.still(made, "web1", [name_of("logs")], earlier(trees="FAIL")) == []


def test_after_the_way_back_a_figure_counts_that_took_the_change_back() -> None:
    """One that only now is beyond its bound was not known before the change, and the change is no more."""
    slow = {**one_check("regression", "FAIL"), "check": "time", "component": "endpoints:main"}
    made = verification(slow)
    assert deciding.still(made, "web1", [name_of("logs")], earlier()) == []
    assert [one["id"] for one in deciding.still(made, "web1", [slow["id"]], earlier())] == [slow["id"]]


def test_what_an_older_version_kept_of_before_is_read() -> None:
    """A remediation that it began can be taken over."""
    kept = {"run": "r", "verdicts": {name_of("logs"): "FAIL"}, "missing": [], "often": {name_of("logs"): [3, 60.0]}}
    before = deciding.Before.of(kept)
    assert reasons(verification(one_check("logs", "FAIL", count=3, span_s=60.0)), before) == ([], [name_of("logs")])


def test_what_does_not_run_is_told_before_what_it_does_not_answer() -> None:
    order = ("endpoints", "logs", "regression", "streams", "processes", "trees", "units")
    found = deciding.decide(verification(*(one_check(name, "FAIL") for name in order)), "web1", None, ())
    assert [one["sentence"].split()[0] for one in found.reasons] == [
        "processes",
        "units",
        "trees",
        "streams",
        "logs",
        "endpoints",
        "regression",
    ]
    # Of a watch, that a process does not stay is the cause.
    stable = {**one_check("watch", "FAIL"), "check": "stable"}
    found = deciding.decide(verification(one_check("endpoints", "FAIL"), stable), "web1", None, ())
    assert [one["sentence"].split()[0] for one in found.reasons] == ["watch", "endpoints"]
    # That the host booted is the cause of all of it.
    booted = {**one_check("watch", "FAIL"), "check": "window", "summary": "boot", "id": "boot"}
    found = deciding.decide(verification(one_check("units", "FAIL"), stable, booted), "web1", None, ())
    assert found.reasons[0]["sentence"] == "boot"


def test_after_the_way_back_each_of_many_reasons_is_looked_for_and_not_only_those_that_are_told() -> None:
    """Where nothing is known of before, the 25th that fails still keeps a host from being called as it was."""
    found = deciding.decide(verification(*(one_check(f"s{place}", "FAIL") for place in range(25))), "web1", None, ())
    kept = {"reasons": found.reasons[:20], "reason_ids": [one["id"] for one in found.reasons]}
    left = verification(one_check("s24", "FAIL"))
    assert name_of("s24") not in {one["id"] for one in kept["reasons"]}
    assert [one["id"] for one in deciding.still(left, "web1", course._ids(kept), None)] == [name_of("s24")]
    # A result of an older version has only those that it tells.
    assert course._ids({"reasons": found.reasons[:2]}) == [one["id"] for one in found.reasons[:2]]


def test_of_what_is_as_before_that_which_fails_is_told_first() -> None:
    checks = [one_check("logs", "UNKNOWN"), one_check("endpoints", "FAIL")]
    before = earlier(logs="UNKNOWN", endpoints="FAIL")
    found = deciding.decide(verification(*checks), "web1", before, ())
    assert [one["verdict"] for one in found.known] == ["FAIL", "UNKNOWN"]
