# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the hosts of one environment are alike, whatever the order in which they come."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import RUN, Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.environments import Alike
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs, HostJudgement
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope
from hypothesis import given
from hypothesis import strategies as st
from judge_builders import WANTED, at, evidence, git, host, run

REPOSITORY = ("git", "repository")


def alike(*hosts: tuple[HostInputs, HostJudgement]) -> list[Check]:
    gathered = Alike()
    for inputs, made in hosts:
        gathered.add(inputs, made, {})
    return gathered.checks()


def marked(name: str, mark: str | None, **more: Any) -> tuple[HostInputs, HostJudgement]:
    """A host with one mark, or without any."""
    place = more.pop("place", REPOSITORY)
    return host(name, **more), HostJudgement(marks={} if mark is None else {place: mark})


def groups(check: Check) -> list[list[str]]:
    return [group["hosts"] for group in check.observed["groups"]]


def test_equal_hosts_pass() -> None:
    (check,) = alike(marked("a", "1234567"), marked("b", "1234567"))
    assert (check.outcome, check.host, check.subject) == ("pass", "*", "repository")
    assert "on all 2 hosts of prod" in check.summary


def test_two_that_differ_are_named_with_their_marks() -> None:
    (check,) = alike(marked("a", "1234567"), marked("b", "7654321"))
    assert (check.outcome, check.severity, check.cause) == ("fail", "high", "hosts_differ")
    assert groups(check) == [["a"], ["b"]]
    assert "a: 1234567; b: 7654321" in check.summary


@pytest.mark.parametrize("mark", ["1", "2"])
def test_all_that_were_compared_are_evidence(mark: str) -> None:
    (check,) = alike(marked("b", "1"), marked("c", mark), marked("a", "1"))
    assert list(check.evidence) == [f"evidence/{name}/git.json#repository/repository" for name in "abc"]


def test_three_groups_the_largest_first() -> None:
    marks = {"a": "z", "b": "y", "c": "x", "d": "x", "e": "x", "f": "y"}
    (check,) = alike(*(marked(name, mark) for name, mark in marks.items()))
    assert groups(check) == [["c", "d", "e"], ["b", "f"], ["a"]]
    assert check.observed["hosts"] == list("abcdef")


@pytest.mark.parametrize(
    ("section", "severity"), [("git", "high"), ("trees", "high"), ("packages", "medium"), ("ports", "medium")]
)
def test_severity(section: str, severity: str) -> None:
    (check,) = alike(*(marked(name, name, place=(section, "x")) for name in "ab"))
    assert check.severity == severity


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([], id="alone"),
        pytest.param([marked("b", None)], id="the other was not seen"),
        pytest.param([marked("b", "2", environment="staging")], id="the other is of another environment"),
        pytest.param([marked("b", "2", reference="r2")], id="the other has another reference"),
        pytest.param([marked("b", "2", settings={"contract": {"git": {"path": "x"}}})], id="another contract"),
        pytest.param([marked("b", "2", place=("trees", "repository"))], id="another section"),
    ],
)
def test_what_has_nothing_to_be_like_gives_no_check(others: list[tuple[HostInputs, HostJudgement]]) -> None:
    assert alike(marked("a", "1"), *others) == []


def test_what_concerns_the_run_is_not_compared() -> None:
    assert alike(*(marked(name, name, place=(RUN, "host")) for name in "ab")) == []


def test_a_host_that_was_not_seen_does_not_hide_two_that_differ() -> None:
    (check,) = alike(marked("a", "1"), marked("b", None), marked("c", "2"))
    assert groups(check) == [["a"], ["c"]]


def test_groups_with_contracts_of_their_own_are_judged_apart() -> None:
    other = {"contract": {"git": {"path": "x"}}}
    first = [marked("a", "1"), marked("b", "2")]
    checks = alike(*first, *(marked(name, "3", settings=other) for name in "cd"))
    assert sorted(check.outcome for check in checks) == ["fail", "pass"]
    assert len({check.id for check in checks}) == 2
    assert all(check.subject.startswith("repository:") for check in checks)


def test_only_the_hosts_that_drifted_are_concerned() -> None:
    inputs, made = marked("b", "2")
    scope = Scope(Context("prod", "b"), *REPOSITORY, {}, "operational")
    made.checks.append(
        scope.failed("commit", ".", "high", "b is behind", state="differs", cause="behind", remedy={"kind": "deploy"})
    )
    (check,) = alike(marked("a", "1"), (inputs, made), marked("c", "1"))
    assert check.observed["hosts"] == ["b"]


def test_many_groups_and_many_hosts_are_bounded() -> None:
    apart = [marked(f"h{number:03}", str(number)) for number in range(30)]
    (check,) = alike(*apart, *(marked(f"same{number:03}", "x") for number in range(80)))
    first = check.observed["groups"][0]
    assert (len(first["hosts"]), first["total"]) == (50, 80)
    assert "and 70 more: x" in check.summary and "and 21 more groups" in check.summary
    assert len(check.summary) < 1000


def text(checks: list[Check]) -> str:
    return json.dumps([check.as_dict() for check in checks])


@st.composite
def _crowds(draw: st.DrawFn) -> tuple[list[tuple[HostInputs, HostJudgement]], list[tuple[HostInputs, HostJudgement]]]:
    rows = draw(
        st.dictionaries(
            st.text(min_size=1, max_size=4),
            st.tuples(st.sampled_from(["1", "2", "\ud800", None]), st.sampled_from(["prod", "staging"])),
            max_size=8,
        )
    )
    crowd = [marked(name, mark, environment=environment) for name, (mark, environment) in rows.items()]
    return crowd, draw(st.permutations(crowd))


@given(_crowds())
def test_the_order_of_hosts_changes_no_byte(
    crowds: tuple[list[tuple[HostInputs, HostJudgement]], list[tuple[HostInputs, HostJudgement]]],
) -> None:
    assert text(alike(*crowds[0])) == text(alike(*crowds[1]))


@given(st.lists(st.sampled_from(["1", "2", None]), max_size=8))
def test_the_outcome_says_what_the_marks_are(marks: list[str | None]) -> None:
    seen = [mark for mark in marks if mark is not None]
    checks = alike(*(marked(f"h{place}", mark) for place, mark in enumerate(marks)))
    expected = [] if len(seen) < 2 else ["pass" if len(set(seen)) == 1 else "fail"]
    assert [check.outcome for check in checks] == expected


def test_a_run_with_one_host_elsewhere() -> None:
    """Through the whole judge: the one that is at another commit is found, and the order changes nothing."""
    other = host("web2", sections={"git": evidence(at("4ad26e4" + "0" * 33, known=True, behind=2))})
    hosts = [host("web1", sections={"git": evidence(git())}), other]
    result = run(*hosts)
    unlike = [one for one in result["findings"] if one["check"] == "hosts_alike"]
    assert [one["component"] for one in unlike] == ["repository"]
    assert WANTED[:7] in unlike[0]["summary"] and "4ad26e4" in unlike[0]["summary"]
    assert unlike[0]["observed"]["hosts"] == ["web2"]
    assert json.dumps(run(*reversed(hosts))) == json.dumps(result)


def test_a_host_that_could_not_be_reached_is_no_part_of_what_is_alike() -> None:
    lost = host("web2", sections={}, failure={"kind": "unreachable", "reason": "no route to host"})
    result = run(host("web1"), lost)
    assert [one for one in (*result["checks"], *result["findings"]) if one["check"] == "hosts_alike"] == []
    assert result["verdict"]["state"] == "unknown"
