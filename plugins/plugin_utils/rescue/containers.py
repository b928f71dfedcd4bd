# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists only in a host's containers: files in their layers, settings that no Compose file has. Private to the
collection. Pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue import layers, overrides
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.commit import Work

Json = dict[str, t.Any]


class Seen(t.NamedTuple):
    """What a run saw of one host: the evidence of the sections containers and compose (empty where there is none), its
    contract and findings; ``allowed`` are the files that somebody has looked at and found to hold no secret.
    """

    containers: Json
    compose: Json
    contract: Json
    findings: t.Sequence[Json]
    allowed: t.Sequence[str]


class Inside(t.NamedTuple):
    """``works`` are committed, ``lost`` is not rescued, ``kept`` is what rescue.json says of containers."""

    works: list[Work]
    lost: list[Json]
    kept: list[Json]


def asked(seen: Seen) -> Json:
    """Return what the host is asked for (``observe/layers.py``)."""
    wanted, _lost = layers.wanted(seen.containers, _rule(seen))
    # An operator names a file by its place in the rescue, which the message showed.
    names = {
        layers.place(one["name"], item["path"]): (one["id"], item["path"]) for one in wanted for item in one["changed"]
    }
    return {
        "socket": (seen.containers.get("engine") or {}).get("socket"),
        "containers": [{"id": one["id"], "paths": [item["path"] for item in one["changed"]]} for one in wanted],
        "allow_secrets": [":".join(names[path]) for path in seen.allowed if path in names],
    }


def unanswered(spec: Json, reason: str) -> Json:
    """Return the answer of a host that could not look into its containers: each file that was asked for is named."""
    nothing = dict.fromkeys(("type", "mode", "size", "mtime", "target", "content"))
    return {
        "containers": [
            {"id": one["id"], "files": {path: {**nothing, "reason": reason} for path in one["paths"]}}
            for one in spec["containers"]
        ]
    }


def inside(seen: Seen, answer: t.Any) -> Inside:
    """Return what there is to rescue. ``answer`` is the host's to what was asked. Raises GarbledAnswer."""
    wanted, lost = layers.wanted(seen.containers, _rule(seen))
    found = layers.works(wanted, answer)
    by_hand, unsaid = overrides.overrides(seen.compose, seen.findings)
    kept: dict[str, Json] = {
        identity: {"id": identity, "files": files, "settings": []} for identity, files in found.files.items()
    }
    for one in by_hand:
        kept.setdefault(one.container, {"id": one.container, "files": [], "settings": []})["settings"] = one.keys
    works = [*found.works, *(one.work for one in by_hand)]
    return Inside(works, [*lost, *found.lost, *unsaid], list(kept.values()))


def _rule(seen: Seen) -> t.Any:
    return (seen.contract.get("containers") or {}).get("no_layer_changes")
