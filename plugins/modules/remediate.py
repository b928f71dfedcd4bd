#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: remediate
short_description: Lead a remediation from one step to the next
description:
  - A remediation is a deploy that is verified, batch by batch, and of which goes back what made a host worse. This
    module says which hosts of a batch are verified, and keeps in the folder of the deploy what follows.
  - Meant to be used with C(run_once), as the role C(evenkeel.drift.sync) does. Connects to no host.
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
      - Nothing is verified in check mode, and nothing is kept.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  folder:
    description:
      - The folder of the deploy, as M(evenkeel.drift.plan) returned it.
      - Required unless O(step=check).
    type: path
  step:
    description:
      - V(check) refuses what is wrong with the C(verify_*) variables, before anything is done.
      - With V(open) the deploy is marked as one that is verified, and takes over the hosts that another one changed
        and, interrupted, did not verify.
      - V(due) finds the hosts of the batch that were changed, and V(due_again) those that were brought back.
      - V(decide) compares O(verification) with the audit before the change, and finds the hosts that go back.
      - V(confirm) keeps whether O(verification) shows them as they were before the change.
    type: str
    required: true
    choices: [check, open, due, decide, due_again, confirm]
  hosts:
    description:
      - With O(step=open), the hosts that the plan changes.
    type: list
    elements: str
    default: []
  verification:
    description:
      - The folder of the verification of the batch. Empty, or one that was not decided, when there is none.
    type: path
seealso:
  - module: evenkeel.drift.remediate_back
  - module: evenkeel.drift.deploy_host
"""

EXAMPLES = r"""
---
- name: Find the hosts of the batch that were changed
  evenkeel.drift.remediate:
    folder: "{{ planned.folder }}"
    step: due
  run_once: true
  register: due
"""

RETURN = r"""
hosts:
  description: The hosts that the step finds, none with O(step=check) and O(step=confirm).
  returned: success
  type: list
  elements: str
  sample: [prod-1]
"""
