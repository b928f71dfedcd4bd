# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for one key of a configuration. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.configs import names_secret_key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import config_remedies as cures
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import config_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_keys import Rule

CHECKS = {"must_differ": "must_differ", "must_be_present": "present", "must_be_absent": "absent"}
"""The check of each rule word; of all others it is ``value``."""

_RANGES = ("min", "max")


@dataclasses.dataclass(frozen=True)
class Sides:
    """Whose keys are compared. ``reference`` is the name of the other side, None when there is none for this file.

    ``whole`` and ``reference_whole`` say whether a key that is not told of is not there. ``translated`` are the keys
    whose value in the reference has another spelling there.
    """

    entry: Details
    where: str
    reference: str | None
    whole: bool = True
    reference_whole: bool = True
    translated: t.Collection[str] = ()

    def apart(self, ours: Details | None, theirs: Details | None) -> bool:
        """Return whether a key of one side is known not to be the same on the other."""
        if self.reference is None:
            return False
        if ours is None or theirs is None:
            return self.whole if ours is None else self.reference_whole
        return same(ours, theirs) is False


@dataclasses.dataclass(frozen=True)
class Result:
    """What one rule says of one key.

    ``outcome`` is ``pass fail unknown``, ``expected`` (differs as it may), ``hidden`` (a side does not show its value),
    or ``not_asked`` (there is nothing to compare with). ``cure`` stands in the place of that of its cause.
    """

    check: str
    outcome: str
    said: str = ""
    state: str = "differs"
    cause: str = "value_differs"
    expected: Details = dataclasses.field(default_factory=dict)
    observed: Details = dataclasses.field(default_factory=dict)
    cure: Details | None = None


