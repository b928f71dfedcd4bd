# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section packages: asks a host what is installed and what its requirements files say. Private to the collection."""

from __future__ import annotations

import re

from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OUTCOME,
    ByName,
    GarbledAnswer,
    OneOf,
    require,
)

_NULL_OR_TEXT = OneOf([None, str])
_UNREAD = {"path": str, "reason": str}
_ANSWER = {
    "environments": [
        {
            "path": str,
            "outcome": re.compile("ok|missing|unknown"),
            "reason": str,
            "python": str,
            "platform": ByName(_NULL_OR_TEXT),
            "interpreter": str,
            "packages": [{"name": str, "version": str, "path": str, "source": str}],
            "broken": [_UNREAD],
            "unread": [_UNREAD],
            "newest": OneOf([None, {"path": str, "mtime": str, "mtime_s": OneOf([int, float])}]),
            "requirements_outcome": OUTCOME,
            "requirements_reason": str,
            "requirements": [
                {"file": str, "line": int, "text": str, "constraint": bool, "target": str, "problem": str}
            ],
        }
    ],
    "systems": [{"kind": str, "outcome": OUTCOME, "reason": str, "packages": ByName([str]), "unfinished": ByName(str)}],
}


class PackagesExchange(Exchange):
    """Asks about the environments and systems of the contract; the evidence is the answer."""

    def request(self) -> Json:
        environments = [
            {"path": show(entry["venv"]), "requirements": [show(file) for file in entry["requirements"]]}
            for entry in self.contract
            if entry["venv"] is not None
        ]
        systems = [
            {"kind": entry["system"], "names": list(entry["names"])}
            for entry in self.contract
            if entry["system"] is not None
        ]
        return {"environments": environments, "systems": systems}

    def read(self, data: Json) -> Json:
        require(data, _ANSWER, "the answer about packages")
        asked = self.request()
        answered = [len(data["environments"]), [one["kind"] for one in data["systems"]]]
        if answered != [len(asked["environments"]), [one["kind"] for one in asked["systems"]]]:
            raise GarbledAnswer("the answer about packages is about others than were asked about")
        # By the name in the contract, whatever the host calls it.
        environments = [
            {**answer, "path": entry["path"]}
            for entry, answer in zip(asked["environments"], data["environments"], strict=True)
        ]
        return {"environments": environments, "systems": data["systems"]}
