# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of the deploy that is verified, each as it stood when the plan was applied. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import some
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import asked, deploys, document
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

Json = dict[str, t.Any]


def read(deploy: RunFolder, environments: t.Mapping[str, str]) -> list[Json]:
    """Return ``[{host|null, name, state, sentence}]`` of a deploy. Raises StoreError, PlanError.

    What was not declared is told as that, and blocks nothing. ``environments`` are those of the hosts that are
    verified: a deploy of none of them is refused.
    """
    deploy.verify()
    plan = document.load(deploy.join(document.PLAN))
    deployed = [(host["host"], host["environment"]) for host in plan["hosts"]]
    if deployed and not set(deployed) & set(environments.items()):
        there = some([f"{host} ({environment})" for host, environment in deployed])
        raise StoreError(f"verify_deploy: {deploy.id} is a deploy of {there}, and none of that is verified here")
    return of_deploy(deploy, plan, environments)


def of_deploy(deploy: RunFolder, plan: Json, hosts: t.Container[str]) -> list[Json]:
    """Return the gates of a deploy that are of these hosts, or of the whole, in the same shape. Raises StoreError.

    What the other hosts of a deploy were asked says nothing of a batch, which may be verified before they are.
    """
    found = asked.as_it_went(plan, deploys.results(deploy))
    return [one for one in found if one["host"] is None or one["host"] in hosts]
