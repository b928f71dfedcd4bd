#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_open
short_description: Open the folder of a verification
description:
  - Checks the C(verify_*) variables, and makes one private folder for all hosts of the play, below C(verifications) in
    C(drift_output_dir).
  - Meant to be used with C(run_once), before anything is observed. Connects to no host.
  - With O(check) it runs for each host, and makes nothing.
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
      - The folder is made on the control node in check mode too. No host is changed.
  diff_mode:
    support: none
  idempotent:
    support: N/A
    details:
      - Every verification has a folder of its own.
options:
  hosts:
    description:
      - The hosts that are verified. Unset, all hosts of the play, or of the batch where the play has C(serial).
    type: list
    elements: str
  deploy:
    description:
      - The folder of a deploy of the same play, which has not ended. Its gates stand in the report.
        It outranks C(verify_deploy).
    type: path
  watch:
    description:
      - Whether the hosts are watched, where C(verify_watch) asks for it.
    type: bool
    default: true
  carry:
    description:
      - Whether what was watched of the hosts that O(deploy) changed is taken as evidence of this verification, where
        C(verify_watch) asks for a window.
    type: bool
    default: false
  check:
    description:
      - Only check the contract of this host, and all that an audit would check before it observes it. Meant for a task
        before the folder is made, with C(any_errors_fatal).
    type: bool
    default: false
seealso:
  - module: evenkeel.drift.verify_result
  - module: evenkeel.drift.open_run
"""

EXAMPLES = r"""
---
- name: Check the contract of each host
  evenkeel.drift.verify_open:
    check: true
  any_errors_fatal: true

- name: Open the verification
  evenkeel.drift.verify_open:
  run_once: true
  register: opened
"""

RETURN = r"""
folder:
  description: The folder of the verification.
  returned: success, without O(check)
  type: str
  sample: /home/ops/drift-runs/verifications/20261121T184500Z-verify-prod-1
id:
  description: Its id, the name of the folder.
  returned: success, without O(check)
  type: str
  sample: 20261121T184500Z-verify-prod-1
hosts:
  description: The hosts that are verified.
  returned: success, without O(check)
  type: list
  elements: str
  sample: [prod-1]
since:
  description: From when on logs are read that the contract gives no C(since), for M(evenkeel.drift.open_run).
  returned: success, without O(check)
  type: raw
  sample: deploy
exercise_alerts:
  description: Whether alert channels get a test message, for M(evenkeel.drift.verify_alerts).
  returned: success, without O(check)
  type: bool
  sample: false
"""
