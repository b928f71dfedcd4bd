# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module process_info as Ansible runs it: arguments on standard input, JSON on standard output."""

from __future__ import annotations

import functools
import subprocess
import sys
import uuid
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.modules import process_info
from module_runner import run_module

run = functools.partial(run_module, process_info)


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
