#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_info
short_description: Tell what runs in containers, and how well
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Asks Docker or Podman over the socket, with C(GET) alone. No program is started, and no library but Python's own is
    needed on the host.
  - Values of environment variables are never returned; everything else that may hold a secret is masked.
  - What cannot be read is told with its reason and never taken as empty. The module fails when no engine answers, when
    the user may not ask it, and when it does not list its containers, each with a message of its own.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  socket:
    description:
      - The path of the engine's socket.
      - Without it those are tried at which Docker and Podman usually listen. E(DOCKER_HOST) is not read.
    type: path
  engine:
    description: The engine that must answer; without it either may.
    type: str
    choices: [docker, podman]
  names:
    description: The containers to look at; V(*) and V(?) stand for any characters. Without any it is all of them.
    type: list
    elements: str
    default: []
  ignore:
    description: The containers to leave out of these.
    type: list
    elements: str
    default: []
  layers:
    description: Whether files are looked for that differ from the image. The engine walks over all changed files.
    type: bool
    default: true
  timeout:
    description: The time limit in seconds.
    type: int
    default: 60
notes:
  - The socket is for root and its group. Whoever may use it is as good as root.
seealso:
  - module: community.docker.docker_container_info
  - module: containers.podman.podman_container_info
"""

EXAMPLES = r"""
- name: Look at what runs in containers
  evenkeel.drift.container_info:
    names: ["bot-*"]
  become: true
  register: seen

- name: Stop when one of them is not healthy, or has files that its image does not have
  ansible.builtin.assert:
    that:
      - seen.containers.unread | length == 0
      - seen.containers.containers | selectattr('health') | rejectattr('health.status', 'eq', 'healthy') | length == 0
      - seen.containers.containers | map(attribute='layer.total') | sum == 0
"""

RETURN = r"""
containers:
  description: What was seen.
  returned: success
  type: dict
  contains:
    engine:
      description: C(socket), C(kind), C(version), C(api) and C(components) of the engine that answered.
      type: dict
      returned: always
    about:
      description: Storage driver, version of cgroups and the engine's own warnings; V(null) when it does not tell.
      type: dict
      returned: always
    elsewhere:
      description: Sockets of other engines that were not asked, with C(state) and C(reason).
      type: list
      elements: dict
      returned: always
    now_s:
      description: When the containers were listed, in seconds since 1970.
      type: float
      returned: always
    total:
      description: How many containers the engine has, running or not.
      type: int
      returned: always
    ignored:
      description: How many of them were not asked for.
      type: int
      returned: always
    layers:
      description: Whether changed files were looked for.
      type: bool
      returned: always
    containers:
      description:
        - One item a container, by name, with C(state), C(exit_code), C(oom_killed), C(error), C(restarts),
          C(restart_policy), and when it was C(created), C(started) and C(finished).
        - C(health) is V(null) without a health check, else its C(status), how often it failed in a row (C(failing)) and
          its last C(output).
        - C(image) has the C(name) by which it was started, C(id), C(digests), C(revision) and, in C(now), the id of the
          image that has this name now.
        - C(compose) is V(null) outside of Compose, else C(project), C(service), C(number) and what Compose noted.
        - C(command), C(entrypoint), C(user), C(environment) (names without values), C(labels), C(networks), C(ports),
          C(mounts) and C(limits). C(cut) counts what is too much to be listed.
        - C(usage) has the C(memory) in bytes without the page cache, as C(docker stats) counts it.
        - C(layer) lists files that were C(added), C(modified) or C(deleted) since the image, without those that every
          program changes. C(ignored) counts the latter.
        - C(log) has the last lines of those that are not well, V(null) for the others.
      type: list
      elements: dict
      returned: always
    outside:
      description:
        - How those were made that belong to no Compose project, by name, as M(evenkeel.drift.compose_info) tells it of
          others.
        - C(unsaid) names settings that are not compared. C(reason) says why nothing else is told.
      type: list
      elements: dict
      returned: always
    gone:
      description: Containers that were removed while they were looked at.
      type: list
      elements: str
      returned: always
    unread:
      description: What could not be read of which C(container), with C(what) and C(reason).
      type: list
      elements: dict
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.containers import ARGUMENTS, collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        data = observe_alone(collect, module.params, Host("/", module.params["timeout"]))
    except Unseen as unseen:
        module.fail_json(msg=unseen.reason)
    module.exit_json(changed=False, containers=data)


if __name__ == "__main__":
    main()
