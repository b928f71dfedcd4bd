#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot_info
short_description: Observe a host for drift
description:
  - Observes a host and compares what is there with a reference, in one task, one process and one round trip.
    A second round trip is made only to a host that has drifted, for the text of the files that differ.
  - Nothing is written on the host. The collectors are sent over the connection as one script; they need Python 3.8
    and nothing else.
  - Alone, it returns the evidence. In an audit, O(run) names the run folder that the evidence goes to, the settings
    are the C(drift_*) variables of the host, and a host that cannot be reached or observed does not fail the task,
    because the audit reports it as unknown.
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
  - evenkeel.drift.attributes.action
options:
  run:
    description:
      - The run folder, as M(evenkeel.drift.open_run) returned it.
    type: path
  reference_hosts:
    description:
      - The hosts that others are compared with, as M(evenkeel.drift.open_run) returned them.
    type: list
    elements: str
    default: []
  root:
    description:
      - Where the application lives on the host, an absolute path. Outranks the variable C(drift_root).
    type: str
  contract:
    description:
      - What to observe, by section. Outranks the variable C(drift_contract).
    type: dict
  reference:
    description:
      - What to compare with. Outranks the variable C(drift_reference).
    type: dict
  repo:
    description:
      - Short for a O(reference) that is the commit C(HEAD) of this repository on the control node.
    type: str
  sections:
    description:
      - Observe only these sections of the contract.
    type: list
    elements: str
  host_timeout:
    description:
      - What the host has not shown within this time is unknown. A number of seconds, or a duration such as V(5m).
    type: str
  workers:
    description:
      - The number of processes that read files on the host, V(0) for one for each core.
    type: int
  nice:
    description:
      - How far these processes step back for others.
    type: int
  rehash:
    description:
      - Whether files are read whose metadata has not changed since the last observation.
    type: str
    choices: [auto, always]
seealso:
  - module: evenkeel.drift.git_info
  - module: evenkeel.drift.tree_info
"""

EXAMPLES = r"""
---
- name: Compare an application with a commit
  evenkeel.drift.snapshot_info:
    root: /srv/app
    repo: "{{ playbook_dir }}/../app"
  register: snapshot

- name: Show which files differ
  ansible.builtin.debug:
    msg: "{{ snapshot.sections.trees.data.trees[0].differences | map(attribute='path') }}"
"""

RETURN = r"""
outcome:
  description: Whether the host could be observed.
  returned: success
  type: str
  sample: ok
reason:
  description: Why it could not, or why there was no comparison with the reference.
  returned: success
  type: str
  sample: ""
sections:
  description:
    - "Alone: the evidence of each section; its shape is described in the documentation of the sections."
    - "In an audit: the outcome of each section."
  returned: success
  type: dict
  sample:
    git: {outcome: ok}
    trees: {outcome: ok}
"""

# Tells ansible-core that this is a script whose arguments it puts in itself: such a script needs no zip file on the
# host. The action plugin of the same name sends the collectors in the place of this text.
ARGUMENTS = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"
