# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments beside each other in the report: who is ahead, what only some have, whose hosts differ."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Report
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.parts import environments, matrix
from hypothesis import given
from hypothesis import strategies as st
from report_findings import Audit
from report_hostile import HOSTILE_NAME

NAMES = ("local", "prod", "staging")
HOTFIX = "src/hotfix.py"


def audit(**references: str) -> Audit:
    """Three environments of one host each, in sync; ``references`` names another reference than the first."""
    made = Audit({name: [f"{name}-1"] for name in NAMES})
    for one in made.data["environments"]:
        one["reference"] = references.get(one["name"], "r1")
        one["references"] = [one["reference"]]
        made.cells.setdefault(("trees", "source"), {})[one["name"]] = "in_sync"
    made.data["references"] += [
        {**made.data["references"][0], "id": "r2", "ref": "release"},
        {"id": "h1", "kind": "host", "host": "staging-1", "outcome": "ok", "reason": ""},
        {"id": "h2", "kind": "host", "host": "prod-1", "outcome": "ok", "reason": ""},
    ]
    return made


def present(made: Audit, *names: str, state: str = "unexpected", **more: Any) -> Audit:
    for name in names:
        made.fail(f"{name}-1", "trees", "presence", HOTFIX, "low", "x", state=state, **more)
    return made


def rendered(made: Audit, **more: Any) -> str:
    return "\n".join(environments.render(Report({**made.done(), **more})))


def where(made: Audit) -> str | None:
    """Return the last cell of the row about the hotfix."""
    row = re.search(rf"(?m)^\| source \| `{re.escape(HOTFIX)}` \| (.*) \|$", rendered(made))
    return row and row[1]


@pytest.mark.parametrize(
    ("beyond", "lacking", "said"),
    [
        ((), (), None),
        (("prod",), (), "only in prod"),
        (("prod", "local"), (), "only in local, prod"),
        (NAMES, (), None),
        ((), ("staging",), "missing in staging"),
        ((), ("staging", "local"), "missing in local, staging"),
        ((), NAMES, None),
        (("prod",), ("staging",), "missing in staging, beyond the reference in prod"),
    ],
)
def test_where_a_path_is(beyond: tuple[str, ...], lacking: tuple[str, ...], said: str | None) -> None:
    assert where(present(present(audit(), *beyond), *lacking, state="missing")) == said


@pytest.mark.parametrize(
    ("references", "said"),
    [
        ({"staging": "r2"}, "in prod, not in local; not known in staging"),
        ({"prod": "r2"}, "in prod; not known in local, staging"),
        ({"prod": "h1"}, "only in prod"),
        ({"prod": "h1", "staging": "r2"}, "in prod, not in staging; not known in local"),
        # As prod-1 itself, which has the path: staging has it too, though no finding says so.
        ({"staging": "h2"}, "in prod, not in local; not known in staging"),
        ({"staging": "h2", "local": "h1"}, "in prod; not known in local, staging"),
        ({"staging": "h2", "prod": "h1"}, "in prod; not known in local, staging"),
    ],
)
def test_another_reference_may_have_the_path(references: dict[str, str], said: str) -> None:
    assert where(present(audit(**references), "prod")) == said


def test_an_environment_with_several_references_is_not_known() -> None:
    made = present(audit(), "prod")
    made.data["environments"][0].update(reference=None, references=["r1", "r2"])
    assert where(made) == "in prod, not in staging; not known in local"


@pytest.mark.parametrize("component", ["source", "section"])
def test_a_tree_that_was_not_seen_is_not_known_to_lack_it(component: str) -> None:
    made = present(audit(), "prod")
    made.unknown("staging-1", "trees", "read", "src", "medium", "not readable", component=component)
    assert where(made) == "in prod, not in local; not known in staging"


def test_a_host_that_was_not_seen_is_not_known_to_lack_it() -> None:
    made = present(audit(), "prod")
    made.unknown("staging-1", "run", "observed", "staging-1", "critical", "no route to host")
    assert where(made) == "in prod, not in local; not known in staging"


def test_an_environment_that_has_no_such_tree_is_not_known_to_lack_it() -> None:
    made = present(audit(), "prod")
    made.cells["trees", "source"]["staging"] = "not_asked"
    assert where(made) == "in prod, not in local; not known in staging"


