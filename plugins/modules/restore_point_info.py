#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_point_info
short_description: List the restore points of an application
description:
  - Lists the restore points that M(evenkeel.drift.restore_point) made on a host, and says whether a change was
    interrupted. Nothing is restored, and the content of a point is not read.
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
  - evenkeel.drift.attributes.action
  - evenkeel.drift.restore_points
seealso:
  - module: evenkeel.drift.restore_point
"""

EXAMPLES = r"""
---
- name: List the restore points of the application
  evenkeel.drift.restore_point_info:
    root: /srv/app
  register: points

- name: Show those that a rollback could pick
  ansible.builtin.debug:
    msg: "{{ points.points | selectattr('state', 'equalto', 'good') | map(attribute='id') }}"
"""

RETURN = r"""
points:
  description:
    - The points, the newest first. The C(state) of each is V(good), V(bad) (so marked), V(unfinished) (its making was
      interrupted) or V(damaged), with the reason of the latter three.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 20261121T154500Z-3f9a1c
      created: '2026-11-21T15:45:00Z'
      state: good
      reason: ''
      about: {kind: backup, who: ops@control, why: before the release, run: ''}
      root: /srv/app
      files: 1834
      bytes: 20971520
      git: {outcome: saved, branch: main}
      notes: []
unfinished:
  description:
    - What was interrupted and is not finished yet, null when nothing was - a change of files, a rollback, or the
      services of a change whose files are in place. Where its record cannot be read, C(damaged) says why.
  returned: success
  type: dict
  sample: null
restic:
  description:
    - The points of this host in the repository, the newest first. RV(restic.outcome) is V(ok), V(not_asked), or
      V(unknown) with the RV(restic.reason) why they cannot be seen.
  returned: success
  type: dict
  contains:
    outcome:
      description: Whether the repository was seen.
      type: str
      returned: success
    reason:
      description: Why it was not.
      type: str
      returned: success
    address:
      description: Which repository it is.
      type: str
      returned: success
    points:
      description: The points.
      type: list
      elements: dict
      returned: success
  sample:
    outcome: ok
    reason: ''
    address: sftp:backup@192.0.2.7:/srv/restic
    points:
      - id: 20261121T154500Z-3f9a1c
        created: '2026-11-21T15:45:00Z'
        bytes: 20971520
        on_host: true
fetched:
  description:
    - The points of this host that were fetched to the control node, where they lie encrypted, the newest first.
      RV(fetched.outcome) is V(ok), V(not_asked), or V(unknown) with the RV(fetched.reason) why they cannot be seen.
  returned: success
  type: dict
  contains:
    outcome:
      description: Whether the folder was seen.
      type: str
      returned: success
    reason:
      description: Why it was not.
      type: str
      returned: success
    folder:
      description: Which folder it is.
      type: str
      returned: success
    points:
      description: The points.
      type: list
      elements: dict
      returned: success
  sample:
    outcome: ok
    reason: ''
    folder: /home/me/ops/kept/web1/app
    points:
      - id: 20261121T154500Z-3f9a1c
        created: '2026-11-21T15:45:00Z'
        bytes: 20972104
        path: /home/me/ops/kept/web1/app/20261121T154500Z-3f9a1c
        on_host: true
"""

# Tells ansible-core that this is a script whose arguments it puts in itself: such a script needs no zip file on the
# host. The action plugin of the same name sends the code in the place of this text.
ARGUMENTS = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"
