# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section git: the host's repository, related to the reference's history. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json


class GitExchange(Exchange):
    """Ships what the reference ignores, and adds the relation between the two histories."""

    def request(self) -> Json:
        pairs, _kept = self.context.side.ignored() if self.context.side is not None else ([], [])
        return {"path": self.contract["path"], "ignore": pairs}

    def read(self, data: Json) -> Json:
        side = self.context.side
        if side is None or data["repository"] != "present":
            return {**data, "relation": None}
        tags = side.peeled(data["tags"]) if data["tags"] else {}
        return {**data, "tags": tags, "relation": side.relation(data)}
