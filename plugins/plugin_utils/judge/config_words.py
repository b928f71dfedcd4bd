# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and values of configurations in words: a secret is never one of them. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.config_keys import TESTS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.configs import hides
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details

HIDDEN = "a value that is not shown"
_NAMED = 10


def said(key: Details | None) -> str:
    """Return what a key has."""
    if key is None:
        return "nothing"
    if key["empty"]:
        return {"object": "an empty map", "array": "an empty list"}.get(key.get("type", ""), "nothing (it is empty)")
    if key["value"] is None or key["secret"]:
        return "a placeholder" if key["placeholder"] else HIDDEN
    return str(key["value"])


def both(ours: Details | None, theirs: Details | None) -> tuple[str, str]:
    """Return what both sides have. Where one is secret, neither is told: it may be the older secret of the other."""
    secret = any(one is not None and one["secret"] for one in (ours, theirs))
    here, there = (said({**one, "secret": secret}) if one is not None else said(one) for one in (ours, theirs))
    if here != there and here.strip() == there.strip():
        # Blanks at the end are not seen.
        return f'"{here}"', f'"{there}"'
    return here, there


def wanted(entry: Details, rule: Details) -> dict[str, t.Any]:
    """Return what a rule asks of a value, without the literals of secrets."""
    hidden = hides(entry, rule["key"]) if "key" in rule else False
    return {
        name: HIDDEN if hidden and name in ("equals", "one_of", "matches") else rule[name]
        for name in ("rule", *TESTS)
        if rule.get(name) is not None or (name == "equals" and name in rule)
    }


_TESTS = {
    "equals": "be {}",
    "matches": "match {}",
    "min": "be at least {}",
    "max": "be at most {}",
    "one_of": "be one of {}",
    "type": "be of type {}",
}
_SECRET_TESTS = {
    "equals": "be the contract's",
    "matches": "match the contract's pattern",
    "one_of": "be one of the contract's",
}


def in_words(asked: Details) -> str:
    """Return the tests of `wanted` in words."""
    return " and ".join(
        _SECRET_TESTS[name] if asked[name] == HIDDEN else _TESTS[name].format(_value(asked[name]))
        for name in TESTS
        if name in asked
    )


def _value(value: t.Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value) or "empty text"


def names(keys: t.Iterable[str]) -> str:
    """Return the first names in order, and how many there are beyond them."""
    listed = sorted(keys)
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more
