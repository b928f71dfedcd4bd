# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of environments: what a run tells of the one before, and what it does not."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import order

Json = dict[str, t.Any]

COMMIT = "a" * 40
PLAN = {"references": [{"commit": COMMIT}]}


def findings(**more: t.Any) -> Json:
    environment = {"name": "staging", "references": ["git-1"], "hosts": ["staging-1"]}
    made: Json = {
        "references": [{"id": "git-1", "commit": COMMIT}],
        "environments": [environment],
        "coverage": [{"host": "staging-1", "section": "trees", "checked": True}],
        "findings": [],
    }
    return {**made, **more}


def test_one_that_is_in_sync_with_the_commit_lets_the_next_begin() -> None:
    assert order._judged("staging", "run-1", findings(), PLAN, "deploy it")["state"] == "pass"


def test_an_environment_that_a_run_began_with_and_judged_no_host_of_is_not_known() -> None:
    """A host can have another environment by its own variables than it had when the run began."""
    gate = order._judged("staging", "run-1", findings(environments=[]), PLAN, "deploy staging first, or audit it again")
    assert gate["state"] == "refuse"
    assert gate["sentence"] == (
        "run-1 was begun with staging, and judged no host of it: deploy staging first, or audit it again"
    )
