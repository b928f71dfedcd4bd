# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a play: beside those of setup, below one name, and without a secret."""

from __future__ import annotations

import subprocess
import sys

from e2e_operator import Operator

PLAY = """\
- hosts: all
  gather_facts: true
  vars:
    ansible_facts_modules: [ansible.builtin.setup, evenkeel.drift.drift_facts]
  tasks:
    - ansible.builtin.copy:
        content: "{{ {'distribution': ansible_facts.distribution, 'drift': ansible_facts.evenkeel_drift} | to_json }}"
        dest: "{{ playbook_dir }}/facts.json"
        mode: "0600"
    - evenkeel.drift.drift_facts:
        sections: [processes]
        all_processes: true
      register: every
    - ansible.builtin.assert:
        that:
          - every.ansible_facts.evenkeel_drift.processes.data.processes | length > 3
          - every is not changed
"""


def test_facts_are_gathered_with_those_of_setup(operator: Operator) -> None:
    (operator.desk / "play.yml").write_text(PLAY)
    argv = [sys.executable, "-c", "import sys; sys.stdin.read()", "--password=hunter2hunter2"]
    started = subprocess.Popen(argv, stdin=subprocess.PIPE)
    try:
        options = ["-e", "ansible_connection=local", "-e", f"ansible_python_interpreter={sys.executable}"]
        done = operator.play("play.yml", "-i", "web1,", *options)
    finally:
        started.communicate(timeout=20)
    assert done.code == 0, done.text[-2000:]
    text = (operator.desk / "facts.json").read_text()
    assert '"processes": {' in text and '"resources": {' in text
    assert "hunter2" not in text + done.text
