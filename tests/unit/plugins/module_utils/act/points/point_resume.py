# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rollback that comes after one that was interrupted, for tests."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import pending, place, rollback
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.looking import Wanted
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.place import Asked
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

Json = t.Dict[str, t.Any]


def resume(asked: Asked, host: Host, top: str = "/") -> Json | None:
    """Finish a rollback that was interrupted between its files and what follows them; None when none was."""
    with place.existing(asked) as (state, _points_fd):
        if pending.find(state) is None:
            return None
    return rollback.restored(asked, Wanted(None, None, save=False, top=top), host, check=False)
