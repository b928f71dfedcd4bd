# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of the contract: maps, lists, and what they are made of. Private to the collection.

A shape checks a plain value (``plain.plain``), notes every error with its place, and returns the value with its
defaults. Checking what it returned once more changes nothing.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import typing as t

MAX_ERRORS = 20


class ContractError(ValueError):
    """What is wrong with the public variables; ``errors`` has one sentence for each mistake, ``str()`` one a line."""

    def __init__(self, errors: t.Sequence[str]) -> None:
        self.errors = list(errors)
        super().__init__("\n".join(self.errors))


class Problems:
    """Gathers errors, so that all of them can be told at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, place: str, sentence: str) -> None:
        self._found.append(f"{place}: {sentence}")

    def merge(self, errors: t.Iterable[str]) -> None:
        """Add errors that already name their place."""
        self._found += errors

    def raise_any(self) -> None:
        """Raise :class:`ContractError` when there is a problem; the first 20 are told, the others counted."""
        if self._found:
            more = len(self._found) - MAX_ERRORS
            raise ContractError(self._found[:MAX_ERRORS] + ([f"and {more} more"] if more > 0 else []))


class Wrong(ValueError):
    """One value is not what was expected; the message is the sentence."""


class Shape:
    """What a value must look like."""

    NEVER_EMPTY: t.ClassVar[bool] = False
    """Whether it names something, such as a path or an id: a public variable of it is not unset by empty text."""

    def describe(self) -> str:
        """Return the type in a few words, as the documentation shows it."""
        raise NotImplementedError

    def read(self, value: t.Any, place: str, problems: Problems) -> t.Any:
        """Return the value with its defaults; note what is wrong with it."""
        try:
            return self.convert(value)
        except Wrong as wrong:
            problems.add(place, str(wrong))
            return None

    def convert(self, value: t.Any) -> t.Any:
        """Return a simple value in its one form. Raises :class:`Wrong`."""
        raise NotImplementedError

    def inner(self) -> t.Iterator[tuple[str, Key]]:
        """Yield what the documentation lists below this shape: the rest of the place, and the key."""
        return iter(())


REQUIRED: t.Any = object()


@dataclasses.dataclass(frozen=True)
class Key:
    """One key of a map. Its default is ``REQUIRED`` when it has none, ``None`` when it may stay unset.

    ``never_empty`` says of a public variable what ``NEVER_EMPTY`` says of its shape.
    """

    shape: Shape
    default: t.Any
    meaning: str
    never_empty: bool = False


class Map(Shape):
    """A map with known keys. ``check`` looks at the finished map and raises :class:`Wrong`."""

    def __init__(self, keys: t.Mapping[str, Key], check: t.Callable[[dict[str, t.Any]], None] | None = None) -> None:
        self.keys = keys
        self._check = check

    def describe(self) -> str:
        return "map"

    def inner(self) -> t.Iterator[tuple[str, Key]]:
        for name, key in self.keys.items():
            yield f".{name}", key
            for rest, below in key.shape.inner():
                yield f".{name}{rest}", below

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        if not isinstance(value, dict):
            problems.add(place, f"expected a map, found {found(value)}")
            return {}
        before = len(problems)
        unknown = {name: nearest(name, self.keys) for name in value if name not in self.keys}
        for name, near in sorted(unknown.items()):
            problems.add(below(place, name), unknown_key(near, self.keys))
        result = {}
        for name, key in self.keys.items():
            if value.get(name) is not None:
                result[name] = key.shape.read(value[name], below(place, name), problems)
            elif key.default is not REQUIRED:
                result[name] = default_of(key)
            elif name not in unknown.values():
                problems.add(below(place, name), f"is missing: {key.meaning}")
        if self._check and len(problems) == before:
            try:
                self._check(result)
            except Wrong as wrong:
                problems.add(place, str(wrong))
        return result


class ListOf(Shape):
    """A list. ``unique`` names the key that no two of its maps may share; ``split`` takes text with commas as well."""

    def __init__(self, shape: Shape, minimum: int = 0, unique: str = "", split: bool = False) -> None:
        self._shape = shape
        self._minimum = minimum
        self._unique = unique
        self._split = split

    def describe(self) -> str:
        return f"list of {self._shape.describe()}" + (", or text with commas" if self._split else "")

    def inner(self) -> t.Iterator[tuple[str, Key]]:
        return ((f"[]{rest}", key) for rest, key in self._shape.inner())

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        if self._split and isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list):
            hint = f", write [{quote(value)}]" if isinstance(value, str) else ""
            problems.add(place, f"expected a {self.describe()}, found {found(value)}{hint}")
            return []
        if len(value) < self._minimum:
            problems.add(place, f"expected a {self.describe()}, found an empty list")
        result = [self._shape.read(item, f"{place}[{number}]", problems) for number, item in enumerate(value)]
        if self._unique:
            self._find_twins(result, place, problems)
        return result

    def _find_twins(self, items: list[dict[str, t.Any]], place: str, problems: Problems) -> None:
        first: dict[str, int] = {}
        for number, item in enumerate(items):
            name = item.get(self._unique)
            if name is not None and first.setdefault(name, number) != number:
                twin = f"{place}[{first[name]}]"
                problems.add(f"{place}[{number}].{self._unique}", f"{quote(name)} is already the one of {twin}")


class MapOf(Shape):
    """A map whose keys are some of ``names``; the result has them in that order."""

    def __init__(self, names: t.Sequence[str], shape: Shape, what: str) -> None:
        self._names = names
        self._shape = shape
        self._what = what

    def describe(self) -> str:
        return f"map of {self._what} to {self._shape.describe()}"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        if not isinstance(value, dict):
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return {}
        for name in sorted(set(value) - set(self._names)):
            problems.add(below(place, name), unknown_key(nearest(name, self._names), self._names))
        return {
            name: self._shape.read(value[name], below(place, name), problems) for name in self._names if name in value
        }


def default_of(key: Key) -> t.Any:
    """Return a key's default in full: a map that may be left out has the defaults of its keys."""
    if key.default is None:
        return None
    problems = Problems()
    value = key.shape.read(json.loads(json.dumps(key.default)), "default", problems)
    problems.raise_any()
    return value


