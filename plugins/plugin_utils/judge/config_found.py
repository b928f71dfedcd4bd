# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found about the keys of one configuration, in a bounded number of checks. Private to the collection."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import config_remedies as cures
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_keys import Rule
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_rules import Result
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_words import names
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

FINDINGS = 50
"""How many keys of a file have a finding of their own; the rest is one finding with their number."""


class Found:
    """Gathers the results of a file's keys: a check for each finding and for each key that the contract names, one for
    all keys of a pattern that hold.
    """

    def __init__(self, make: Graded, name: str) -> None:
        self._make = make
        self._name = name
        self._checks: list[Check] = []
        self._held: collections.Counter[tuple[str, str]] = collections.Counter()
        self._failed: list[str] = []
        self.used: set[str] = set()
        self.hidden: list[str] = []
        self.not_asked: list[str] = []

    def add(self, key: str, rule: Rule, results: t.Iterable[Result]) -> None:
        """Take note of what a rule says of a key."""
        subject = f"{self._name}:{key}"
        for result in results:
            if result.outcome in ("hidden", "not_asked"):
                {"hidden": self.hidden, "not_asked": self.not_asked}[result.outcome].append(key)
            if result.outcome != "not_asked":
                self.used.add(rule.pattern)
            said = _sentence(result.said)
            if result.outcome == "fail":
                self._fail(key, result)
            elif result.outcome == "unknown" and rule.exact:
                self._checks.append(self._make.unknown(result.check, subject, said))
            elif result.outcome == "pass" and rule.exact:
                self._checks.append(self._make.passed(result.check, subject, said, expected=result.expected))
            elif result.outcome == "pass":
                self._held[(result.check, rule.pattern)] += 1

    def unfilled(self, key: str, cause: str, ours: Details, where: str) -> None:
        """Take note of a secret that is none yet."""
        if cause:
            what = "is empty" if cause == "empty_value" else "still has a placeholder for its value"
            line = f" (line {ours['line']})" if ours["line"] is not None else ""
            said = f"{key} of {where} {what}{line}"
            self._fail(key, Result("placeholder", "fail", said, "failed", cause))

    def checks(self, where: str) -> list[Check]:
        """Return what was found. ``where`` is the file and its host."""
        made = list(self._checks)
        for (check, pattern), count in sorted(self._held.items()):
            subject = f"{self._name}:{pattern}" if pattern else self._name
            rule = f"the rule of {pattern}" if pattern else "the rule for all others"
            summary = f"{where} has {number(count, 'key')} that {'holds' if count == 1 else 'hold'} {rule}"
            made.append(self._make.passed(check, subject, summary, {"keys": count}))
        more = self._failed[FINDINGS:]
        if more:
            summary = f"{len(more)} more keys of {where} are not as they should be: {names(more)}"
            cure = cures.BY_CAUSE["value_differs"]
            # Of the file: a key can be called anything, and two findings of one subject would be one.
            made.append(
                self._make.failed("value", self._name, summary, "differs", "value_differs", cure, {"total": len(more)})
            )
        return made

    def _fail(self, key: str, result: Result) -> None:
        self._failed.append(key)
        if len(self._failed) <= FINDINGS:
            cure = result.cure or cures.BY_CAUSE[result.cause]
            self._checks.append(
                self._make.failed(
                    result.check,
                    f"{self._name}:{key}",
                    _sentence(result.said),
                    result.state,
                    result.cause,
                    cure,
                    result.observed,
                    result.expected,
                )
            )


def _sentence(text: str) -> str:
    """Return a sentence as it begins a line. Keys keep their spelling."""
    return f"W{text[1:]}" if text.startswith("whether ") else text
