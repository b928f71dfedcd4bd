# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checks of one stream, with the severities of its entry. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope

DEFAULTS = {
    "stream": "high",
    "fresh": "high",
    "length": "medium",
    "group": "high",
    "consumers": "high",
    "lag": "high",
    "pending": "medium",
    "idle": "medium",
    "progress": "critical",
    "fields": "medium",
    "values": "medium",
}
"""The checks of a stream and their severities where the contract gives none."""


class StreamChecks:
    """The checks of one entry."""

    def __init__(self, scope: Scope, entry: Details) -> None:
        self._scope = scope
        self._entry = entry
        self._about = {"redis": entry["redis"], "stream": entry["stream"]}
        self.host = scope.context.host

    def _level(self, check: str) -> str:
        given: t.Mapping[str, str] = self._entry["severity"]
        return given.get(check) or DEFAULTS[check]

    def _expected(self, expected: Details | None) -> Details:
        return {**self._about, **(expected or {})}

    def passed(
        self,
        check: str,
        subject: str,
        summary: str,
        observed: Details | None = None,
        expected: Details | None = None,
    ) -> Check:
        return self._scope.passed(
            check, subject, self._level(check), summary, observed=observed, expected=self._expected(expected)
        )

    def failed(
        self,
        check: str,
        subject: str,
        summary: str,
        state: str,
        cause: str,
        cure: Details,
        observed: Details | None = None,
        expected: Details | None = None,
    ) -> Check:
        return self._scope.failed(
            check,
            subject,
            self._level(check),
            summary,
            state=state,
            cause=cause,
            remedy=cure,
            observed=observed,
            expected=self._expected(expected),
        )

    def unknown(self, check: str, subject: str, summary: str, observed: Details | None = None) -> Check:
        return self._scope.unknown(check, subject, self._level(check), summary, observed=observed)

    def idle(
        self,
        check: str,
        subject: str,
        summary: str,
        observed: Details | None = None,
        expected: Details | None = None,
    ) -> Check:
        return self._scope.not_exercised(check, subject, summary, observed=observed, expected=self._expected(expected))