def test_another_tree_that_was_not_seen_does_not_matter() -> None:
    made = present(audit(), "prod")
    made.unknown("staging-1", "trees", "read", "docs", "medium", "not readable", component="docs")
    assert where(made) == "only in prod"


def test_a_waived_path_is_there_all_the_same() -> None:
    made = present(audit(), "prod", "staging")
    waived = made.data["findings"].pop()
    made.data["checks"].append({**waived, "outcome": "waived"})
    assert where(made) == "only in prod, staging"


@pytest.mark.parametrize("check", ["content", "forbidden"])
def test_nothing_but_presence_counts(check: str) -> None:
    made = audit()
    made.fail("prod-1", "trees", check, HOTFIX, "low", "x", state="unexpected")
    assert where(made) is None


def test_one_environment_alone_has_nothing_to_be_compared_with() -> None:
    made = Audit({"prod": ["prod-1"]})
    made.fail("prod-1", "trees", "presence", HOTFIX, "low", "x", state="unexpected")
    assert rendered(made) == ""


def relation(
    ahead: int | None, behind: int | None, reason: str = "", a: str = "local", b: str = "prod"
) -> dict[str, Any]:
    return {
        "a": a,
        "b": b,
        "ahead": ahead,
        "behind": behind,
        "outcome": "unknown" if ahead is None else "ok",
        "reason": reason,
    }


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (relation(0, 0), "the same commit"),
        (relation(1, 0), "local is 1 commit ahead of prod, and 0 behind"),
        (relation(0, 2), "local is 2 commits behind prod, and 0 ahead"),
        (relation(3, 1), "they have diverged: local has 3 commits that prod lacks, and lacks 1 commit"),
        (relation(None, None, "prod: no commit"), "\u2753 [UNKNOWN] prod: no commit"),
    ],
)
def test_both_directions_are_told(one: dict[str, Any], said: str) -> None:
    assert f"| `local` | `prod` | {said} |" in rendered(audit(), relations=[one])


@given(ahead=st.integers(0, 99), behind=st.integers(0, 99))
def test_both_numbers_stand_in_every_relation(ahead: int, behind: int) -> None:
    text = rendered(audit(), relations=[relation(ahead, behind)])
    row = text.split("| `local` | `prod` |")[1]
    assert ("the same commit" in row) == (not ahead and not behind)
    if ahead or behind:
        assert sorted(map(int, re.findall(r"\d+", row))) == sorted((ahead, behind))


def unlike(made: Audit, groups: list[dict[str, Any]]) -> Audit:
    more = {"cause": "hosts_differ", "component": "repository", "observed": {"groups": groups, "hosts": []}}
    made.fail("prod-1", "git", "hosts_alike", "repository", "high", "differ", **more)
    return made


def test_groups_of_hosts_that_differ() -> None:
    groups = [
        {"hosts": [f"web{number}" for number in range(7)], "total": 60, "mark": "1234567"},
        {"hosts": ["web9"], "total": 1, "mark": "7654321, modified"},
    ]
    text = rendered(unlike(audit(), groups))
    assert "### prod: git repository" in text
    assert "- Hosts `web0`, `web1`, `web2`, `web3`, `web4` and 55 more: 1234567" in text
    assert "- Hosts `web9`: 7654321, modified" in text


def test_many_groups_are_bounded_and_counted() -> None:
    groups = [{"hosts": [f"web{number}"], "total": 1, "mark": str(number)} for number in range(25)]
    text = rendered(unlike(audit(), groups))
    assert text.count("- Hosts ") == 20
    assert "and 5 more groups in findings.json" in text


def test_no_name_leaves_its_line() -> None:
    made = Audit({HOSTILE_NAME: ["a"], "other": ["b"]})
    made.cells["trees", HOSTILE_NAME] = dict.fromkeys((HOSTILE_NAME, "other"), "in_sync")
    made.fail("a", "trees", "presence", HOSTILE_NAME, "low", "x", state="unexpected", component=HOSTILE_NAME)
    unlike_groups = [{"hosts": [HOSTILE_NAME], "total": 1, "mark": HOSTILE_NAME}] * 2
    made.fail(
        "a", "git", "hosts_alike", HOSTILE_NAME, "high", "x", cause="hosts_differ", observed={"groups": unlike_groups}
    )
    relations = [relation(1, 0, a=HOSTILE_NAME, b=HOSTILE_NAME), relation(None, None, HOSTILE_NAME)]
    text = rendered(made, relations=relations)
    lines = text.split("\n")
    assert all(line == "" or re.match(r"(##|###|- Hosts|\||An environment is) ?", line) for line in lines)
    assert "<img" not in re.sub(r"`[^\n]*`", "", text).replace("\\<img", "")
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)


