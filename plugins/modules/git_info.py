#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: git_info
short_description: Tell where a git repository stands, without running git
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
description:
  - Reads a git repository as data - HEAD, refs, config, index - and compares the index with the work tree.
  - No git process is started, so neither hooks, filters, aliases nor any other setting of the repository can run
    anything, and the host needs no git. Nothing is written, not even the index.
  - Objects are not read. Whether changes are staged can be told by comparing C(tree) of RV(git.index) with the tree of
    the commit.
  - What cannot be read is said, with the reason, and never taken as empty.
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
options:
  path:
    description:
      - The work tree, the linked work tree, the work tree of a submodule, or the bare repository.
      - Directories above it are not searched for a repository.
    type: path
    required: true
  ignore:
    description:
      - Regular expressions of untracked paths that are not reported. They are matched from the start of the path,
        which is relative to the work tree; a directory is matched with a slash at its end.
      - The C(.gitignore) files of the work tree are not used, since they may be what has drifted.
    type: list
    elements: str
    default: []
  max_paths:
    description: How many paths of each kind of change are listed at most.
    type: int
    default: 1000
  timeout:
    description: The time limit in seconds. What was not reached in time is unknown, with that reason.
    type: int
    default: 300
seealso:
  - module: ansible.builtin.git
"""

EXAMPLES = r"""
- name: Look at the repository that an application runs from
  evenkeel.drift.git_info:
    path: /srv/app
    ignore:
      - 'logs/\Z'
      - '(.*/)?__pycache__/\Z'
  register: app

- name: Stop when somebody edited a tracked file
  ansible.builtin.assert:
    that:
      - app.git.repository == 'present'
      - app.git.changes.outcome == 'ok'
      - app.git.changes.modified | length == 0
"""

RETURN = r"""
git:
  description:
    - What was seen of the repository. Paths are relative to the work tree; bytes that are no UTF-8 are shown as
      C(\\xNN), and a backslash is doubled.
    - Without a readable repository there are only RV(git.repository) and RV(git.reason).
  returned: success
  type: dict
  contains:
    repository:
      description: V(present), V(absent) or V(unreadable).
      type: str
      returned: always
      sample: present
    reason:
      description: Why there is no repository, or why it could not be read.
      type: str
      returned: always
      sample: ""
    layout:
      description: V(worktree), V(linked), V(bare) or V(submodule).
      type: str
      returned: when present
    object_format:
      description: V(sha1) or V(sha256).
      type: str
      returned: when present
    ref_storage:
      description: How the refs are stored. A repository that stores them as reftable is unreadable.
      type: str
      returned: when present
      sample: files
    shallow:
      description: Whether the history is cut off.
      type: bool
      returned: when present
    head:
      description: Where HEAD is.
      type: dict
      returned: when present
      sample: {commit: 4ad26e4f1f0b3d0bd1f5dd3bbd3ed8f4f7e3b2a1, branch: main, detached: false, unborn: false}
    branches:
      description: The commit of each branch.
      type: dict
      returned: when present
    tags:
      description: The commit of each tag where packed refs tell it, otherwise the tag object.
      type: dict
      returned: when present
    remotes:
      description:
        - Of each remote the C(url) (credentials masked), the C(branches) as of the last fetch, and the time C(fetched)
          of the last fetch, if that is known.
      type: dict
      returned: when present
    stashes:
      description: The number of stashes.
      type: int
      returned: when present
    worktrees:
      description: C(path), C(commit) and C(branch) of each linked work tree.
      type: list
      elements: dict
      returned: when present
    operation:
      description: V(merge), V(rebase), V(cherry-pick), V(revert), V(bisect) or V(am) when one is unfinished.
      type: str
      returned: when present
    index:
      description:
        - C(outcome) is V(ok) or V(unknown), the latter with a C(reason); C(version), number of C(entries), and C(tree),
          the tree object that the index describes, which is none while there are conflicts.
      type: dict
      returned: when present
    changes:
      description:
        - The difference between index and work tree. C(outcome) is V(ok) or V(unknown), the latter with a C(reason).
        - Paths that are C(modified), C(deleted), C(conflicted), or differ in C(mode) alone.
        - C(unverified) is a list of C(path) and C(reason), for files that could not be compared.
        - C(untracked) is a list of C(path) and C(files); a directory without any tracked file is one item, ends in a
          slash, and counts its files. The number is V(null) for another repository, which is not looked into.
        - C(truncated) tells that a list was cut.
      type: dict
      returned: when present
    unknown:
      description: C(path) and C(reason) of what else could not be read.
      type: list
      elements: dict
      returned: when present
    owners:
      description:
        - C(path), C(owner) and C(reason) of git's own files that belong to neither root nor the owner of the work tree.
      type: list
      elements: dict
      returned: when present
"""

import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.git import ARGUMENTS, collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    for pattern in options["ignore"]:
        try:
            re.compile(pattern)
        except re.error as error:
            module.fail_json(msg=f"ignore: {pattern!r} is no regular expression: {error}")
    spec = {
        "path": options["path"],
        "ignore": [[pattern, True] for pattern in options["ignore"]],
        "max_paths": options["max_paths"],
    }
    try:
        data = observe_alone(collect, spec, Host(os.getcwd(), options["timeout"]))
    except Unseen as unseen:
        module.fail_json(msg=unseen.reason)
    module.exit_json(changed=False, git=data)


if __name__ == "__main__":
    main()
