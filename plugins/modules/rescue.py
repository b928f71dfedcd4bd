#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rescue
short_description: Save work that exists only on a host
description:
  - Reads on the host the files that a run found to be work of the host's own, and commits them, byte for byte, on top
    of the commit that the host was deployed from. The commit lies in a bundle and in a patch on the control node, in a
    folder of its own in C(rescues) below C(drift_output_dir). The repository of the reference is not written to.
  - What was deleted on the host is a second commit, on a branch of its own.
  - Files of a secret class are left out and named. So are files that look as if they held a secret, or that hold one
    which is in use on the host.
  - A deploy counts what was rescued as saved.
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
      - The files are read and named, and nothing is written. No host is changed in either mode.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each rescue has a folder of its own.
options:
  run:
    description:
      - The folder of the run, which has been judged.
    type: str
    required: true
  allow_secrets:
    description:
      - Paths that look as if they held a secret, and that somebody has looked at and found to hold none.
    type: list
    elements: str
    default: []
seealso:
  - module: evenkeel.drift.judge
  - module: evenkeel.drift.plan
"""

EXAMPLES = r"""
---
- name: Save what exists only on the host
  evenkeel.drift.rescue:
    run: "{{ judged.run }}"
"""

RETURN = r"""
files:
  description: The paths that were saved, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [src/monitoring/monitor.py]
modes:
  description: The paths whose mode alone was changed on the host.
  returned: success
  type: list
  elements: str
  sample: [bin/start.sh]
deleted:
  description: The paths that were deleted on the host. They are a commit of their own, on a branch of its own.
  returned: success
  type: list
  elements: str
  sample: [src/old.py]
not_rescued:
  description: The paths that were not, each with the reason.
  returned: success
  type: list
  elements: str
  sample: ['config/keys.py: line 3 looks as if it held a secret']
folder:
  description: The folder of the rescue, with C(work.bundle), C(work.patch) and C(rescue.json). Null without work.
  returned: success
  type: str
  sample: /home/ops/drift-runs/rescues/20261121T160000Z-prod-1-1
branch:
  description: The branch in the bundle. Null where there is nothing but what was deleted.
  returned: when something was saved
  type: str
  sample: rescue/prod-1-20261121T160000Z
commit:
  description: The commit of that branch.
  returned: when something was saved
  type: str
  sample: 9fceb02d0ae598e95dc970b74767f19372d61af8
"""
