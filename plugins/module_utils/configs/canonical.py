# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one text of a value by which it is compared, whatever format it stands in. Private to the collection."""

from __future__ import annotations

import json
import math
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Date
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.resolve import Timestamp

_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][-+]?[0-9]{1,4})?")
_BOOLEANS = frozenset({"true", "false", "yes", "no", "on", "off"})


def canonical(value: t.Any) -> str:
    """Return the text of a value: ``10`` and ``"10"`` have one, ``10.0`` too; nothing (null) is empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    return str(value)


def type_of(value: t.Any) -> str:
    """Return ``string integer number boolean null date object array``."""
    return "date" if isinstance(value, (Date, Timestamp)) else jsonpath.kind(value)


def number_in(value: t.Any) -> float | None:
    """Return the number that a value is, or that its text spells."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return None if math.isnan(value) else value
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else None


def is_type(value: t.Any, wanted: str, typed: bool) -> bool:
    """Return whether a value is of a type. In a format that has text alone, it is what the text spells."""
    found = type_of(value)
    if found == wanted or (wanted == "number" and found == "integer"):
        return True
    if typed or not isinstance(value, str):
        return False
    if wanted == "boolean":
        return value.strip().lower() in _BOOLEANS
    if wanted == "integer":
        return _INTEGER.fullmatch(value.strip()) is not None
    return wanted == "number" and number_in(value) is not None
