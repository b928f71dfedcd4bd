# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges one configuration: whether it can be read and compared, its keys, and what runs with it. Private to the
collection.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import config_remedies as cures
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import config_rules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_compared import Comparison
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_found import Found
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_keys import Rules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_readers import readers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_rules import KeyRules, Result, Sides
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_words import both, names
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED, number, reference_name

DEFAULTS = {
    **dict.fromkeys(("file", "value", "present", "absent", "must_differ", "running"), "high"),
    **dict.fromkeys(("reference", "duplicate", "placeholder"), "medium"),
    "unclassified": "low",
}
"""The severity of each check; those across environments are in ``config_across``."""

_GONE = remedy("fix_setting", "Put the file in its place, or correct the path in the contract.")


class FileRules:
    """The rules of one entry. When it is judged, ``expected`` are the differences that may be."""

    def __init__(self, scope: Scope, entry: Details, one: Details) -> None:
        self._scope = scope
        self._entry = entry
        self._one = one
        self._name = entry["name"]
        self._host = scope.context.host
        self._where = f"{entry['name']} on {self._host}"
        self._rules = Rules(entry)
        about = {one["kind"]: one["source"]}
        self._wanted = entry["reference"] is not False and self._rules.has("must_match", "must_differ", "may_differ")
        self._make = Graded(scope, entry.get("severity"), DEFAULTS, about)
        self._theirs = one["reference"] if (one["reference"] or {}).get("outcome") == "ok" else None
        self._counts: collections.Counter[str] = collections.Counter()
        self.expected: list[dict[str, t.Any]] = []

    def judge(self) -> list[Check]:
        """Return the checks of the entry."""
        if self._one["outcome"] == "missing":
            return [self._missing()]
        if self._one["outcome"] != "ok":
            return self._unreadable()
        said = f"{self._where} can be read: {number(len(self._one['keys']) + self._one['cut'], 'key')}"
        checks = [self._make.passed("file", self._name, said, {"format": self._one["format"]})]
        hidden = self._hidden()
        if hidden and self._same_bytes() and self._wholly_compared():
            return [self._equal(), *self._doubles(), *readers(self._make, self._one, self._host)]
        if hidden:
            summary = f"Not all of {self._where} is known: {hidden}"
            checks.append(self._make.unknown("file", f"{self._name}:*", summary))
        checks += self._keys()
        checks += self._doubles()
        return [*checks, *readers(self._make, self._one, self._host)]

    def cell(self) -> str:
        """Return what the matrix says of the file when no check says more."""
        reference = self._one["reference"]
        context = self._scope.context
        at_best = "expected" if self.expected else "in_sync"
        if self._entry["reference"] is False or not self._rules.has("must_match") or self._one["outcome"] == "missing":
            return at_best
        if context.reference is not None and not context.comparable:
            return "unknown"
        return at_best if reference is not None and reference["outcome"] != "missing" else "not_asked"

    def fact(self) -> dict[str, t.Any]:
        """Return what the report shows of the file."""
        one = self._one
        told = {key: one[key] for key in ("name", "kind", "source", "format", "outcome", "reason", "secret", "mtime")}
        secret = sum(key["secret"] for key in one["keys"])
        counted = {
            "held": self._counts["pass"],
            "failed": self._counts["fail"],
            **{name: self._counts[name] for name in ("expected", "hidden", "unclassified")},
        }
        told |= {"keys": len(one["keys"]) + one["cut"], "secrets": secret}
        return {
            **told,
            "asked": self._wanted,
            "compared": self._theirs is not None,
            "equal": self._same_bytes(),
            **counted,
        }

    def _missing(self) -> Check:
        kind = self._one["kind"]
        summary = f"There is no {self._where}: {self._one['reason']}"
        cause = "missing_file" if kind == "path" else "not_running"
        if self._entry["required"]:
            return self._make.failed("file", self._name, summary, "missing", cause, _GONE)
        summary += " (it is not required)"
        return self._scope.failed("file", self._name, "info", summary, state="missing", cause=cause, remedy=_GONE)

    def _unreadable(self) -> list[Check]:
        """Return the checks of a file whose keys are not known. That it is the reference's, to the byte, still is."""
        alike, reason = self._same_bytes(), self._one["reason"]
        if not alike:
            summary = f"The keys of {self._where} are not known: {reason}"
            if alike is False:
                summary += f"; its content is not that of {self._reference()}"
            return [self._make.unknown("file", self._name, summary)]
        checks = [self._equal()]
        if not self._wholly_compared():
            summary = f"The keys of {self._where} are not known, and have rules: {reason}"
            checks.append(self._make.unknown("value", self._name, summary))
        return checks

    def _same_bytes(self) -> bool | None:
        """Return whether the whole file is the reference's; None when that was not compared."""
        ours, theirs = self._one["digest"], (self._one["reference"] or {}).get("digest")
        return None if ours is None or theirs is None else ours == theirs

    def _wholly_compared(self) -> bool:
        """Return whether all that is asked of the file is to be as in the reference."""
        return not self._entry["keys"] and self._rules.default is not None and self._rules.default.word == "must_match"

    def _equal(self) -> Check:
        return self._make.passed(
            "file", self._name, f"{self._where} equals the file of {self._reference()} to the byte"
        )

    def _hidden(self) -> str:
        """Return why a key that is not told of may be there all the same, or nothing."""
        told = len(self._one["keys"])
        if self._one["cut"]:
            return f"it has {told + self._one['cut']} keys, of which {told} are told"
        return str(self._one["partial"])

    def _reference(self) -> str:
        reference = self._one["reference"]
        name = reference_name(self._scope.context.reference)
        return f"{reference['path']} of {name}" if isinstance(self._entry["reference"], str) else name

    def _keys(self) -> list[Check]:
        ours = {key["key"]: key for key in self._one["keys"]}
        theirs = {key["key"]: key for key in (self._theirs or {"keys": ()})["keys"]}
        sides = Sides(
            entry=self._entry,
            where=self._where,
            reference=self._reference() if self._theirs is not None else None,
            whole=not self._hidden(),
            reference_whole=self._theirs is None or not (self._theirs["cut"] or self._theirs["partial"]),
            translated=frozenset((self._theirs or {"translated": ()})["translated"]),
        )
        named = {rule.pattern for rule in self._rules.all if rule.exact}
        found = Found(self._make, self._name)
        unclassified: list[tuple[str, bool]] = []
        for key in sorted(ours.keys() | theirs.keys() | named):
            rule = self._rules.of(key)
            mine, other = ours.get(key), theirs.get(key)
            results: list[Result] = []
            if rule is not None:
                results = KeyRules(sides, key, rule, mine, other).judge()
                found.add(key, rule, results)
            for result in results:
                self._count(key, result, mine, other)
            if mine is not None and all(result.outcome != "fail" for result in results):
                found.unfilled(key, config_rules.unfilled_secret(key, rule, mine), mine, self._where)
            if rule is None:
                unclassified.append((key, sides.apart(mine, other)))
        return [
            *found.checks(self._where),
            *self._unmatched(found),
            *self._compared(found),
            *self._unjudged(unclassified),
        ]

    def _count(self, key: str, result: Result, ours: Details | None, theirs: Details | None) -> None:
        if result.outcome == "expected":
            here, there = both(ours, theirs)
            self.expected.append({"name": self._name, "key": key, "here": here, "there": there})
        self._counts[result.outcome] += 1

    def _compared(self, found: Found) -> list[Check]:
        context = self._scope.context
        if context.reference is None or not context.comparable or not self._wanted:
            return []
        # What must differ is held against other environments as well, and says itself when there is none.
        matching = [key for key in found.not_asked if (rule := self._rules.of(key)) and rule.word == "must_match"]
        sides = Comparison(self._make, self._entry, self._one, self._where, self._reference())
        return [sides.check(str(context.reference["kind"]), found, matching)]

    def _unmatched(self, found: Found) -> list[Check]:
        """Return a check for each rule that no key has: nothing was held against it."""
        checks = []
        for rule in self._rules.all:
            if rule.pattern in found.used or rule.word in ("may_differ", "must_be_absent"):
                continue
            if rule.exact and rule.word != "must_match":
                continue
            if rule.word == "must_match" and self._theirs is None:
                continue
            subject = f"{self._name}:{rule.pattern}"
            if rule.exact:
                summary = f"{rule.pattern} is neither in {self._where} nor in {self._reference()}"
                checks.append(self._make.not_exercised("value", subject, summary))
            elif rule.word == "must_be_present" and not self._hidden():
                summary = f"No key of {self._where} is called {rule.pattern}, and one must be there"
                cure = cures.BY_CAUSE["missing_key"]
                checks.append(self._make.failed("present", subject, summary, "missing", "missing_key", cure))
            else:
                summary = f"No key of {self._where} is called {rule.pattern}, so nothing was held against its rule"
                checks.append(self._make.not_exercised("value", subject, summary))
        return checks

    def _unjudged(self, keys: t.Sequence[tuple[str, bool]]) -> list[Check]:
        self._counts["unclassified"] = len(keys)
        if not keys:
            return []
        apart = [key for key, differs in keys if differs]
        have = "has" if len(keys) == 1 else "have"
        summary = f"{number(len(keys), 'key')} of {self._where} {have} no rule: {names(key for key, _apart in keys)}"
        if apart:
            summary += f"; not as in {self._reference()}: {names(apart)}"
        observed = {"keys": sorted(key for key, _apart in keys)[:LISTED], "total": len(keys)}
        return [
            self._make.failed(
                "unclassified", self._name, summary, "unexpected", "unclassified_keys", cures.DECLARE, observed
            )
        ]

    def _doubles(self) -> list[Check]:
        checks = []
        for one in self._one["duplicates"][:LISTED]:
            lines = ", ".join(map(str, one["lines"]))
            summary = f"{one['key']} stands in {self._where} more than once: lines {lines}"
            subject = f"{self._name}:{one['key']}"
            observed = {"lines": one["lines"]}
            checks.append(
                self._make.failed("duplicate", subject, summary, "unexpected", "duplicate_key", cures.DOUBLE, observed)
            )
        if len(self._one["duplicates"]) > LISTED:
            summary = f"{len(self._one['duplicates']) - LISTED} more keys stand in {self._where} more than once"
            checks.append(
                self._make.failed("duplicate", self._name, summary, "unexpected", "duplicate_key", cures.DOUBLE)
            )
        return checks
