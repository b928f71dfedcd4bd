# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollback tells of itself: what could not be brought back, and in the log of the host what was. Private to the
collection.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.state import State

Json = t.Dict[str, t.Any]


class Account:
    """``failed`` are containers and units that could not be brought back, with the reason; ``left`` paths that were
    left as they are; ``apart`` what of volumes is not as it was saved.
    """

    def __init__(self, state: State, who: str) -> None:
        self.failed: list[Json] = []
        self.left: list[Json] = []
        self.apart: list[str] = []
        self._state = state
        self._who = who

    def fail(self, name: str, kind: str, reason: str) -> None:
        """Tell that something could not be brought back."""
        self.failed.append({"path": name, "kind": kind, "reason": reason})
        self.note({"what": "not brought back", "name": name, "kind": kind, "reason": reason})

    def note(self, line: Json) -> None:
        """Add a line to the log of the host, if that can be written."""
        # A log that cannot be written is no reason to leave containers stopped: what was done is told all the same.
        with contextlib.suppress(OSError):
            self._state.log({"who": self._who, **line})
