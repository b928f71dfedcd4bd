# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section git: the host's repository, related to the reference's history. Private to the collection."""

from __future__ import annotations

import re

from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Exchange, Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OBJECT_ID,
    OUTCOME,
    PATH,
    ByName,
    OneOf,
    require,
)

_NULL_OR_TEXT = OneOf([None, str])
_NULL_OR_COMMIT = OneOf([None, OBJECT_ID])
_UNREAD = {"path": PATH, "reason": str}
_REFS = ByName(OBJECT_ID)
_PRESENCE = re.compile("present|absent|unreadable")
_PRESENT = {
    "layout": str,
    "object_format": str,
    "ref_storage": str,
    "shallow": bool,
    "head": {"commit": _NULL_OR_COMMIT, "branch": _NULL_OR_TEXT, "detached": bool, "unborn": bool},
    "branches": _REFS,
    "tags": _REFS,
    "remotes": ByName({"url": str, "branches": _REFS, "fetched": _NULL_OR_TEXT}),
    "stashes": int,
    "worktrees": [{"path": PATH, "commit": _NULL_OR_COMMIT, "branch": _NULL_OR_TEXT}],
    "operation": _NULL_OR_TEXT,
    "index": {
        "outcome": OUTCOME,
        "reason": str,
        "version": OneOf([None, int]),
        "entries": int,
        "tree": _NULL_OR_COMMIT,
    },
    "changes": {
        "outcome": OUTCOME,
        "reason": str,
        "modified": [PATH],
        "deleted": [PATH],
        "mode": [PATH],
        "conflicted": [PATH],
        "unverified": [_UNREAD],
        "untracked": [{"path": PATH, "files": OneOf([None, int])}],
        "truncated": bool,
    },
    "unknown": [{"path": str, "reason": str}],
    "owners": [{"path": str, "owner": str, "reason": str}],
}


class GitExchange(Exchange):
    """Ships what the reference ignores, and adds the relation between the two histories."""

    def request(self) -> Json:
        pairs, _kept = self.context.side.ignored() if self.context.side is not None else ([], [])
        return {"path": self.contract["path"], "ignore": pairs}

    def read(self, data: Json) -> Json:
        require(data, {"repository": _PRESENCE, "reason": str}, "the answer about the repository")
        if data["repository"] == "present":
            require(data, _PRESENT, "the answer about the repository")
        side = self.context.side
        if side is None or data["repository"] != "present":
            return {**data, "relation": None}
        tags = side.peeled(data["tags"]) if data["tags"] else {}
        return {**data, "tags": tags, "relation": side.relation(data)}
