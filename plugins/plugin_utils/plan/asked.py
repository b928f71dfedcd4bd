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
_AGAIN = ("images",)
"""Those that the plan has passed by what is known, and that a host asks once more."""

NEVER = "never_asked"
UNKNOWN = "unknown"
"""What a gate is besides, after its deploy: nobody asked it, or whether it was asked is not known."""

Json = dict[str, t.Any]


def as_it_went(plan: Json, results: t.Mapping[str, Json], over: bool = True) -> list[Json]:
    """Return ``[{host|null, name, state, sentence}]``; ``results`` are those of the deploy, by host.

    ``over``: no host of it is begun any more, so that what was not asked never will be.
    """
    made: list[Json] = [{"host": None, **gate} for gate in plan["gates"]]
    for part in plan["hosts"]:
        result = results.get(part["host"])
        why = _never(plan, part, result) if over or result else None
        for gate in part["gates"]:
            held = _held(gate, part, result) if result and result["outcome"] in _HELD else gate
            if result and result["outcome"] == "refused" and gate["name"] in _AGAIN and _uses_engine(part):
                # It may be what the host refused for.
                held = {**gate, "state": "not_asked"}
            made.append({"host": part["host"], **(held if why is None else _ended(held, why))})
    return made


def _uses_engine(part: Json) -> bool:
    return any(action["kind"] == "compose" for action in part["actions"])


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
        return {**gate, "state": NEVER, "sentence": "no restore point was made: there was nothing to save"}
    return {**gate, "state": "pass", "sentence": f"{point} holds what was changed, and was read back"}


def _never(plan: Json, part: Json, result: Json | None) -> tuple[str, str] | None:
    """Return the state and the reason of the gates that a host was not asked in the end; None where it still may be."""
    outcome = None if result is None else result["outcome"]
    if outcome == "planned":
        # With --check it is told what a deploy would do, and that asks anew.
        return None
    if outcome in ("failed", "refused"):
        return UNKNOWN, f"whether it was asked, and held, is not known: {(result or {}).get('reason') or 'it failed'}"
    if outcome == "not_begun":
        return NEVER, str((result or {}).get("reason") or "its change did not begin")
    refused = gates.refusals(part["gates"])
    if refused:
        return NEVER, f"refused before that: {refused[0]}"
    if not part["actions"]:
        return NEVER, "nothing was to be changed"
    refused = gates.refusals(plan["gates"]) if result is None else []
    if refused:
        return NEVER, f"refused before that: {refused[0]}"
    return NEVER, "its change did not begin" if result is None else "no host is asked that"


def _ended(gate: Json, why: tuple[str, str]) -> Json:
    """Return a gate that nobody will be asked any more. What a host is never asked says by itself what is not known."""
    state, reason = why
    if gate["state"] != "not_asked":
        return gate
    if gate["name"] not in (*_BY_HOST, *_AGAIN, gates.POINT):
        return {**gate, "state": NEVER}
    return {**gate, "state": state, "sentence": f"{reason}. It would have been: {gate['sentence']}"}
