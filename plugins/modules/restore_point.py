#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_point
short_description: Save an application on its host, and bring it back
description:
  - Makes, verifies, restores, marks and removes restore points of an application. A point holds files with content,
    mode, owner, time, ACLs and other extended attributes, links, directories, and which paths did not exist. Where the
    application is a git work tree, it also holds where HEAD was, the index, what nobody committed as a commit below
    C(refs/evenkeel/), and a bundle of what no remote was known to have.
  - A point stays on the host, readable by the user who made it alone, because it holds secrets too. A point is read
    back before it counts, and again before it is used. One in which a single bit has changed is refused.
  - Where O(fetch) says so, the host encrypts a new point for the owner of a certificate, and it is fetched to the
    control node.
  - Where O(restic) names a repository, a point is kept there as well, encrypted by the host. One that is no longer on
    the host is brought back from there when it is named.
  - It can also hold what runs - systemd units with their files and state, crontabs, environment files, and containers
    with their configuration, networks and images. Their names are all that leaves the host.
  - Files are restored in one transaction with a journal, so that each path is entirely as it was or
    entirely as it is to be, whatever interrupts it. A container is kept until the one that replaces it is well.
  - A point has no databases outside these files, no content of volumes but those of O(volumes), and no packages.
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.action
  - evenkeel.drift.restore_points
attributes:
  check_mode:
    support: full
    details:
      - With O(state=present) the size is told, with O(state=restored) the point is verified and what would be changed
        is told.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - Each time that O(state=present) is asked for, a new point is made.
options:
  state:
    description:
      - V(present) makes a new point, and removes those that are older than is to be kept.
      - V(verified) reads a point back and fails when it is not what it was.
      - V(restored) brings the files to a point. A change that was interrupted is finished first.
      - V(bad) marks a point, so that no rollback picks it by itself.
      - V(absent) removes a point.
    type: str
    choices: [present, verified, restored, bad, absent]
    default: present
  point:
    description:
      - Which point. With O(state=verified) and O(state=restored) by default the newest one that is not marked bad.
    type: str
  paths:
    description:
      - What to save, relative to O(root). A path that does not exist is saved as one that does not.
      - With neither this nor O(operations), everything in the trees of the contract is saved that the reference does
        not ignore, and files of a secret class even where it does.
    type: list
    elements: str
    default: []
  operations:
    description:
      - The operations of a plan, whose paths are saved.
    type: list
    elements: dict
    default: []
  trees:
    description:
      - The trees of the contract as they are sent to a host. The action fills it in.
    type: list
    elements: dict
    default: []
  git:
    description:
      - Whether the state of the repository at O(root) belongs to a new point.
    type: bool
    default: true
  running:
    description:
      - Whether what runs belongs to a new point - the units of the contract with their files, crontabs, and containers
        with their images. By default all of it when the trees of the contract are saved, and units alone when
        O(paths) or O(operations) say what is saved.
    type: bool
  units:
    description:
      - The systemd units to save, with their unit files, drop-ins, environment files, and the crontab of the user to
        whom O(root) belongs. By default those of the contract.
    type: list
    elements: str
    default: []
  projects:
    description:
      - The Compose projects whose containers are saved. By default those of the contract.
    type: list
    elements: str
    default: []
  containers:
    description:
      - The names of containers to save, or patterns of them. By default those of the contract.
    type: list
    elements: str
    default: []
  socket:
    description:
      - The socket of the container engine. By default that of the contract, else where Docker usually listens.
    type: path
  images:
    description:
      - Whether the images of containers are archived. An image that a point has already takes its space once.
    type: bool
    default: true
  volumes:
    description:
      - The named volumes whose content is saved, those of Docker's driver C(local) without options. With O(required)
        only those of them that the containers use.
    type: list
    elements: str
    default: []
  volumes_stop:
    description:
      - Whether the containers that use one of O(volumes) are stopped while it is copied, and started again afterwards.
        Else each file is whole, and they may be of different moments.
    type: bool
    default: false
  required:
    description:
      - Whether it is an error when something of what runs cannot be saved. Else the point says so.
    type: bool
    default: false
  level:
    description:
      - With O(state=restored), what is brought back - V(config) the files below O(root), V(containers) the files of
        Compose projects, containers and their images, V(full) all that the point has. By default V(full) for the
        point of a change that also changed containers, else V(config); or that of a rollback which was interrupted.
    type: str
    choices: [config, containers, full]
  restart:
    description:
      - With O(state=restored), whether units of the point are started anew when files change, and, with V(full),
        started and stopped as they were.
    type: bool
    default: true
  volumes_back:
    description:
      - With O(state=restored), whether the level V(full) brings the content of volumes back.
      - Without it they stay as they are, unless a rollback that was interrupted had begun with them; what is replaced
        then is saved, whatever O(save) says.
    type: bool
    default: true
  services:
    description:
      - With O(state=restored), what the change brought along that is taken back, as the actions of a plan that were
        done (see M(evenkeel.drift.apply_plan)), a step with how C(ill) was before what it was run on. When the files
        are back, what was restarted is restarted once more, and what was started, stopped, enabled or disabled is as
        it was before.
    type: list
    elements: dict
    default: []
  hooks:
    description:
      - With O(state=restored), the commands of that change, by their moment. Those of C(on_failure) are run in the end.
    type: dict
    default: {}
  step_timeout:
    description:
      - The seconds that each of these steps and commands may take.
    type: int
    default: 120
  keep:
    description:
      - How many points are kept, those marked bad apart. The newest one always stays.
    type: int
    default: 10
  keep_days:
    description:
      - Points that are older are removed.
    type: int
  keep_mb:
    description:
      - The oldest points are removed while all take more than this. What points share is counted once.
    type: int
  save:
    description:
      - With O(state=restored), whether what is about to be replaced is saved first, as a point that is marked bad.
    type: bool
    default: true
  who:
    description:
      - Who asks, for the log of the host. By default the user of the control node.
    type: str
  why:
    description:
      - Why, for the log of the host and for the point.
    type: str
    default: ""
  run:
    description:
      - The id of the run that this belongs to.
    type: str
    default: ""
  timeout:
    description:
      - The time limit in seconds.
    type: int
    default: 600
