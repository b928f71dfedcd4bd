# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module git_info as Ansible runs it: arguments on standard input, JSON on standard output."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.git import ARGUMENTS
from ansible_collections.evenkeel.drift.plugins.modules import git_info
from ansible_collections.evenkeel.drift.tests.unit.plugins.module_utils.gitdata.git_oracle import create

_PROGRAM = """
import runpy, sys
sys.path[:] = {path!r}
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = {arguments!r}
basic._ANSIBLE_PROFILE = "legacy"
runpy.run_module({module!r}, run_name="__main__")
"""


def run(tmp_path: Path, **options: t.Any) -> dict[str, t.Any]:
    """Run the module in a process of its own and return what it answers."""
    given = {"_ansible_remote_tmp": str(tmp_path), "_ansible_keep_remote_files": False, **options}
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode()
    program = _PROGRAM.format(path=sys.path, arguments=arguments, module=git_info.__name__)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    answer: dict[str, t.Any] = json.loads(done.stdout)
    return answer


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


def test_the_documented_options_are_those_of_the_module() -> None:
    documented = DataLoader().load(git_info.DOCUMENTATION)["options"]
    kept = {name: {key: option[key] for key in option if key != "description"} for name, option in documented.items()}
    assert kept == ARGUMENTS