class KeyRules:
    """Judges one key by its rule. ``ours`` and ``theirs`` are None where a side does not have it."""

    def __init__(self, sides: Sides, key: str, rule: Rule, ours: Details | None, theirs: Details | None) -> None:
        self._sides = sides
        self._key = key
        self._rule = rule
        self._ours = ours
        self._theirs = theirs
        self._check = CHECKS.get(rule.word or "", "value")
        self._name = f"{key} of {sides.where}"

    def judge(self) -> list[Result]:
        """Return what its rule word says, and then what its tests say. What is missing is told once."""
        if self._ours is None and not self._sides.whole and self._rule.word != "may_differ":
            return [Result(self._check, "unknown", f"whether {self._key} is in {self._sides.where} is not known")]
        by_word: dict[str | None, t.Callable[[], Result | None]] = {
            "must_match": self._must_match,
            "may_differ": self._may_differ,
            "must_differ": self._must_differ,
            "must_be_present": self._must_be_present,
            "must_be_absent": self._must_be_absent,
        }
        judged = by_word[self._rule.word]() if self._rule.word else None
        results = [judged] if judged is not None else []
        told = any(result.outcome == "fail" for result in results)
        if not self._rule.tests or told or (self._ours is None and self._rule.word == "may_differ"):
            return results
        return [*results, self._tests()]

    def _must_be_absent(self) -> Result:
        if self._ours is None:
            return self._passed(f"{self._key} is not in {self._sides.where}")
        here = words.said(self._ours)
        said = f"{self._name} must not be there{self._line()}"
        said += f", and is {here}" if here != words.HIDDEN else ""
        return self._failed(said, "unexpected", "forbidden_key")

    def _must_be_present(self) -> Result:
        return self._unfilled() or self._passed(f"{self._name} is there and has a value")

    def _must_differ(self) -> Result:
        unfilled = self._unfilled()
        if unfilled is not None or self._ours is None:
            return unfilled or Result(self._check, "not_asked")
        reference = self._sides.reference
        if reference is None:
            return Result(self._check, "not_asked")
        if self._theirs is None:
            if not self._sides.reference_whole:
                return Result(self._check, "hidden")
            return self._passed(f"{self._name} is there; {reference} does not have it")
        alike = same(self._ours, self._theirs)
        if alike is None:
            return Result(self._check, "hidden")
        if not alike:
            return self._passed(f"{self._name} differs from that of {reference}, as it must")
        said = f"{self._name} must differ from that of {reference}, and is the same{self._line()}"
        return self._failed(said, "differs", "same_value", {"value": "another than the reference's"}, "the same")

    def _must_match(self) -> Result:
        reference = self._sides.reference
        if reference is None:
            return Result(self._check, "not_asked")
        if self._ours is None and self._theirs is None:
            return Result(self._check, "not_asked")
        if self._theirs is None and not self._sides.reference_whole:
            return Result(self._check, "hidden")
        here, there = words.both(self._ours, self._theirs)
        if self._ours is None:
            said = f"{self._key} is not in {self._sides.where}; {reference} has {there}{self._spelling()}"
            return self._failed(said, "missing", "missing_key", {"value": there})
        if self._theirs is None:
            said = f"{self._name} is {here}{self._line()}; {reference} does not have this key"
            return self._failed(said, "unexpected", "only_on_host", {"value": "nothing"})
        alike = same(self._ours, self._theirs)
        if alike is None:
            return Result(self._check, "hidden")
        if alike:
            return self._passed(f"{self._name} is as in {reference}")
        said = f"{self._name} is {here}{self._line()}, {reference} has {there}{self._spelling()}"
        if here == there and here != words.HIDDEN:
            said = f"{self._name} is {here}{self._line()}, as in {reference}, and differs in what is not shown"
            here, there = "another value", "the reference's value"
        elif here == there:
            said = f"{self._name} has another value than {reference}{self._line()}; neither is shown"
            here, there = "another value", "the reference's value"
        return self._failed(said, "differs", "value_differs", {"value": there}, here)

    def _may_differ(self) -> Result | None:
        if self._sides.reference is None or (self._ours is None and self._theirs is None):
            return None
        if self._ours is not None and self._theirs is not None and same(self._ours, self._theirs) is not False:
            return None
        here, there = words.both(self._ours, self._theirs)
        return Result("value", "expected", expected={"value": there}, observed={"value": here})

    def _unfilled(self) -> Result | None:
        """Return what is wrong with a key that must have a value of its own, whatever that is."""
        if self._ours is None:
            return self._failed(f"{self._key} is not in {self._sides.where}", "missing", "missing_key")
        if self._ours["empty"]:
            return self._failed(f"{self._name} is empty{self._line()}", "failed", "empty_value")
        if self._ours["placeholder"]:
            return self._failed(
                f"{self._name} still has a placeholder for its value{self._line()}", "failed", "placeholder"
            )
        return None

    def _tests(self) -> Result:
        asked = words.wanted(self._sides.entry, self._rule.asked)
        must = words.in_words(asked)
        ours = self._ours
        if ours is None:
            said = f"{self._key} is not in {self._sides.where}; it must be there and {must}"
            return dataclasses.replace(self._failed(said, "missing", "missing_key"), check="value")
        results = {number: ours["tests"].get(number) for number in self._rule.tests}
        broken = [number.partition(".")[2] for number, holds in results.items() if holds is False]
        if broken:
            said = f"{self._name} is {words.said(ours)}{self._line()}; it must {must}"
            cause = "out_of_range" if set(broken) <= set(_RANGES) else "value_differs"
            cause = "wrong_type" if broken == ["type"] else cause
            return dataclasses.replace(self._failed(said, "differs", cause), check="value", cure=cures.ALLOWED)
        if None in results.values():
            said = f"whether {self._name} holds its rule (it must {must}) is not known: the host could not test it"
            return Result("value", "unknown", said)
        return Result("value", "pass", f"{self._name} holds its rule: it must {must}", expected=asked)

    def _spelling(self) -> str:
        return " (in the spelling of this environment)" if self._key in self._sides.translated else ""

    def _line(self) -> str:
        return f" (line {self._ours['line']})" if self._ours is not None and self._ours["line"] is not None else ""

    def _passed(self, said: str) -> Result:
        return Result(self._check, "pass", said)

    def _failed(
        self, said: str, state: str, cause: str, expected: Details | None = None, here: str | None = None
    ) -> Result:
        ours = self._ours
        observed = {"value": here if here is not None else words.said(ours)}
        if ours is not None and ours["line"] is not None:
            observed["line"] = ours["line"]
        asked = words.wanted(self._sides.entry, self._rule.asked)
        return Result(self._check, "fail", said, state, cause, {**asked, **(expected or {})}, observed)


def unfilled_secret(key: str, rule: Rule | None, ours: Details) -> str:
    """Return the cause why a secret is none yet, or nothing. What its rule says already is not said again."""
    word = rule.word if rule else None
    if word in ("must_be_present", "must_differ", "must_be_absent") or (rule and "equals" in rule.asked):
        return ""
    if ours["placeholder"] and ours["secret"]:
        return "placeholder"
    # Empty as in the reference is as declared.
    judged = word == "must_match" or (rule is not None and rule.tests)
    return "empty_value" if ours["empty"] and names_secret_key(key) and not judged else ""


def same(ours: Details, theirs: Details) -> bool | None:
    """Return whether two keys have one value; None when a side does not show it."""
    if ours["digest"] is not None and theirs["digest"] is not None:
        return bool(ours["digest"] == theirs["digest"])
    if ours["empty"] != theirs["empty"]:
        return False
    if not ours["empty"]:
        return None
    # An empty map is no empty text, and a null is one.
    kinds = {one["type"] if one["type"] in ("object", "array") else "" for one in (ours, theirs)}
    return len(kinds) == 1
