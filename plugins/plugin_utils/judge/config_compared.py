# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a configuration could be compared with its reference, and why not. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import config_remedies as cures
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_found import Found
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_words import names
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, number


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One configuration of a host and what the reference has of it; ``reference`` is the name of the latter."""

    make: Graded
    entry: Details
    one: Details
    where: str
    reference: str

    def check(self, kind: str, found: Found, matching: t.Sequence[str]) -> Check:
        """Return the one check, whatever number of keys it concerns.

        ``kind`` is that of the reference; ``matching`` are keys that must match, and were not compared.
        """
        theirs = self.one["reference"]
        if theirs is None or theirs["outcome"] != "ok":
            reason = theirs["reason"] if theirs is not None else "it does not have it"
            named = isinstance(self.entry["reference"], str)
            if named or (theirs is not None and theirs["outcome"] == "unknown"):
                return self._unknown(f"cannot be compared with {self.reference}: {reason}", found.not_asked)
            return self._absent(kind, reason, matching)
        if found.hidden:
            return self._unknown(
                f"cannot be compared with {self.reference}: it does not show what they have there", found.hidden
            )
        return self.make.passed("reference", self._name, f"{self.where} was compared with {self.reference}")

    def _absent(self, kind: str, reason: str, matching: t.Sequence[str]) -> Check:
        """Return what is said of a file that the reference does not have. A commit need not have it, as it has no
        ``.env``; a host that has the entry in its contract, or had it when its baseline was saved, lacks it.
        """
        if not matching:
            return self.make.passed("reference", self._name, f"Nothing of {self.where} must be as in {self.reference}")
        if kind != "git" and self.one["kind"] == "path":
            summary = f"{self.where} is not there on {self.reference}: {reason}"
            cure = cures.BY_CAUSE["only_on_host"]
            return self.make.failed("reference", self._name, summary, "unexpected", "only_on_host", cure)
        summary = f"{_keys_of(matching)} of {self.where} not compared with {self.reference}: {reason}"
        return self.make.not_exercised("reference", self._name, summary)

    def _unknown(self, why: str, keys: t.Sequence[str]) -> Check:
        whose = f"{_keys_of(keys)} of {self.where}" if keys else self.where
        observed = {"keys": sorted(set(keys))[:LISTED]}
        return self.make.unknown("reference", self._name, f"{whose} {why}", observed)

    @property
    def _name(self) -> str:
        return str(self.entry["name"])


def _keys_of(keys: t.Sequence[str]) -> str:
    listed = sorted(set(keys))
    return f"{number(len(listed), 'key')} ({names(listed)})"
