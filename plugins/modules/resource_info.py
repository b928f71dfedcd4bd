#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: resource_info
short_description: Tell how much memory, disk and processor time a host has left
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Reads memory, swap, disks, load, uptime, clock, system and addresses, and which processes take most.
  - Nothing is started and nothing is written.
  - What cannot be read is V(null) and named in RV(resources.unread) with the reason, never taken as zero.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  disks:
    description: A path on each disk to look at. Without any it is the root of the file system.
    type: list
    elements: path
    default: []
  timeout:
    description: The time limit in seconds.
    type: int
    default: 60
seealso:
  - module: ansible.builtin.setup
"""

EXAMPLES = r"""
- name: Look at memory and disks
  evenkeel.drift.resource_info:
    disks: [/, /srv]
  register: host

- name: Stop before the disk is full
  ansible.builtin.assert:
    that:
      - host.resources.disks | rejectattr('outcome', 'eq', 'ok') | length == 0
      - host.resources.disks | map(attribute='used_percent') | max < 90
"""

RETURN = r"""
resources:
  description: What was seen. Sizes are in KiB.
  returned: success
  type: dict
  contains:
    memory:
      description: C(total_kb), C(available_kb), C(used_kb) and C(used_percent); used is what is not available any more.
      type: dict
      returned: always
      sample: {total_kb: 8153084, available_kb: 5153084, used_kb: 3000000, used_percent: 36.8}
    swap:
      description: C(total_kb), C(free_kb), C(used_kb) and C(used_percent).
      type: dict
      returned: always
    disks:
      description:
        - Of each path the C(outcome), V(ok) or V(unknown) with a C(reason), and C(total_kb), C(used_kb),
          C(available_kb), C(used_percent) as C(df) shows it, C(inodes), C(inodes_used_percent), and whether it is
          C(read_only).
      type: list
      elements: dict
      returned: always
    load:
      description: The load of the last 1, 5 and 15 minutes.
      type: list
      elements: float
      returned: always
      sample: [0.52, 0.61, 0.58]
    cores:
      description: The number of processors.
      type: int
      returned: always
    uptime_s:
      description: Seconds since the host booted.
      type: int
      returned: always
    booted:
      description: When it booted, by its own clock.
      type: str
      returned: always
      sample: "2026-11-01T04:00:00Z"
    clock:
      description:
        - C(now_s), the host's time in seconds since 1970; its C(zone); whether the kernel counts the clock as
          C(synchronized), V(null) when that cannot be asked. C(skew_s) and C(uncertainty_s) are set by an audit, which
          has another clock to compare with. C(elapsed_s) is how long the reading had been under way.
      type: dict
      returned: always
    os:
      description: C(id), C(name), C(version) and C(pretty) name of the system.
      type: dict
      returned: always
    kernel:
      description: The release of the kernel.
      type: str
      returned: always
    hostname:
      description: The host's own name.
      type: str
      returned: always
    addresses:
      description: The host's own IP addresses, loopback and link-local ones apart.
      type: list
      elements: str
      returned: always
    consumers:
      description:
        - The five processes that take most C(memory), and the five that took most C(cpu) over their life, with C(pid),
          C(name), C(rss_kb) and C(cpu_percent) of one processor; how many processes there are in C(total), and how many
          of them could not be read.
      type: dict
      returned: always
    unread:
      description: What could not be read, as C(what) and C(reason).
      type: list
      elements: dict
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.resources import ARGUMENTS, collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        data = observe_alone(collect, {"disks": module.params["disks"]}, Host("/", module.params["timeout"]))
    except Unseen as unseen:
        module.fail_json(msg=unseen.reason)
    module.exit_json(changed=False, resources=data)


if __name__ == "__main__":
    main()
