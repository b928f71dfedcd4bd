# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a rollback: below the root, outside of it, in volumes, each of them as one transaction. Private to the
collection.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import lock, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.gitmove.keeping_out import kept_out
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import checked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.account import Account
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.restore import Way
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.target import Target
from ansible_collections.evenkeel.drift.plugins.module_utils.act.release import back as switching
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import open_root
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host


class Files:
    """Writes files of a point, whose contents are below ``objects_fd``, for who holds the lock."""

    def __init__(
        self, asked: Asked, target: Target, objects_fd: int, state: State, held: lock.Held, host: Host, account: Account
    ) -> None:
        self._asked = asked
        self._target = target
        self._objects_fd = objects_fd
        self._state = state
        self._held = held
        self._host = host
        self._account = account

    def below_root(self, way: Way) -> None:
        """Switch back to the release that the point was made of, where the root is a link to another one; else bring
        the files back.
        """
        with kept_out(self._asked.root, [one["path"] for one in way.operations], self._host):
            self._switch_or_write(way)

    def _switch_or_write(self, way: Way) -> None:
        point, asked, at = str(self._target.document["id"]), self._asked, self._target.is_at
        back = switching.way(self._state, asked.root, point, at, self._host) if way.operations else None
        if back is None:
            self.write(way, asked.root)
            return
        self.write(Way(back.operations, [], []), back.above)
        # What is looked at from here on is the release that the root leads to now.
        now_fd = open_root(asked.root)
        os.dup2(now_fd, self._target.root_fd, inheritable=False)
        os.close(now_fd)

    def write(self, way: Way, root: str, shown: t.Callable[[str], str] = str) -> None:
        """Bring files below a root back; ``shown`` says how the paths that are left are told."""
        if not way.operations:
            return
        asked = self._asked
        about = {"id": self._target.document["id"], "kind": "rollback", "who": asked.who, "why": asked.why}
        about["run"] = asked.run
        operations = checked(way.operations)
        done = transaction.apply_locked(
            operations, [self._objects_fd], root, self._state, about, self._host, self._held
        )
        self._account.left += [{**one, "path": shown(one["path"])} for one in done["left"]]
