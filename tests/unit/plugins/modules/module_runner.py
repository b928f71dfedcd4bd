# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module as Ansible does: arguments on standard input, JSON on standard output."""

from __future__ import annotations

import json
import subprocess
import sys
import types
import typing as t
from pathlib import Path

_PROGRAM = """
import runpy, sys
sys.path[:] = {path!r}
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = {arguments!r}
basic._ANSIBLE_PROFILE = "legacy"
runpy.run_module({module!r}, run_name="__main__")
"""


def run_module(module: types.ModuleType, tmp_path: Path, **options: t.Any) -> dict[str, t.Any]:
    """Run the module in a process of its own and return what it answers."""
    given = {"_ansible_remote_tmp": str(tmp_path), "_ansible_keep_remote_files": False, **options}
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode()
    program = _PROGRAM.format(path=sys.path, arguments=arguments, module=module.__name__)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    answer: dict[str, t.Any] = json.loads(done.stdout)
    return answer
