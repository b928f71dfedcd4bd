# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's commands around a change as a whole: before it, and when it came to nothing. Private to the
collection.

Those between its parts are steps like all others (``hooks.py``).
"""

from __future__ import annotations

import contextlib

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import hooks, journal
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.journal import Record
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import Call, Step, StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State


def before(record: Record) -> None:
    """Run the commands before a change. Raises Refused when one fails."""
    call = _call(record)
    for action in hooks.actions(record.document["hooks"], hooks.BEFORE_CHANGE):
        for step in action["steps"]:
            try:
                hooks.run(step, call)
            except StepFailed as error:
                raise Refused(f"nothing was touched: {error.reason}") from error


def forget(state: State) -> None:
    """Remove what a change left whose files are not in place, and never will be: it came to nothing, and so its
    commands for that are run, again if this is interrupted. The lock is held, no journal of files is open. Raises
    OSError, Refused, Busy when a command of it still runs.
    """
    journal.refuse_hook(state)
    record = journal.find(state)
    if record is None or record.phase != journal.PENDING:
        return
    call = _call(record)
    for action in hooks.actions(record.document["hooks"], hooks.ON_FAILURE):
        for step in action["steps"]:
            _try(step, call, state)
    record.close()


def _try(step: Step, call: Call, state: State) -> None:
    """Run a command; how it ended is in the log: why the change came to nothing is the reason that counts."""
    try:
        said = hooks.run(step, call)
    except StepFailed as error:
        said = error.reason
    # The change has come to its end already: a log that cannot be written changes nothing of that.
    with contextlib.suppress(OSError):
        state.log({"what": "hook", "when": step["when"], "said": said})


def _call(record: Record) -> Call:
    return Call(None, record.document["limit_s"], record.document["root"], record.state.path, record.note)
