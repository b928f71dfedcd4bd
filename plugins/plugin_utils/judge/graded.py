# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes checks whose severity follows from their name: the contract's, else the section's own. Private to the
collection.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope

Severities = t.Mapping[str, str]


class Graded:
    """The checks of one scope. ``about`` stands in what each of them expects."""

    def __init__(
        self, scope: Scope, given: Severities | None, defaults: Severities, about: Details | None = None
    ) -> None:
        self._scope = scope
        self._given = given or {}
        self._defaults = defaults
        self._about = about or {}

    def level(self, check: str) -> str:
        """Return the severity of a check."""
        return self._given.get(check) or self._defaults[check]

    def passed(
        self,
        check: str,
        subject: str,
        summary: str,
        observed: Details | None = None,
        expected: Details | None = None,
    ) -> Check:
        return self._scope.passed(
            check, subject, self.level(check), summary, observed=observed, expected=self._expected(expected)
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
            self.level(check),
            summary,
            state=state,
            cause=cause,
            remedy=cure,
            observed=observed,
            expected=self._expected(expected),
        )

    def unknown(self, check: str, subject: str, summary: str, observed: Details | None = None) -> Check:
        return self._scope.unknown(check, subject, self.level(check), summary, observed=observed)

    def not_exercised(
        self,
        check: str,
        subject: str,
        summary: str,
        observed: Details | None = None,
        expected: Details | None = None,
    ) -> Check:
        return self._scope.not_exercised(check, subject, summary, observed=observed, expected=self._expected(expected))

    def _expected(self, expected: Details | None) -> Details:
        return {**self._about, **(expected or {})}
