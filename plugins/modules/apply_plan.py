#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: apply_plan
short_description: Change files of a host as one transaction
description:
  - Writes, links, removes and adjusts files and directories below a root. All of it happens, or nothing, whatever ends
    the process or the machine.
  - Each operation says what its maker saw at its path. When that is not so any more, nothing at all is touched, and
    every path that moved is named.
  - Every new file is prepared beside its place and brought to the disk, then all take their places by a rename. A
    journal in the state directory says how far a change came. A later run refuses to begin before an interrupted change
    is finished with O(state=recovered).
  - No restore point is made; M(evenkeel.drift.restore_point) does that.
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.action
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The contents of files are not shown.
  idempotent:
    support: full
options:
  state:
    description:
      - V(applied) applies O(operations).
      - V(recovered) finishes a change that was interrupted, and does nothing when there is none.
    type: str
    choices: [applied, recovered]
    default: applied
  root:
    description:
      - Where the paths of the operations start, an absolute path. Needed for O(state=applied).
    type: str
  application:
    description:
      - The name of the application; its journal, lock and history are in a folder of this name.
    type: str
    required: true
  state_dir:
    description:
      - The folder for the state of all applications on the host. By default C(/var/lib/evenkeel) for root, else
        C($XDG_STATE_HOME/evenkeel).
    type: str
  operations:
    description:
      - What to do, in this order, at most one operation for each path.
      - Each has C(do), V(write), V(link), V(directory), V(attributes), V(remove) or V(remove_directory); C(path), below
        O(root), with a backslash doubled and a byte that is not UTF-8 as C(\xNN); and C(before), what was seen there.
      - C(before) has a C(type), V(absent), V(file), V(link) or V(directory). A file has C(sha256) and C(mode), a link
        its C(target). A file with C(secret=true) is known without a digest.
      - A write has C(sha256) and C(size) of the content, a link its C(target). All but removals may have C(mode) in
        four octal digits, C(uid), C(gid), C(mtime_ns) and C(xattrs) (base64 by name); what is not given is as in the
        old file, a new file has the mode V(0644) and the owner of its directory.
      - A write with C(from), a path below O(root), takes the content from there.
      - A directory is removed once it is empty; one that is not is left, and told.
    type: list
    elements: dict
    default: []
  git:
    description:
      - Brings the git repository at O(root) to a commit as part of the same change. Its index, HEAD, branch and reflogs
        change with the files, or not at all; new objects are added before, which harms nothing.
      - C(commit) and its C(tree); C(head), where HEAD was seen, with C(commit) and C(branch), null for a detached one;
        C(branch), to be on afterwards, null for none; C(was), the commit that it had; C(have), commits whose history
        the host has; C(pack), the C(sha256) and C(size) of a pack in O(contents) with the other objects, or null.
      - Refused for a bare repository, a submodule, a linked work tree, a sparse checkout, and while a merge, a rebase
        or git itself is at work. No hook and no filter of the repository is run.
    type: dict
  release:
    description:
      - O(root) is a link to a release, a folder in C(releases) beside it. Makes a new release of the last one and the
        operations, and switches the link to it, as one change. The last release stays as it is.
      - C(commit), which names the release; C(keep), how many releases stay, the one in use, the one before it and those
        that processes run from always; C(shared), paths that releases share, which are moved to C(shared) beside the
        link and are links in each release.
    type: dict
  contents:
    description:
      - A folder on the control node with the contents to write, each in a file named by its SHA-256. Those that do not
        stand on the host already are sent in one compressed pack.
    type: path
  host_contents:
    description:
      - Such a folder on the host, in the place of O(contents).
    type: str
  services:
    description:
      - What follows when the files are in place, as the actions of a plan, in this order, under the same lock. Each has
        C(kind), V(unit), V(process) or V(hook); C(path), what it is called; and C(steps), each with C(do) and what its
        kind wants. Every step asks first whether what it wants is so already.
      - When one fails, the files stay as they are, the answer is RV(outcome=services_failed), and the next change is
        refused until the steps have been run or the files have been brought back.
    type: list
    elements: dict
    default: []
  hooks:
    description:
      - "Commands of the operator, each a list of arguments, by their moment: C(before_change), C(after_change),
        C(after_services), C(on_failure). They run on the host in the O(root)."
    type: dict
    default: {}
  step_timeout:
    description: The seconds that each step of O(services) and each command of O(hooks) may take.
    type: int
    default: 120
  point:
    description: The restore point that was made before, for whoever has to bring the files back.
    type: str
  public:
    description:
      - Paths whose contents may be sent although their names are those of a secret class.
    type: list
    elements: str
    default: []
  direction:
    description:
      - Where O(state=recovered) goes. V(auto) goes back when the new files had not begun to take their places, and
        forward afterwards. Where a change cannot go as it is told, it goes the other way and says so.
    type: str
    choices: [auto, back, forward]
    default: auto
  id:
    description: An id for the journal and the log, such as that of the plan.
    type: str
    default: ""
  who:
    description: Who changes the host. By default the user and the name of the control node.
    type: str
  why:
    description: Why, for the lock, the journal and the log.
    type: str
    default: apply_plan
  run:
    description: The run that it belongs to, for the journal and the log.
    type: str
    default: ""
  timeout:
    description: The seconds within which the new files are prepared; once they begin to take their places, all do.
    type: int
    default: 300
