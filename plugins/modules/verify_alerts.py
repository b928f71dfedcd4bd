#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_alerts
short_description: Send a test message to the alert channels of a host
description:
  - Lets the host send one marked message to each alert channel that its contract names, and notes whether it was taken.
  - The address of a channel is a secret. It is read on the host, used there, and does not leave it otherwise.
  - This is the one thing of a verification that others see.
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
      - In check mode nothing is sent.
  diff_mode:
    support: none
  idempotent:
    support: N/A
    details:
      - Each time a message is sent.
options:
  folder:
    description:
      - The folder of the verification, as M(evenkeel.drift.verify_open) returned it.
    type: str
    required: true
seealso:
  - module: evenkeel.drift.verify_open
  - module: evenkeel.drift.verify_result
"""

EXAMPLES = r"""
---
- name: Send a test message to each alert channel
  evenkeel.drift.verify_alerts:
    folder: "{{ opened.folder }}"
"""

RETURN = r"""
sent:
  description: The channels that were tried.
  returned: success
  type: list
  elements: str
  sample: [general]
"""
