# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the section configs: each fault with its cause, nothing else, and never a secret."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.configs import CHECKS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import config_between, configs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import CAUSES, REMEDIES, Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_file import DEFAULTS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_found import FINDINGS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_rules import same
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement
from configs_builders import contract, data, key, keys, reader, reference, seen
from hypothesis import given
from hypothesis import strategies as st
from judge_builders import ALONE, CONTEXT, UNMADE

Json = dict[str, t.Any]
EMPTY = key("a", "")
Brief = set[tuple[str, str, str | None]]


def judged(entry: Json, context: t.Any = CONTEXT, **more: t.Any) -> Judgement:
    (read,) = contract(entry)
    found = seen(read, more.pop("found", ()), **more)
    return configs.judge([read], data(found), context)


def findings(made: Judgement) -> Brief:
    """Return check, subject and cause of what failed."""
    return {(one.check, one.subject, one.cause) for one in made.checks if one.outcome == "fail"}


def outcome(made: Judgement, check: str, subject: str) -> str:
    return next(one.outcome for one in made.checks if (one.check, one.subject) == (check, subject))


def only(made: Judgement, result: str = "fail") -> Check:
    (found,) = [one for one in made.checks if one.outcome == result]
    return found


def test_each_check_has_a_severity() -> None:
    assert {*DEFAULTS, *config_between.DEFAULTS} == set(CHECKS)


def test_equal_files_have_no_finding() -> None:
    made = judged({}, found=keys(a=1, b="x"), reference=reference(keys(a=1, b="x")))
    assert findings(made) == set()
    assert {one.outcome for one in made.checks} == {"pass"}
    assert made.cells == {"app.yaml": "in_sync"}
    assert "app.yaml on prod-1 has 2 keys that hold the rule for all others" in [one.summary for one in made.checks]


def test_keys_that_must_match() -> None:
    theirs = reference(keys(interval=10, gone=1, same=2))
    made = judged({}, found=[key("interval", 30, line=12), key("extra", 1), key("same", 2)], reference=theirs)
    assert findings(made) == {
        ("value", "app.yaml:interval", "value_differs"),
        ("value", "app.yaml:gone", "missing_key"),
        ("value", "app.yaml:extra", "only_on_host"),
    }
    said = {one.subject: one for one in made.checks if one.outcome == "fail"}
    interval = said["app.yaml:interval"]
    assert interval.summary == "interval of app.yaml on prod-1 is 30 (line 12), main@0487dce has 10"
    assert (interval.expected, interval.observed) == (
        {"path": "app.yaml", "rule": "must_match", "value": "10"},
        {"value": "30", "line": 12},
    )
    assert said["app.yaml:gone"].state == "missing"
    assert "Save the host's version" in t.cast(str, (said["app.yaml:extra"].remedy or {})["text"])


@pytest.mark.parametrize(
    ("rule", "here", "there", "found"),
    [
        ("must_match", key("k", "a"), key("k", "a"), set()),
        ("must_match", key("k", ""), key("k", None), set()),
        ("must_match", key("k", "{}", empty=True, type="object"), key("k", ""), {("value", "value_differs")}),
        ("must_match", None, None, set()),
        ("may_differ", key("k", "a"), key("k", "b"), set()),
        ("may_differ", None, key("k", "b"), set()),
        ("must_differ", key("k", "a"), key("k", "b"), set()),
        ("must_differ", key("k", "a"), None, set()),
        ("must_differ", key("k", "a"), key("k", "a"), {("must_differ", "same_value")}),
        ("must_differ", key("k", ""), key("k", ""), {("must_differ", "empty_value")}),
        ("must_differ", key("k", "x", placeholder=True), key("k", "x"), {("must_differ", "placeholder")}),
        ("must_differ", None, key("k", "a"), {("must_differ", "missing_key")}),
        ("must_be_present", key("k", "a"), None, set()),
        ("must_be_present", key("k", ""), None, {("present", "empty_value")}),
        ("must_be_present", key("k", "x", placeholder=True), None, {("present", "placeholder")}),
        ("must_be_present", None, key("k", "a"), {("present", "missing_key")}),
        ("must_be_absent", None, key("k", "a"), set()),
        ("must_be_absent", key("k", ""), None, {("absent", "forbidden_key")}),
        (10, key("k", 10, tests={"0.equals": True}), None, set()),
        (10, key("k", 11, tests={"0.equals": False}), None, {("value", "value_differs")}),
        (10, None, key("k", 10), {("value", "missing_key")}),
        ({"min": 1, "max": 5}, key("k", 9, tests={"0.min": True, "0.max": False}), None, {("value", "out_of_range")}),
        ({"type": "integer"}, key("k", "x", tests={"0.type": False}), None, {("value", "wrong_type")}),
        ({"rule": "may_differ", "min": 1}, None, None, set()),
        (
            {"rule": "may_differ", "min": 1},
            key("k", 0, tests={"0.min": False}),
            key("k", 2),
            {("value", "out_of_range")},
        ),
        (
            {"rule": "must_match", "min": 1},
            key("k", 0, tests={"0.min": False}),
            key("k", 0),
            {("value", "out_of_range")},
        ),
        (
            {"rule": "must_match", "min": 1},
            key("k", 0, tests={"0.min": False}),
            key("k", 2),
            {("value", "value_differs")},
        ),
        ({"rule": "must_differ", "min": 1}, None, None, {("must_differ", "missing_key")}),
    ],
)
def test_each_rule(rule: t.Any, here: Json | None, there: Json | None, found: set[tuple[str, str]]) -> None:
    theirs = reference([there] if there else [])
    made = judged({"keys": {"k": rule}}, found=[here] if here else [], reference=theirs)
    assert findings(made) == {(check, "app.yaml:k", cause) for check, cause in found}
    assert {one.outcome for one in made.checks} <= {"pass", "fail", "not_exercised"}


