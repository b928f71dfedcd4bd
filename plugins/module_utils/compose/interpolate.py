# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables in the values of Compose files and ``.env`` files. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Assumed, Unsupported, assumed_in
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.composer import Tagged, Word
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.resolve import Timestamp

_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_MAX_DEPTH = 16
# Names, dates, and what has been replaced already.
_NO_PLAIN_TEXT = (Word, Timestamp, Assumed)
_MAX_LENGTH = 1 << 20

Variables = t.Mapping[str, str]


def interpolate(said: str, variables: Variables) -> str:
    """Return text with its variables replaced; an :class:`Assumed` when it depends on one without a value.

    Raises Unsupported when it is no template of Compose.
    """
    if "$" not in said:
        return said
    return _marked(*_Template(said, variables).read())


def interpolate_all(value: t.Any, variables: Variables, budget: list[int] | None = None) -> t.Any:
    """Return a value of a file with the variables in all of its text replaced; names of maps stay.

    ``budget`` is how many characters may come out of it.
    """
    budget = [8 * _MAX_LENGTH] if budget is None else budget
    if isinstance(value, str) and not isinstance(value, _NO_PLAIN_TEXT):
        made = interpolate(value, variables)
        budget[0] -= len(made)
        if budget[0] < 0:
            raise Unsupported("more text than is read here, with the values of its variables")
        return made
    if isinstance(value, dict):
        return {name: interpolate_all(one, variables, budget) for name, one in value.items()}
    if isinstance(value, list):
        return [interpolate_all(one, variables, budget) for one in value]
    if isinstance(value, Tagged):
        return Tagged(value.tag, interpolate_all(value.value, variables, budget))
    return value


def _marked(said: str, names: t.Iterable[str]) -> str:
    unset = tuple(sorted(set(names)))
    if not unset:
        return said
    made = Assumed(said)
    made.names = unset
    return made


class _Template:
    """One text that is read from left to right."""

    def __init__(self, said: str, variables: Variables) -> None:
        self._said = said
        self._variables = variables
        self._at = 0

    def read(self, depth: int = 0) -> tuple[str, list[str]]:
        """Return the text up to its end, or within braces up to the closing one, and the variables without a value."""
        if depth > _MAX_DEPTH:
            raise Unsupported(f"variables nested deeper than {_MAX_DEPTH} levels")
        made: list[str] = []
        unset: list[str] = []
        while self._at < len(self._said):
            letter = self._said[self._at]
            if letter == "}" and depth:
                break
            self._at += 1
            if letter != "$":
                made.append(letter)
                continue
            following = self._said[self._at : self._at + 1]
            name = _NAME.match(self._said, self._at)
            if following == "$":
                self._at += 1
                made.append("$")
            elif name:
                self._at = name.end()
                value = self._variables.get(name[0])
                unset += assumed_in(value) if value is not None else [name[0]]
                made.append(value or "")
            elif following == "{":
                self._at += 1
                value, names = self._braced(depth)
                unset += names
                made.append(value)
            else:
                made.append("$")
        whole = "".join(made)
        if len(whole) > _MAX_LENGTH:
            raise Unsupported("a value longer than 1 MiB")
        return whole, unset

    def _braced(self, depth: int) -> tuple[str, list[str]]:
        name = _NAME.match(self._said, self._at)
        if not name:
            raise Unsupported("${ that no name of a variable follows")
        self._at = name.end()
        colon = self._said.startswith(":", self._at)
        self._at += colon
        sign = self._said[self._at : self._at + 1]
        value = self._variables.get(name[0])
        if sign == "}" and not colon:
            self._at += 1
            return value or "", assumed_in(value) if value is not None else [name[0]]
        if not sign or sign not in "-+?":
            raise Unsupported("no form of a variable that Compose knows")
        self._at += 1
        other, names = self.read(depth + 1)
        if not self._said.startswith("}", self._at):
            raise Unsupported("${ that no } closes")
        self._at += 1
        there = value is not None and (value != "" or not colon)
        if sign == "+":
            # What the shell may have set would change it, and only then.
            return (other, names) if there else ("", [])
        if there:
            return value or "", assumed_in(value)
        # With ? Compose refuses to start without a value: whoever started it had one.
        return ("", [name[0]]) if sign == "?" else (other, names)
