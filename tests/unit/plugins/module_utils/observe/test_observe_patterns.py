# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ordered pattern pairs: the last that matches decides."""

from __future__ import annotations

import re

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from hypothesis import given
from hypothesis import strategies as st

PAIRS = [["a.*", True], ["ab.*", False], ["abc$", True], ["d/$", True]]


@pytest.mark.parametrize(
    ("path", "is_dir", "verdict"),
    [
        ("a", False, True),
        ("ab", False, False),
        ("abc", False, True),
        ("abc", True, False),
        ("x", False, None),
        ("d", False, None),
        ("d", True, True),
        ("", False, None),
    ],
)
def test_the_last_match_decides_and_directories_end_in_a_slash(path: str, is_dir: bool, verdict: bool | None) -> None:
    patterns = Patterns(PAIRS)
    assert patterns.verdict(path, is_dir) is verdict
    assert patterns.ignored(path, is_dir) is (verdict is True)


def test_no_pattern_has_no_verdict() -> None:
    assert not Patterns([])
    assert Patterns([]).verdict("a", False) is None


@given(
    st.lists(st.tuples(st.sampled_from(["a", "a.*", "b|c", "(x)y", ".*c$", "[ab]+$"]), st.booleans()), max_size=6),
    st.text("abcxy/", max_size=4),
)
def test_the_combined_expression_changes_no_verdict(pairs: list[tuple[str, bool]], path: str) -> None:
    matching = [include for regex, include in pairs if re.compile(regex).match(path)]
    assert Patterns(pairs).verdict(path, False) is (matching[-1] if matching else None)
