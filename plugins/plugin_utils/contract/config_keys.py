# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract says about the keys of a configuration. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.globs import is_glob
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import assertions, shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    Problems,
    Shape,
    Wrong,
    below,
    found,
    nearest,
    quote,
    unknown_key,
)

WORDS = ("must_match", "may_differ", "must_differ", "must_be_present", "must_be_absent")
"""How a key is judged: against the reference, against other environments, or by whether it is there."""

TESTS = ("equals", "matches", "min", "max", "one_of", "type")
"""What a value can be held against; the host does it, so that no secret needs to leave it."""

TYPES = ("string", "integer", "number", "boolean", "null", "date", "object", "array")

_RULES = ("rule", *TESTS)
_A_RULE = "expected a rule word, a value, or a map of rules"


class Scalar(Shape):
    """A single value."""

    def describe(self) -> str:
        return "text, number, true, false or null"

    def convert(self, value: t.Any) -> t.Any:
        if isinstance(value, (list, dict)):
            raise Wrong(
                f"expected {self.describe()}, found {found(value)}: name the keys below it, such as a.b or a[0]"
            )
        return value


class Scalars(Shape):
    """Some values, of which one must be there."""

    def describe(self) -> str:
        return "list of values"

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        if not isinstance(value, list) or not value:
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return []
        return [Scalar().read(one, f"{place}[{number}]", problems) for number, one in enumerate(value)]


_SHAPES: dict[str, Shape] = {
    "rule": shapes.Choice(WORDS),
    "equals": Scalar(),
    "matches": shapes.Regex(),
    "min": assertions.AnyNumber(),
    "max": assertions.AnyNumber(),
    "one_of": Scalars(),
    "type": shapes.Choice(TYPES),
}


class Rule(Shape):
    """How one key is judged; read as a map of ``rule`` (null: by its tests alone) and the tests."""

    def describe(self) -> str:
        return f"rule ({', '.join(WORDS)}), value, or map of {', '.join(_RULES)}"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        if isinstance(value, dict):
            return self._map(value, place, problems)
        if isinstance(value, list):
            problems.add(place, f"{_A_RULE}, found {found(value)}: a list has the keys [0], [1] and so on")
            return {}
        if isinstance(value, str) and value.startswith(("must_", "may_")):
            return {"rule": self._word(value, place, problems)}
        return {"rule": None, "equals": value}

    def _word(self, value: str, place: str, problems: Problems) -> str | None:
        if value in WORDS:
            return value
        near = nearest(value, WORDS)
        meant = f'did you mean "{near}"?' if near else f"the rules are {', '.join(WORDS)}."
        problems.add(place, f"no rule is called {quote(value)}, {meant} For a value of that text write {{equals: …}}")
        return None

    def _map(self, value: dict[str, t.Any], place: str, problems: Problems) -> dict[str, t.Any]:
        before = len(problems)
        for name in sorted(set(value) - set(_RULES)):
            problems.add(below(place, name), unknown_key(nearest(name, _RULES), _RULES, "rule"))
        read: dict[str, t.Any] = {"rule": None}
        for name in _RULES:
            # Null is a value that a key can be asked to have; elsewhere it leaves a rule unset.
            if name in value and (name == "equals" or value[name] is not None):
                read[name] = _SHAPES[name].read(value[name], below(place, name), problems)
        if len(problems) == before:
            wrong = _impossible(read)
            if wrong:
                problems.add(place, wrong)
        return read


def _impossible(rule: t.Mapping[str, t.Any]) -> str:
    tests = [name for name in TESTS if name in rule]
    if rule["rule"] is None and not tests:
        return f"names no rule: expected one of {', '.join(_RULES)}"
    if rule["rule"] == "must_be_absent" and tests:
        return f"must_be_absent says that there is no value, so {tests[0]} cannot hold"
    if rule["rule"] == "may_differ" and "equals" in rule:
        return "equals says what it must be, so it may not differ: leave one of the two out"
    if "min" in rule and "max" in rule and rule["min"] > rule["max"]:
        return f"min is above max: {rule['min']} and {rule['max']}"
    return ""


class KeyName(shapes.Text):
    """A key in its one spelling, or a pattern of keys."""

    def describe(self) -> str:
        return "key, such as a.b[0].c, or pattern of keys with * and ?"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if is_glob(text):
            return text
        try:
            path = jsonpath.parse(text)
        except jsonpath.PathError as error:
            raise Wrong(f"expected a {self.describe()}, found {found(text)}: {error}") from None
        if any(isinstance(step, int) and step < 0 for step in path):
            raise Wrong(f"expected a {self.describe()}, found {found(text)}: items are counted from 0")
        return jsonpath.spell(path)


class Keys(Shape):
    """The rules of keys, in the order in which patterns are tried; read as a list of rules with their ``key``."""

    def describe(self) -> str:
        return "map of key, or pattern of keys, to rule"

    def read(self, value: t.Any, place: str, problems: Problems) -> list[dict[str, t.Any]]:
        made: list[dict[str, t.Any]] = []
        known: set[str] = set()
        for name, rule, where in self._listed(value, place, problems):
            key = KeyName().read(name, where, problems)
            if key in known:
                problems.add(where, f"{quote(key)} has a rule already, maybe in another spelling")
            elif key is not None:
                known.add(key)
                made.append({"key": key, **Rule().read(rule, where, problems)})
        return made

    def _listed(self, value: t.Any, place: str, problems: Problems) -> t.Iterator[tuple[t.Any, t.Any, str]]:
        if isinstance(value, dict):
            yield from ((name, rule, below(place, name)) for name, rule in value.items())
            return
        if not isinstance(value, list):
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return
        for number, one in enumerate(value):
            where = f"{place}[{number}]"
            if isinstance(one, dict) and "key" in one:
                yield one["key"], {name: rule for name, rule in one.items() if name != "key"}, where
            else:
                problems.add(where, f"expected a map with key, found {found(one)}; or write keys as a map")
