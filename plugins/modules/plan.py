#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Plan how hosts are brought to their reference
description:
  - Reads a run that M(evenkeel.drift.judge) has judged, and plans which files of each host are written, removed or
    given another mode, so that they equal the commit that the run compared them with.
  - Work that exists only on a host is left as it is, and named with what to do about it.
  - Writes C(plan.json) and C(plan.md) into a folder of their own in C(deploys) below C(drift_output_dir), and shows the
    plan on the terminal.
  - Without O(run) it takes the plan that C(drift_plan) names, exactly as it was made.
  - Meant to be used with C(run_once). Connects to no host, and changes none.
  - The C(sync_*) variables and C(drift_plan) are described in C(docs/deploy.md) of the collection.
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
      - The plan is written on the control node in check mode too. No host is changed.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  run:
    description:
      - The folder of the run. Empty takes the plan that C(drift_plan) names.
    type: str
    default: ""
  step:
    description:
      - V(plan) makes the plan. V(check) only refuses C(sync_*) variables that are wrong, before hosts are audited.
    type: str
    choices: [check, plan]
    default: plan
seealso:
  - module: evenkeel.drift.judge
"""

EXAMPLES = r"""
---
- name: Plan what a deploy would change
  evenkeel.drift.plan:
    run: "{{ judged.run }}"
  run_once: true
  register: planned
"""

RETURN = r"""
id:
  description: The plan's id. It is the same for the same changes, whenever they are planned.
  returned: success
  type: str
  sample: plan-1a2f6765887f
path:
  description: The plan.
  returned: success
  type: str
  sample: /home/ops/drift-runs/deploys/20261121T154500Z-prod-1/plan.json
folder:
  description: The folder of this deploy.
  returned: success
  type: str
  sample: /home/ops/drift-runs/deploys/20261121T154500Z-prod-1
hosts:
  description: The hosts that may be changed, in order. None, when a gate of the whole plan refuses.
  returned: success
  type: list
  elements: str
  sample: [prod-1]
blocked:
  description: Why the whole plan may not be applied, and what to do.
  returned: success
  type: list
  elements: str
  sample: []
refused:
  description: Why single hosts may not be changed, and what to do, by host.
  returned: success
  type: dict
  sample: {}
changes:
  description: How many actions the plan has.
  returned: success
  type: int
  sample: 9
left_out:
  description: How many paths that drifted it leaves as they are.
  returned: success
  type: int
  sample: 3
"""
