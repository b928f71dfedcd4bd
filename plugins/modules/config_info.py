#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_info
short_description: Tell what a configuration says, key by key
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Reads a configuration file, or the environment that a process, a systemd unit or a container runs with, and tells
    its keys.
  - Values of keys whose name announces a secret are never returned, nor those of a file of secrets such as C(.env); of
    such a value it is told whether it is empty or a placeholder. What looks secret in other values is masked.
  - A configuration that cannot be read fails the module, with the line where there is one and without a value; one that
    does not exist is told by C(outcome).
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  path:
    description: The absolute path of a file. A link is followed, as the application follows it.
    type: str
  process:
    description:
      - A regular expression that is searched in the command lines of the host's processes. What is told is the
        environment with which the oldest of those that match was started.
    type: str
  unit:
    description:
      - A systemd unit. What is told are the variables that its C(Environment=) and its C(EnvironmentFile=) set, asked
        of systemd itself.
    type: str
  container:
    description: The container whose environment is read, over the socket of its engine.
    type: str
  socket:
    description: The engine's socket, with O(container). Where engines usually listen when it is not given.
    type: path
  format:
    description:
      - How the file is written; with V(auto) its name tells.
      - V(env) is a C(.env) file as Docker Compose reads it, V(systemd) a unit file, V(environment_file) what
        C(EnvironmentFile=) names. Nothing is replaced in values of any format.
      - V(toml) needs Python 3.11 on the host.
    type: str
    choices: [auto, env, yaml, json, toml, ini, systemd, environment_file]
    default: auto
  secret:
    description:
      - Whether every value of it is a secret. When it is not given, this is so for files whose names say so.
    type: bool
  timeout:
    description: The time limit in seconds.
    type: int
    default: 60
notes:
  - The environment of another user's process is for root, and the socket of an engine for its group.
  - What a process changed in its own environment after its start cannot be seen.
"""

EXAMPLES = r"""
- name: Look at the configuration of an application
  evenkeel.drift.config_info:
    path: /srv/app/.env
  become: true
  register: env

- name: Stop when a setting is there twice, or was never filled in
  ansible.builtin.assert:
    that:
      - env.config.outcome == 'ok'
      - env.config.duplicates | length == 0
      - env.config['keys'] | selectattr('placeholder') | length == 0

- name: Look at the environment of what runs
  evenkeel.drift.config_info:
    process: '/srv/app/main\.py'
  become: true
  register: running

- name: Stop when it lacks a variable of the file
  ansible.builtin.assert:
    that:
      - env.config['keys'] | map(attribute='key') | difference(running.config['keys'] | map(attribute='key')) == []
"""

RETURN = r"""
config:
  description: What was seen.
  returned: success
  type: dict
  contains:
    outcome:
      description: V(ok), or V(missing) with a C(reason).
      type: str
      returned: always
    reason:
      description: Why there is nothing, empty otherwise.
      type: str
      returned: always
    kind:
      description: V(path), V(process), V(unit) or V(container).
      type: str
      returned: always
    source:
      description: What was asked for.
      type: str
      returned: always
    format:
      description: How it was read. That of an environment is V(env).
      type: str
      returned: always
    secret:
      description: Whether every value of it counts as a secret.
      type: bool
      returned: always
    path:
      description: The file that was read, at the end of all links; V(null) for an environment and when there is none.
      type: str
      returned: always
    mtime:
      description: When the file was changed last, in UTC, and as C(mtime_s) in seconds since 1970.
      type: str
      returned: always
    size:
      description: Its size in bytes; V(null) for a file of secrets.
      type: int
      returned: always
    partial:
      description: Why there may be more keys than are told, empty when there are not.
      type: str
      returned: always
    duplicates:
      description: Each C(key) that stands in it several times, with the C(lines) where they are known.
      type: list
      elements: dict
      returned: always
    keys:
      description:
        - One item a key, by name, at most 5000, as C(database.hosts[0]); a name with a dot in it is C(["a.b"]).
        - C(value) is masked, and V(null) for a secret; C(type) is V(string), V(integer), V(number), V(boolean),
          V(null), V(date), and V(object) or V(array) for empty ones.
        - C(line) is V(null) where it is not known. C(secret), C(empty) and C(placeholder) are V(true) or V(false),
          C(hosts) the host names in the value.
      type: list
      elements: dict
      returned: always
      sample:
        - {key: WORKERS, line: 3, type: string, value: "4", secret: false, empty: false, placeholder: false, hosts: []}
    cut:
      description: How many keys were left out.
      type: int
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.configs import ARGUMENTS, KINDS, look
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        mutually_exclusive=[KINDS],
        required_one_of=[KINDS],
        supports_check_mode=True,
    )
    try:
        data = observe_alone(look, module.params, Host("/", module.params["timeout"]))
    except Unseen as unseen:
        module.fail_json(msg=unseen.reason)
    module.exit_json(changed=False, config=data)


if __name__ == "__main__":
    main()
