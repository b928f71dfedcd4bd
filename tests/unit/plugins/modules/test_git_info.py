# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module git_info as Ansible runs it: arguments on standard input, JSON on standard output."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.modules import git_info
from ansible_collections.evenkeel.drift.tests.unit.plugins.module_utils.gitdata.git_oracle import create
from module_runner import run_module

run = functools.partial(run_module, git_info)


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_returns_what_was_seen(tmp_path: Path, check_mode: bool) -> None:
    where = create(tmp_path / "r")
    (where / "readme").write_text("edited\n")
    (where / "log").write_text("")
    answer = run(tmp_path, path=str(where), ignore=[r"log\Z"], _ansible_check_mode=check_mode)
    assert answer["changed"] is False
    assert answer["git"]["changes"]["modified"] == ["readme"]
    assert answer["git"]["changes"]["untracked"] == []


def test_no_repository_is_an_answer_and_no_error(tmp_path: Path) -> None:
    assert run(tmp_path, path=str(tmp_path))["git"]["repository"] == "absent"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "/nonexistent/x"}, "/nonexistent/x does not exist on this host"),
        ({"path": "/", "ignore": ["("]}, "ignore: '(' is no regular expression"),
        ({}, "missing required arguments: path"),
    ],
)
def test_an_error_names_what_is_wrong(tmp_path: Path, options: dict[str, t.Any], message: str) -> None:
    answer = run(tmp_path, **options)
    assert answer["failed"]
    assert message in answer["msg"]


def test_the_time_limit_is_an_error(tmp_path: Path) -> None:
    answer = run(tmp_path, path=str(create(tmp_path / "r")), timeout=-1)
    assert answer["failed"]
    assert answer["msg"] == "not reached within the time limit of -1 s"
