#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: process_info
short_description: Tell what runs on a host, since when, from where, and what supervises it
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Reads the processes of a host from C(/proc). No program is run and nothing is written.
  - Threads of the kernel, processes that have ended, and the processes that run this module are left out.
  - What cannot be read is said, with the reason. Run it as root to see the directory and program of processes of other
    users.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  match:
    description:
      - A regular expression that is searched in the arguments of each process, joined by one blank.
      - Unset, all processes are returned, at most 2000.
    type: str
  containers:
    description: Whether O(match) finds processes inside containers as well.
    type: bool
    default: false
  timeout:
    description: The time limit in seconds.
    type: int
    default: 60
seealso:
  - module: evenkeel.drift.git_info
"""

EXAMPLES = r"""
- name: Look at the workers of an application
  evenkeel.drift.process_info:
    match: '/srv/app/venv/bin/python .*worker\.py'
  become: true
  register: workers

- name: Stop when there are two of them, or when it is not known
  ansible.builtin.assert:
    that:
      - workers.hidden == ''
      - workers.processes | length == 1
"""

RETURN = r"""
processes:
  description:
    - What was seen of each process. A field that may not be read is V(null), and C(unread) has its reason.
    - C(pid), C(ppid), C(name), C(uid), C(user), C(started) (UTC) and C(started_s) (since 1970), C(state), C(argv) and
      C(command) with secrets masked, C(exe), C(cwd), C(threads), C(rss_kb).
    - C(replaced) names which of C(exe) and C(cwd) were deleted since the process started.
    - C(venv) is the Python virtual environment that it runs from.
    - C(unit) is the systemd unit and C(container) the container that it belongs to.
    - C(cpu_percent) is the share of one core since it started.
  returned: success
  type: list
  elements: dict
  sample:
    - pid: 4711
      name: python3
      user: app
      started: "2026-11-19T12:53:31Z"
      cwd: /srv/app
      venv: /srv/app/venv
      unit: app.service
hidden:
  description: Why processes of other users cannot be seen, empty when they can.
  returned: success
  type: str
  sample: ""
booted:
  description: When the host booted.
  returned: success
  type: str
  sample: "2026-11-19T12:50:01Z"
clock_reason:
  description: Why the times are doubtful, empty when they are not.
  returned: success
  type: str
  sample: ""
total:
  description: How many processes there are, apart from threads of the kernel and those that have ended.
  returned: success
  type: int
  sample: 187
unread:
  description: C(pid), C(what) and C(reason) of processes that could not be read at all.
  returned: success
  type: list
  elements: dict
  sample: []
"""

import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.processes import ARGUMENTS, collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

_SHOWN = ("hidden", "booted", "clock_reason", "total", "unread")


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    pattern = options["match"]
    try:
        re.compile(pattern or "")
    except re.error as error:
        module.fail_json(msg=f"match: {pattern!r} is no regular expression: {error}")
    wanted = [] if pattern is None else [{"name": "match", "match": pattern, "containers": options["containers"]}]
    try:
        asked = {"processes": wanted, "all": pattern is None}
        data = observe_alone(collect, asked, Host(os.getcwd(), options["timeout"]))
    except Unseen as unseen:
        module.fail_json(msg=unseen.reason)
    found = data["processes"]
    if pattern is not None:
        found = [process for process in found if process["pid"] in set(data["matches"]["match"])]
    module.exit_json(changed=False, processes=found, **{key: data[key] for key in _SHOWN})


if __name__ == "__main__":
    main()
