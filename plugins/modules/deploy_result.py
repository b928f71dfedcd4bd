#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: deploy_result
short_description: Say what became of a deploy
description:
  - Reads the folder of a deploy, and writes C(result.md) there - what became of each host, its restore point, and each
    step with its time.
  - With O(judged) the deploy has ended. Its folder is sealed, and the outcome is shown on the terminal.
  - Meant to be used with C(run_once), after each batch and at the end. Connects to no host.
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
      - The result is written on the control node in check mode too.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  folder:
    description:
      - The folder of the deploy, as M(evenkeel.drift.plan) returned it.
    type: str
    required: true
  judged:
    description:
      - What M(evenkeel.drift.judge) returned of the audit after the changes. Empty, when there was none.
      - Unset, the deploy goes on.
    type: dict
  verification:
    description:
      - The folder of the verification of all hosts after the changes, with O(judged) of the same run.
    type: path
seealso:
  - module: evenkeel.drift.deploy_host
  - module: evenkeel.drift.verdict
"""

EXAMPLES = r"""
---
- name: Say what became of the deploy
  evenkeel.drift.deploy_result:
    folder: "{{ planned.folder }}"
    judged: "{{ judged }}"
  run_once: true
  register: result
"""

RETURN = r"""
folder:
  description: The folder of the deploy.
  returned: success
  type: str
  sample: /home/ops/drift-runs/deploys/20261121T154500Z-prod-1
failed_hosts:
  description:
    - The verdicts of the hosts that fail, by host, for M(evenkeel.drift.verdict). A host fails when it was not changed
      as planned, or when the audit after the changes fails it.
  returned: success
  type: dict
  sample: {}
"""
