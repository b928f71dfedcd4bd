# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables become plain values, within limits."""

from __future__ import annotations

import datetime
import typing as t

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.plain import MAX_DEPTH, MAX_NODES, MAX_TEXT, plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError


def _types(value: t.Any) -> set[type]:
    children: t.Iterable[t.Any] = ()
    if isinstance(value, dict):
        children = [*value, *value.values()]
    elif isinstance(value, list):
        children = value
    return {type(value)}.union(*map(_types, children))


def test_what_ansible_loaded_loses_its_tags() -> None:
    loaded = DataLoader().load("{a: [x, 1, true, null, 1.5, 2027-01-31], b: {c: d}}")
    assert loaded.__class__ is not dict
    assert plain(loaded, "v") == {"a": ["x", 1, True, None, 1.5, "2027-01-31"], "b": {"c": "d"}}
    assert _types(plain(loaded, "v")) == {dict, list, str, int, bool, type(None), float}


def test_a_date_is_its_iso_text() -> None:
    assert plain([datetime.date(2027, 1, 31)], "v") == ["2027-01-31"]


def _nested(depth: int) -> t.Any:
    value: t.Any = "x"
    for _level in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [_nested(MAX_DEPTH), "x" * MAX_TEXT, [1] * (MAX_NODES - 1), {1: "a"}])
def test_what_is_within_the_limits_passes(value: t.Any) -> None:
    plain(value, "v")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (_nested(MAX_DEPTH + 1), f"v: is nested deeper than {MAX_DEPTH} levels"),
        ({"a": ["x" * (MAX_TEXT + 1)]}, f"v.a[0]: text is longer than {MAX_TEXT} characters"),
        ({"x" * (MAX_TEXT + 1): 1}, f"v: text is longer than {MAX_TEXT} characters"),
        ([1] * MAX_NODES, f"v: has more than {MAX_NODES} values"),
        ({"a": {1, 2}}, "v.a: expected text, a number, a list or a map, found set"),
        ({"a": b"x"}, "v.a: expected text, a number, a list or a map, found bytes"),
        ({None: 1}, "v: the key 'None' is not text"),
        ({"a": [10**400]}, "v.a[0]: the number has more than 100 digits"),
        ({"a": -(10**9000)}, "v.a: the number has more than 100 digits"),
        ({10**9000: 1}, "v: the number has more than 100 digits"),
    ],
)
def test_what_is_beyond_them_is_refused(value: t.Any, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        plain(value, "v")
    assert caught.value.errors == [message]


def test_an_alias_bomb_is_stopped_before_it_is_expanded() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(ContractError, match="more than"):
        plain(yaml.safe_load("\n".join(levels)), "v")


def test_a_value_that_contains_itself_is_stopped() -> None:
    value: list[t.Any] = []
    value.append(value)
    with pytest.raises(ContractError, match="nested deeper"):
        plain(value, "v")
