#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: unit_info
short_description: Tell the state of systemd units
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Asks systemd about units with one C(systemctl show), which changes nothing and needs no rights.
  - Tells of each whether it is loaded, active and enabled, since when, how often systemd restarted it by itself, and
    whether its files were changed without a C(daemon-reload).
  - On a host without systemd RV(units.systemd) is false, with the reason. What cannot be read is said and never taken
    as empty.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  names:
    description: The units by their whole names, as C(systemctl) spells them, escapes included.
    type: list
    elements: str
    required: true
  timeout:
    description: The time limit in seconds.
    type: int
    default: 60
seealso:
  - module: ansible.builtin.service_facts
"""

EXAMPLES = r"""
- name: Look at two units
  evenkeel.drift.unit_info:
    names: [nginx.service, app@1.service]
  register: services

- name: Stop when systemd works with older unit files than there are
  ansible.builtin.assert:
    that:
      - services.units.systemd
      - services.units.units | rejectattr('outcome', 'eq', 'ok') | length == 0
      - services.units.units | selectattr('needs_reload') | length == 0
"""

RETURN = r"""
units:
  description: What systemd says.
  returned: success
  type: dict
  contains:
    systemd:
      description: Whether the host runs systemd.
      type: bool
      returned: always
    reason:
      description: Why not.
      type: str
      returned: always
    version:
      description: The version of systemd.
      type: str
      returned: always
      sample: "257"
    units:
      description:
        - One item a unit, in the order of names, with C(name) and C(outcome), which is V(ok) or V(unknown), the latter
          with a C(reason) and nothing else.
        - C(load) is V(loaded), V(masked), V(not-found), V(bad-setting) or V(error), with systemd's words in
          C(load_error).
        - C(active), C(sub) and C(result) are systemd's states; C(since) is when they last changed.
        - C(enabled) is the state of the unit file, empty when there is none; C(fragment) and C(drop_ins) are the files.
        - C(needs_reload) tells that the files are newer than what systemd knows.
        - C(restarts) and C(main_pid) are those of a service, V(null) for other kinds.
        - C(cgroup) is the control group of its processes, empty when it has none.
      type: list
      elements: dict
      returned: always
      sample:
        - name: nginx.service
          outcome: ok
          reason: ""
          id: nginx.service
          load: loaded
          load_error: ""
          active: active
          sub: running
          result: success
          enabled: enabled
          fragment: /usr/lib/systemd/system/nginx.service
          drop_ins: []
          needs_reload: false
          restarts: 0
          since: "2026-11-20T10:00:00Z"
          main_pid: 812
          cgroup: /system.slice/nginx.service
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.units import ARGUMENTS, collect


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        data = observe_alone(collect, {"units": module.params["names"]}, Host("/", module.params["timeout"]))
    except Unseen as unseen:
        module.fail_json(msg=unseen.reason)
    module.exit_json(changed=False, units=data)


if __name__ == "__main__":
    main()