def test_a_rule_that_no_key_has_is_told_unless_it_forbids_or_allows() -> None:
    rules = {"exact": "must_match", "a*": {"min": 1}, "b*": "must_match", "c*": "must_be_absent", "d*": "may_differ"}
    made = judged({"keys": {**rules, "e*": "must_be_present", "f*": "must_differ"}}, reference=reference())
    assert findings(made) == {("present", "app.yaml:e*", "missing_key")}
    idle = {one.subject for one in made.checks if one.outcome == "not_exercised"}
    assert idle == {f"app.yaml:{name}" for name in ("exact", "a*", "b*", "f*")}


def test_an_exact_key_comes_before_patterns_and_these_in_their_order() -> None:
    rules = {"*.debug": "must_be_absent", "log.*": "may_differ", "log.level": "must_match"}
    found = keys(**{"log.level": "DEBUG", "log.debug": "1", "log.file": "x"})
    made = judged(
        {"keys": rules, "default": "may_differ"}, found=found, reference=reference(keys(**{"log.level": "INFO"}))
    )
    assert findings(made) == {
        ("value", "app.yaml:log.level", "value_differs"),
        ("absent", "app.yaml:log.debug", "forbidden_key"),
    }
    assert [one["key"] for one in made.facts["expected"]] == ["log.file"]


@pytest.mark.parametrize(
    ("ours", "theirs", "alike"),
    [
        (key("k", "a"), key("k", "a"), True),
        (key("k", "a"), key("k", "b"), False),
        (key("k", "a"), key("k", "a", digest=None), None),
        (key("k", ""), key("k", "a", digest=None), False),
        (key("k", ""), key("k", None, digest=None, type="null"), True),
        (key("k", "{}", empty=True, type="object"), key("k", "", digest=None), False),
    ],
)
def test_two_values_are_one_when_their_digests_are(ours: Json, theirs: Json, alike: bool | None) -> None:
    for pair in ((ours, theirs), (theirs, ours)):
        assert same(*pair) is alike


def test_what_may_differ_makes_the_cell_expected() -> None:
    rules = {"keys": {"a": "may_differ"}, "default": "must_match"}
    assert judged(rules, found=keys(a=1), reference=reference(keys(a=2))).cells == {"app.yaml": "expected"}
    assert judged(rules, found=keys(a=1), reference=reference(keys(a=1))).cells == {"app.yaml": "in_sync"}


