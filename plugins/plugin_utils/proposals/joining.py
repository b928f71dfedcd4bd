# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposals that were asked for become actions of a plan. Private to the collection. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Json, Proposal

_REMOVING = ("remove", "remove_directory")


def join(
    actions: t.Sequence[Json], left_out: t.Sequence[Json], asked: t.Sequence[Proposal]
) -> tuple[list[Json], list[Json]]:
    """Return the actions of a host with those of its proposals behind them, and what is left out all the same.

    What the plan does to a path anyway comes first.
    """
    operations = [one for action in actions for one in action["operations"]]
    planned = {one["path"] for one in operations}
    made_paths = [one["path"] for one in operations if one["do"] not in _REMOVING]
    joined = list(actions)
    for proposal in asked:
        for action in (one for one in proposal.actions if "steps" not in one):
            made = {**action, "operations": [one for one in action["operations"] if _free(one, planned, made_paths)]}
            planned.update(one["path"] for one in made["operations"])
            if made["operations"]:
                joined.append({**made, "n": len(joined) + 1})
    covered = {path for one in asked for path in one.covers}
    return joined, [one for one in left_out if not _dealt_with(one, planned, covered)]


def services(asked: t.Sequence[Proposal], running: t.Sequence[Json]) -> list[Json]:
    """Return the actions of proposals on what runs, without the steps that ``running``, the plan's own, have anyway."""
    there = [step for action in running for step in action["steps"]]
    known = {_name(step) for step in there}
    made = []
    for action in (one for proposal in asked for one in proposal.actions if "steps" in one):
        steps = [step for step in action["steps"] if _name(step) not in known]
        known.update(_name(step) for step in steps)
        if steps:
            made.append({**action, "steps": steps})
    return made


def _name(step: Json) -> tuple[str, str | None]:
    return step["do"], step.get("unit") or step.get("container")


def _dealt_with(left: Json, planned: t.Container[str], covered: t.Container[str]) -> bool:
    """Whether something that the plan would leave as it is has an action after all."""
    return left["path"] in planned or (left["kind"] == "forbidden" and left["path"] in covered)


def _free(operation: Json, planned: t.Container[str], made: t.Iterable[str]) -> bool:
    """Whether the plan leaves a path alone, and puts nothing into a directory that is to go."""
    path = operation["path"]
    if operation["do"] == "remove_directory" and any(one.startswith(f"{path}/") for one in made):
        return False
    return path not in planned
