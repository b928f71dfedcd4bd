# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what a host sent has the form that its collector gives it. Private to the collection.

A host may be broken, or in other hands: what it sends is data of any form until it went through here, so that nothing
behind has to expect anything else.
"""

from __future__ import annotations

import math
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw


class GarbledAnswer(Exception):
    """A host sent something that is no answer to what it was asked. The message says what."""


class OneOf(tuple[t.Any, ...]):
    """A value that has one of several shapes."""


class Row(tuple[t.Any, ...]):
    """A list with one shape for each place."""


class ByName(t.NamedTuple):
    """A dictionary with any names and one shape for all values."""

    values: t.Any


class _Path:
    """The spelling that ``text.show`` gives a name."""


PATH = _Path()
_LARGEST = 10**30
"""No size or time is larger, not even that of a file system which calls itself endless."""
OUTCOME = re.compile("ok|unknown")
OBJECT_ID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


def require(value: t.Any, shape: t.Any, what: str) -> None:
    """Raise GarbledAnswer, which begins with ``what``, unless a JSON value has a shape.

    A shape is a type (``str`` must be text that UTF-8 can spell, numbers of a size that occurs), None, a compiled
    expression for the whole of a text, ``[shape]`` for a list, ``{name: shape}`` for a dictionary that has at least
    these names, or one of this file's.
    """
    wrong = _wrong(value, shape, "")
    if wrong:
        raise GarbledAnswer(f"{what} is garbled: {wrong}")


def _wrong(value: t.Any, shape: t.Any, place: str) -> str:
    """Return what is wrong and where, or nothing."""
    if isinstance(shape, OneOf):
        wrongs = [_wrong(value, one, place) for one in shape]
        return "" if "" in wrongs else wrongs[-1]
    if isinstance(shape, (list, Row)):
        return _wrong_list(value, shape, place)
    if isinstance(shape, (dict, ByName)):
        return _wrong_dictionary(value, shape, place)
    return "" if _is(value, shape) else f"{place or 'it'} is not what it should be"


def _is(value: t.Any, shape: t.Any) -> bool:
    if shape is None:
        return value is None
    if isinstance(shape, type):
        return _is_text(value) if shape is str else value.__class__ is shape and _is_finite(value)
    if not isinstance(value, str):
        return False
    return _is_path(value) if shape is PATH else shape.fullmatch(value) is not None


def _is_finite(value: t.Any) -> bool:
    """Whether a number is one that can be computed with: not a NaN, which no limit is below, and none of 400 digits."""
    if isinstance(value, float):
        return math.isfinite(value) and abs(value) < _LARGEST
    return not isinstance(value, int) or abs(value) <= _LARGEST


def _is_text(value: t.Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_path(value: str) -> bool:
    try:
        return b"\0" not in raw(value)
    except ValueError:
        return False


def _wrong_list(value: t.Any, shape: list[t.Any] | Row, place: str) -> str:
    if not isinstance(value, list) or (isinstance(shape, Row) and len(value) != len(shape)):
        return f"{place or 'it'} is not a list of the length that it should have"
    shapes = shape if isinstance(shape, Row) else shape * len(value)
    wrongs = (
        _wrong(item, one, f"{place}[{index}]") for index, (item, one) in enumerate(zip(value, shapes, strict=True))
    )
    return next(filter(None, wrongs), "")


def _wrong_dictionary(value: t.Any, shape: dict[str, t.Any] | ByName, place: str) -> str:
    if not isinstance(value, dict):
        return f"{place or 'it'} is not a dictionary"
    if isinstance(shape, ByName):
        if not all(map(_is_text, value)):
            return f"{place or 'it'} has a name that is not text"
        return next(filter(None, (_wrong(value[name], shape.values, f"{place}.{name}") for name in value)), "")
    for name, one in shape.items():
        if name not in value:
            return f"{place}.{name} is missing"
        wrong = _wrong(value[name], one, f"{place}.{name}")
        if wrong:
            return wrong
    return ""
