# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole run: findings.json, its schema, its counts, its verdict."""

from __future__ import annotations

import ast
import json
import pathlib
import random
import re
import typing as t

import jsonschema
import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import check, severity
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.run import RunInputs, judge_run
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.verdict import host_verdict
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_builders import (
    AS_OF,
    FAILED_REFERENCE,
    OLD,
    TREE,
    at,
    changes,
    difference,
    entry,
    evidence,
    git,
    host,
    run,
    tree,
    waiver,
    with_trees,
)

DOCS = pathlib.Path(__file__).parents[5] / "docs"
SCHEMA = json.loads((DOCS / "findings.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
DRIFTED = tree(differences=[difference("src/core/a.py", entry("a"), entry("b"), base=entry("b"))])
FAILURES = ("unreachable", "failed", "timeout", "garbled", "contract")


def failed(kind: str = "unreachable", name: str = "prod-2") -> HostInputs:
    return host(name, failure={"kind": kind, "reason": "no route to host"}, settings={}, sections={})


def cell(result: t.Any, section: str, component: str, environment: str = "prod") -> str:
    (row,) = [row for row in result["matrix"]["rows"] if (row["section"], row["component"]) == (section, component)]
    return str(row["cells"][environment]["state"])


def test_the_schema_has_the_closed_lists_of_the_code() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    defs = SCHEMA["$defs"]
    lists = {
        "section": (*check.SECTIONS, check.RUN),
        "severity": severity.SEVERITIES,
        "state": check.STATES,
        "direction": check.DIRECTIONS,
        "cause": check.CAUSES,
        "risk": check.RISKS,
        "verdict": check.VERDICTS,
    }
    assert {name: tuple(defs[name]["enum"]) for name in lists} == lists
    assert tuple(defs["cell"]["properties"]["state"]["enum"]) == check.CELLS
    assert tuple(defs["remedy"]["properties"]["kind"]["enum"]) == check.REMEDIES
    assert tuple(defs["waiver"]["properties"]["state"]["enum"]) == check.WAIVER_STATES
    kinds = ("passed", "waived", "finding")
    outcomes = [outcome for kind in kinds for outcome in defs[kind]["properties"]["outcome"]["enum"]]
    assert sorted(outcomes) == sorted(check.OUTCOMES)


def test_the_example_in_the_documentation_is_valid() -> None:
    page = (DOCS / "findings.md").read_text()
    (example,) = [json.loads(block.split("```")[0]) for block in page.split("```json\n")[1:]]
    jsonschema.Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": "#/$defs/finding"}).validate(example)
    named = ("environment", "host", "section", "component", "check", "subject")
    assert example["id"] == check.finding_id(*(example[name] for name in named))


def test_every_closed_list_is_in_the_documentation() -> None:
    page = (DOCS / "findings.md").read_text()
    lists = (check.OUTCOMES, check.STATES, check.DIRECTIONS, check.CAUSES, check.CELLS, check.VERDICTS, check.REMEDIES)
    assert [word for words in lists for word in words if f"`{word}`" not in page] == []


def test_an_id_does_not_change() -> None:
    assert check.finding_id("prod", "prod-1", "trees", "source", "content", "a.py") == "fef22c6b51ffa296"


def test_a_host_in_sync() -> None:
    result = run(host())
    VALIDATOR.validate(result)
    assert result["findings"] == []
    assert result["verdict"] == {"state": "in_sync", "complete": True, "worst": None, "counts": severity.counts([])}
    assert cell(result, "trees", "source") == cell(result, "git", "repository") == "in_sync"
    [environment] = result["environments"]
    assert (environment["name"], environment["reference"], environment["references"]) == ("prod", "r1", ["r1"])
    assert (environment["hosts"], environment["roots"]) == (["prod-1"], {"prod-1": "/srv/app"})


def test_a_run_without_hosts_knows_nothing() -> None:
    assert run()["verdict"]["state"] == "unknown"


@pytest.mark.parametrize("kind", FAILURES)
def test_a_host_that_was_not_observed_is_one_critical_unknown(kind: str) -> None:
    result = run(host(), failed(kind))
    VALIDATOR.validate(result)
    (found,) = result["findings"]
    assert (found["section"], found["component"], found["check"], found["subject"]) == (
        "run",
        "host",
        "observed",
        "prod-2",
    )
    assert (found["outcome"], found["severity"]) == ("unknown", "critical")
    assert "no route to host" in found["summary"]
    assert result["verdict"]["state"] == "unknown"
    assert cell(result, "trees", "source") == "unknown"
    for fail_on in severity.FAIL_ON:
        assert host_verdict(result["findings"], "prod-2", "prod", fail_on)["failed"]
        assert not host_verdict(result["findings"], "prod-1", "prod", fail_on)["failed"]


def test_drift_outranks_unknown_everywhere() -> None:
    result = run(with_trees(DRIFTED), failed())
    assert (result["verdict"]["state"], result["verdict"]["complete"]) == ("drift", False)
    assert cell(result, "trees", "source") == "differs"
    assert cell(result, "git", "repository") == "unknown"


def test_a_failed_reference_is_told_once_an_environment_and_fails_its_hosts() -> None:
    blind = {"git": evidence(git(relation=None)), "trees": evidence({"trees": [tree(reference=None)]})}
    result = run(host(sections=blind), host("prod-2", sections=blind), references=[FAILED_REFERENCE])
    VALIDATOR.validate(result)
    (found,) = result["findings"]
    assert (found["component"], found["severity"], found["cause"]) == ("reference", "high", "reference_failed")
    assert cell(result, "trees", "source") == "unknown"
    assert host_verdict(result["findings"], "prod-2", "prod", "high")["failed"]
    assert not host_verdict(result["findings"], "other", "staging", "high")["failed"]


def test_without_a_reference_comparison_is_not_asked() -> None:
    alone = {"git": evidence(git(relation=None)), "trees": evidence({"trees": [tree(reference=None)]})}
    result = run(host(reference=None, sections=alone))
    assert result["findings"] == []
    assert cell(result, "trees", "source") == cell(result, "git", "repository") == "not_asked"
    assert result["verdict"] == {**result["verdict"], "state": "in_sync", "complete": True}


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"git": evidence(git())},
        {"git": evidence(git()), "trees": evidence({}, "unknown", "not reached")},
        {"git": evidence(git()), "trees": evidence({"trees": [tree()]}), "ports": evidence({})},
    ],
)
def test_a_section_without_usable_evidence_is_unknown(sections: dict[str, t.Any]) -> None:
    result = run(host(sections=sections))
    VALIDATOR.validate(result)
    assert result["verdict"]["state"] == "unknown"
    assert {finding["outcome"] for finding in result["findings"]} == {"unknown"}