def test_secrets_are_never_told() -> None:
    ours = [key("db.password", "hunter2-here", secret=True, line=3), key("plain", "hunter2-plain")]
    theirs = [key("db.password", "hunter2-there", secret=True), key("plain", "hunter2-other", secret=True)]
    made = judged({}, found=ours, reference=reference(theirs))
    assert len(findings(made)) == 2
    told = json.dumps([[dataclasses.asdict(one) for one in made.checks], made.facts, made.marks, made.coverage])
    assert "hunter2" not in told
    assert "db.password of app.yaml on prod-1 has another value than main@0487dce (line 3); neither is shown" in told


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (key("a", "x "), key("a", "x"), 'a of app.yaml on prod-1 is "x ", main@0487dce has "x"'),
        (
            key("a", "x"),
            key("a", "x", digest="f" * 64),
            "a of app.yaml on prod-1 is x, as in main@0487dce, and differs in what is not shown",
        ),
        (
            EMPTY | {"type": "object"},
            EMPTY | {"type": "array", "digest": "f" * 64},
            "a of app.yaml on prod-1 is an empty map, main@0487dce has an empty list",
        ),
    ],
)
def test_a_difference_that_is_not_seen_is_told_all_the_same(ours: Json, theirs: Json, said: str) -> None:
    assert only(judged({}, found=[ours], reference=reference([theirs]))).summary == said


def test_a_key_with_the_name_of_a_pattern_does_not_hide_what_is_counted() -> None:
    many = {"*": "a", **{f"k{number:04}": "a" for number in range(FINDINGS + 5)}}
    made = judged({}, found=keys(**many), reference=reference(keys(**dict.fromkeys(many, "b"))))
    subjects = [one.subject for one in made.checks if one.outcome == "fail"]
    assert len(set(subjects)) == len(subjects) == FINDINGS + 1 and {"app.yaml:*", "app.yaml"} < set(subjects)


def test_literals_of_secrets_are_never_told() -> None:
    rule = {"API_TOKEN": {"equals": "hunter2-a"}}
    ours = [key("API_TOKEN", "hunter2-b", secret=True, tests={"0.equals": False})]
    check = only(judged({"keys": rule}, found=ours))
    assert "hunter2" not in json.dumps(dataclasses.asdict(check))
    assert check.summary == "API_TOKEN of app.yaml on prod-1 is a value that is not shown; it must be the contract's"


@pytest.mark.parametrize(
    ("rule", "one", "cause"),
    [
        ("may_differ", key("API_TOKEN", "", secret=True), "empty_value"),
        ("must_match", key("API_TOKEN", "", secret=True), None),
        ("may_differ", key("API_TOKEN", "changeme", secret=True, placeholder=True), "placeholder"),
        ("must_match", key("API_TOKEN", "changeme", secret=True, placeholder=True), "placeholder"),
        ({"equals": "changeme"}, key("API_TOKEN", "x", secret=True, placeholder=True, tests={"0.equals": True}), None),
        ("may_differ", key("COLOUR", "", secret=True), None),
        ("may_differ", key("COLOUR", "todo", placeholder=True), None),
    ],
)
def test_secrets_that_are_none_yet(rule: t.Any, one: Json, cause: str | None) -> None:
    made = judged({"keys": {one["key"]: rule}}, found=[one], reference=reference([one]))
    assert findings(made) == ({("placeholder", f"app.yaml:{one['key']}", cause)} if cause else set())


def test_keys_without_a_rule_are_told_once() -> None:
    found = keys(a=1, b=2, **{f"k{number:02}": 1 for number in range(20)})
    check = only(judged({"keys": {"a": "may_differ"}}, found=found, reference=reference(keys(b=3))))
    assert (check.check, check.subject, check.severity, check.cause) == (
        *("unclassified", "app.yaml", "low", "unclassified_keys"),
    )
    assert check.summary.startswith("21 keys of app.yaml on prod-1 have no rule: b, k00, k01")
    assert check.summary.endswith(
        "; not as in main@0487dce: b, k00, k01, k02, k03, k04, k05, k06, k07, k08 and 11 more"
    )
    assert check.observed["total"] == 21


def test_many_differences_are_bounded() -> None:
    many = {f"k{number:04}": "a" for number in range(FINDINGS + 50)}
    made = judged({}, found=keys(**many), reference=reference(keys(**dict.fromkeys(many, "b"))))
    failed = [one for one in made.checks if one.outcome == "fail"]
    assert len(failed) == FINDINGS + 1
    assert "50 more keys of app.yaml on prod-1 are not as they should be" in failed[-1].summary