def branches(made: Audit) -> dict[str, Any]:
    """findings.json with a column for a branch that is there and one that is not."""
    data = made.done()
    about = {name: {"kind": "environment", "reference": name == "prod", "reason": ""} for name in NAMES}
    why = "/srv/app has no remote branch origin/gone, as last fetched"
    about["origin/gone"] = {"kind": "branch", "reference": False, "commit": None, "fetched": None, "reason": why}
    about["origin/main"] = {
        "kind": "branch",
        "reference": False,
        "commit": "1" * 40,
        "fetched": "2026-11-20T10:00:00Z",
        "reason": "",
    }
    for row in data["matrix"]["rows"]:
        row["cells"]["origin/gone"] = {"state": "unknown", "worst": None, "count": 0, "note": why}
        row["cells"]["origin/main"] = {"state": "differs", "worst": None, "count": 1, "note": "1 behind"}
    data["matrix"] = {**data["matrix"], "columns": [*NAMES, "origin/gone", "origin/main"], "about": about}
    return data


def test_the_matrix_marks_the_reference_and_says_what_a_branch_is() -> None:
    text = "\n".join(matrix.render(Report(branches(audit()))))
    assert "| prod (reference) |" in text
    assert "origin/main (branch, fetched 2026-11-20T10:00:00Z)" in text
    assert "origin/gone (branch, fetched at an unknown time)" in text
    assert "[DRIFT] 1 behind | \u2705 [OK] |" in text, "a branch decides nothing"


def drawn(data: dict[str, Any], columns: int = 80) -> list[str]:
    text = terminal.render(data, columns=columns, report_path="report.md")
    return text[text.index("COMPONENT") : text.index("\nFindings")].split("\n")


def test_the_terminal_tells_once_why_a_branch_is_not_known() -> None:
    lines = drawn(branches(audit()))
    assert "prod (reference)" in lines[0] + lines[3]
    assert "origin/gone is not known: /srv/app has no remote branch origin/gone, as last" in lines
    assert "[UNKNOWN]" in "\n".join(lines) and "[UNKNOWN] /srv" not in "\n".join(lines)


@pytest.mark.parametrize(
    ("count", "whole"), [(1, "x" * 40), (2, "monitoring_api"), (3, "monitoring_api"), (7, "monitoring_api")]
)
def test_a_label_is_not_cut_while_there_is_room(count: int, whole: str) -> None:
    made = Audit({f"env{number}": [f"host{number}"] for number in range(count)})
    cells = {f"env{number}": "in_sync" for number in range(count)}
    made.cells.update({("processes", whole): cells, ("git", "repository"): dict(cells)})
    made.fail("host0", "git", "commit", ".", "critical", "x")
    lines = drawn(made.done())
    assert f"processes {whole} [OK]" in "\n".join(lines)
    assert "[DRIFT] 1, worst critical" in "\n".join(lines)
    assert max(map(len, lines)) <= 80


@given(st.integers(20, 140), st.integers(1, 6), st.text(st.characters(codec="ascii"), max_size=60))
def test_no_width_and_no_label_breaks_the_matrix(columns: int, count: int, label: str) -> None:
    made = Audit({f"env{number}": [f"host{number}"] for number in range(count)})
    made.cells["processes", label] = {f"env{number}": "in_sync" for number in range(count)}
    lines = drawn(made.done(), columns)
    assert max(map(len, lines)) <= columns
    assert sum(line.count("[OK]") for line in lines if not line.startswith("COMPONENT")) >= count


def test_the_terminal_names_the_environment_of_what_concerns_all_its_hosts() -> None:
    made = audit()
    groups = [{"hosts": ["prod-1"], "total": 1, "mark": "a"}, {"hosts": ["prod-2"], "total": 1, "mark": "b"}]
    made.fail("*", "git", "hosts_alike", "repository", "high", "x", cause="hosts_differ", observed={"groups": groups})
    data = made.done()
    data["findings"][0]["environment"] = "prod"
    assert "prod git hosts_alike repository" in terminal.render(data, report_path="report.md")
