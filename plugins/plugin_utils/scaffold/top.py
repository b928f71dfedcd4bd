# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files at the top of a new control directory. Private to the collection."""

from __future__ import annotations

_CONFIGURATION = """\
# Settings of ansible-playbook for this directory; `ansible-config list` explains them.
[defaults]
# No inventory: each audit names its environments (-i prod), so that none is audited by mistake.
forks = 20
host_key_checking = True
interpreter_python = auto_silent
retry_files_enabled = False
stdout_callback = default
# The playbooks that need no host run without -i.
localhost_warning = False

[inventory]
inventory_unparsed_warning = False

[connection]
pipelining = True
"""

_PLAYBOOK = """\
---
# {about}
- name: {name}
  ansible.builtin.import_playbook: evenkeel.drift.{playbook}
"""

_PLAYBOOKS = {
    "audit": ("Audit", "Tells where hosts have drifted, and changes nothing: ansible-playbook audit.yml -i prod"),
    "judge": ("Judge", "Judges a stored run again: ansible-playbook judge.yml -e drift_run=<id or folder>"),
    "discover": (
        "Discover",
        "Drafts a contract from what runs on a host: ansible-playbook discover.yml -i host.example.org,",
    ),
}

_IGNORED = """\
# What audits saw. It names files, processes and settings of your hosts.
drift-runs/
*.retry
"""

_README = """\
# Control directory

Audits of this directory's hosts with the collection `evenkeel.drift`. None of these changes a host:

```sh
ansible-playbook audit.yml -i prod                        # one environment
ansible-playbook audit.yml -i local -i staging -i prod    # all, side by side
ansible-playbook audit.yml -i prod --limit prod-1 -e drift_sections=trees
ansible-playbook judge.yml -e drift_run=latest            # a stored run again, from its own evidence
ansible-playbook discover.yml -i host.example.org,        # a first contract, from what runs on a host
ansible-playbook evenkeel.drift.verify -i prod            # after a change: do the hosts pass?
```

These do, unless `--check` is given; the first wants a git commit as reference:

```sh
ansible-playbook evenkeel.drift.remediate -i prod         # to the reference; back where it got worse
ansible-playbook evenkeel.drift.rollback -i prod          # to the last restore point
```

Exit code 0: everything that was asked is in sync. 2: drift, or something could not be seen. 4: a host was out of reach.
The report is `drift-runs/latest/report.md`, the same as data is `drift-runs/latest/findings.json`.

| path | what it is |
|---|---|
| `local/`, `staging/`, `prod/` | an inventory for each environment: `hosts.yml`, and the contract in `group_vars/` |
| `example/` | what the example hosts run. Change a line, audit again, and see it reported |
| `baselines/` | what hosts looked like when that was saved, with `-e drift_save_baseline=baselines/<name>.json` |
| `ansible.cfg` | settings of ansible-playbook for this directory |
| `drift-runs/` | the audits, one folder a run; not for git |

To begin: put your hosts into `prod/hosts.yml`, set `drift_root` and `drift_reference` in `prod/group_vars/prod.yml`,
and delete `example/` when nothing refers to it any more. Keep the rest of this directory in git.
"""


def files() -> dict[str, str]:
    """Return these files, text by path relative to the control directory."""
    playbooks = {
        f"{playbook}.yml": _PLAYBOOK.format(playbook=playbook, name=name, about=about)
        for playbook, (name, about) in _PLAYBOOKS.items()
    }
    return {"ansible.cfg": _CONFIGURATION, ".gitignore": _IGNORED, "README.md": _README, **playbooks}
