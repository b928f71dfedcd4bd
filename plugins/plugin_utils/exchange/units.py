# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section units: which units are asked about, and what an answer looks like. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import OUTCOME, OneOf, require

_WHAT = "the answer about the units"
_SHAPE = {"systemd": bool, "reason": str, "version": str, "units": [{"name": str, "outcome": OUTCOME, "reason": str}]}
_UNIT = {
    **dict.fromkeys(("id", "load", "load_error", "active", "sub", "result", "enabled", "fragment"), str),
    "drop_ins": [str],
    "needs_reload": bool,
    "restarts": OneOf([None, int]),
    "since": OneOf([None, str]),
    "main_pid": OneOf([None, int]),
}


class UnitsExchange(Exchange):
    """Asks about the contract's units by name."""

    def request(self) -> Json:
        return {"units": [unit["name"] for unit in self.contract]}

    def read(self, data: Json) -> Json:
        require(data, _SHAPE, _WHAT)
        for unit in data["units"]:
            if unit["outcome"] == "ok":
                require(unit, _UNIT, f"{_WHAT}: {unit['name'][:100]!r}")
        return data