def test_a_file_that_is_not_there() -> None:
    missing = {"outcome": "missing", "reason": "no such file"}
    check = only(judged({}, **missing))
    assert (check.check, check.cause, check.state, check.severity) == ("file", "missing_file", "missing", "high")
    assert findings(judged({"process": "main"}, **missing)) == {("file", "process main", "not_running")}
    optional = judged({"required": False}, **missing)
    assert findings(optional) == set()
    assert only(optional, "observation").cause == "missing_file"


def test_a_file_that_cannot_be_read_is_unknown() -> None:
    made = judged(
        {}, outcome="unknown", reason="line 3: no colon", digest="a" * 64, reference=reference(digest="b" * 64)
    )
    assert (
        only(made, "unknown").summary
        == "The keys of app.yaml on prod-1 are not known: line 3: no colon; its content is not that of main@0487dce"
    )
    assert len(made.checks) == 1


def test_a_file_that_cannot_be_read_can_still_be_the_reference_s() -> None:
    blind = {"outcome": "unknown", "reason": "tag !x", "digest": "a" * 64}
    theirs = reference(outcome="unknown", reason="tag !x", digest="a" * 64)
    made = judged({}, **blind, reference=theirs)
    assert [one.outcome for one in made.checks] == ["pass"]
    assert "to the byte" in made.checks[0].summary
    judged_too = judged({"keys": {"a": 1}, "default": "must_match"}, **blind, reference=theirs)
    assert [one.outcome for one in judged_too.checks] == ["pass", "unknown"]


def test_a_file_of_too_many_keys_can_be_the_reference_s_to_the_byte() -> None:
    many: Json = {"found": keys(a=1), "cut": 9000, "digest": "a" * 64}
    theirs = reference(keys(a=1), cut=9000, digest="a" * 64)
    assert [one.outcome for one in judged({}, **many, reference=theirs).checks] == ["pass"]
    other = judged({}, **many, reference={**theirs, "digest": "b" * 64})
    assert only(other, "unknown").summary == (
        "Not all of app.yaml on prod-1 is known: it has 9001 keys, of which 1 are told"
    )
    ruled = judged({"keys": {"b": "must_be_absent"}, "default": "must_match"}, **many, reference=theirs)
    assert {one.subject for one in ruled.checks if one.outcome == "unknown"} == {"app.yaml:*", "app.yaml:b"}


@pytest.mark.parametrize("hidden", [{"cut": 3}, {"partial": "2 drop-ins are not read"}])
def test_what_was_not_seen_is_not_missing(hidden: Json) -> None:
    rules = {"a": "must_be_present", "b": "must_be_absent", "c": 1, "d": "must_match"}
    made = judged(
        {"keys": rules, "default": "must_match"}, found=keys(z=1), reference=reference(keys(d=1, e=1, z=1)), **hidden
    )
    assert findings(made) == set()
    unknown = {(one.check, one.subject) for one in made.checks if one.outcome == "unknown"}
    assert unknown == {
        ("file", "app.yaml:*"),
        ("present", "app.yaml:a"),
        ("absent", "app.yaml:b"),
        ("value", "app.yaml:c"),
        ("value", "app.yaml:d"),
    }


@pytest.mark.parametrize("hidden", [{"cut": 3}, {"partial": "2 drop-ins are not read"}])
def test_what_the_reference_does_not_show_is_not_extra(hidden: Json) -> None:
    made = judged({}, found=keys(a=1), reference=reference([], **hidden))
    assert findings(made) == set()
    assert "1 key (a) of app.yaml on prod-1 cannot be compared" in only(made, "unknown").summary


def test_values_that_a_side_does_not_show_are_unknown_once() -> None:
    ours = [key(f"S{number}", "x", secret=True) for number in range(5)]
    theirs = reference([key(f"S{number}", "x", secret=True, digest=None) for number in range(5)])
    check = only(
        judged({"keys": {"S0": "must_differ"}, "default": "must_match"}, found=ours, reference=theirs), "unknown"
    )
    assert (check.check, check.subject) == ("reference", "app.yaml")
    assert check.summary == (
        "5 keys (S0, S1, S2, S3, S4) of app.yaml on prod-1 cannot be compared with main@0487dce: "
        "it does not show what they have there"
    )


