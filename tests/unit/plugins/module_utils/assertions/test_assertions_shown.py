# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of a text: bounded, and never a secret or half of one."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.shown import excerpt, hider
from hypothesis import given
from hypothesis import strategies as st

TOKEN = "ghp_" + "a1B2c3D4e5" * 4


@given(st.binary(max_size=300), st.integers(0, 100))
def test_it_is_never_longer_than_allowed(text: bytes, limit: int) -> None:
    shown, cut = excerpt(text, limit, hider())
    assert len(shown) <= limit
    assert cut or len(text) <= 4 * limit + 300


@pytest.mark.parametrize("before", [0, 16_370, 65_500, 65_510, 65_530, 65_536])
def test_no_half_of_a_token_is_shown(before: int) -> None:
    text = (b"x " * before)[:before] + TOKEN.encode("ascii") + b" " + b"y " * 40_000
    shown, cut = excerpt(text, 100_000, hider())
    assert cut
    assert TOKEN[:12] not in shown


def test_a_line_without_an_edge_is_not_shown_beyond_the_limit() -> None:
    shown, cut = excerpt(b"z" * 200_000, 100_000, hider())
    assert cut
    assert len(shown) <= 65_536


def test_what_was_sent_is_hidden_in_what_comes_back() -> None:
    shown, _cut = excerpt(b'{"echo": "Xk29-plain-77"}', 1000, hider(["Xk29-plain-77"]))
    assert "plain-77" not in shown
    assert excerpt(b"\xff\x00ok", 100, hider()) == ("\\xff\x00ok", False)
