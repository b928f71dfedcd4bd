# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Criteria select checks; what is selected and was not checked is unknown, and nothing is left out of a decision."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.criteria import REST
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import checks, criteria
from hypothesis import given
from hypothesis import strategies as st
from verify_builders import check, criterion, host, run

Json = dict[str, t.Any]


def build(made: t.Sequence[Json], *hosts: criteria.Host) -> dict[str, Json]:
    found = criteria.build(checks.of_run(run(*made, hosts=[one.name for one in hosts])), hosts)
    return {one["name"]: one for one in found}


def test_a_criterion_has_the_worst_of_what_it_selects() -> None:
    made = [
        check("endpoints", "status", component="/health"),
        check("endpoints", "time", "fail", component="/health"),
        check("endpoints", "status", component="/status"),
        check("logs", "max", "unknown"),
    ]
    found = build(
        made,
        host(
            "web1",
            [
                criterion("The API answers", {"section": "endpoints", "component": "/health"}),
                criterion("The page", {"section": "endpoints", "component": "/st*"}, required=False),
            ],
        ),
    )
    assert [(one["name"], one["verdict"], one["required"]) for one in found.values()] == [
        ("The API answers", "FAIL", True),
        ("The page", "PASS", False),
        (REST, "UNKNOWN", True),
    ]
    assert found["The API answers"]["decision"] == "2 checks: 1 FAIL, 1 PASS"
    assert found["The API answers"]["checks"][0] == made[1]["id"], "the worst stands first"


def test_a_selector_that_finds_nothing_is_unknown_and_says_what_there_is() -> None:
    found = build(
        [check("processes", "instances")],
        host("web1", [criterion("Fresh", {"section": "processes", "check": "code"}, {"section": "processes"})]),
    )
    assert found["Fresh"]["verdict"] == "UNKNOWN"
    assert found["Fresh"]["missing"][0]["sentence"] == (
        "on web1 nothing was checked that section=processes check=code selects; of processes there are instances"
    )
    assert REST not in found


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ({"component": "/helth"}, "; of endpoints there are the components /docs, /health, did you mean /health?"),
        ({"component": "other"}, "; of endpoints there are the components /docs, /health"),
        ({"component": "/health", "check": "stattus"}, "; of endpoints there are status, time, did you mean status?"),
        ({"component": "/docs", "check": "time"}, "; of endpoints there are status"),
        ({"subject": "/heath"}, "; of endpoints there are the subjects /docs, /health, did you mean /health?"),
        ({"section": "endpoint"}, ", did you mean endpoints?"),
        ({"section": "ports"}, ""),
    ],
)
def test_a_name_that_is_misspelt_is_told_with_those_that_there_are(selector: Json, said: str) -> None:
    seen = [("/health", "status"), ("/health", "time"), ("/docs", "status")]
    made = [check("endpoints", name, component=component, subject=component) for component, name in seen]
    found = build(made, host("web1", [criterion("API", {"section": "endpoints", **selector})]))
    assert found["API"]["verdict"] == "UNKNOWN"
    (missing,) = found["API"]["missing"]
    assert missing["sentence"].partition(" selects")[2] == said


@pytest.mark.parametrize(
    ("unwatched", "verdict", "said"),
    [
        ("", "UNKNOWN", "it was not watched, give -e verify_watch=10m"),
        ("nothing was changed on it", "NOT_EXERCISED", "nothing was changed on it"),
    ],
)
def test_a_window_that_was_not_watched_says_why_and_what_to_give(unwatched: str, verdict: str, said: str) -> None:
    criteria = [criterion("Stays up", {"section": "watch"}), criterion("Fresh", {"section": "processes"})]
    found = build([], host("web1", criteria)._replace(unwatched=unwatched))
    assert found["Stays up"]["verdict"] == verdict
    sentence = f"on web1 nothing was checked that section=watch selects: {said}"
    assert [one["sentence"] for one in found["Stays up"]["missing"]] == [sentence]
    assert found["Fresh"]["verdict"] == "UNKNOWN", "a window alone may be left out"