def test_environments_are_columns_and_what_is_not_asked_says_so() -> None:
    result = run(
        with_trees(DRIFTED),
        host(
            "local-1",
            "local",
            reference=None,
            settings={"contract": {"git": {}}},
            sections={"git": evidence(git(relation=None))},
        ),
    )
    assert result["matrix"]["columns"] == ["local", "prod"]
    assert cell(result, "trees", "source", "local") == "not_asked"
    assert cell(result, "trees", "source", "prod") == "differs"


def test_the_same_fact_has_the_same_severity_and_id_on_every_day() -> None:
    first = run(with_trees(DRIFTED))["findings"][0]
    later = run(with_trees(DRIFTED), first_seen={first["id"]: "2026-01-01T00:00:00Z"})["findings"][0]
    assert (later["id"], later["severity"]) == (first["id"], first["severity"])
    assert (first["first_seen"], later["first_seen"]) == (AS_OF, "2026-01-01T00:00:00Z")


def test_findings_come_worst_first_and_paths_come_from_the_index() -> None:
    listed = {"path": "evidence/p/trees.json", "host": "prod-1", "section": "trees", "reader": "trees", "user": "app"}
    listed |= {"started": AS_OF, "finished": AS_OF, "bytes": 9, "sha256": "0" * 64, "outcome": "ok"}
    differences = [difference("docs/a", entry("a"), entry("b")), difference("z.py", entry("a"), entry("b"))]
    trees = tree(differences=[*differences, *DRIFTED["differences"]])
    result = run(with_trees(trees), evidence=[listed])
    VALIDATOR.validate(result)
    assert [finding["severity"] for finding in result["findings"]] == ["critical", "medium", "low"]
    assert result["findings"][0]["evidence"] == ["evidence/p/trees.json#source/src/core/a.py"]


NAMES = st.sampled_from(["src/core/a.py", "docs/b", "notes/c", "d.pyc", "e/f", "x\ny", "g:h"])
ENTRIES = st.one_of(
    st.none(), st.sampled_from([entry("a"), entry("b"), entry("a", mode="0755"), {"type": "link", "target": "x"}])
)


@st.composite
def differing(draw: st.DrawFn) -> list[dict[str, t.Any]]:
    made = []
    for path in draw(st.lists(NAMES, unique=True)):
        ours, theirs = draw(ENTRIES), draw(ENTRIES)
        if ours == theirs:
            continue
        base = {"base": draw(ENTRIES)} if draw(st.booleans()) else {}
        aspects = (
            ["presence"]
            if None in (ours, theirs)
            else draw(st.sampled_from([["content"], ["mode"], ["content", "mode"]]))
        )
        made.append(difference(path, ours, theirs, *aspects, **base))
    return made


UNREAD = st.lists(st.sampled_from(["e", "docs", "."]), unique=True).map(
    lambda names: [{"path": name, "reason": "r"} for name in names]
)
GITS = st.sampled_from(
    [git(), at(OLD, behind=2), git(changes=changes(modified=["a"])), git(repository="absent"), git(stashes=1)]
)
FORBIDDEN = st.sampled_from([[], [{"pattern": "**/*.pyc", "path": "./", "count": 2, "sample": ["d.pyc"]}]])


