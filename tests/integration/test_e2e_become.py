# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user of the connection who does not become another: it is told as that wherever it happens. Nothing was run."""

from __future__ import annotations

import getpass
import typing as t
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome
from e2e_project import application

REFUSES = "#!/bin/sh\necho 'sudo: {}' >&2\nexit 1\n"


@pytest.fixture(name="play")
def fixture_play(operator: Operator, tmp_path: Path) -> t.Callable[[str], Outcome]:
    """Return what runs a playbook on a host whose sudo wants a password that nobody gave."""
    reference = application(tmp_path / "reference")
    root = reference.deploy(tmp_path / "host", commit="HEAD~1")
    sudo = tmp_path / "sudo"
    sudo.write_text(REFUSES.format("a password is required"))
    sudo.chmod(0o755)
    inventory = operator.inventory(
        {"web1": {"drift_root": str(root)}},
        ansible_become=True,
        # Nobody becomes who they are already.
        ansible_become_user="nobody" if getpass.getuser() != "nobody" else "root",
        ansible_become_exe=str(sudo),
        drift_repo=str(reference.path),
        drift_state_dir=str(tmp_path / "state"),
    )
    return lambda name: operator.play(name, "-i", str(inventory), "-e", f"drift_output_dir={operator.runs}")


def test_an_audit_says_in_its_report_that_it_did_not_become_another_user(play: t.Callable[[str], Outcome]) -> None:
    audit = play("evenkeel.drift.audit")
    assert audit.state() == (2, "unknown"), audit.text
    for text in (audit.text, audit.report):
        assert "could not be observed: " in text
        assert "sudo: a password is required" in text
        assert "give the password for become with -K" in " ".join(text.split())
        assert "time limit" not in text


@pytest.mark.parametrize("name", ["deploy", "remediate", "backup", "rollback", "verify", "rescue"])
def test_nothing_is_left_unknown_where_nothing_was_run(play: t.Callable[[str], Outcome], name: str) -> None:
    outcome = play(f"evenkeel.drift.{name}")
    said = " ".join(outcome.text.split())
    assert outcome.code == 2, outcome.text
    assert "nothing was run there: give the password for become with -K" in said
    assert "what it did until then is not known" not in said


def test_a_password_is_asked_for_only_where_that_is_what_is_missing(
    play: t.Callable[[str], Outcome], tmp_path: Path
) -> None:
    (tmp_path / "sudo").write_text(REFUSES.format("unable to open the audit log"))
    said = " ".join(play("evenkeel.drift.deploy").text.split())
    assert "unable to open the audit log; nothing was run there" in said
    assert "-K" not in said
