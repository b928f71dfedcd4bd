# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader of the Redis protocol: every reply in any portions, and nothing larger than it may be."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.resp import Reader, ServerError, TooMuch, encode
from fake_redis import spell
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.one_of(st.none(), st.binary(max_size=40), st.integers(-(2**62), 2**62)),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=15,
)


class Source:
    """Gives bytes in portions of these sizes, over and over; ends with Unseen."""

    def __init__(self, data: bytes, sizes: t.Sequence[int] = (1 << 16,)) -> None:
        self.data = data
        self._sizes = sizes
        self._turn = 0

    def __call__(self, size: int) -> bytes:
        if not self.data:
            raise Unseen("it ended")
        self._turn += 1
        part = min(size, self._sizes[self._turn % len(self._sizes)])
        taken, self.data = self.data[:part], self.data[part:]
        return taken


def depth(value: t.Any) -> int:
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(st.lists(VALUES.filter(lambda value: depth(value) <= 8), max_size=4), st.lists(st.integers(1, 7), min_size=1))
def test_replies_are_read_one_after_the_other_in_any_portions(values: list[t.Any], sizes: list[int]) -> None:
    reader = Reader(Source(b"".join(map(spell, values)), sizes))
    assert [reader.read(1 << 20) for _value in values] == values


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=6))
def test_a_command_is_read_back_as_it_was_sent(words: list[bytes]) -> None:
    assert Reader(Source(encode(words))).read(1 << 20) == words


@given(st.binary(max_size=200), st.integers(1, 100))
def test_any_bytes_are_a_reply_or_a_reason(data: bytes, limit: int) -> None:
    try:
        Reader(Source(data, (3,))).read(limit)
    except Unseen as unseen:
        assert unseen.reason


def test_errors_and_statuses() -> None:
    reader = Reader(Source(b"-NOPERM no\r\n+OK\r\n-ERR\r\n-odd1 x\r\n*1\r\n-ERR inner\r\n"))
    assert reader.read(100) == ServerError("NOPERM", b"NOPERM no")
    assert reader.read(100) == b"OK"
    assert reader.read(100) == ServerError("ERR", b"ERR")
    assert reader.read(100) == ServerError("", b"odd1 x")
    assert reader.read(100) == [ServerError("ERR", b"ERR inner")]


@pytest.mark.parametrize(
    "data",
    [
        b"$1000000000000\r\n",
        b"$90\r\n" + b"x" * 200,
        b"*1000000000\r\n",
        b"*30\r\n" + b":1\r\n" * 30,
        b"+" + b"x" * 200,
        b":" + b"1" * 200,
    ],
)
def test_what_is_larger_than_it_may_be_is_given_up_at_once(data: bytes) -> None:
    source = Source(data)
    with pytest.raises(TooMuch):
        Reader(source).read(64)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"$-2\r\n",
        b"*-2\r\n",
        b"$x\r\n",
        b":\r\n",
        b":" + b"9" * 20 + b"\r\n",
        b"$2\r\nabc\r\n",
        b"*1\r\n" * 9 + b":1\r\n",
        b"%1\r\n+a\r\n+b\r\n",
    ],
)
def test_what_is_no_reply_is_said(data: bytes) -> None:
    with pytest.raises(Unseen) as caught:
        Reader(Source(data)).read(1 << 20)
    assert not isinstance(caught.value, TooMuch)
