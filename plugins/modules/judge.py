#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: judge
short_description: Judge a run and write its report
description:
  - Reads the evidence in a run folder, decides what is in sync, what has drifted and what is unknown, and writes
    C(findings.json), C(report.md) and C(MANIFEST.sha256) there.
  - Shows the matrix and the findings on the terminal.
  - Meant to be used with C(run_once). Connects to no host.
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.action
attributes:
  check_mode:
    support: full
    details:
      - The results are written to the run folder on the control node. No host is changed.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  run:
    description:
      - The run folder. With O(again=true), also the id of a run below C(drift_output_dir).
    type: str
    required: true
  again:
    description:
      - Judge a run that has ended once more. Its evidence has to be what the run wrote.
    type: bool
    default: false
  brief:
    description:
      - Show one line with the report, in the place of the matrix and the findings. For plays that show what was found
        themselves, such as a verification.
    type: bool
    default: false
seealso:
  - module: evenkeel.drift.open_run
  - module: evenkeel.drift.verdict
"""

EXAMPLES = r"""
---
- name: Judge what was seen
  evenkeel.drift.judge:
    run: "{{ opened.path }}"
  run_once: true
  register: judged
"""

RETURN = r"""
run:
  description: The run folder.
  returned: success
  type: str
  sample: /home/ops/drift-runs/20261121T024500Z-prod-1
report:
  description: The report.
  returned: success
  type: str
  sample: /home/ops/drift-runs/20261121T024500Z-prod-1/report.md
verdict:
  description: The verdict of the whole run.
  returned: success
  type: dict
  sample:
    state: drift
    complete: true
    worst: critical
    counts: {critical: 1, high: 0, medium: 0, low: 0, info: 0}
failed_hosts:
  description: The verdicts of the hosts that fail, by host.
  returned: success
  type: dict
  sample: {}
not_begun:
  description: The hosts of the run whose observation did not begin.
  returned: success
  type: list
  elements: str
  sample: []
"""