notes:
  - The host needs Python 3.8 and nothing else; the code is sent over the connection and not written there.
"""

EXAMPLES = r"""
---
- name: Replace a file, if it is still the one that was reviewed
  evenkeel.drift.apply_plan:
    root: /srv/app
    application: app
    contents: files/by-digest
    operations:
      - do: write
        path: config/app.yaml
        sha256: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
        size: 6
        before:
          type: file
          sha256: e258d248fda94c63753607f7c4494ee0fcbe92f1a76bfdac795c9d84101eb317
          mode: "0644"
  become: true

- name: Finish what an interrupted change left
  evenkeel.drift.apply_plan:
    application: app
    state: recovered
  become: true
"""

RETURN = r"""
outcome:
  description:
    - V(applied), V(planned) in check mode, or V(recovered).
    - "V(services_failed) when the files are in place and one of the steps that follow failed."
    - "When it failed: V(refused), V(moved), V(busy) and V(unfinished) when nothing was touched; V(rolled_back) when
      everything is as it was; V(stuck) when O(state=recovered) has to end it; V(unknown) when the host gave no answer."
  returned: always
  type: str
  sample: applied
changed_paths:
  description: The paths that changed, or would change in check mode.
  returned: O(state=applied)
  type: list
  elements: str
  sample: [config/app.yaml]
unchanged:
  description: The paths that were as wanted already.
  returned: O(state=applied)
  type: list
  elements: str
  sample: []
left:
  description: What was left alone, by C(path), with the C(reason).
  returned: success, or when everything is as it was but for these
  type: list
  elements: dict
  sample:
    - path: cache
      reason: "it is not empty: it holds what is no part of the change"
moved:
  description: The paths that are not as the operations expect, what was C(expected) and what was C(found), in words.
  returned: when RV(outcome=moved)
  type: list
  elements: dict
  sample:
    - path: config/app.yaml
      expected: a file (mode 0644, sha256 e258d248fda9)
      found: absent
services:
  description:
    - The steps that follow, each with C(kind), C(path), C(do), C(state) (V(to_do), V(unchanged), V(done) or
      V(failed)) and what was C(said), and of one that was run the C(seconds) that it took. Where it was run on what
      was not well before, how C(ill) that was.
  returned: O(state=applied), O(state=recovered), or when RV(outcome=services_failed)
  type: list
  elements: dict
  sample:
    - kind: unit
      path: shop.service
      do: restart
      state: done
      said: "shop.service was restarted, and stays active (running)"
      seconds: 3.4
holder:
  description: Who holds the lock - C(who), C(why), C(since), C(pid).
  returned: when RV(outcome=busy)
  type: dict
  sample: {who: ops@control, why: deploy, since: "2026-11-21T15:45:00Z", pid: 4711}
found:
  description: The change that was interrupted, V(null) when there was none.
  returned: O(state=recovered), or when RV(outcome=unfinished)
  type: dict
  sample: {kind: sync, who: ops@control, why: deploy, started: "2026-11-21T15:45:00Z", phase: commit, paths: 20}
rollback:
  description: Whether a rollback was interrupted after its files. M(evenkeel.drift.restore_point) goes on with it.
  returned: O(state=recovered) when not in check mode
  type: bool
  sample: false
direction:
  description: Where a recovery went - V(back), V(forward), or V(none) when there was nothing to do.
  returned: O(state=recovered)
  type: str
  sample: back
paths:
  description: The paths of the change that was interrupted.
  returned: O(state=recovered)
  type: list
  elements: str
  sample: [config/app.yaml]
reason:
  description: Why a recovery went another way than it was told.
  returned: O(state=recovered)
  type: str
  sample: ""
path:
  description: The path at which it failed.
  returned: when RV(outcome=rolled_back) or RV(outcome=stuck)
  type: str
  sample: config/app.yaml
warnings:
  description: What the operator should know besides, such as a lock whose holder ended without giving it back.
  returned: success
  type: list
  elements: str
  sample: []
bytes:
  description: The size of the files that were written.
  returned: O(state=applied)
  type: int
  sample: 6
seconds:
  description: How long it took on the host.
  returned: O(state=applied)
  type: float
  sample: 0.014
"""

# Tells ansible-core that this is a script whose arguments it puts in itself: such a script needs no zip file on the
# host. The action plugin of the same name sends the code in the place of this text.
ARGUMENTS = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"
