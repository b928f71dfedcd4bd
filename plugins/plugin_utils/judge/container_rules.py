# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules about one container share: its severities, and the making of its checks. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import container_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope

DEFAULTS = {
    "running": "high",
    "health": "high",
    "oom": "high",
    "restarts": "medium",
    "memory": "high",
    "memory_limit": "medium",
    "layer": "high",
    "image_current": "high",
    "exposed": "high",
    "port": "high",
    "compose": "high",
    "present": "critical",
    "image": "high",
    "user": "medium",
    "networks": "high",
    "declared": "high",
}
"""The checks of this section and their severities where the contract gives none."""

_ALIVE = ("running", "paused", "restarting")


def running(one: Details) -> bool:
    """Return whether a container runs, be it between two tries."""
    return one["state"] in _ALIVE


def published(one: Details) -> list[str]:
    """Return the published ports as ``docker ps`` shows them."""
    return [f"{words.endpoint(port)}->{port['port']}" for port in one["ports"]["published"]]


class Rules:
    """The checks of one container. ``unread`` gives the reason for each thing that could not be read."""

    def __init__(self, scope: Scope, contract: Details, one: Details, unread: t.Mapping[str, str]) -> None:
        self.scope = scope
        self.contract = contract
        self.one = one
        self.unread = unread
        self.name: str = one["name"]
        self.host = scope.context.host

    @staticmethod
    def level_of(contract: Details, check: str) -> str:
        """Return the severity of a check. What is not asked for is only told, whatever severity the section has."""
        given: t.Mapping[str, str] = contract.get("severity") or {}
        asked = {
            "exposed": contract["bind_local"],
            "compose": contract["require_compose"],
            "layer": contract["no_layer_changes"] is not None,
            "declared": contract["only_expected"],
        }
        return (given.get(check) or DEFAULTS[check]) if asked.get(check, True) else "info"

    def level(self, check: str) -> str:
        """Return the severity of a check."""
        return self.level_of(self.contract, check)

    def passed(self, check: str, summary: str, observed: Details, expected: Details | None = None) -> Check:
        """Return a check about this container that passed."""
        return self.scope.passed(
            check, self.name, self.level(check), summary, observed=observed, expected=expected or {}
        )

    def failed(
        self,
        check: str,
        summary: str,
        state: str,
        cause: str | None,
        cure: Details,
        observed: Details,
        expected: Details | None = None,
    ) -> Check:
        """Return a check about this container that did not pass."""
        return self.scope.failed(
            *(check, self.name, self.level(check), summary),
            state=state,
            cause=cause,
            remedy=cure,
            observed=observed,
            expected=expected or {},
        )
