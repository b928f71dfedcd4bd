# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that was made and read before, held against what it is applied with now. Private to the collection. Pure.

What a plan may do was decided when it was made. So what is asked for now may be left unsaid, but may not contradict it.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync import SyncSettings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import document, restarting

Json = dict[str, t.Any]

# The variables of what a plan has once for all hosts, and what its strategies have of theirs.
_POLICY: t.Mapping[str, str] = {
    "sync_strategy": "strategy",
    "sync_prune": "prune",
    "sync_overwrite_host_work": "overwrite_host_work",
    "sync_services": "services",
    "sync_services_timeout": "step_timeout",
    "sync_hooks": "hooks",
}
_OF_STRATEGY: t.Mapping[str, tuple[str, str]] = {
    "sync_branch": ("git", "branch"),
    "sync_shared": ("release", "shared"),
    "sync_releases_keep": ("release", "keep"),
}
_PLACE: t.Mapping[str, str] = {
    "environment": "drift_environment",
    "root": "drift_root",
    "application": "drift_application",
}


def reviewed(
    plan: Json, settings: SyncSettings, said: t.Collection[str], hosts: t.Mapping[str, t.Mapping[str, str | None]]
) -> Json:
    """Return the plan with those of its proposals that it applies.

    ``said`` names the ``sync_*`` variables that are set now, the others have their defaults in ``settings``; ``hosts``
    are those of the play, each with its ``environment``, ``root`` and ``application`` as they are now, None for what is
    not set. Raises PlanError.
    """
    _check_said(plan, settings, said)
    applied = [one["name"] for one in plan.get("proposals", []) if one["applied"]]
    missing = [name for name in settings.proposals if name not in applied]
    if missing:
        raise _other(plan, f"was made without the proposal {missing[0]}", "make a new plan with sync_proposals")
    changing = [one for one in plan["hosts"] if one["actions"]]
    strangers = [one["host"] for one in changing if one["host"] not in hosts]
    if strangers:
        cure = "give the same inventory and limit, or make a plan for these hosts alone"
        raise _other(plan, f"also changes {', '.join(strangers)}, which this play does not have", cure)
    for one in changing:
        for name, variable in _PLACE.items():
            now = hosts[one["host"]].get(name)
            if now is not None and now != one[name]:
                reason = f"was made for {one['host']} with {variable} {one[name]}, and that is {now} now"
                raise _other(plan, reason, "give the inventory that it was made with, or make a new plan")
    return {**plan, "proposals": [one for one in plan.get("proposals", []) if one["applied"]]}


def _check_said(plan: Json, settings: SyncSettings, said: t.Collection[str]) -> None:
    for variable, name in _POLICY.items():
        _check(plan, settings, said, variable, plan["policy"][name])
    for variable, (kind, name) in _OF_STRATEGY.items():
        for host in plan["hosts"]:
            request = document.strategy(host).get(kind)
            if request is not None:
                _check(plan, settings, said, variable, request[name])
    _check_restart(plan, settings)
    on = [document.strategy(host)["git"]["branch"] for host in plan["hosts"] if "git" in document.strategy(host)]
    if settings.detached and any(on):
        reason = "leaves HEAD on a branch, and sync_detached is true now"
        raise _other(plan, reason, "leave the variable out, or make a new plan with it")


def _check_restart(plan: Json, settings: SyncSettings) -> None:
    """Whoever says what is to be restarted says that nothing else is done."""
    expected = restarting.passes(settings.restart)
    does_more = any(expected not in host["gates"] for host in plan["hosts"] if host["actions"])
    if settings.restart and does_more:
        reason = f"does not just restart {', '.join(settings.restart)}, and sync_restart asks for that and nothing else"
        raise _other(plan, reason, "leave drift_plan out, or make a new plan with it")


def _check(plan: Json, settings: SyncSettings, said: t.Collection[str], variable: str, planned: t.Any) -> None:
    now = getattr(settings, variable.removeprefix("sync_"))
    if variable in said and now != planned:
        reason = f"was made with {variable} {_spelled(planned)}, and that is {_spelled(now)} now"
        raise _other(plan, reason, "leave the variable out, or make a new plan with it")


def _spelled(value: t.Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "unset" if value is None else str(value)


def _other(plan: Json, reason: str, cure: str) -> document.PlanError:
    return document.PlanError(f"drift_plan: {plan['id']} {reason}: {cure}")
