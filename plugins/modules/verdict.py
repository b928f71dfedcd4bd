#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: verdict
short_description: Fail a host on its own findings
description:
  - Fails the host when it has findings at or above C(drift_fail_on), and marks it unreachable when it could not be
    reached.
  - Connects to no host, so that a host out of reach gets its verdict too.
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
  - evenkeel.drift.attributes.action
options:
  failed_hosts:
    description:
      - The verdicts of the hosts that fail, as M(evenkeel.drift.judge) returned them.
    type: dict
    required: true
seealso:
  - module: evenkeel.drift.judge
"""

EXAMPLES = r"""
---
- name: Fail on what was found
  evenkeel.drift.verdict:
    failed_hosts: "{{ judged.failed_hosts }}"
"""

RETURN = r"""
findings:
  description: The ids of the findings that fail the host.
  returned: when the host fails
  type: list
  elements: str
  sample: [9f2c1e07ab34d518]
"""
