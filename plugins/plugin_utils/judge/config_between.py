# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules across environments share. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_seen import SECTION, SeenConfigs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope

DEFAULTS = {"must_differ": "high", "identical": "high", "reused": "medium"}
"""The checks across environments and their severities where the contract gives none."""


_HOSTS = 10


def graded(seen: SeenConfigs, environment: str, host: str, component: str) -> Graded:
    """Return what makes the checks of a component on a host, with the terms of its contract."""
    terms = seen.terms(host, component)
    context = Context(environment, host, paths={SECTION: seen.path(host)})
    return Graded(Scope(context, SECTION, component, terms, "operational"), terms.get("severity"), DEFAULTS)


def resting(check: Check, seen: SeenConfigs, same: t.Sequence[Details]) -> Check:
    """Return a check with the evidence of the hosts that it was compared with, as ``listed`` names them."""
    place = check.evidence[0].partition("#")[2]
    also = [f"{seen.path(host)}#{place}" for one in same for host in one["hosts"]]
    return dataclasses.replace(check, evidence=tuple(dict.fromkeys((*check.evidence, *also))))


def listed(same: t.Mapping[str, t.Sequence[str]]) -> list[Details]:
    """Return hosts by environment as they stand in ``observed``."""
    return [{"environment": name, "hosts": sorted(hosts)[:_HOSTS], "total": len(hosts)} for name, hosts in same.items()]
