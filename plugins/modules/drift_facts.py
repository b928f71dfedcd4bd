#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drift_facts
short_description: Tell what runs on a host, as facts
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Returns what the light sections of an audit see of a host - its processes, ports, units, packages, resources, and a
    repository - below the one fact C(evenkeel_drift).
  - Every section says whether it was seen, and if not, why. What was not seen is never an empty list.
  - Secrets in arguments, URLs and names are masked on the host; environment variables are not read for their values.
  - Nothing is changed, and nothing but C(systemctl show) is started.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  sections:
    description:
      - The sections to return.
      - Units are those that supervise a process, packages those of the virtual environments that processes run from.
      - V(git) looks for a repository at O(root).
    type: list
    elements: str
    choices: [git, processes, ports, units, packages, resources]
    default: [processes, ports, units, packages, resources]
  root:
    description: Where the application lives; relative paths in what is returned start there.
    type: path
    default: /
  all_processes:
    description:
      - Whether all processes are listed, and not only those that listen, are supervised by a systemd service, or run
        from a virtual environment.
    type: bool
    default: false
  timeout:
    description: The time limit in seconds. A section that was not reached in time is unknown, with that reason.
    type: int
    default: 30
notes:
  - C(gather_facts) passes its C(gather_timeout) on as O(timeout).
seealso:
  - module: evenkeel.drift.snapshot_info
"""

EXAMPLES = r"""
- name: Look at what runs
  evenkeel.drift.drift_facts:

- name: Stop when something else than the API listens on port 8001
  ansible.builtin.assert:
    that:
      - ansible_facts.evenkeel_drift.ports.outcome == 'ok'
      - ansible_facts.evenkeel_drift.ports.data.listeners
        | selectattr('port', 'eq', 8001) | map(attribute='user') | unique == ['app']

# As part of every gather_facts, in a play:
- name: Gather the facts of setup and these
  hosts: all
  gather_facts: true
  vars:
    ansible_facts_modules: [ansible.builtin.setup, evenkeel.drift.drift_facts]
  tasks:
    - name: Show the load
      ansible.builtin.debug:
        var: ansible_facts.evenkeel_drift.resources.data.load
"""

RETURN = r"""
ansible_facts:
  description: The facts.
  returned: success
  type: dict
  contains:
    evenkeel_drift:
      description:
        - Of each section the C(outcome), V(ok) or V(unknown), the C(reason) when it is unknown, the C(seconds) it took,
          and its C(data), which is empty when it is unknown. The data are those of the section's own module.
      type: dict
      returned: success
      contains:
        git:
          description: What M(evenkeel.drift.git_info) tells of the repository at O(root).
          type: dict
          returned: when asked for
        processes:
          description: What M(evenkeel.drift.process_info) tells.
          type: dict
          returned: when asked for
        ports:
          description: What M(evenkeel.drift.port_info) tells.
          type: dict
          returned: when asked for
        units:
          description: What M(evenkeel.drift.unit_info) tells.
          type: dict
          returned: when asked for
        packages:
          description: What M(evenkeel.drift.package_info) tells.
          type: dict
          returned: when asked for
        resources:
          description: What M(evenkeel.drift.resource_info) tells.
          type: dict
          returned: when asked for
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import crashing_quietly, shown
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.facts import SECTIONS, facts
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "sections": {
                "type": "list",
                "elements": "str",
                "choices": list(SECTIONS),
                "default": [name for name in SECTIONS if name != "git"],
            },
            "root": {"type": "path", "default": "/"},
            "all_processes": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    options = module.params
    host = Host(options["root"], options["timeout"])
    with crashing_quietly():
        found = facts(options["sections"], host, options["all_processes"])
    module.exit_json(changed=False, ansible_facts={"evenkeel_drift": shown(found, host)})


if __name__ == "__main__":
    main()
