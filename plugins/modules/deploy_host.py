#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: deploy_host
short_description: Change one host as a plan says
description:
  - Asks the host whether each path still is what the plan was made for, saves what is about to change with
    M(evenkeel.drift.restore_point), and changes it with M(evenkeel.drift.apply_plan). All of it happens, or nothing.
  - The contents come from the repository of the reference on the control node, as a checkout of the commit gives them.
  - A change that was interrupted earlier is finished first.
  - Writes each step and its result into the folder of the deploy. After a host has failed, no later batch is begun.
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
      - The host is asked whether the plan still holds. Nothing is saved and nothing is changed.
  diff_mode:
    support: none
    details:
      - C(plan.md) in the folder of the deploy has the text that changes.
  idempotent:
    support: full
options:
  folder:
    description:
      - The folder of the deploy, as M(evenkeel.drift.plan) returned it.
    type: str
    required: true
seealso:
  - module: evenkeel.drift.plan
  - module: evenkeel.drift.deploy_result
"""

EXAMPLES = r"""
---
- name: Bring the host to its reference
  evenkeel.drift.deploy_host:
    folder: "{{ planned.folder }}"
"""

RETURN = r"""
paths:
  description: The paths that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [src/app.py]
left:
  description: Directories that the plan would have removed, and that were not empty, each with the reason.
  returned: changed
  type: list
  elements: dict
  sample: []
point:
  description: The restore point that has what was there before.
  returned: changed
  type: str
  sample: 20261121T154500Z-3f9a1c
code:
  description: The code that the host keeps for the next call.
  returned: changed
  type: dict
  sample: {folder: /var/lib/evenkeel/app/code, names: []}
"""
