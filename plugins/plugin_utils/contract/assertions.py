# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract can say about the content of an answer, of an endpoint or of a command. Private to the collection."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.shown import names_secret
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    Key,
    Problems,
    Shape,
    Wrong,
    below,
    found,
    nearest,
    quote,
    unknown_key,
)

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
RULES = ("equals", "min", "max", "one_of", "matches", "exists", "type")


class JsonPath(shapes.Text):
    """A place in a JSON document."""

    def describe(self) -> str:
        return "path in JSON, such as a.b[0].c"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        try:
            return jsonpath.spell(jsonpath.parse(text))
        except jsonpath.PathError as error:
            raise Wrong(f"expected a {self.describe()}, found {found(text)}: {error}") from None


class ByPath(Shape):
    """A map whose keys are paths."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def describe(self) -> str:
        return f"map of path in JSON to {self._shape.describe()}"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        if not isinstance(value, dict):
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return {}
        result: dict[str, t.Any] = {}
        for name, one in value.items():
            path = JsonPath().read(name, below(place, name), problems)
            if path in result:
                problems.add(below(place, name), "is another spelling of a path that is already here")
            elif path is not None:
                result[path] = self._shape.read(one, below(place, name), problems)
        return result


class Rules(Shape):
    """A value that must be there, or a map of rules; read as a map of rules."""

    def describe(self) -> str:
        return f"value, or map of {', '.join(RULES)}"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        if not isinstance(value, dict):
            return {"equals": value}
        before = len(problems)
        for name in sorted(set(value) - set(RULES)):
            hint = "; write {equals: …} to compare with a map"
            problems.add(below(place, name), unknown_key(nearest(name, RULES), RULES, "rule") + hint)
        read = {
            name: value[name] if name == "equals" else _RULES[name].read(value[name], below(place, name), problems)
            for name in RULES
            if name in value
        }
        if len(problems) == before:
            wrong = _impossible(read)
            if wrong:
                problems.add(place, wrong)
        return read


def _impossible(rules: t.Mapping[str, t.Any]) -> str:
    if not rules:
        return f"names no rule: expected one of {', '.join(RULES)}"
    if rules.get("exists") is False and len(rules) > 1:
        return "exists: false says that there is no value, so no other rule can hold"
    if "min" in rules and "max" in rules and rules["min"] > rules["max"]:
        return "min is above max"
    return ""


class AnyNumber(Shape):
    """A number."""

    def describe(self) -> str:
        return "number"

    def convert(self, value: t.Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise Wrong(f"expected a {self.describe()}, found {found(value)}")
        return value


class Values(Shape):
    """Some values, of which one must be there."""

    def describe(self) -> str:
        return "list of values"

    def convert(self, value: t.Any) -> list[t.Any]:
        if not isinstance(value, list) or not value:
            raise Wrong(f"expected a {self.describe()}, found {found(value)}")
        return value


_RULES: dict[str, Shape] = {
    "min": AnyNumber(),
    "max": AnyNumber(),
    "one_of": Values(),
    "matches": shapes.Regex(),
    "exists": shapes.Boolean(),
    "type": shapes.Choice(TYPES),
}

_TELLING = ("equals", "one_of", "matches")


def stored_rules(rules: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the rules of a JSON text as a run folder may hold them: the value of a secret is not told."""
    return {path: _hidden(one) if names_secret(jsonpath.parse(path)) else one for path, one in rules.items()}


def _hidden(rules: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {rule: MARK if rule in _TELLING else value for rule, value in rules.items()}


_TEXTS = shapes.OneOrMore(shapes.Text(lines=True))


def content_keys(answer: str) -> dict[str, Key]:
    """Return the keys that entries of both sections have; ``answer`` is what the text is called."""
    return {
        "contains": Key(_TEXTS, [], f"what must stand in its {answer}"),
        "not_contains": Key(_TEXTS, [], f"what must not stand in its {answer}, such as `not implemented`"),
        "matches": Key(
            shapes.OneOrMore(shapes.Regex()), [], f"what must be found in its {answer}; `^` and `$` are those of a line"
        ),
        "json": Key(ByPath(Rules()), {}, f"what its {answer}, read as JSON, must hold: path to value, or to rules"),
    }


class OneOrMoreNumbers(Shape):
    """A whole number, or a list of them."""

    def __init__(self, minimum: int, maximum: int) -> None:
        self._one = shapes.Integer(minimum, maximum)

    def describe(self) -> str:
        return f"{self._one.describe()}, or list of them"

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        values = value if isinstance(value, list) else [value]
        if not values:
            problems.add(place, f"expected a {self.describe()}, found an empty list")
        return [
            self._one.read(one, f"{place}[{number}]" if isinstance(value, list) else place, problems)
            for number, one in enumerate(values)
        ]


def twins(entries: t.Sequence[t.Mapping[str, t.Any]], place: str, problems: Problems) -> None:
    """Note entries that have one name."""
    first: dict[str, int] = {}
    for number, entry in enumerate(entries):
        name = entry.get("name")
        if isinstance(name, str) and first.setdefault(name, number) != number:
            problems.add(
                f"{place}[{number}]",
                f"{quote(name)} is already the name of {place}[{first[name]}]: give it a name of its own",
            )
