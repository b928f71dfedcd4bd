# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reviewed plan is applied as it was made, or refused: what is said now may not contradict it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import sync
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import document, restarting
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.reviewed import reviewed

Json = dict[str, t.Any]

PLACE = {"environment": "prod", "root": "/srv/shop", "application": "shop"}
GIT = {"git": {"commit": "0" * 40, "branch": "main"}}
RELEASE = {"release": {"commit": "0" * 40, "keep": 5, "shared": ["logs"]}}


def plan(strategy: str = "tree", gates: t.Sequence[Json] = (), **policy: t.Any) -> Json:
    request = {"git": GIT, "release": RELEASE}.get(strategy)
    action = {"kind": strategy, "path": ".", **request} if request else {"kind": "file", "path": "a.py"}
    settings = sync.resolve({})
    kept = {name: getattr(settings, name) for name in ("prune", "overwrite_host_work", "services", "hooks")}
    return {
        "id": "plan-0123456789ab",
        "policy": {**kept, "step_timeout": settings.services_timeout, "strategy": strategy, **policy},
        "hosts": [
            {"host": "web1", **PLACE, "actions": [action], "gates": gates},
            {"host": "web2", **PLACE, "actions": [], "gates": []},
        ],
        "proposals": [{"name": "clean-up-web1", "applied": True}, {"name": "unit-web1", "applied": False}],
    }


def check(made: Json, hosts: t.Mapping[str, Json] | None = None, **said: t.Any) -> Json:
    return reviewed(made, sync.resolve(said), said.keys(), hosts or {"web1": PLACE, "web2": PLACE})


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (plan(), {}),
        (plan("git"), {}),
        (plan("release"), {}),
        (plan("git"), {"sync_strategy": "git", "sync_branch": "main"}),
        (plan("release"), {"sync_strategy": "release", "sync_shared": ["logs"], "sync_releases_keep": 5}),
        (plan(prune=True), {}),
        (plan(prune=True), {"sync_prune": True, "sync_services_timeout": "2m"}),
        (plan(), {"sync_proposals": ["clean-up-web1"]}),
        (plan(gates=[restarting.passes(["main"])]), {"sync_restart": ["main"]}),
    ],
)
def test_what_is_left_unsaid_or_said_again_is_as_it_was_made(made: Json, said: Json) -> None:
    assert check(made, **said)["proposals"] == [{"name": "clean-up-web1", "applied": True}]


@pytest.mark.parametrize(
    ("made", "said", "words"),
    [
        (plan(), {"sync_strategy": "git"}, "was made with sync_strategy tree, and that is git now"),
        (plan("git"), {"sync_strategy": "tree"}, "was made with sync_strategy git, and that is tree now"),
        (plan("git"), {"sync_strategy": "git", "sync_branch": "next"}, "sync_branch main, and that is next now"),
        (plan("git"), {"sync_strategy": "git", "sync_detached": True}, "leaves HEAD on a branch"),
        (plan("release"), {"sync_strategy": "release", "sync_shared": ["x"]}, "was made with sync_shared ['logs']"),
        (plan("release"), {"sync_releases_keep": 9}, "sync_releases_keep 5, and that is 9 now"),
        (plan(), {"sync_prune": True}, "was made with sync_prune false, and that is true now"),
        (plan(prune=True), {"sync_prune": False}, "was made with sync_prune true, and that is false now"),
        (plan(), {"sync_overwrite_host_work": True}, "sync_overwrite_host_work false"),
        (plan(), {"sync_services": False}, "was made with sync_services true, and that is false now"),
        (plan(), {"sync_hooks": {"before_change": [["/bin/x"]]}}, "was made with sync_hooks {}"),
        (plan(), {"sync_services_timeout": 5}, "sync_services_timeout 120, and that is 5 now"),
        (plan(), {"sync_restart": ["main"]}, "does not just restart main, and sync_restart asks for that and nothing"),
        (plan(gates=[restarting.passes(["web"])]), {"sync_restart": ["main"]}, "does not just restart main"),
        (plan(), {"sync_proposals": ["unit-web1"]}, "was made without the proposal unit-web1"),
    ],
)
def test_what_contradicts_it_is_refused(made: Json, said: Json, words: str) -> None:
    with pytest.raises(document.PlanError) as error:
        check(made, **said)
    assert words in str(error.value) and "plan-0123456789ab" in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"environment": "staging"}, "drift_environment prod, and that is staging now: give the inventory that it was"),
        ({"root": "/srv/other"}, "with drift_root /srv/shop, and that is /srv/other now"),
        ({"application": "other"}, "with drift_application shop, and that is other now"),
    ],
)
def test_it_is_for_the_hosts_that_it_was_made_for(change: Json, words: str) -> None:
    with pytest.raises(document.PlanError) as error:
        check(plan(), {"web1": {**PLACE, **change}})
    assert words in str(error.value)
    # Where nothing is to be changed, nothing can be the wrong place; nor is what nobody says.
    assert check(plan(), {"web1": PLACE, "web2": {**PLACE, **change}})
    assert check(plan(), {"web1": {**PLACE, "root": None, "application": None}})
    with pytest.raises(document.PlanError, match="also changes web1, which this play does not have"):
        check(plan(), {"web2": PLACE})
