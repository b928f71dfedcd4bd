# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which words an expression needs, and that looking for them first changes nothing."""

from __future__ import annotations

import re

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.patterns import Search, needed
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from hypothesis import given
from hypothesis import strategies as st

CLOCK = Clock((), 0.0)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("TypeError", ["TypeError"]),
        ("cycle complete", ["cycle complete"]),
        (r"total time: ([\d.]+)s", ["total time: "]),
        ("TypeError|KeyError", ["TypeError", "KeyError"]),
        ("(?:TypeError|KeyError): x", ["TypeError", "KeyError"]),
        ("(?P<kind>abcd|efgh)", ["abcd", "efgh"]),
        ("abc?defg", ["defg"]),
        ("abc*d", []),
        ("abc{2}defg", ["defg"]),
        ("abcd+", ["abcd"]),
        ("(?:abcd)?efg", ["efg"]),
        ("(?:abcd)+", ["abcd"]),
        (r"\bERROR\b", ["ERROR"]),
        (r"^\[error\]$", ["[error]"]),
        ("[abc]def", ["def"]),
        ("[]abc]def", ["def"]),
        (r"[^\]abc]def", ["def"]),
        ("abcd|.*", []),
        ("(?i)error", []),
        ("(?i:error)", []),
        (r"\x41bcd", []),
        (r"abc\1", []),
        ("(?#comment)abc", []),
        ("(?!abcd)ef", []),
        ("(?<=abcd)efgh", ["efgh"]),
        ("a.b", []),
        ("", []),
        ("xyza{b|foo", ["xyza", "foo"]),
        ("größer", ["größer"]),
    ],
)
def test_words_are_those_that_every_match_holds(pattern: str, words: list[str]) -> None:
    assert needed(pattern) == words


ATOMS = st.sampled_from(
    [
        *("a", "b", "ab", "abc", ".", r"\d", r"\s", r"\S", r"\W", "[ab]", "[^a]", r"\b", "^", "$", r"\.", "-", "ä"),
        *("(?:abc)", "(ab|c)", "(?=a)", "(?!b)", "(?<=a)", r"[\s\S]", "(?:a|abc|)", "x{y", "a{2}", r"\A", r"\Z"),
    ]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join),
        inner.map(lambda one: f"(?:{one})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,1}", "*?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=8,
)
LINES = st.lists(st.text("abcxy{ .-ä1\t", max_size=12), max_size=8)


@given(PATTERNS, LINES)
def test_lines_match_as_each_does_by_itself(pattern: str, lines: list[str]) -> None:
    try:
        expression = re.compile(pattern)
    except re.error:
        return
    if pattern.isascii():
        lines = [line.replace("ä", "") for line in lines]
    block = "".join(f"{line}\n" for line in lines).encode()
    hits = [block[hit.start : hit.end].decode() for hit in Search(pattern).hits(block, CLOCK)]
    assert hits == [line for line in lines if expression.search(line)]


def test_a_line_counts_once_and_gives_its_first_group() -> None:
    block = b"took 1.5s took 2.5s\ntook 3s\n"
    assert [hit.group for hit in Search(r"took ([\d.]+)s").hits(block, CLOCK)] == ["1.5", "3"]


def test_bytes_that_are_no_text_are_searched() -> None:
    block = b"\xff\xfe failed\n\xe4 gr\xc3\xb6\xc3\x9fer\n"
    assert len(list(Search("failed").hits(block, CLOCK))) == 1
    assert len(list(Search("gr[öo]ßer").hits(block, CLOCK))) == 1


def test_a_pattern_that_this_python_does_not_know_is_unseen() -> None:
    with pytest.raises(Unseen, match="does not understand"):
        Search("(?P<a>x)(?P<a>y)")
