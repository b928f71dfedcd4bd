#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tree_info
short_description: Digest a directory tree
description:
  - Returns a content digest for each directory of a tree, and an entry for each file in it.
  - Reads without changing anything, access times included where the kernel allows it. Links are not followed, special
    files are not opened, other file systems are not entered.
  - Of a file of a secret class, such as C(.env) or a private key, only its type, mode and owner are returned.
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  path:
    description:
      - The tree's root, an absolute path.
    type: path
    required: true
  exclude:
    description:
      - Regular expressions of paths below O(path) that are left out. A directory is tested with a trailing slash, and
        its content is left out with it.
      - M(evenkeel.drift.snapshot_info) takes gitignore patterns instead.
    type: list
    elements: str
    default: []
  files:
    description:
      - Whether the entries of every directory are returned, or the digests of the directories only.
    type: bool
    default: true
  cross_filesystems:
    description:
      - Whether other file systems that are mounted in the tree are entered.
    type: bool
    default: false
  timeout:
    description:
      - The time limit in seconds. What was not reached is unknown, and C(complete) is false.
    type: int
    default: 300
  workers:
    description:
      - The number of processes that read files, V(0) for one for each core.
    type: int
    default: 0
seealso:
  - module: evenkeel.drift.snapshot_info
  - module: evenkeel.drift.git_info
"""

EXAMPLES = r"""
---
- name: Digest the application
  evenkeel.drift.tree_info:
    path: /srv/app
    exclude: ['(.*/)?__pycache__/$', 'logs/$']
  register: app

- name: Fail when a file could not be read
  ansible.builtin.assert:
    that:
      - app.tree.complete
      - app.tree.unknown | length == 0
"""

RETURN = r"""
tree:
  description: What was seen of the tree.
  returned: success
  type: dict
  contains:
    digest:
      description: One SHA-256 for the whole tree, equal for two trees with the same paths, content, modes and links.
      type: str
      sample: 0b8f3d…
    complete:
      description: Whether everything was reached within the time limit.
      type: bool
      sample: true
    reason:
      description: Why not.
      type: str
      sample: ""
    directories:
      description: Every directory, with its path, the start of its content digest, and its entries by name.
      type: list
      elements: dict
      sample: [{path: src/, digest: 5e1f…, entries: {main.py: {type: file, mode: '0644', sha256: 2c26…, size: 3}}}]
    unknown:
      description: What could not be read, each with the reason.
      type: list
      elements: dict
      sample: [{path: secret/, reason: permission denied}]
    files:
      description: The number of files.
      type: int
      sample: 1834
"""

import json

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import crashing_quietly
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.shown import see


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "exclude": {"type": "list", "elements": "str", "default": []},
            "files": {"type": "bool", "default": True},
            "cross_filesystems": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 300},
            "workers": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    options = module.params
    try:
        with crashing_quietly():
            tree = see(options, Host(options["path"], options["timeout"], options["workers"]))
    except Unseen as unseen:
        module.fail_json(msg=unseen.reason)
    module.exit_json(changed=False, tree=json.loads(json.dumps(tree)))


if __name__ == "__main__":
    main()
