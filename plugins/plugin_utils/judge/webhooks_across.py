# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert channels across environments: what one sends must not arrive where another's alerts do.

Private to the collection.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.webhooks import DEFAULTS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, bounded

SECTION = "endpoints"
_APART = remedy(
    "fix_setting",
    "Give each environment a channel of its own, or allow the same with `distinct: false` in both; who reads an alert "
    "cannot tell which environment it is of.",
)


class _Channel(t.NamedTuple):
    environment: str
    host: str
    name: str


class Channels:
    """Gathers the alert channels that must be distinct while the hosts pass by, by the digest of their address."""

    def __init__(self) -> None:
        self._of: dict[str, dict[_Channel, tuple[Details, str]]] = {}

    def add(self, host: HostInputs, paths: t.Mapping[str, str]) -> None:
        """Take note of one host."""
        contract: Details = host.settings.get("contract") or {}
        evidence = host.sections.get(SECTION)
        if host.failure is not None or evidence is None or evidence["outcome"] != "ok":
            return
        seen = {one["name"]: one for one in evidence["data"]["webhooks"]}
        path = paths.get(SECTION, f"evidence/{host.name}/{SECTION}.json")
        for entry in contract.get(SECTION) or ():
            one = seen.get(entry["name"]) if "webhook" in entry and entry["distinct"] else None
            if one is not None and one["digest"] is not None:
                channel = _Channel(host.environment, host.name, entry["name"])
                self._of.setdefault(one["digest"], {})[channel] = (entry, path)

    def checks(self) -> list[Check]:
        """Return a finding for each channel of a host that another environment has too.

        Within a host the channels are judged already; hosts of one environment may share one.
        """
        made = []
        for channels in self._of.values():
            for one, (entry, path) in channels.items():
                others = sorted(other for other in channels if other.environment != one.environment)
                if others:
                    made.append(_shared(one, entry, path, {other: channels[other][1] for other in others}))
        return sorted(made, key=lambda check: (check.environment, check.host, check.subject))


def _shared(one: _Channel, entry: Details, path: str, others: t.Mapping[_Channel, str]) -> Check:
    """``others`` has the evidence file of each channel of the same address."""
    scope = Scope(Context(one.environment, one.host, paths={SECTION: path}), SECTION, one.name, entry, "operational")
    make = Graded(scope, entry.get("severity"), DEFAULTS)
    where = ", ".join(sorted({f"{other.name} in {other.environment}" for other in others}))
    check = make.failed(
        "distinct",
        f"{one.name}:environments",
        f"{one.name} on {one.host} ({one.environment}) has the address of {where}: their alerts arrive in one place",
        "failed",
        "not_distinct",
        _APART,
        {"same_as": bounded(f"{other.environment}/{other.host}: {other.name}" for other in others)},
    )
    also = [f"{file}#{other.name}/{other.name}:environments" for other, file in list(others.items())[:LISTED]]
    return dataclasses.replace(check, evidence=tuple(dict.fromkeys((*check.evidence, *also))))
