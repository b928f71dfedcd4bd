# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths in JSON: what they mean, what is there instead, and where a spelling is wrong."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.jsonpath import Missing, PathError, get, parse, spell
from hypothesis import given
from hypothesis import strategies as st

DOCUMENT: t.Any = {"a": {"b": [{"c": 1}, {"c": 2}]}, "x.y": {"": None}, "$": 3, "signals": [], "text": "s", "e": {}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b[0].c", 1),
        ("a.b[-1].c", 2),
        ("$.a.b[1].c", 2),
        ('["x.y"]', {"": None}),
        ("['x.y'][\"\"]", None),
        ('a["b"][ 0 ]', {"c": 1}),
        ("$", DOCUMENT),
        ('["$"]', 3),
        ('$["\\u0024"]', 3),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: t.Any) -> None:
    assert get(DOCUMENT, parse(path)) == value


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("signals[0].timestamp", "signals is an empty list, so it has no item 0"),
        ("a.b[2]", "a.b is a list of 2, so it has no item 2"),
        ("a.b[-3]", "a.b is a list of 2, so it has no item -3"),
        ("a.b.c", "a.b is a list of 2, not an object"),
        ("text[0]", "text is text, not a list"),
        ("a.z", "a has no z, only b"),
        ("e.z", "e has no z, it is an empty object"),
        ('["x.y"]["z"]', '["x.y"] has no z, only [""]'),
        ('["x.y"][""].z', '["x.y"][""] is null, not an object'),
        ("[0]", "the document is an object, not a list"),
    ],
)
def test_what_is_missing_is_told_with_what_is_there(path: str, reason: str) -> None:
    with pytest.raises(Missing) as caught:
        get(DOCUMENT, parse(path))
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("", "never empty"),
        (".a", "character 1"),
        ("a..b", "character 3"),
        ("a.", "character 3"),
        ("a b", "character 2"),
        ("a[", "after character 2"),
        ("a[x]", "after character 2"),
        ("a[0]b", "character 5"),
        ("a[1.5]", "after character 2"),
        ('a["x]', "after character 2"),
        ('a["\\q"]', "not spelled as in JSON"),
        ("a]", "character 2"),
        (".".join("a" * 51), "more than 50 steps"),
    ],
)
def test_a_wrong_spelling_names_its_place(path: str, where: str) -> None:
    with pytest.raises(PathError, match=where):
        parse(path)


@given(st.lists(st.one_of(st.text(max_size=8), st.integers(-(10**8), 10**8)), max_size=8))
def test_a_spelled_path_is_the_same_path(steps: list[str | int]) -> None:
    assert list(parse(spell(steps))) == steps


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        steps = parse(text)
    except PathError:
        return
    assert parse(spell(steps)) == steps


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
def test_every_value_of_a_document_has_a_path(document: t.Any) -> None:
    waiting: list[tuple[tuple[str | int, ...], t.Any]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        assert get(document, parse(spell(path))) is value
        if isinstance(value, dict):
            waiting += [((*path, name), one) for name, one in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, number), one) for number, one in enumerate(value)]
