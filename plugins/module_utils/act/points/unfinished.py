# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an earlier change left anything, before a restore point is made or removed. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.module_utils.act import journal, transaction
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State


def refuse_unfinished(state: State, also_rollback: bool = False) -> None:
    """Raise Refused when a change of files was interrupted, Unfinished when that was a rollback of more, if asked."""
    if journal.find(state) is not None:
        raise Refused("an earlier change was interrupted: a rollback or a deploy finishes it; then try again")
    if also_rollback:
        transaction.refuse_rollback(state)