seealso:
  - module: evenkeel.drift.restore_point_info
"""

EXAMPLES = r"""
---
- name: Save two files before they are edited
  evenkeel.drift.restore_point:
    root: /srv/app
    paths: [config/config.yaml, src/main.py]
    why: new thresholds
  register: saved

- name: Bring them back
  evenkeel.drift.restore_point:
    state: restored
    root: /srv/app
    point: "{{ saved.point }}"
"""

RETURN = r"""
point:
  description: The id of the point, null in check mode before there is one.
  returned: success
  type: str
  sample: 20261121T154500Z-3f9a1c
created:
  description: When it was made.
  returned: success
  type: str
  sample: '2026-11-21T15:45:00Z'
about:
  description: Who made it and why.
  returned: success
  type: dict
  sample: {kind: backup, who: ops@control, why: before the release, run: ''}
files:
  description: How many files it has.
  returned: success
  type: int
  sample: 1834
bytes:
  description: What they take together.
  returned: success
  type: int
  sample: 20971520
git:
  description: What it has of the repository.
  returned: success
  type: dict
  sample: {outcome: saved, branch: main, ref: refs/evenkeel/20261121T154500Z-3f9a1c}
running:
  description: How many units, containers, images, files outside of O(root) and volumes it has.
  returned: success
  type: dict
  sample: {units: 2, containers: 3, images: 2, outside: 5, volumes: 1}
levels:
  description: What each level of a rollback brings back of it, and what it leaves.
  returned: O(state=present) and O(state=restored)
  type: dict
  sample: {config: {restores: [1834 paths below the root], leaves: [the content of volumes]}}
notes:
  description:
    - What it does not have, and why. With O(state=absent) which copies of it stay elsewhere, and how they are removed.
  returned: success
  type: list
  elements: str
  sample: []
restic:
  description:
    - Where the point is kept besides, read back from there, with what could not be done and is not needed in C(notes).
      When this cannot be done the module fails, and RV(point) names the point that is on the host alone.
  returned: O(state=present) when O(restic) names a repository
  type: dict
  sample:
    repository: sftp:backup@192.0.2.7:/srv/restic
    snapshot: 1b1a1832
    forgotten: []
    notes: []
    seconds: 2.1
fetched:
  description:
    - Where the point is on the control node. When it cannot be fetched the module fails, and RV(point) names the point.
  returned: O(state=present) when O(fetch) says where
  type: dict
  sample:
    path: /home/me/ops/kept/web1/app/20261121T154500Z-3f9a1c
    bytes: 20972104
    parts: 1
    removed: []
    seconds: 1.3
returned:
  description: Whether the point was brought back from the repository.
  returned: O(state=verified) and O(state=restored) when O(restic) names a repository
  type: bool
  sample: false
pruned:
  description: The points that were removed.
  returned: O(state=present)
  type: list
  elements: str
  sample: [20261014T020000Z-99c1d0]
changes:
  description: What was done to which path, or would be in check mode; the first 1,000.
  returned: O(state=restored)
  type: list
  elements: dict
  sample: [{path: src/main.py, do: write, found: file}]
volumes_left:
  description: The volumes of the point whose content was left as it is.
  returned: O(state=restored)
  type: list
  elements: str
  sample: []
total:
  description: The number of all changes.
  returned: O(state=restored)
  type: int
  sample: 1
left:
  description: What could not be brought back, each with the reason.
  returned: O(state=restored)
  type: list
  elements: dict
  sample: []
recovered:
  description: The interrupted change that was finished first, null when there was none.
  returned: O(state=restored)
  type: dict
  sample: null
level:
  description: What was brought back.
  returned: O(state=restored)
  type: str
  sample: config
budget_s:
  description: Within how many seconds a rollback of this level is to be done.
  returned: O(state=restored)
  type: int
  sample: 120
not_back:
  description: The containers and units that could not be brought back, each with the reason.
  returned: O(state=restored)
  type: list
  elements: dict
  sample: []
leaves:
  description: What a rollback of this level does not bring back.
  returned: O(state=restored)
  type: list
  elements: str
  sample: [the content of volumes]
proven:
  description: What a rehearsal has proven besides that every byte of the point is there.
  returned: O(state=restored) in check mode
  type: list
  elements: str
  sample: [2 image archives open and hold the images that they are to hold]
saved:
  description: The point that has what was replaced.
  returned: O(state=restored)
  type: str
  sample: 20261121T160002Z-07be55
services:
  description:
    - What was brought back of the services that an unfinished change had begun to bring along, each with C(kind),
      C(path), C(do), C(state) and what was C(said), and of one that was run the C(seconds) that it took.
  returned: O(state=restored)
  type: list
  elements: dict
  sample: []
at_point:
  description: Whether everything now is as it was saved, compared path by path.
  returned: O(state=restored)
  type: bool
  sample: true
apart:
  description: What is not, the first 1,000 paths.
  returned: O(state=restored)
  type: list
  elements: str
  sample: []
seconds:
  description: How long it took on the host.
  returned: success
  type: float
  sample: 0.412
"""

# Tells ansible-core that this is a script whose arguments it puts in itself: such a script needs no zip file on the
# host. The action plugin of the same name sends the code in the place of this text.
ARGUMENTS = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"
