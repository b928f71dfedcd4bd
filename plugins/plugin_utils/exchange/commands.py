# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section commands: they are sent to the host only when its operator allows it. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.assertions import CONTENT, require_results
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OUTCOME,
    GarbledAnswer,
    OneOf,
    require,
)

_WHAT = "the answer about the commands"
_COMMAND = {
    "name": str,
    "argv": [str],
    "outcome": OUTCOME,
    "reason": str,
    "failure": str,
    "exit_code": OneOf([None, int]),
    "seconds": OneOf([None, int, float]),
    "stdout": str,
    "stderr": str,
    "cut": bool,
    "content": [CONTENT],
}
_SHAPE = {"now_s": OneOf([int, float]), "commands": [_COMMAND]}
_ASKED = ("name", "run", "cwd", "timeout_s", "contains", "not_contains", "matches", "json")
_FAILURES = ("", "missing", "late")


class CommandsExchange(Exchange):
    """Asks for nothing unless commands are allowed, and notes which of the two it was."""

    def request(self) -> Json:
        allowed = self.context.allow_commands
        return {"commands": [{key: entry[key] for key in _ASKED} for entry in self.contract] if allowed else []}

    def read(self, data: Json) -> Json:
        require(data, _SHAPE, _WHAT)
        allowed = self.context.allow_commands
        if [one["name"] for one in data["commands"]] != [entry["name"] for entry in self.contract if allowed]:
            raise GarbledAnswer(f"{_WHAT} is garbled: it is not about what was asked")
        for entry, one in zip(self.contract, data["commands"], strict=False):
            _require_one(entry, one)
        return {**data, "allowed": allowed}


def _require_one(entry: Json, one: Json) -> None:
    what = f"{_WHAT} {entry['name']!r}"
    if one["failure"] not in _FAILURES:
        raise GarbledAnswer(f"{what} is garbled: it tells an unknown failure")
    ended = one["outcome"] == "ok" and not one["failure"]
    if ended != (one["exit_code"] is not None and one["seconds"] is not None):
        raise GarbledAnswer(f"{what} is garbled: it does not say how it ended")
    if ended:
        require_results(entry, one["content"], what)
