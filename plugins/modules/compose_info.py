#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compose_info
short_description: Tell what a Compose project declares, and what runs of it
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Reads the Compose files of a project as C(docker compose config) would, and asks the engine over its socket, with
    C(GET) alone, about the project's containers. Compose itself never runs.
  - Values of environment variables are never returned; everything else that may hold a secret is masked.
  - What cannot be read is V(unknown) with the reason and never taken as empty.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  project:
    description: The project's name, as C(docker compose ls) shows it.
    type: str
    required: true
  directory:
    description: Where its files are. Files outside of it are not read.
    type: path
    required: true
  files:
    description: Its Compose files in their order, relative to the directory. Without any, those that Compose looks for.
    type: list
    elements: str
    default: []
  env_file:
    description: Instead of C(.env), the file with its variables, relative to the directory.
    type: str
  profiles:
    description: The profiles that are in use. Without any, those that E(COMPOSE_PROFILES) names in C(.env).
    type: list
    elements: str
    default: []
  socket:
    description:
      - The path of the engine's socket.
      - Without it those are tried at which Docker and Podman usually listen.
    type: path
  timeout:
    description: The time limit in seconds.
    type: int
    default: 60
seealso:
  - module: evenkeel.drift.container_info
"""

EXAMPLES = r"""
- name: Look at a project
  evenkeel.drift.compose_info:
    project: shop
    directory: /srv/shop
  become: true
  register: host

- name: Name the services of which nothing runs
  ansible.builtin.debug:
    msg: "{{ declared | difference(running) }}"
  vars:
    declared: "{{ host.compose.model.services | map(attribute='name') }}"
    running: "{{ host.compose.containers['items'] | map(attribute='service') | unique }}"
  when:
    - host.compose.model.outcome == 'ok'
    - host.compose.containers.outcome == 'ok'
"""

RETURN = r"""
compose:
  description: What was seen.
  returned: success
  type: dict
  contains:
    project:
      description: The project's name.
      type: str
      returned: always
    directory:
      description: Where its files are.
      type: str
      returned: always
    model:
      description:
        - What the files declare, with C(outcome) and C(reason), the C(files) that were read, the C(services) with their
          C(settings), and those that could not be read in C(broken).
      type: dict
      returned: always
    containers:
      description: C(outcome), C(reason) and the project's containers with their settings.
      type: dict
      returned: always
    images:
      description: The ids that the names of the declared images stand for now.
      type: list
      elements: dict
      returned: always
    engine:
      description: The engine that was asked, with C(outcome) and C(reason).
      type: dict
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.compose import ARGUMENTS, collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        data = observe_alone(collect, {"projects": [module.params]}, Host("/", module.params["timeout"]))
    except Unseen as unseen:
        module.fail_json(msg=unseen.reason)
    told = ("project", "directory", "engine", "model", "containers", "images")
    module.exit_json(changed=False, compose={name: data["projects"][0][name] for name in told})


if __name__ == "__main__":
    main()
