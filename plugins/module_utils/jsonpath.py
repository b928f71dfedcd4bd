# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places in a JSON document: ``a.b[0].c``, ``a["x.y"]``, ``[-1]``, and ``$`` for the whole. Private to the
collection.
"""

from __future__ import annotations

import json
import re
import typing as t

Step = t.Union[str, int]
Path = t.Tuple[Step, ...]

_NAME = re.compile(r"[^.\[\]\"'\s]+")
_INDEX = re.compile(r"\[\s*(-?[0-9]{1,9})\s*\]")
_QUOTED = re.compile(r"\[\s*(\"(?:[^\"\\]|\\.)*\"|'[^'\\]*')\s*\]")
_STEPS = 50
_LISTED = 5


class PathError(ValueError):
    """A path that cannot be read. The message says where and what was expected."""


class Missing(LookupError):
    """A document has nothing at a path. The message says what is there instead: ``signals is an empty list``."""


def parse(text: str) -> Path:
    """Return the steps of a path, a name or an index each; ``$`` alone is the whole document. Raises PathError."""
    at = 1 if text.startswith("$") else 0
    steps: list[Step] = []
    if not text:
        raise PathError("a path is never empty: $ is the whole document")
    while at < len(text):
        if text[at] == "[":
            step, at = _bracket(text, at)
        else:
            if text[at] == "." and at:
                at += 1
            name = _NAME.match(text, at)
            if name is None:
                raise PathError(f'a name is expected at character {at + 1}, such as a.b[0].c or a["x.y"]')
            step, at = name.group(), name.end()
            if at < len(text) and text[at] not in ".[":
                raise PathError(f"a dot or [ is expected at character {at + 1}")
        steps.append(step)
        if len(steps) > _STEPS:
            raise PathError(f"more than {_STEPS} steps")
    return tuple(steps)


def _bracket(text: str, at: int) -> tuple[Step, int]:
    index = _INDEX.match(text, at)
    if index is not None:
        found: tuple[Step, int] = (int(index.group(1)), index.end())
    else:
        quoted = _QUOTED.match(text, at)
        if quoted is None:
            raise PathError(f"an index or a quoted name and ] are expected after character {at + 1}")
        found = (_unquote(quoted.group(1), at), quoted.end())
    end = found[1]
    if end < len(text) and text[end] not in ".[":
        raise PathError(f"a dot or [ is expected at character {end + 1}")
    return found


def _unquote(text: str, at: int) -> str:
    if text.startswith("'"):
        return text[1:-1]
    try:
        return str(json.loads(text))
    except ValueError:
        raise PathError(f"the quoted name at character {at + 2} is not spelled as in JSON") from None


def spell(path: t.Sequence[Step]) -> str:
    """Return the spelling of a path; ``parse`` of it gives the path again."""
    said = ""
    for step in path:
        if isinstance(step, int):
            said += f"[{step}]"
        elif _NAME.fullmatch(step) and not step.startswith("$"):
            said += f".{step}" if said else step
        else:
            said += f"[{json.dumps(step)}]"
    return said or "$"


def get(document: t.Any, path: t.Sequence[Step]) -> t.Any:
    """Return what a document has at a path. Raises Missing."""
    value = document
    for number, step in enumerate(path):
        where = spell(path[:number]) if number else "the document"
        if isinstance(step, int):
            value = _item(value, step, where)
        elif not isinstance(value, dict):
            raise Missing(f"{where} is {describe(value)}, not an object")
        elif step not in value:
            raise Missing(f"{where} has no {spell((step,))}{_instead(value)}")
        else:
            value = value[step]
    return value


def _item(value: t.Any, index: int, where: str) -> t.Any:
    if not isinstance(value, list):
        raise Missing(f"{where} is {describe(value)}, not a list")
    if not -len(value) <= index < len(value):
        raise Missing(f"{where} is {describe(value)}, so it has no item {index}")
    return value[index]


def _instead(value: t.Mapping[str, t.Any]) -> str:
    if not value:
        return ", it is an empty object"
    names = sorted(value)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f", only {', '.join(spell((name,))[:60] for name in names[:_LISTED])}{more}"


def describe(value: t.Any) -> str:
    """Return what a value is, in words: ``an empty list``, ``a list of 3``, ``text``, ``null``."""
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    return {"string": "text", "null": "null", "boolean": "true or false"}.get(kind(value), "a number")


def kind(value: t.Any) -> str:
    """Return the name that JSON has for a value's type; a number without a fraction is an ``integer``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
