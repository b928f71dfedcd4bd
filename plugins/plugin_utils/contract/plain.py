# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables as plain JSON values, within limits. Private to the collection."""

from __future__ import annotations

import datetime
import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError, below

MAX_DEPTH = 50
MAX_NODES = 100_000
MAX_TEXT = 64 * 1024
MAX_NUMBER = 10**100
"""Times, sizes and counts are less; what is more has no float, and no place in a report."""


def plain(value: t.Any, place: str) -> t.Any:
    """Return ``value`` without tags and lazy templates: dict, list, str, int, float, bool, None; dates as ISO text.

    The limits stop a YAML file of a few lines whose aliases expand to gigabytes. Raises :class:`ContractError`.
    """
    _measure(value, place)
    return json.loads(json.dumps(value, default=_date))


def _date(value: object) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no plain form")


def _measure(value: t.Any, place: str) -> None:
    nodes = 0
    waiting: list[tuple[t.Any, str, int]] = [(value, place, 0)]
    while waiting:
        item, where, depth = waiting.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise ContractError([f"{place}: has more than {MAX_NODES} values"])
        if depth > MAX_DEPTH:
            raise ContractError([f"{place}: is nested deeper than {MAX_DEPTH} levels"])
        if isinstance(item, t.Mapping):
            for key, child in item.items():
                if not isinstance(key, (str, int, float)):
                    raise ContractError([f"{where}: the key {str(key)[:60]!r} is not text"])
                _check_number(key, where)
                _check_text(str(key), where)
                waiting.append((child, below(where, str(key)), depth + 1))
        elif isinstance(item, (list, tuple)):
            waiting += [(child, f"{where}[{number}]", depth + 1) for number, child in enumerate(item)]
        elif isinstance(item, str):
            _check_text(item, where)
        elif item is not None and not isinstance(item, (bool, int, float, datetime.date)):
            raise ContractError([f"{where}: expected text, a number, a list or a map, found {type(item).__name__}"])
        else:
            _check_number(item, where)


def _check_number(value: t.Any, where: str) -> None:
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        raise ContractError([f"{where}: the number has more than 100 digits"])


def _check_text(text: str, where: str) -> None:
    if len(text) > MAX_TEXT:
        raise ContractError([f"{where}: text is longer than {MAX_TEXT} characters"])
