#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: discover
short_description: Draft a contract from what runs on a host
description:
  - Looks at a host with the collectors of an audit, and writes a contract for each application that runs there, with a
    reason for every line, and a baseline of what was seen.
  - An application lives in the git work tree, or beside the virtual environment, or in the directory that its processes
    come from. With the variable C(drift_root), only the application there is drafted.
  - Each draft is tried out before it is written. What an audit would report at once is left out, and the draft says
    so; what could not be seen stands at its top.
  - Nothing is written on the host, and no environment variables and no secrets of processes are in a draft.
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.action
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - A draft that is there is never overwritten, so a second run for the same O(dest) fails.
options:
  dest:
    description:
      - The directory for the drafts, on the control node. A relative path starts in the directory that the user stands
        in. It must be empty or missing.
      - When the play has several hosts, each has a directory of its own name in it.
      - Unset, it is C(discovered/) and the name of the host.
    type: str
    default: ""
seealso:
  - module: evenkeel.drift.init
  - module: evenkeel.drift.snapshot_info
"""

EXAMPLES = r"""
---
# The same from the command line: ansible-playbook evenkeel.drift.discover -i app1.example.org,
- name: Draft a contract for what runs on the host
  evenkeel.drift.discover:

- name: Draft a contract for one application, in a directory of choice
  evenkeel.drift.discover:
    dest: drafts/app
  vars:
    drift_root: /srv/app
"""

RETURN = r"""
dest:
  description: The directory of the drafts.
  returned: success
  type: str
  sample: /home/ops/discovered/app1.example.org
drafts:
  description: The drafts, one an application.
  returned: success
  type: list
  elements: dict
  contains:
    root:
      description: Where the application lives on the host.
      type: str
      sample: /srv/app
    contract:
      description: The file of the contract; none in check mode.
      type: str
      sample: /home/ops/discovered/app1.example.org/app.yml
    baseline:
      description: The file of the baseline; none in check mode.
      type: str
      sample: /home/ops/discovered/app1.example.org/app.baseline.json
    unseen:
      description: What could not be seen, one sentence each.
      type: list
      elements: str
    left_out:
      description: What was seen and is not part of the draft, with the reason.
      type: list
      elements: str
    remaining:
      description: What an audit with the draft and the baseline would still find. Empty when it would be in sync.
      type: list
      elements: str
"""
