# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Whose restore points a module of this collection is about, and where they are kept; private to it."""

    DOCUMENTATION = r"""
options:
  root:
    description:
      - Where the application lives on the host, an absolute path. By default the variable C(drift_root).
    type: path
  application:
    description:
      - Whose points these are. By default as an audit names it - the variable C(drift_application), or the name of
        O(root) and a hash of it.
    type: str
  state_dir:
    description:
      - Where points are kept, an absolute path. By default the variable C(drift_state_dir), else C(/var/lib/evenkeel),
        or C($XDG_STATE_HOME/evenkeel) for a user who is not root.
    type: path
  restic:
    description:
      - A repository of restic, in which points are kept besides, and from which a named point that is no longer on the
        host is brought back. By default the variable C(backup_restic), whose keys this has; C({}) stands for none.
    type: dict
  fetch:
    description:
      - Where new points are fetched to, and for whom their host encrypts them before. By default the variable
        C(backup_fetch), whose keys this has; C({}) stands for nowhere.
    type: dict
"""
