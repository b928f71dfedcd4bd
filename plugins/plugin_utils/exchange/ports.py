# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section ports: the patterns of the processes that ports belong to go along. Private to the collection."""

from __future__ import annotations

import re

from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import OUTCOME, ByName, OneOf, require

_NULL_OR_TEXT = OneOf([None, str])
_OUTCOME = {"outcome": OUTCOME, "reason": str}
_LISTENER = {
    "proto": re.compile("tcp|udp"),
    "family": re.compile("ipv4|ipv6"),
    "address": re.compile("[0-9a-f.:]{2,45}"),
    "port": int,
    "wildcard": bool,
    "inode": int,
    "uid": int,
    "user": str,
    "pid": OneOf([None, int]),
    **dict.fromkeys(("name", "command", "unit", "container"), _NULL_OR_TEXT),
    "reason": str,
}
_SHAPE = {
    "listeners": [_LISTENER],
    "outcomes": dict.fromkeys(("tcp", "tcp6", "udp", "udp6"), _OUTCOME),
    "declared_processes": ByName([int]),
}


class PortsExchange(Exchange):
    """Asks which listeners belong to declared processes."""

    def request(self) -> Json:
        named = {entry["process"] for entry in self.contract if entry["process"]}
        declared = self.context.contract.get("processes") or []
        return {"processes": {one["name"]: one["match"] for one in declared if one["name"] in named}}

    def read(self, data: Json) -> Json:
        require(data, _SHAPE, "the answer about the ports")
        return data
