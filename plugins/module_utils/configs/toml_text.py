# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a TOML text, where this host's Python can read it. Private to the collection."""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.documents import flattened
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import MAX_DEPTH, Date, Parsed, Unreadable

try:
    import tomllib
except ImportError:
    # Before Python 3.11 there is no such reader in the standard library.
    tomllib = None  # type: ignore[assignment]  # in the place of a module

_BITS = 1024
_PLACE = re.compile(r"\(at (line [0-9]+, column [0-9]+|end of document)\)\Z")


def read(said: str) -> Parsed:
    """Return the keys, without lines: the reader does not tell them. Raises Unreadable."""
    if tomllib is None:
        raise Unreadable("this host's Python cannot read TOML: that begins with Python 3.11 (tomllib)")
    try:
        return flattened(_plain(tomllib.loads(said), 0))
    except RecursionError:
        raise Unreadable(f"it is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        # The reader's own words can quote the text.
        place = _PLACE.search(str(error))
        raise Unreadable(f"{place[1]}: it is no TOML" if place else "it is no TOML") from None


def _plain(value: t.Any, depth: int) -> t.Any:
    if depth > MAX_DEPTH:
        raise Unreadable(f"it is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return {key: _plain(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, int) and value.bit_length() > _BITS:
        # Python does not print integers of any length.
        return hex(value)
    return Date(value.isoformat()) if isinstance(value, (datetime.date, datetime.time)) else value