@st.composite
def hosts(draw: st.DrawFn) -> list[HostInputs]:
    made = []
    for number in range(draw(st.integers(1, 4))):
        name, environment = f"host-{number}", draw(st.sampled_from(["prod", "staging"]))
        if draw(st.integers(0, 5)) == 0:
            kind = draw(st.sampled_from(FAILURES))
            made.append(host(name, environment, failure={"kind": kind, "reason": "r"}, sections={}))
            continue
        seen = tree(
            differences=draw(differing()), unknown=draw(UNREAD), forbidden=draw(FORBIDDEN), complete=draw(st.booleans())
        )
        sections = {"git": evidence(draw(GITS)), "trees": evidence({"trees": [seen]})}
        made.append(host(name, environment, sections=sections))
    return made


WAIVERS = st.lists(
    st.sampled_from(
        [
            waiver(subject="docs/*"),
            waiver(section="git", subject="*"),
            waiver(subject="*", expires="2026-01-01"),
            waiver(subject="none"),
        ]
    ),
    max_size=3,
)


@settings(deadline=None, max_examples=60)
@given(hosts(), WAIVERS, st.randoms(use_true_random=False))
def test_promises_of_every_run(given_hosts: list[HostInputs], waivers: list[t.Any], shuffle: random.Random) -> None:
    result = run(*given_hosts, waivers=waivers)
    VALIDATOR.validate(result)
    listed = result["findings"]

    ids = [one["id"] for one in [*listed, *result["checks"]]]
    assert len(ids) == len(set(ids))

    verdict = result["verdict"]
    assert verdict["counts"] == severity.counts(one["severity"] for one in listed)
    assert sum(verdict["counts"].values()) == len(listed)
    by_cell = sum(row["cells"][name]["count"] for row in result["matrix"]["rows"] for name in row["cells"])
    assert by_cell >= len(listed)

    outcomes = {one["outcome"] for one in listed}
    assert (verdict["state"] == "drift") == ("fail" in outcomes)
    assert verdict["state"] != "in_sync" or "unknown" not in outcomes
    for row in result["matrix"]["rows"]:
        for name, shown in row["cells"].items():
            mine = [
                one
                for one in listed
                if (one["section"], one["component"], one["environment"]) == (row["section"], row["component"], name)
            ]
            if any(one["outcome"] in ("fail", "unknown") for one in mine):
                assert shown["state"] in ("differs", "missing", "unknown")

    mixed_hosts, mixed_waivers = list(given_hosts), list(waivers)
    shuffle.shuffle(mixed_hosts)
    shuffle.shuffle(mixed_waivers)
    again = run(*mixed_hosts, waivers=mixed_waivers)
    assert json.dumps(again) == json.dumps(result)


@settings(deadline=None, max_examples=40)
@given(hosts(), WAIVERS)
def test_an_injected_unknown_is_never_in_sync(given_hosts: list[HostInputs], waivers: list[t.Any]) -> None:
    blind = with_trees(tree(unknown=[{"path": "a", "reason": "r"}]), name="blind")
    everything = waiver(section="*", subject="*")
    result = run(*given_hosts, blind, waivers=[*waivers, everything])
    assert result["verdict"]["state"] != "in_sync"
    assert not result["verdict"]["complete"]
    assert cell(result, "trees", "source") in ("differs", "missing", "unknown")


def test_the_judge_has_no_way_to_the_outside() -> None:
    ours = "ansible_collections.evenkeel.drift.plugins."
    allowed = {
        "__future__",
        "collections",
        "contextlib",
        "dataclasses",
        "datetime",
        "difflib",
        "fnmatch",
        "functools",
        "hashlib",
        "ipaddress",
        "itertools",
        "json",
        "posixpath",
        "re",
        "shlex",
        "signal",
        "typing",
    }
    allowed |= {f"packaging.{name}" for name in ("markers", "requirements", "specifiers", "utils", "version")}
    utils = (
        "observe.patterns",
        "observe.change_starts",
        "http",
        "streams.progress",
        "configs.globs",
        "act.journal_form",
        "assertions.freshness",
        "logs.measures",
        "mask",
        "proc.order",
    )
    allowed |= {f"{ours}module_utils.{name}" for name in utils}
    pure = (f"{ours}plugin_utils.judge", f"{ours}plugin_utils.contract")
    for file in (DOCS.parent / "plugins" / "plugin_utils" / "judge").glob("*.py"):
        text = file.read_text()
        nodes = list(ast.walk(ast.parse(text)))
        imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
        assert {name for name in imported if not name.startswith(pure)} <= allowed, file.name
        assert re.findall(r"\b(?:open|now|utcnow|today)\(", text) == [], file.name


def test_hosts_are_consumed_one_by_one() -> None:
    alive: list[int] = []

    class Counted(HostInputs):
        def __del__(self) -> None:
            alive.append(1)

    def many() -> t.Iterator[HostInputs]:
        for number in range(50):
            assert len(alive) >= number - 1
            yield Counted(f"h{number}", "prod", None, {"contract": {"trees": [TREE]}}, None, {})

    meta = {"id": "i", "kind": "audit", "started": AS_OF, "finished": AS_OF, "as_of": AS_OF, "application": "a"}
    assert len(judge_run(RunInputs(run=meta, references=[], hosts=many()))["findings"]) == 50
