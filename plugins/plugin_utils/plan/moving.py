# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a plan that belongs to its strategy: a repository that moves, or a release that is switched to. Private
to the collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync import SyncSettings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import short
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import document, gates, left_out, packing, repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable

Json = dict[str, t.Any]


def move(
    found: Json | None, contract: Json | None, about: Json, settings: SyncSettings, covered: t.Container[str]
) -> tuple[list[Json], list[Json], list[Json]]:
    """Return the actions, one or none, the gates, and what is left out besides. ``found`` is the evidence of the
    section git, ``contract`` that section of the contract, ``about`` the reference, ``covered`` the paths of the
    reference that a tree of the contract covers.
    """
    wish = repository.Wish(settings.branch, settings.detached, settings.overwrite_host_work)
    seen = repository.gate(found, contract, about["commit"], wish, ())
    if found is None or gates.refusals([seen]):
        return [], [seen], []
    behind = repository.left_behind(found, about["commit"], wish)
    try:
        known = packing.history(about, repository.having(found), behind, found["head"]["commit"])
    except ReferenceUnavailable as error:
        return [], [gates.refused("repository", f"the reference could not be read: {error.reason}")], []
    action = repository.action(found, about, known.tree, known.known, wish)
    strange = known.strange if action is not None else []
    checked = repository.gate(found, contract, about["commit"], wish, strange)
    if action is None or gates.refusals([checked]):
        return [], [checked], []
    apart = [left_out.uncovered(path)._asdict() for path in known.moved if path not in covered]
    return [action], [checked], apart


def release(actions: t.Sequence[Json], about: Json, settings: SyncSettings) -> tuple[list[Json], list[Json]]:
    """Return the action that switches a host to a new release, none when it has no other, and the gates."""
    changed = [one["path"] for action in actions for one in action["operations"]]
    inside = [(path, one) for path in changed for one in settings.shared if f"{path}/".startswith(f"{one}/")]
    if inside:
        path, one = inside[0]
        return [], [
            gates.refused(
                "release",
                f"sync_shared names {one}, and the reference has {path}: what releases share belongs to none of them. "
                "Take it out of sync_shared, or exclude it from the contract's trees",
            )
        ]
    gate = gates.not_asked("release", "the host checks that drift_root is a link into a folder releases beside it")
    if not actions:
        return [], [gate]
    summary = f"Make a new release of {short(about['commit'])} with these changes, and switch to it"
    return [
        {
            **document.strategy_action("release", ".", summary),
            "release": {"commit": about["commit"], "keep": settings.releases_keep, "shared": settings.shared},
        }
    ], [gate]
