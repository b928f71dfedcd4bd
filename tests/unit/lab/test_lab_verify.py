# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds an audit of the lab against the planted faults: it must notice a missed fault and a false alarm."""

from __future__ import annotations

import importlib.util
import typing as t
from pathlib import Path

import pytest
import yaml

_LAB = Path(__file__).resolve().parents[2] / "lab"
_FAULT = {"section": "processes", "check": "code", "subject": "monitor[*]:source", "cause": "stale_process"}


def load(name: str) -> t.Any:
    specification = importlib.util.spec_from_file_location(f"lab_{name}", _LAB / f"{name}.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


verify = load("verify")


def finding(**changed: str) -> dict[str, str]:
    seen = {**_FAULT, "subject": "monitor[42]:source", "environment": "prod", "outcome": "fail", "summary": "old"}
    return {**seen, **changed}


def complaints(*findings: dict[str, str], complete: bool = True) -> list[str]:
    return t.cast(
        "list[str]",
        verify.complaints({"verdict": {"complete": complete}, "findings": findings}, {"prod": [_FAULT], "staging": []}),
    )


def test_what_was_planted_and_nothing_else_is_right() -> None:
    assert complaints(finding(), finding(subject="monitor[7]:source")) == []
    # An observation is no drift.
    assert complaints(finding(), finding(outcome="observation", environment="staging")) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "not found"),
        ([finding(cause="stale_unit")], "not found"),
        ([finding(subject="monitor[42]:sources")], "not found"),
        ([finding(), finding(check="venv")], "not planted"),
        ([finding(), finding(environment="staging")], "staging: found, and not planted"),
        ([finding(), finding(outcome="unknown", check="user")], "not planted"),
        ([finding(), finding(environment="elsewhere")], "elsewhere"),
    ],
)
def test_a_missed_fault_and_a_false_alarm_are_told(found: list[dict[str, str]], said: str) -> None:
    assert said in "\n".join(complaints(*found))


def test_an_audit_that_did_not_see_everything_is_told() -> None:
    assert complaints(finding(), complete=False) == ["the audit could not see everything"]


def test_the_expectation_names_known_keys_alone() -> None:
    faults = yaml.safe_load((_LAB / "faults.yml").read_text("utf-8"))
    assert set(faults) == {"prod", "staging"} and faults["staging"] == []
    assert {frozenset(fault) for fault in faults["prod"]} == {frozenset(_FAULT)}


def test_the_repository_is_the_same_every_time(tmp_path: Path) -> None:
    reference = load("reference")
    heads = []
    for name in ("one", "two"):
        reference.build(tmp_path / name)
        heads.append((tmp_path / name / ".git" / "refs" / "heads" / "main").read_text("ascii"))
        commits = (tmp_path / name / ".git" / "logs" / "HEAD").read_text("utf-8").splitlines()
        assert len(commits) == len(reference.FIXES) + 1
    assert heads[0] == heads[1]
    reference.build(tmp_path / "two")


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(SystemExit, match="left alone"):
        load("reference").build(tmp_path)
    assert (tmp_path / "mine").read_text() == "kept"
