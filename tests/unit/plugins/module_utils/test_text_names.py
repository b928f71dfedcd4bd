# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file name has one spelling, and every spelling one name."""

from __future__ import annotations

import os

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show
from hypothesis import given
from hypothesis import strategies as st

ODD = st.binary(max_size=12) | st.lists(st.sampled_from([b"\\", b"x", b"4", b"1", b"\xff", "é".encode()])).map(b"".join)


@given(ODD)
def test_a_name_comes_back_from_its_spelling(name: bytes) -> None:
    assert raw(show(name)) == name


@given(ODD, ODD)
def test_two_names_never_share_a_spelling(one: bytes, other: bytes) -> None:
    assert (show(one) == show(other)) == (one == other)


@given(ODD)
def test_a_name_is_spelled_alike_as_text_and_as_bytes(name: bytes) -> None:
    assert show(os.fsdecode(name)) == show(name)


@given(st.text(alphabet="\\x0fF4 aé\ud800"))
def test_text_that_is_no_spelling_is_refused_and_never_read_as_another_name(text: str) -> None:
    try:
        name = raw(text)
    except ValueError:
        return
    assert show(name) == text


@pytest.mark.parametrize("text", ["\\", "\\q", "\\x", "\\x4", "\\x  ", "\\x41", "\\xFF", "\\xc3\\xa9", "\ud800"])
def test_near_misses_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        raw(text)
