# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks, saves and changes a host in one call, one after the other, each as the call for it alone does. Private to the
collection.

What ended is told whatever comes after it: an error that nobody foresaw does not cost the name of the restore point.
"""

from __future__ import annotations

import sys
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import service as points
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.crash import describe_crash
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

CHECK, SAVE, CHANGE = "check", "save", "change"
"""The steps, in this order. There is no save where nothing is asked to be saved."""

Json = t.Dict[str, t.Any]
Apply = t.Callable[[Json], Json]


class Together:
    """One change. ``request`` has ``apply``, as ``service.py`` takes it, and ``save``, as ``points/service.py`` takes
    it, or null; its operations are those of the change. With ``record`` a host where nothing is to be changed says what
    its own record of changes has: which of them it was. ``apply`` is what answers the first, by the strategy.
    """

    def __init__(self, request: Json, apply: Apply) -> None:
        self._change: Json = request["apply"]
        self._save: Json | None = request["save"]
        self._asks_record: bool = request.get("record", False)
        self._record: Json | None = None
        self._apply = apply
        self._steps: list[Json] = []

    def run(self) -> None:
        """Do one step after the other, up to the first that fails; where nothing is to be changed, or all is asked as a
        check, the first alone.
        """
        looked = self._tell(CHECK, lambda: self._apply({**self._change, "check": True}))
        if looked.get("failed"):
            return
        if not looked["changed"]:
            self._look_it_up()
            return
        change = self._change
        if change["check"]:
            return
        if self._save is not None:
            options = {**self._save["options"], "operations": change["operations"]}
            asked = {**self._save, "options": options}
            saved = self._tell(SAVE, lambda: points.reply(asked))
            if saved.get("failed"):
                return
            change = {**change, "about": {**change["about"], "point": saved["point"]}}
        self._tell(CHANGE, lambda: self._apply(change))

    def answer(self) -> Json:
        """Return ``{changed, steps: [{what, result, seconds}], record, crash}``; ``record`` is as
        ``observe/changes.py`` has it, null when it was not looked up, and ``crash`` names the places of an error that
        is on its way just now, empty when there is none.
        """
        kind, _error, trace = sys.exc_info()
        changed = any(step["result"].get("changed") for step in self._steps if step["what"] != CHECK)
        crash = describe_crash(kind, trace) if kind else ""
        return {"changed": changed, "steps": self._steps, "record": self._record, "crash": crash}

    def _look_it_up(self) -> None:
        if self._asks_record:
            from ansible_collections.evenkeel.drift.plugins.module_utils.observe.changes import look

            self._record = look(self._change, Host(self._change["root"], self._change["timeout_s"]))

    def _tell(self, what: str, do: t.Callable[[], Json]) -> Json:
        begun = time.monotonic()
        result = do()
        self._steps.append({"what": what, "result": result, "seconds": round(time.monotonic() - begun, 1)})
        return result
