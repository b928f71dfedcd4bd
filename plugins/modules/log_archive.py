#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: log_archive
short_description: Archive the logs of an application on its host
description:
  - Puts the logs that the contract of a host declares as files (C(logs) of C(drift_contract)) into one dated,
    compressed archive in the application's state directory, reads it back, and removes archives that are older than is
    kept.
  - The logs themselves are read and nothing else. None is cut, moved or rotated. An archive has what each log had when
    it was opened; what rotation made of it before is not in it.
  - Archives hold whatever the logs hold. They stay on their host, readable by the user alone who makes them.
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
      - The size of an archive is told, and nothing is written.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each run makes an archive.
options:
  logs:
    description:
      - Names or paths of logs of the contract, C(*) and C(?) as in a shell. One that no log has is refused.
    type: list
    elements: str
    default: ['*']
  root:
    description:
      - Where the application lives on the host, an absolute path. By default the variable C(drift_root).
    type: path
  application:
    description:
      - Whose logs they are. By default as an audit names it.
    type: str
  state_dir:
    description:
      - Where archives are kept, an absolute path. By default as for M(evenkeel.drift.restore_point).
    type: path
  keep:
    description:
      - How many archives are kept. The newest one always stays.
    type: int
    default: 10
  keep_days:
    description:
      - Archives that are older are removed.
    type: int
  why:
    description:
      - Why, for the log of the host.
    type: str
    default: log archive
  timeout:
    description:
      - After so many seconds it is given up, and nothing is left of it.
    type: int
    default: 600
seealso:
  - module: evenkeel.drift.restore_point
"""

EXAMPLES = r"""
---
- name: Archive the logs before they are looked through
  evenkeel.drift.log_archive:
    keep_days: 30
  become: true
"""

RETURN = r"""
archive:
  description: The archive on the host, null where there was nothing to archive, and in check mode.
  returned: success
  type: str
  sample: /var/lib/evenkeel/shop/logs/20261121T154500Z-3f9a1c.tar.gz
logs:
  description: The logs in it, with the bytes that each had.
  returned: success
  type: list
  elements: dict
  sample:
    - path: logs/main.log
      size: 1048576
left_out:
  description: The logs that are not in it, each with the reason.
  returned: success
  type: list
  elements: dict
  sample:
    - path: shop.service
      reason: 'no file: its engine or systemd keeps it'
bytes:
  description: What the logs have in all.
  returned: success
  type: int
  sample: 1048576
packed:
  description: What the archive has.
  returned: when an archive was made
  type: int
  sample: 98304
removed:
  description: The archives that were removed, as older than is kept.
  returned: success
  type: list
  elements: str
  sample: [20261021T154500Z-77aa01.tar.gz]
"""

# Tells ansible-core that this is a script whose arguments it puts in itself: such a script needs no zip file on the
# host. The action plugin of the same name sends the code in the place of this text.
ARGUMENTS = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"
