# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: commands of the contract run only with leave, and each fault of one is found with its cause."""

from __future__ import annotations

import typing as t
from pathlib import Path

from e2e_operator import Operator

Json = dict[str, t.Any]

HEALTHY: list[Json] = [
    {"name": "echo", "run": ["echo", '{"symbols": [{"name": "BTC"}]}'], "json": {"symbols[0].name": "BTC"}},
    {
        "name": "here",
        "run": ["./program", "--password", "hunter2-as-argument"],
        "contains": "OK",
        "not_contains": "FAILED",
        "exit": [0, 3],
    },
    {"name": "optional", "run": ["no-such-program"], "required": False},
]


def program(root: Path) -> None:
    path = root / "program"
    path.write_text("#!/bin/sh\necho OK >> ran; echo OK; echo password=hunter2hunter2; exit 3\n")
    path.chmod(0o755)


def test_nothing_runs_without_leave(operator: Operator, tmp_path: Path) -> None:
    program(tmp_path)
    outcome = operator.audit_one(tmp_path, drift_contract={"commands": HEALTHY})
    assert outcome.brief("commands") == {("exit", one["name"], "not_allowed") for one in HEALTHY}
    assert outcome.findings["verdict"]["state"] == "unknown"
    assert {one["remedy"]["kind"] for one in outcome.findings["findings"]} == {"allow_commands"}
    assert not (tmp_path / "ran").exists()


def test_each_fault_is_found_with_its_cause(operator: Operator, tmp_path: Path) -> None:
    program(tmp_path)
    faults = [
        {"name": "fails", "run": ["./program"], "contains": "OK"},
        {"name": "missing", "run": ["no-such-program"]},
        {"name": "late", "run": ["sleep", "600"], "timeout_s": 1},
        {"name": "says", "run": ["echo", "FAILED"], "contains": "OK", "not_contains": "FAILED", "matches": "^O"},
        {"name": "json", "run": ["echo", '{"a": 1}'], "json": {"a": {"min": 2}, "b": 1}},
    ]
    outcome = operator.audit_one(
        tmp_path, drift_contract={"commands": [*HEALTHY, *faults]}, drift_allow_commands="true"
    )
    found = {one for one in outcome.brief("commands") if one[1] != "optional"}
    assert found == {
        ("exit", "fails", "command_failed"),
        ("exit", "missing", "command_failed"),
        ("exit", "late", "command_failed"),
        ("output", "says:OK", "wrong_content"),
        ("output", "says:FAILED", "wrong_content"),
        ("output", "says:^O", "wrong_content"),
        ("json", "json:a", "wrong_content"),
        ("json", "json:b", "wrong_content"),
    }, outcome.text


def test_commands_that_say_what_they_should_are_in_sync(operator: Operator, tmp_path: Path) -> None:
    program(tmp_path)
    outcome = operator.audit_one(tmp_path, drift_contract={"commands": HEALTHY}, drift_allow_commands=True)
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert (tmp_path / "ran").read_text() == "OK\n"
    assert outcome.run is not None
    kept = "".join(path.read_text() for path in outcome.run.rglob("*") if path.is_file())
    assert "hunter2" not in kept
    assert "`./program --password '<masked>'`" in outcome.report
