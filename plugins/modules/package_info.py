#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: package_info
short_description: Tell what a virtual environment or the system has installed, without running pip
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Reads the metadata that lies in a Python virtual environment, the record of dpkg, or asks rpm.
  - Neither pip nor the interpreter of an environment runs, since both can be made to do anything by whoever may write
    there. Nothing is written.
  - What cannot be read is said, with the reason, and never taken as empty.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  venv:
    description: The virtual environment.
    type: path
  requirements:
    description: Requirements files whose lines are returned, with the files that they include.
    type: list
    elements: path
    default: []
  root:
    description:
      - Requirements files are read below this directory only; a relative path in O(requirements) starts there.
    type: path
    default: /
  system:
    description: The package manager whose packages are returned.
    type: str
    choices: [dpkg, rpm]
  names:
    description: The system packages to return, all when the list is empty.
    type: list
    elements: str
    default: []
  timeout:
    description: The time limit in seconds.
    type: int
    default: 60
seealso:
  - module: ansible.builtin.package_facts
  - module: evenkeel.drift.snapshot_info
"""

EXAMPLES = r"""
- name: Look at the environment of an application
  evenkeel.drift.package_info:
    venv: /srv/app/venv
    root: /srv/app
    requirements: [requirements.txt]
  register: app

- name: Stop when a package is broken
  ansible.builtin.assert:
    that:
      - app.environment.outcome == 'ok'
      - app.environment.broken | length == 0

- name: Look at one package of the system
  evenkeel.drift.package_info:
    system: dpkg
    names: [openssl]
  register: host
"""

RETURN = r"""
environment:
  description: What was seen of O(venv).
  returned: when O(venv) was given
  type: dict
  contains:
    path:
      description: Its path.
      type: str
      sample: /srv/app/venv
    outcome:
      description: V(ok), V(missing) when there is no environment, or V(unknown).
      type: str
      sample: ok
    reason:
      description: Why it is missing or unknown.
      type: str
      sample: ""
    python:
      description: The version of its Python, empty when that is not known.
      type: str
      sample: 3.11.7
    platform:
      description: The values of environment markers, V(null) where they are not known.
      type: dict
      sample: {python_version: "3.11", sys_platform: linux}
    interpreter:
      description: What is wrong with its interpreter, empty when there is one.
      type: str
      sample: ""
    packages:
      description:
        - C(name) (normalised), C(version), C(path) of the metadata, and the C(source) of what was installed from a
          directory or an address.
      type: list
      elements: dict
      sample: [{name: requests, version: 2.31.0, path: /srv/app/venv/lib/python3.11/…, source: ""}]
    broken:
      description: C(path) and C(reason) of metadata that is not whole.
      type: list
      elements: dict
      sample: []
    unread:
      description: C(path) and C(reason) of metadata that could not be read.
      type: list
      elements: dict
      sample: []
    newest:
      description: C(path), C(mtime) and C(mtime_s) of what was installed last.
      type: dict
      sample: {path: /srv/app/venv/lib/python3.11/…, mtime: "2026-11-21T02:45:00Z", mtime_s: 1795229100.0}
    requirements_outcome:
      description: V(ok), or V(unknown) when a requirements file could not be read.
      type: str
      sample: ok
    requirements_reason:
      description: Why not.
      type: str
      sample: ""
    requirements:
      description:
        - C(file), C(line) and C(text) (masked) of each requirement, whether it is a C(constraint), the C(target)
          directory of a local one, and the C(problem) of a line that could not be followed.
      type: list
      elements: dict
      sample: [{file: requirements.txt, line: 1, text: requests==2.31.0, constraint: false, target: "", problem: ""}]
system:
  description: What was seen of the packages of O(system).
  returned: when O(system) was given
  type: dict
  contains:
    kind:
      description: V(dpkg) or V(rpm).
      type: str
      sample: dpkg
    outcome:
      description: V(ok) or V(unknown).
      type: str
      sample: ok
    reason:
      description: Why it is unknown.
      type: str
      sample: ""
    packages:
      description: The installed versions of each package.
      type: dict
      sample: {openssl: [3.0.15-1]}
    unfinished:
      description: The state of packages whose installation was not finished.
      type: dict
      sample: {}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.packages import ARGUMENTS, collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, required_one_of=[("venv", "system")], supports_check_mode=True)
    options = module.params
    root = options["root"]
    files = [show(_below(root, file)) for file in options["requirements"]]
    environments = [] if options["venv"] is None else [{"path": show(options["venv"]), "requirements": files}]
    systems = [] if options["system"] is None else [{"kind": options["system"], "names": options["names"]}]
    asked = {"environments": environments, "systems": systems}
    data = observe_alone(collect, asked, Host(root, options["timeout"]))
    answer = {}
    if environments:
        answer["environment"] = data["environments"][0]
    if systems:
        answer["system"] = data["systems"][0]
    module.exit_json(changed=False, **answer)


def _below(root: str, file: str) -> str:
    """Return an absolute path relative to the root; one that is elsewhere is refused by the reader."""
    return file[len(root.rstrip("/")) + 1 :] if file.startswith(root.rstrip("/") + "/") else file


if __name__ == "__main__":
    main()