def is_unset(name: str, key: Key, value: t.Any, problems: Problems) -> bool:
    """Return whether a public variable counts as unset: it is null, or empty text.

    Empty text in the place of a name or a condition is noted as a mistake besides: it is what a shell makes of a
    variable that it does not have, and whoever gives one does not want what happens without it.
    """
    if value is None:
        return True
    if not isinstance(value, str) or value.strip():
        return False
    never = key.never_empty or key.shape.NEVER_EMPTY
    if never:
        default = "" if key.default in (None, []) else f" for the default, {quote(key.default)}"
        problems.add(
            name,
            f"is empty, like a variable of the shell that was never set: give it a value ({key.shape.describe()}), or "
            f"leave {name} out{default}",
        )
    return value == "" or never


def nearest(name: str, known: t.Iterable[str]) -> str | None:
    """Return the known name that was probably meant."""
    return next(iter(difflib.get_close_matches(name, list(known), 1, 0.6)), None)


def unknown_key(near: str | None, known: t.Iterable[str], noun: str = "key") -> str:
    """Return the sentence about a key that nobody knows."""
    meant = f', did you mean "{near}"?' if near else "."
    return f"unknown {noun}{meant} Known {noun}s: {', '.join(sorted(known))}"


def below(place: str, name: str) -> str:
    """Return the place of a key in a map."""
    return f"{place}.{name}" if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name) else f"{place}[{quote(name)}]"


def quote(value: t.Any) -> str:
    """Return a value on one line, in printable ASCII, cut to 60 characters."""
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:60] + "..."


def found(value: t.Any) -> str:
    """Return what was found in the words of the person who wrote it."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"{quote(value)} (YAML reads unquoted yes, no, on and off as true and false: quote text)"
    if isinstance(value, (int, float)):
        return f"the number {quote(value)} (YAML reads unquoted 0644, 22:22 and 1.10 as numbers: quote text)"
    kind = "text" if isinstance(value, str) else "list" if isinstance(value, list) else "map"
    return f"the {kind} {quote(value)}"
