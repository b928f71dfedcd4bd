# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of a host that are asked only where they are declared. Private to the collection. Pure."""

from __future__ import annotations

import calendar
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations
from ansible_collections.evenkeel.drift.plugins.module_utils.act.services import registry
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync import LEVELS, SyncSettings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, some
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import gates

Json = dict[str, t.Any]

BEFORE_A_CHANGE = ("space", "memory", "names", "rehearsed", "classified")
"""What has to hold before a host is changed, and says nothing against one that has nothing to change. All other gates
say whether it is known what is to be changed, and whether that can be done.
"""


def stops(checked: t.Iterable[Json]) -> bool:
    """Return whether gates say that what is to be changed cannot be known, or not be done."""
    return bool(gates.refusals(one for one in checked if one["name"] not in BEFORE_A_CHANGE))


def as_planned(checked: t.Sequence[Json], actions: t.Sequence[Json]) -> list[Json]:
    """Return the gates of a host as they count for what is planned: one with nothing to change is not refused what it
    does not need; that is told, so that the next change is no surprise.
    """
    return list(checked) if actions else [_idle(one) for one in checked]


def _idle(gate: Json) -> Json:
    if gate["state"] != "refuse" or gate["name"] not in BEFORE_A_CHANGE:
        return gate
    return gates.not_asked(gate["name"], f"nothing is to be changed; a change would be refused now: {gate['sentence']}")


def rehearsed(settings: SyncSettings, changes: Json | None, now_s: float) -> Json:
    """A rollback of the declared level, or of one that holds it, was rehearsed on the host and is not too long ago.

    ``changes`` is what the host's own record says (``observe/changes.py``).
    """
    level, name = settings.rehearsed, "rehearsed"
    if level is None:
        return gates.not_declared(name, "sync_rehearsed is not set: no rehearsal of a rollback is asked for")
    cure = f"rehearse it with evenkeel.drift.rollback -e rollback_rehearse=true -e rollback_level={level}"
    if changes is None or changes["outcome"] == "unknown":
        reason = changes["reason"] if changes else "the host was not asked"
        return gates.refused(name, f"whether a rollback was rehearsed is not known: {reason}. Repair that first")
    found = [one for known, one in changes["rehearsed"].items() if known in LEVELS[LEVELS.index(level) :]]
    if not found:
        return gates.refused(name, f"no rollback of the level {level} was rehearsed on this host: {cure}")
    newest = max(found, key=lambda one: int(one["time_s"]))
    said = f"a rollback of the level {level} was rehearsed at {newest['time']}"
    if now_s - newest["time_s"] > settings.rehearsed_within:
        return gates.refused(name, f"{said}, longer ago than {duration(settings.rehearsed_within)}: {cure}")
    return gates.passed(name, said)


def classified(settings: SyncSettings, declared: bool, findings: t.Iterable[Json]) -> Json:
    """Each key of the declared configurations has a rule. ``findings`` are those of the host."""
    name = "classified"
    if not settings.classified:
        return gates.not_declared(name, "sync_classified is not set: keys of configurations may be without a rule")
    if not declared:
        return gates.refused(name, "the contract has no section configs, so that no key has a class: declare one")
    found = [one for one in findings if one["section"] == "configs"]
    unseen = [one["subject"] for one in found if one["outcome"] == "unknown"]
    if unseen:
        return gates.refused(name, f"not all configurations were seen ({some(unseen)}): repair that first")
    without = [one["subject"] for one in found if one["check"] == "unclassified"]
    if without:
        return gates.refused(name, f"keys without a rule in {some(without)}: give each a rule in the contract")
    return gates.passed(name, "every key of the declared configurations has a rule")


def usable(host: str, actions: t.Sequence[Json]) -> Json | None:
    """What follows the files can be told a host. Returns None when it can; a host can say anything of what runs there,
    and what one says must not be in the way of the plan of the others.
    """
    try:
        registry.checked(list(actions))
    except BadOperations as error:
        reason = f"what it tells of what runs there cannot be used, {error}"
        return gates.observed(host, {"kind": "garbled", "reason": f"{reason}; or sync_services: false"})
    return None


def seconds_of(moment: str) -> float:
    """Return a time as documents spell it in seconds after 1970."""
    return float(calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ")))


def no_trees(found: Json | None) -> Json:
    """No tree was seen. ``found`` is the evidence of the section, None where it was not asked."""
    if found is None:
        return gates.passed("coverage", "no trees were audited, and only those are deployed")
    return gates.refused("coverage", f"the trees were not seen: {found['reason']}. Repair that and deploy again")
