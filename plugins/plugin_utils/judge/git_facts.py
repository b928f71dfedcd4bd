# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report shows of a host's repository: small and bounded. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED

_CHANGES = ("modified", "deleted", "mode", "conflicted", "untracked", "unverified")
_RELATION = (
    "known",
    "subject",
    "committed",
    "ahead",
    "behind",
    "missing_total",
    "extra_total",
    "staged",
    "remote_branches",
)


def facts(data: Details) -> dict[str, t.Any]:
    """Return the facts of the section git from its evidence; lists are cut, their totals are not."""
    if data["repository"] != "present":
        return {"repository": data["repository"], "reason": data["reason"]}
    head, relation = data["head"], data.get("relation") or {}
    made: dict[str, t.Any] = {
        "repository": "present",
        "commit": head["commit"],
        "branch": head["branch"],
        "detached": head["detached"],
        "unborn": head["unborn"],
        "operation": data["operation"],
        "stashes": data["stashes"],
        **{key: data[key] for key in ("layout", "object_format", "ref_storage", "shallow")},
        **{key: relation.get(key) for key in _RELATION},
        "missing": list(relation.get("missing") or [])[:LISTED],
        "extra": list(relation.get("extra") or [])[:LISTED],
        "fetched": _fetched(data),
        "worktrees": list(data["worktrees"])[:LISTED],
        "remotes": [_remote(name, data["remotes"][name]) for name in sorted(data["remotes"])],
        "dirty": _dirty(data["changes"]),
    }
    for kind in ("branches", "tags"):
        made[kind] = {name: data[kind][name] for name in sorted(data[kind])[:LISTED]}
        made[f"{kind}_total"] = len(data[kind])
    return made


def _fetched(data: Details) -> str | None:
    """Return the newest time at which the host's owner fetched from any remote."""
    times = [remote["fetched"] for remote in data["remotes"].values() if remote["fetched"]]
    return max(times, default=None)


def _remote(name: str, remote: Details) -> dict[str, t.Any]:
    branches = remote["branches"]
    return {
        "name": name,
        "url": remote["url"],
        "fetched": remote["fetched"],
        "branches": {branch: branches[branch] for branch in sorted(branches)[:LISTED]},
        "branches_total": len(branches),
    }


def _dirty(changes: Details) -> dict[str, t.Any]:
    """Return the number of paths of each kind; None for each when they could not be seen."""
    seen = changes["outcome"] == "ok"
    made: dict[str, t.Any] = {kind: len(changes[kind]) if seen else None for kind in _CHANGES}
    made["truncated"] = changes["truncated"] if seen else None
    return made
