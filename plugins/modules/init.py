#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: init
short_description: Write a control directory
description:
  - Writes the directory that an operator audits from - playbooks, an inventory for each of the environments C(local),
    C(staging) and C(prod) with a commented contract, settings of ansible-playbook, and a small example that can be
    audited at once.
  - A file that is there is never overwritten. When one differs from what would be written, the task fails, names it,
    and writes nothing.
  - Connects to no host; the directory is made on the control node.
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
    support: full
options:
  dest:
    description:
      - The directory. It is made when it is missing, but not the directory above it.
      - A relative path starts in the directory that the user stands in.
    type: str
    required: true
seealso:
  - module: evenkeel.drift.discover
"""

EXAMPLES = r"""
---
# The same from the command line: ansible-playbook evenkeel.drift.init -e dest=ops
- name: Write a control directory
  evenkeel.drift.init:
    dest: ops
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
dest:
  description: The directory, as an absolute path.
  returned: success
  type: str
  sample: /home/ops/ops
created:
  description: The files that were written, or would be in check mode, relative to RV(dest).
  returned: success
  type: list
  elements: str
  sample: [ansible.cfg, audit.yml]
present:
  description: The files that were there already, as they would be written.
  returned: success
  type: list
  elements: str
  sample: []
"""
