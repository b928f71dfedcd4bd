#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: deploy_recover
short_description: Finish a change that was interrupted
description:
  - Finishes, or takes back, a change of the host's application that a crash or a lost connection interrupted, with
    M(evenkeel.drift.apply_plan). Root, application and state directory are those of the C(drift_*) variables.
  - Does nothing on a host without such a change.
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
options: {}
seealso:
  - module: evenkeel.drift.apply_plan
"""

EXAMPLES = r"""
---
- name: Finish what an earlier change left
  evenkeel.drift.deploy_recover:
"""

RETURN = r"""
found:
  description: The change that was interrupted, V(null) when there was none.
  returned: success
  type: dict
  sample: {kind: sync, who: ops@control, why: deploy of plan-1a2f6765887f, started: "2026-11-21T15:45:00Z"}
code:
  description: The code that the host keeps of an earlier change, V(null) when the variable C(sync_keep_code) is off.
  returned: success
  type: dict
  sample: {folder: /var/lib/evenkeel/app/code, names: []}
"""
