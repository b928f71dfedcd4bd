#!/usr/bin/python
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: watch_host
short_description: Watch a host for a while
description:
  - Looks at what a host's contract declares again and again for the length of a window, and says what did not stay as
    it was. Processes, units and containers that were restarted, endpoints that did not answer, memory that grows,
    consumer groups that fall behind, errors that came, cycles that did not.
  - Nothing is written on the host, and nothing of the watch stays there. The host is looked at in slices of some
    twenty seconds to a minute over one connection; between two slices the control node holds what was seen.
  - What was really observed is told, with each gap and its reason. Nothing passes when less than 95 % of the window
    was observed.
version_added: 1.0.0
author:
  - The evenkeel.drift maintainers (@evenkeel)
extends_documentation_fragment:
  - evenkeel.drift.attributes
  - evenkeel.drift.attributes.info_module
  - evenkeel.drift.attributes.action
options:
  window:
    description:
      - How long the host is watched, as a duration such as V(10m), or a map with C(for) (from 10 seconds to 24 hours),
        C(every) (how often it is looked at, by default every 30 seconds) and C(availability) (how many of 100 requests
        each endpoint must answer, by default 100). Unset, nothing is watched.
    type: raw
  folder:
    description:
      - A folder on the control node. What was seen is kept in C(watch/<host>.json) below it, anew with each slice, so
        that a watch that is interrupted leaves how far it came.
    type: path
  run:
    description:
      - The folder of the run in which M(evenkeel.drift.snapshot_info) observed the host just before. Containers that
        ran then are to stay as they were from then on, so that one that ends before the first look is not forgotten.
        A folder of no run, or of a run that did not observe the host, is an error.
    type: path
seealso:
  - module: evenkeel.drift.snapshot_info
"""

EXAMPLES = r"""
---
- name: Watch the application for ten minutes after a change
  evenkeel.drift.watch_host:
    window: {for: 10m, every: 30s}
  register: watch

- name: Show what was not well
  ansible.builtin.debug:
    msg: "{{ watch.wrong }}"
"""

RETURN = r"""
watched:
  description: Whether the host was watched, or O(window) was empty.
  returned: success
  type: bool
  sample: true
window:
  description: What was really observed of the window.
  returned: when the host was watched
  type: dict
  sample:
    for_s: 600
    every_s: 30
    from: '2026-11-21T15:45:00Z'
    to: '2026-11-21T15:55:00Z'
    observed_s: 600.1
    looks: 21
    gaps: []
outcomes:
  description: How many checks had which outcome.
  returned: when the host was watched
  type: dict
  sample: {fail: 1, pass: 11}
checks:
  description: The checks, with what was expected and what was observed.
  returned: success
  type: list
  elements: dict
  sample:
    - check: stable
      component: processes
      subject: api
      outcome: pass
wrong:
  description: One sentence for each check that failed, or could not be made.
  returned: when the host was watched
  type: list
  elements: str
  sample:
    - "'cycle complete' came 26 times in 31 min, 26 of the 49 that the window should hold (one every 37.7 s)"
"""

# Tells ansible-core that this is a script whose arguments it puts in itself: such a script needs no zip file on the
# host. The action plugin of the same name sends the collectors in the place of this text.
ARGUMENTS = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"
