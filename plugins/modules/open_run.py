#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: open_run
short_description: Open the run folder of an audit
description:
  - Makes one private folder for all hosts of the play, below C(drift_output_dir), and notes who runs the audit and
    with what settings.
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
      - An audit in check mode is a whole audit, so the folder is made on the control node. No host is changed.
  diff_mode:
    support: none
  idempotent:
    support: N/A
    details:
      - Every run has a folder of its own.
options:
  since:
    description:
      - From when on logs are read whose contract says nothing of C(since), as there. A verification gives it.
    type: raw
  hosts:
    description:
      - The hosts that are observed. Unset, all hosts of the play, or of the batch where the play has C(serial).
    type: list
    elements: str
seealso:
  - module: evenkeel.drift.snapshot_info
  - module: evenkeel.drift.judge
"""

EXAMPLES = r"""
---
- name: Open the run
  evenkeel.drift.open_run:
  run_once: true
  register: opened
"""

RETURN = r"""
path:
  description: The run folder.
  returned: success
  type: str
  sample: /home/ops/drift-runs/20261121T024500Z-prod-1
hosts:
  description: The hosts that are observed.
  returned: success
  type: list
  elements: str
  sample: [prod-1]
reference_hosts:
  description: The hosts of the play that others are compared with. They have to be observed first.
  returned: success
  type: list
  elements: str
  sample: []
task_timeouts:
  description: Seconds after which the observation of a host is given up, by host.
  returned: success
  type: dict
  sample:
    prod-1: 360
"""
