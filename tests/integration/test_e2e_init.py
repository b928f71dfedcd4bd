# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control directory, from nothing to the first audit and the first drift."""

from __future__ import annotations

from pathlib import Path

from e2e_operator import Operator, Outcome

INIT = "evenkeel.drift.init"


def init(operator: Operator, *arguments: str) -> Outcome:
    return operator.play(INIT, "-i", "localhost,", *arguments)


def typed(operator: Operator, ops: Path, line: str) -> Outcome:
    """Run ansible-playbook as it is typed in the control directory."""
    operator.runs = ops / "drift-runs"
    return operator.play(*line.split(), cwd=ops)


def test_a_new_directory_is_in_sync_until_something_drifts(operator: Operator) -> None:
    made = init(operator, "-e", "dest=ops")
    assert made.code == 0 and "changed=1" in made.text, made.text
    ops = operator.desk / "ops"
    for name in ("local", "staging", "prod"):
        assert typed(operator, ops, f"audit.yml -i {name}").state() == (0, "in_sync")
    every = typed(operator, ops, "audit.yml -i local -i staging -i prod")
    assert every.state() == (0, "in_sync")
    assert [one["name"] for one in every.findings["environments"]] == ["local", "prod", "staging"]
    assert typed(operator, ops, "judge.yml -e drift_run=latest").code == 0
    again = init(operator, "-e", "dest=ops")
    assert again.code == 0 and "changed=0" in again.text and "nothing was written" in again.text

    (ops / "example/app.py").write_text("INTERVAL_S = 5\n")
    drifted = typed(operator, ops, "audit.yml -i prod")
    assert drifted.state() == (2, "drift")
    assert {(check, subject) for check, subject, _cause in drifted.brief()} == {("content", "app.py")}
    refused = init(operator, "-e", "dest=ops")
    assert refused.code == 2 and "example/app.py is another file" in refused.text


def test_check_mode_writes_nothing_and_says_what_it_would(operator: Operator) -> None:
    checked = init(operator, "--check", "-e", "dest=ops")
    assert checked.code == 0 and "changed=1" in checked.text and "  prod/group_vars/prod.yml" in checked.text
    assert list(operator.desk.iterdir()) == []


def test_a_place_that_cannot_be_is_one_message(operator: Operator) -> None:
    refused = init(operator, "-e", "dest=no/such")
    assert refused.code == 2
    assert f"{operator.desk}/no is not there; make it first, or name another directory" in refused.text
    assert init(operator).code == 2 and list(operator.desk.iterdir()) == []
