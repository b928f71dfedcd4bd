# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module process_info as Ansible runs it: arguments on standard input, JSON on standard output."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
import uuid
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.processes import ARGUMENTS
from ansible_collections.evenkeel.drift.plugins.modules import process_info

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
    program = _PROGRAM.format(path=sys.path, arguments=arguments, module=process_info.__name__)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    answer: dict[str, t.Any] = json.loads(done.stdout)
    return answer


def test_it_finds_a_process_and_not_itself(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", mark], cwd=tmp_path)
    try:
        answer = run(tmp_path, match=mark, _ansible_check_mode=True)
    finally:
        child.kill()
        child.wait()
    (found,) = answer["processes"]
    assert (answer["changed"], found["pid"], found["cwd"]) == (False, child.pid, str(tmp_path.resolve()))
    assert run(tmp_path, match=mark)["processes"] == []


def test_without_a_pattern_it_returns_all(tmp_path: Path) -> None:
    answer = run(tmp_path)
    assert len(answer["processes"]) > 1


def test_a_pattern_that_is_none_is_a_failure(tmp_path: Path) -> None:
    assert "no regular expression" in run(tmp_path, match="(")["msg"]


def test_the_documented_options_are_those_that_it_takes() -> None:
    documented = DataLoader().load(process_info.DOCUMENTATION)["options"]
    assert {
        name: {key: value for key, value in one.items() if key != "description"} for name, one in documented.items()
    } == ARGUMENTS
