# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML is read as the specification says, or not at all: an error with its place, in bounded time and memory."""

from __future__ import annotations

import math
import time
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.parser import Tagged, YamlError, load
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.resolve import Timestamp

READ: list[tuple[str, t.Any]] = [
    ("", None),
    ("# only a comment\n", None),
    ("---\na: 1\n...\n", {"a": 1}),
    ("%YAML 1.2\n---\na: 1\n", {"a": 1}),
    ("\ufeffa: 1", {"a": 1}),
    ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
    ("a:\n- b: 1\n  c: 2\n- d\nz: 3", {"a": [{"b": 1, "c": 2}, "d"], "z": 3}),
    ("- - a\n  - b\n- - c", [["a", "b"], ["c"]]),
    ("-\n  a: 1\n- \n- b", [{"a": 1}, None, "b"]),
    ("a:\nb: ~\nc: ''", {"a": None, "b": None, "c": ""}),
    ("{a: 1, b, 'c':2, d: [e: f, g], }", {"a": 1, "b": None, "c": 2, "d": [{"e": "f"}, "g"]}),
    ("a: [1,\n  2, # two\n  3]", {"a": [1, 2, 3]}),
    ("a: http://x:1/y#z", {"a": "http://x:1/y#z"}),
    ("a: b #c", {"a": "b"}),
    ("a: one\n  two\n\n  three # c\nb: 1", {"a": "one two\nthree", "b": 1}),
    ("'a b' : \"c\\x41\\u00e9\\n\"", {"a b": "cAé\n"}),
    ("a: 'it''s\n  so'", {"a": "it's so"}),
    ('a: "x\\\n   y\n\n  z"', {"a": "xy\nz"}),
    ("a: >-\n  x\n  y\n\n   z\n  w\nb: 1", {"a": "x y\n\n z\nw", "b": 1}),
    ("a: |\n  x\n   y\n\nb: |+\n  x\n\nc: |-\n  x\n\n", {"a": "x\n y\n", "b": "x\n\n", "c": "x"}),
    ("a: |2\n    x\n", {"a": "  x\n"}),
    ("a: |\n  x", {"a": "x"}),
    ("a: |+\n  x\n  ", {"a": "x\n"}),
    ("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}", {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}),
    ("a: &x {b: 1}\nc: {b: 2, <<: [*x, {b: 3, d: 4}]}", {"a": {"b": 1}, "c": {"b": 2, "d": 4}}),
    ("'<<': 1", {"<<": 1}),
    ("&x a: &y b\nc: *x", {"a": "b", "c": "a"}),
    ("a: !!str 1\nb: ! 12\nc: !!float 1", {"a": "1", "b": "12", "c": 1.0}),
    ("a: !reset null\nb: !override [1]", {"a": Tagged("!reset", None), "b": Tagged("!override", [1])}),
    ("- ---a\n- -1\n- - x", ["---a", -1, ["x"]]),
]


@pytest.mark.parametrize(("text", "value"), READ)
def test_what_is_yaml_is_read(text: str, value: t.Any) -> None:
    found = load(text.encode(), ("!reset", "!override"))
    assert found == value


WORDS: list[tuple[str, t.Any]] = [
    *(
        (word, word)
        for word in (
            "yes",
            "no",
            "on",
            "off",
            "y",
            "22:22",
            "1:2:3",
            "0b2",
            "0x",
            "1.2.3",
            "nULL",
            "+",
            ".",
            "tRUE",
        )
    ),
    *((word, None) for word in ("~", "null", "Null", "NULL")),
    *((word, True) for word in ("true", "True", "TRUE")),
    ("017", 15),
    ("0o17", 15),
    ("0b11", 3),
    ("-0x1F", -31),
    ("08", 8.0),
    ("1_000", 1000),
    ("1.50", 1.5),
    ("1e3", 1000.0),
    (".5", 0.5),
    ("-.inf", -math.inf),
    ("9" * 30, float("9" * 30)),
    ("2026-01-01", Timestamp("2026-01-01")),
]


@pytest.mark.parametrize(("word", "value"), WORDS)
def test_an_unquoted_word_is_what_go_reads(word: str, value: t.Any) -> None:
    found = load(f"a: {word}".encode())["a"]
    assert (found, type(found)) == (value, type(value))
    assert load(f"a: '{word}'".encode()) == {"a": word}


WRONG: list[tuple[str, int, int]] = [
    ("a: 1\na: 2", 2, 1),
    ("a: 1\n'a': 2", 2, 1),
    ("a: b: c", 1, 4),
    ("a: b\n  c: d", 2, 4),
    ("a:\n\tb: 1", 2, 1),
    ("a:\n  b: 1\n c: 2", 3, 2),
    ("a: - b", 1, 4),
    ("a: [1, 2", 1, 4),
    ("a: {b: 1", 1, 4),
    ("a: 'x", 1, 4),
    ('a: "x', 1, 4),
    ('a: "\\q"', 1, 5),
    ("a: 1\n---\nb: 2", 2, 1),
    ("%TAG ! x\n---\na", 1, 1),
    ("? a\n: b", 1, 1),
    ("[a]: b", 1, 4),
    ("a: *b", 1, 4),
    ("a: &a [*a]", 1, 8),
    ("a: !!binary x", 1, 4),
    ("a: !include x", 1, 4),
    ("a: !!int x", 1, 4),
    ("a: @b", 1, 4),
    ("a: %b", 1, 4),
    ("a: b\nc", 2, 1),
    ("{a: 1}}", 1, 7),
    ("a: {<<: 1}", 1, 5),
    ("a\0: b", 1, 2),
    ("a: |3x\n", 1, 4),
    ("a: 'b' c", 1, 8),
]


@pytest.mark.parametrize(("text", "line", "column"), WRONG)
def test_what_is_not_understood_is_an_error_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(YamlError) as error:
        load(text.encode())
    assert (error.value.line, error.value.column) == (line, column)


def test_an_error_never_quotes_the_text() -> None:
    for text in ("hunter2: hunter2: hunter2", "a: !hunter2 x", "*hunter2", "a: &hunter2 [*hunter2]"):
        with pytest.raises(YamlError) as error:
            load(text.encode())
        assert "hunter2" not in str(error.value)


def test_bytes_that_are_no_text_are_an_error_with_their_place() -> None:
    with pytest.raises(YamlError, match="line 2, column 4"):
        load(b"a: 1\nb: \xff")


_BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + one)}: &{chr(98 + one)} [{','.join([f'*{chr(97 + one)}'] * 10)}]\n" for one in range(9)
)
HOSTILE = {
    "bomb": _BOMB,
    "flow": "[" * 100_000,
    "blocks": "".join(" " * one + "a:\n" for one in range(500)),
    "dashes": "- " * 5000,
    "services": "services:\n" + "".join(f"  s{one}: {{}}\n" for one in range(90_000)),
    "quote": "a: '" + "x\n " * 300_000,
    "key": "k" * 900_000 + ": 1",
    "size": "a" * (1 << 21),
    "list": "[" + "a," * 60_000 + "]",
    "merges": "a: &a {" + ",".join(f"k{one}: 1" for one in range(1000)) + "}\nb:\n" + "- {<<: *a}\n" * 1000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_costs_little(name: str) -> None:
    begun = time.process_time()
    with pytest.raises(YamlError):
        load(HOSTILE[name].encode())
    assert time.process_time() - begun < 15