def test_a_file_that_the_reference_does_not_have_is_not_compared_and_says_so() -> None:
    theirs = reference(outcome="missing", reason="commit 0487dce has no file .env")
    entry = {"path": ".env", "keys": {"A": "must_match", "B": "must_differ", "C": "may_differ", "D": 1}}
    found = [*keys(A=1, B=2, C=3), key("D", 1, tests={"3.equals": True})]
    made = judged(entry, found=found, reference=theirs)
    assert findings(made) == set()
    check = only(made, "not_exercised")
    assert (
        check.summary == "1 key (A) of .env on prod-1 not compared with main@0487dce: commit 0487dce has no file .env"
    )
    assert made.cells == {".env": "not_asked"}
    assert outcome(made, "value", ".env:D") == "pass"
    named = judged({**entry, "reference": ".env.example"}, found=found, reference=theirs)
    assert only(named, "unknown").check == "reference"


@pytest.mark.parametrize("kind", ["host", "baseline"])
def test_a_file_that_another_host_does_not_have_is_there_alone(kind: str) -> None:
    context = Context("prod", "prod-1", {"id": "r1", "kind": kind, "host": "web2", "path": "b.json"})
    theirs = reference(outcome="missing", reason="it does not exist")
    check = only(judged({}, context, found=keys(a=1), reference=theirs))
    assert (check.check, check.subject, check.state, check.cause) == (
        *("reference", "app.yaml", "unexpected", "only_on_host"),
    )
    assert findings(judged({"default": "may_differ"}, context, found=keys(a=1), reference=theirs)) == set()
    assert findings(judged({"process": "main"}, context, found=keys(a=1), reference=theirs)) == set()


def test_a_reference_that_cannot_be_read_is_unknown() -> None:
    made = judged({}, found=keys(a=1), reference=reference(outcome="unknown", reason="line 2: no colon"))
    assert only(made, "unknown").summary.endswith("cannot be compared with main@0487dce: line 2: no colon")


def test_without_a_reference_rules_hold_and_comparison_is_not_asked() -> None:
    rules = {"a": "must_match", "b": 1, "c": "must_be_absent"}
    found = [key("a", 1), key("b", 2, tests={"1.equals": False}), key("c", 1)]
    expected = {("value", "app.yaml:b", "value_differs"), ("absent", "app.yaml:c", "forbidden_key")}
    alone = judged({"keys": rules}, ALONE, found=found)
    assert (findings(alone), alone.cells) == (expected, {"app.yaml": "not_asked"})
    assert alone.coverage["reasons"] == ["app.yaml: keys that must match are not compared: no reference is named"]
    unmade = judged({"keys": rules}, UNMADE, found=found)
    assert (findings(unmade), unmade.cells) == (expected, {"app.yaml": "unknown"})
    apart = judged(
        {"keys": {"b": 1}, "reference": False, "default": "may_differ"}, found=[key("b", 1, tests={"0.equals": True})]
    )
    assert (findings(apart), apart.cells) == (set(), {"app.yaml": "in_sync"})


def test_a_test_that_could_not_be_made_is_unknown() -> None:
    made = judged({"keys": {"a": {"matches": "x"}}}, found=keys(a=1))
    assert only(made, "unknown").summary.startswith("Whether a of app.yaml on prod-1 holds its rule (it must match x)")


def test_a_key_that_stands_twice() -> None:
    check = only(judged({"default": "may_differ"}, found=keys(a=1), duplicates=[{"key": "a", "lines": [3, 9]}]))
    assert (check.check, check.subject, check.cause) == ("duplicate", "app.yaml:a", "duplicate_key")
    assert check.summary == "a stands in app.yaml on prod-1 more than once: lines 3, 9"


def state(**states: str) -> list[Json]:
    return [{"key": name, "state": one} for name, one in states.items()]


