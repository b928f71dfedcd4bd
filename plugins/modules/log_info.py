#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: log_info
short_description: Tell what a log says
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Counts levels, exceptions and lines with certain patterns in the last lines of a log, or in what was written lately.
    The log is a file, a systemd unit's part of the journal, or that of a container.
  - The part that was read is always told, with its first and last time. A log that cannot be read fails the module; one
    that does not exist is told by C(outcome).
  - Lines that are shown are masked and cut to 300 characters.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  path:
    description: The absolute path of the file. Its last part may have V(*) and V(?), then the newest is read.
    type: str
  journal:
    description: The unit whose part of the journal is read, with C(journalctl).
    type: str
  container:
    description: The container whose log is read, over the socket of its engine.
    type: str
  socket:
    description: The engine's socket, with O(container). Where engines usually listen when it is not given.
    type: path
  lines:
    description: How many of the last lines are read.
    type: int
    default: 10000
  age:
    description:
      - Instead of O(lines), how many seconds back what is read begins.
      - Files that rotation made of the log are then read too, as far as they reach into it.
    type: int
  patterns:
    description: Regular expressions that are searched in each line by itself.
    type: list
    elements: str
    default: []
  timeout:
    description: The time limit in seconds.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Look at the last hour of an application's log
  evenkeel.drift.log_info:
    path: /srv/app/logs/main.log
    age: 3600
    patterns: ['cycle complete']
  register: main

- name: Stop when there were errors, or nothing was logged
  ansible.builtin.assert:
    that:
      - main.log.outcome == 'ok'
      - main.log.read.complete
      - main.log.read.lines > 0
      - main.log.levels.ERROR | default(0) == 0
"""

RETURN = r"""
log:
  description: What was seen.
  returned: success
  type: dict
  contains:
    outcome:
      description: V(ok), or V(missing) with a C(reason).
      type: str
      returned: always
    kind:
      description: V(path), V(journal) or V(container).
      type: str
      returned: always
    source:
      description: The path, unit or container that was asked for.
      type: str
      returned: always
    reason:
      description: Why there is nothing, empty otherwise.
      type: str
      returned: always
    path:
      description: The file that was read, with its C(inode), C(size) and C(mtime); V(null) for others.
      type: str
      returned: when the log exists
    read:
      description:
        - What was read - C(lines), C(bytes) of C(of_total) from byte C(from_byte) on, with the C(first) and C(last)
          time in UTC.
        - Whether that is C(complete), and the C(reason) when it is not; what C(changed) while it was read; the
          C(siblings) that rotation made of it and that were read before it.
      type: dict
      returned: when the log exists
    newest:
      description: The time of the newest line, V(null) when no line has a time in a form that is known.
      type: str
      returned: when the log exists
    levels:
      description: How many lines have each level, from V(WARNING) on.
      type: dict
      returned: when the log exists
      sample: {ERROR: 3, WARNING: 12}
    exceptions:
      description: How often each class of exceptions is told of; at most 50 classes, the others in C(exceptions_rest).
      type: dict
      returned: when the log exists
      sample: {TypeError: 3}
    unhandled:
      description: How often something is told that no code took care of, such as V(Traceback) or V(panic).
      type: dict
      returned: when the log exists
    patterns:
      description:
        - For each pattern the C(count) of lines that have it, the C(first) and C(last) time, and up to three
          C(samples).
      type: list
      elements: dict
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import crashing_quietly
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.logs import ARGUMENTS, look
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen

_ONE_OF = ("path", "journal", "container")


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        mutually_exclusive=[_ONE_OF],
        required_one_of=[_ONE_OF],
        supports_check_mode=True,
    )
    try:
        with crashing_quietly():
            data = look(module.params)
    except Unseen as unseen:
        module.fail_json(msg=unseen.reason)
    module.exit_json(changed=False, log=data)


if __name__ == "__main__":
    main()
