# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules across environments share. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_impact import read_by
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_seen import SECTION, SeenConfigs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope

DEFAULTS = {"must_differ": "high", "identical": "high", "reused": "medium"}
"""The checks across environments and their severities where the contract gives none."""


_HOSTS = 10

APART = remedy(
    "fix_setting",
    "Give each environment a value of its own, and restart what reads it. Look first which environment the value "
    "belongs to: what one of them did with it may have happened in the other.",
)


def graded(seen: SeenConfigs, environment: str, host: str, component: str) -> Graded:
    """Return what makes the checks of a component on a host, with the terms of its contract."""
    terms = seen.terms(host, component)
    context = Context(environment, host, paths={SECTION: seen.path(host)})
    return Graded(Scope(context, SECTION, component, terms, "operational"), terms.get("severity"), DEFAULTS)


def affecting(check: Check, readers: t.Collection[str]) -> Check:
    """Return a check that says who reads what it is about, as those of one host do."""
    if not readers:
        return check
    told = sorted(readers)
    impact = f"{check.impact} {read_by(told)}" if check.impact else read_by(told)
    return dataclasses.replace(check, observed={**check.observed, "read_by": told}, impact=impact)


def listed(same: t.Mapping[str, t.Sequence[str]]) -> list[Details]:
    """Return hosts by environment as they stand in ``observed``."""
    return [{"environment": name, "hosts": sorted(hosts)[:_HOSTS], "total": len(hosts)} for name, hosts in same.items()]