@pytest.mark.parametrize(
    ("readers", "outcome_", "cause"),
    [
        ([reader(keys=state(A="same"))], "pass", None),
        ([reader(keys=state(A="same", B="absent"))], "pass", None),
        ([reader(older=False, keys=state(A="absent"))], "pass", None),
        ([reader(keys=state(A="absent"))], "fail", "stale_configuration"),
        ([reader(keys=state(A="other"))], "fail", "stale_process"),
        ([reader(older=False, keys=state(A="other"))], "fail", "value_differs"),
        ([reader(older=None, keys=state(A="other"))], "fail", "value_differs"),
        ([reader(older=False, complete=True, keys=state(A="same", B="absent"))], "fail", "missing_key"),
        ([reader(complete=True, keys=state(A="same", B="absent"))], "fail", "stale_process"),
        ([reader(outcome="unknown", reason="no access")], "unknown", "unseen"),
        ([reader()], "fail", "stale_configuration"),
        ([reader(older=False)], "pass", None),
        ([reader(older=None)], "not_exercised", None),
        ([reader(reason="not compared: A", keys=state(B="same"))], "unknown", "unseen"),
        ([reader(reason="not compared: A", keys=state(B="other"))], "fail", "stale_process"),
        ([reader(outcome="missing", reason="no process matches")], "not_exercised", None),
        ([reader(older=False, keys=state(A="same")), reader(pid=12, keys=state(A="other"))], "fail", "stale_process"),
        ([reader(keys=state(A="same")), reader(pid=12, outcome="unknown", reason="gone")], "unknown", "unseen"),
    ],
)
def test_what_runs_with_other_values(readers: list[Json], outcome_: str, cause: str | None) -> None:
    made = judged({"keys": {"A": "may_differ"}}, found=keys(A=1), readers=readers)
    (check,) = [one for one in made.checks if one.check == "running"]
    assert (check.subject, check.outcome, check.cause) == ("app.yaml:process main", outcome_, cause)


def test_a_container_that_was_made_before_its_file_may_have_read_it_since() -> None:
    entry = {"path": "app.yaml", "default": "may_differ"}
    made = judged(entry, found=keys(A=1), readers=[reader(kind="container", name="web", complete=True)])
    assert outcome(made, "running", "app.yaml:container web") == "not_exercised"


def test_a_key_that_only_the_reference_has_is_unclassified_too() -> None:
    made = judged({"keys": {"a": "must_match"}}, found=keys(a=1), reference=reference(keys(a=1, b=2)))
    assert only(made).summary == "1 key of app.yaml on prod-1 has no rule: b; not as in main@0487dce: b"


def test_a_stale_process_is_told_with_both_times() -> None:
    found = [reader(keys=state(A="other"))]
    check = only(judged({"default": "may_differ"}, found=keys(A=1), readers=found))
    assert check.summary == (
        "process main on prod-1 runs since 2026-11-21T09:00:00Z, app.yaml was changed later, at 2026-11-21T10:00:00Z: "
        "it has another value of A"
    )
    assert check.observed["pid"] == 11


def test_the_mark_of_a_file_leaves_out_what_may_differ() -> None:
    rules = {"keys": {"HOST": "may_differ"}, "default": "must_match"}
    marks = [judged(rules, found=keys(A=a, HOST=host)).marks["app.yaml"] for a, host in ((1, "x"), (1, "y"), (2, "x"))]
    assert marks[0] == marks[1] != marks[2]
    assert marks[0].startswith("1 key, values ")


_VALUES = st.sampled_from(["", "a", "b"])
_RULE = st.sampled_from(["must_match", "may_differ", "must_differ", "must_be_present", "must_be_absent"])


@given(
    st.dictionaries(st.sampled_from("abcd"), _VALUES),
    st.dictionaries(st.sampled_from("abcd"), _VALUES),
    st.dictionaries(st.sampled_from(["a", "b", "*"]), _RULE),
    st.booleans(),
)
def test_nothing_is_in_sync_that_breaks_its_rule(here: Json, there: Json, rules: Json, secret: bool) -> None:
    """An independent reading of the rules finds the same keys."""
    ours, theirs = ([key(name, text, secret=secret) for name, text in side.items()] for side in (here, there))
    made = judged({"keys": rules, "default": "may_differ"}, found=ours, reference=reference(theirs))
    wrong = set()
    for name in "abcd":
        word = rules.get(name) or rules.get("*", "may_differ")
        mine, other = here.get(name), there.get(name)
        bad = {
            "must_match": mine != other,
            "may_differ": False,
            "must_differ": not mine or mine == other,
            "must_be_present": not mine,
            "must_be_absent": mine is not None,
        }[word]
        # A pattern is held against keys that are there.
        if bad and (name in rules or mine is not None or other is not None):
            wrong.add(f"app.yaml:{name}")
    told = {one.subject for one in made.checks if one.outcome == "fail"}
    assert told - {"app.yaml:*"} == wrong
    assert all(
        one.cause in CAUSES and (one.remedy or {})["kind"] in REMEDIES for one in made.checks if one.outcome == "fail"
    )
    assert "hunter2" not in repr(made)
