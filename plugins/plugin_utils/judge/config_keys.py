# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rule of a contract a key of a configuration has. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.globs import glob, is_glob
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.config_keys import TESTS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details


class Rule(t.NamedTuple):
    """A rule, and the key or pattern that it was written for.

    ``word`` is None where only the tests count; ``number`` is its place in the contract, None for the default.
    """

    pattern: str
    word: str | None
    exact: bool
    number: int | None
    asked: Details

    @property
    def tests(self) -> list[str]:
        """The ids of its tests, as the host was asked them."""
        return [f"{self.number}.{name}" for name in TESTS if name in self.asked]


class Rules:
    """The rules of one entry of the contract: an exact key before patterns, these in their order, the default last."""

    def __init__(self, entry: Details) -> None:
        made = [
            Rule(rule["key"], rule["rule"], not is_glob(rule["key"]), number, rule)
            for number, rule in enumerate(entry["keys"])
        ]
        self.all = made
        self._exact = {rule.pattern: rule for rule in made if rule.exact}
        self._globs = [(glob(rule.pattern), rule) for rule in made if not rule.exact]
        word = entry["default"]
        self.default = Rule("", word, False, None, {"rule": word}) if word is not None else None

    def of(self, key: str) -> Rule | None:
        """Return the rule of a key; None when the contract does not classify it."""
        exact = self._exact.get(key)
        if exact is not None:
            return exact
        return next((rule for pattern, rule in self._globs if pattern.fullmatch(key)), self.default)

    def has(self, *words: str | None) -> bool:
        """Return whether any key can have one of these rules."""
        return any(rule.word in words for rule in (*self.all, *([self.default] if self.default else [])))
