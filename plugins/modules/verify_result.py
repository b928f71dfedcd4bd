#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_result
short_description: Decide a verification and write its report
description:
  - Reads a run that was judged and sealed, decides by the criteria of the contract, and writes C(verify.json),
    C(verify-report.md) and C(MANIFEST.sha256) to the folder of the verification.
  - Writes nothing, and says why, when the result would contradict itself or its evidence.
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
      - The result is written on the control node in check mode too. No host is changed.
  diff_mode:
    support: none
  idempotent:
    support: N/A
    details:
      - Every verification has a folder of its own.
options:
  folder:
    description:
      - The folder of the verification, as M(evenkeel.drift.verify_open) returned it.
    type: str
    required: true
  run:
    description:
      - The folder of the run, as M(evenkeel.drift.judge) returned it.
    type: str
    required: true
seealso:
  - module: evenkeel.drift.verify_open
  - module: evenkeel.drift.judge
  - module: evenkeel.drift.verdict
"""

EXAMPLES = r"""
---
- name: Decide by the criteria and report
  evenkeel.drift.verify_result:
    folder: "{{ opened.folder }}"
    run: "{{ judged.run }}"
  run_once: true
  register: verified
"""

RETURN = r"""
folder:
  description: The folder of the verification.
  returned: success
  type: str
  sample: /home/ops/drift-runs/verifications/20261121T184500Z-verify-prod-1
report:
  description: The report.
  returned: success
  type: str
  sample: /home/ops/drift-runs/verifications/20261121T184500Z-verify-prod-1/verify-report.md
verdict:
  description: What was decided of the whole, V(PASS), V(CONDITIONAL) or V(FAIL).
  returned: success
  type: str
  sample: PASS
failed_hosts:
  description: The verdicts of the hosts that fail, by host, for M(evenkeel.drift.verdict).
  returned: success
  type: dict
  sample: {}
"""
