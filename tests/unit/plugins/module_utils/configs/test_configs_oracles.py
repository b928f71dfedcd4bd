# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TOML and YAML as the usual libraries read them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath
from ansible_collections.evenkeel.drift.plugins.module_utils.configs import toml_text
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Date, Unreadable
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import read_keys
from hypothesis import given
from hypothesis import strategies as st

yaml = pytest.importorskip("yaml", reason="PyYAML is not on this machine")

TOML = b"""\
title = "x"
[server]
port = 8_000
ratio = 0.5
when = 1979-05-27T07:32:00Z
at = 07:32:00
on = true
tags = ["a", {b = 1}]
none = []
[[mirrors]]
"url.of" = "u"
[[mirrors]]
url = "v"
"""


def test_toml_has_paths() -> None:
    found = {jsonpath.spell(item.path): item.value for item in read_keys(TOML, "toml").keys}
    assert found == {
        "title": "x",
        "server.port": 8000,
        "server.ratio": 0.5,
        "server.when": "1979-05-27T07:32:00+00:00",
        "server.at": "07:32:00",
        "server.on": True,
        "server.tags[0]": "a",
        "server.tags[1].b": 1,
        "server.none": [],
        'mirrors[0]["url.of"]': "u",
        "mirrors[1].url": "v",
    }
    assert isinstance(found["server.when"], Date)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"a = 1\na = 'hunter2'\n", "line 2, column 14: it is no TOML"),
        (b"a = hunter2\n", "line 1, column 5: it is no TOML"),
        (b"a = " + b"[" * 20_000, "it is nested deeper than 50 levels"),
        (b"a = " + b"[" * 60 + b"]" * 60, "it is nested deeper than 50 levels"),
        (b"a = " + b"9" * 5_000, "it is no TOML"),
    ],
)
def test_what_is_no_toml_is_told_without_a_quote(said: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as error:
        read_keys(said, "toml")
    assert error.value.reason == reason


def test_numbers_of_any_length_are_told() -> None:
    (item,) = read_keys(b"a = 0x" + b"f" * 9_000, "toml").keys
    assert item.value == "0x" + "f" * 9_000
    found = read_keys(b"a: " + b"9" * 9_000 + b"\nb: 0x" + b"f" * 290 + b"\n", "yaml").keys
    assert [len(str(item.value)) for item in found] == [9_000, 292]


def test_an_old_python_says_that_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toml_text, "tomllib", None)
    with pytest.raises(Unreadable, match=r"begins with Python 3\.11"):
        read_keys(b"a = 1", "toml")


names = st.text(st.sampled_from("abé. 1"), min_size=1, max_size=4).filter(lambda name: name == name.strip())
documents = st.dictionaries(
    names,
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.text(st.sampled_from("abé :#'-\n"))),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
        max_leaves=10,
    ),
    max_size=4,
)


@given(documents, st.sampled_from([True, False, None]))
def test_yaml_finds_what_is_at_each_path(document: dict[str, t.Any], flow: bool | None) -> None:
    said = yaml.safe_dump(document, default_flow_style=flow, allow_unicode=True)
    if "? " in said:
        return
    rows = said.split("\n")
    for item in read_keys(said.encode(), "yaml").keys:
        # Maps with keys that are no text have those as text in paths; here all are text.
        assert jsonpath.get(document, item.path) == item.value
        name = next((step for step in reversed(item.path) if isinstance(step, str)), "")
        if flow is False and item.line is not None and item.path[-1:] == (name,):
            assert name.split(" ")[0] in rows[item.line - 1]