def test_each_host_must_have_what_its_own_contract_selects() -> None:
    both = [criterion("Up", {"section": "processes"})]
    found = build([check("processes", "instances")], host("web1", both), host("web2", both))
    assert found["Up"]["verdict"] == "UNKNOWN"
    assert [one["host"] for one in found["Up"]["missing"]] == ["web2"]


def test_a_criterion_is_required_when_one_host_says_so() -> None:
    made = [check("processes", "instances"), check("processes", "instances", host="web2")]
    found = build(
        made,
        host("web1", [criterion("Up", {"section": "processes"}, required=False)]),
        host("web2", [criterion("Up", {"section": "processes"})]),
    )
    assert found["Up"]["required"]
    assert len(found["Up"]["checks"]) == 2


def test_without_criteria_there_is_one_for_each_kind_of_thing() -> None:
    made = [check("git", "commit"), check("logs", "max"), check("run", "observed")]
    found = build(made, host("web1", None, "git", "logs", "endpoints"))
    assert {name: one["verdict"] for name, one in found.items()} == {
        "Code": "PASS",
        "Endpoints": "UNKNOWN",
        "Logs": "PASS",
        "The run itself": "PASS",
    }
    assert "asks for endpoints, and nothing of it was checked" in found["Endpoints"]["decision"]


@pytest.mark.parametrize("asks", [{"section": "endpoints"}, {"section": "*"}])
def test_a_section_of_which_nothing_was_checked_is_unknown_with_criteria_as_well(asks: Json) -> None:
    found = build([check("endpoints", "status")], host("web1", [criterion("API", asks)], "endpoints", "streams"))
    assert found["API"]["verdict"] == "PASS"
    assert found[REST]["verdict"] == "UNKNOWN"
    assert "the contract asks for streams, and nothing of it was checked" in found[REST]["decision"]


def test_a_section_that_an_optional_criterion_asks_for_is_missed_there_alone() -> None:
    wanted = [criterion("API", {"section": "endpoints"}), criterion("Flow", {"section": "streams"}, required=False)]
    found = build([check("endpoints", "status")], host("web1", wanted, "endpoints", "streams"))
    assert found["Flow"]["verdict"] == "UNKNOWN"
    assert REST not in found


def test_what_several_hosts_have_in_common_concerns_those_that_it_names() -> None:
    shared = check(
        "configs", "reused", "fail", host="*", observed={"hosts": ["web1"]}, evidence=["evidence/web1/configs.json"]
    )
    for name, concerned in (("web1", True), ("web2", False)):
        assert criteria.concerns(shared, host(name)) is concerned


@pytest.mark.parametrize("stray", ["*", "gone"])
def test_a_check_of_no_host_is_decided_too(stray: str) -> None:
    lost = check("trees", "waiver", "fail", host=stray, environment="other", evidence=["evidence/web1/settings.json"])
    found = build([check("git", "commit"), lost], host("web1", None, "git"))
    assert found[REST]["checks"] == [lost["id"]]
    assert found[REST]["verdict"] == "FAIL"


SECTIONS = ("git", "processes", "logs", "endpoints", "run")
NAMES = st.sampled_from(["a", "ab", "b", "[x]"])


@given(
    made=st.lists(st.tuples(st.sampled_from(SECTIONS), NAMES, NAMES), unique=True, max_size=12),
    selectors=st.lists(
        st.tuples(st.sampled_from([*SECTIONS, "*", "[gl]*"]), st.sampled_from(["*", "a*", "?"])), max_size=4
    ),
)
def test_every_check_belongs_to_a_criterion(made: list[tuple[str, ...]], selectors: list[tuple[str, ...]]) -> None:
    checked = [check(section, name, component=component) for section, name, component in made]
    declared = [criterion(f"{place}", {"section": one, "check": two}) for place, (one, two) in enumerate(selectors)]
    found = build(checked, host("web1", declared or None, "git"))
    placed = {name for one in found.values() for name in one["checks"]}
    assert placed == {one["id"] for one in checked}
    for place, (one, two) in enumerate(selectors):
        chosen = [
            c for c in checked if criteria.matches({"section": one, "check": two, "component": "*", "subject": "*"}, c)
        ]
        assert (found[str(place)]["verdict"] == "UNKNOWN") is not bool(chosen)
