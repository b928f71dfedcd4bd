#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: remediate_back
short_description: Bring a host back after its verification failed
description:
  - Brings a host to the restore point that its deploy made, when M(evenkeel.drift.remediate) decided that. What is
    replaced is kept as a restore point of its own, which no rollback picks by itself.
  - It fails when it brings a host back, whatever came of it. How that ended stands in the folder of the deploy.
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
      - Nothing is brought back in check mode.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  folder:
    description:
      - The folder of the deploy, as M(evenkeel.drift.plan) returned it.
    type: path
    required: true
seealso:
  - module: evenkeel.drift.remediate
  - module: evenkeel.drift.restore_point
"""

EXAMPLES = r"""
---
- name: Bring the host back
  evenkeel.drift.remediate_back:
    folder: "{{ planned.folder }}"
  when: inventory_hostname in back.hosts
"""

RETURN = r"""
msg:
  description: What became of the host.
  returned: always
  type: str
  sample: prod-1 stays as it is
"""
