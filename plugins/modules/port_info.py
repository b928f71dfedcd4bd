#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: port_info
short_description: Tell who listens on a host's ports
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Reads the listening TCP sockets and the UDP sockets without a peer from the kernel's tables, and their processes
    from C(/proc). No program is started.
  - A table that cannot be read is V(unknown) with the reason, and an owner that may not be seen is V(null) with the
    reason. Neither is ever an empty list.
  - Only root sees the owners of all sockets.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  timeout:
    description: The time limit in seconds.
    type: int
    default: 60
notes:
  - Seen is the network namespace of the module. What listens inside a container's own namespace is not the host's; a
    port that is published to the host is seen with the process that publishes it.
seealso:
  - module: community.general.listen_ports_facts
"""

EXAMPLES = r"""
- name: Look at who listens
  evenkeel.drift.port_info:
  become: true
  register: host

- name: Stop when the database can be reached from other hosts
  ansible.builtin.assert:
    that:
      - host.ports.outcomes.tcp.outcome == 'ok'
      - host.ports.outcomes.tcp6.outcome == 'ok'
      - host.ports.listeners | selectattr('port', 'eq', 5432) | selectattr('wildcard') | length == 0
"""

RETURN = r"""
ports:
  description: What was seen.
  returned: success
  type: dict
  contains:
    listeners:
      description:
        - One item a socket, with C(proto), C(family), C(address), C(port), C(inode), the C(uid) and C(user) that opened
          it, and whether it takes what comes to any address (C(wildcard)).
        - The process that holds it, by C(pid), C(name), C(command) with secrets masked, systemd C(unit) and
          C(container); these are V(null) when the owner could not be seen, for the C(reason) given.
      type: list
      elements: dict
      returned: always
      sample:
        - proto: tcp
          family: ipv4
          address: 127.0.0.1
          port: 8001
          wildcard: false
          inode: 41234
          uid: 1000
          user: app
          pid: 812
          name: python3
          command: python3 -m api
          unit: api.service
          container: null
          reason: ""
    outcomes:
      description: C(outcome), V(ok) or V(unknown), and C(reason) of each table - V(tcp), V(tcp6), V(udp), V(udp6).
      type: dict
      returned: always
    declared_processes:
      description: Used by an audit; empty here.
      type: dict
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.ports import ARGUMENTS, collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        data = observe_alone(collect, {}, Host("/", module.params["timeout"]))
    except Unseen as unseen:
        module.fail_json(msg=unseen.reason)
    module.exit_json(changed=False, ports=data)


if __name__ == "__main__":
    main()
