# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of a plan after its deploy: what only the host could answer is known by what became of it. Private to the
collection. Pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import gates

# A host of which one of these became was asked its gates before that, and they held.
_HELD = ("changed", "unchanged", "rolled_back")
_BY_HOST = ("still_true", "journal", "space", "release")
"""The gates that a host is asked. Of all others that were not asked nobody knows whether they hold."""

Json = dict[str, t.Any]


def as_it_went(plan: Json, results: t.Mapping[str, Json]) -> list[Json]:
    """Return ``[{host|null, name, state, sentence}]``; ``results`` are those of the deploy, by host."""
    made: list[Json] = [{"host": None, **gate} for gate in plan["gates"]]
    for part in plan["hosts"]:
        result = results.get(part["host"], {})
        held = result.get("outcome") in _HELD
        made += [{"host": part["host"], **(_held(gate, part, result) if held else gate)} for gate in part["gates"]]
    return made


def _held(gate: Json, part: Json, result: Json) -> Json:
    if gate["state"] != "not_asked":
        return gate
    if gate["name"] == gates.POINT:
        # Where nothing was to be saved there is none: a backup that nobody made is no backup.
        return _saved(gate, result.get("point"))
    if gate["name"] not in _BY_HOST or not part["actions"]:
        # One that was taken over of an interrupted deploy was asked then, and has nothing to change now.
        return gate
    return {**gate, "state": "pass", "sentence": f"asked on the host, and it held: {gate['sentence']}"}


def _saved(gate: Json, point: str | None) -> Json:
    if point is None:
        return {**gate, "sentence": "no restore point was made: there was nothing to save"}
    return {**gate, "state": "pass", "sentence": f"{point} holds what was changed, and was read back"}
