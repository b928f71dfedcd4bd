# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs are taken apart as the engine put them together, however the pieces fall."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.engine import frames
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from fake_engine import frame
from hypothesis import given
from hypothesis import strategies as st


def cut(data: bytes, sizes: t.Sequence[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


_TEXT = st.binary(max_size=20).filter(lambda line: b"\n" not in line and not line.endswith(b"\r"))


@given(st.lists(st.tuples(st.sampled_from([1, 2]), _TEXT), max_size=10), st.lists(st.integers(0, 30), max_size=20))
def test_lines_come_out_as_they_went_in(lines: list[tuple[int, bytes]], sizes: list[int]) -> None:
    sent = b"".join(frame(stream, line + b"\n") for stream, line in lines)
    wanted = [({1: "stdout", 2: "stderr"}[stream], line) for stream, line in lines]
    assert list(frames.lines(cut(sent, sizes), tty=False)) == wanted
    assert list(frames.lines(cut(sent, sizes))) == wanted


@given(st.lists(_TEXT, max_size=10), st.lists(st.integers(0, 30), max_size=20))
def test_a_terminal_has_no_frames(lines: list[bytes], sizes: list[int]) -> None:
    sent = b"".join(line + b"\r\n" for line in lines)
    assert list(frames.lines(cut(sent, sizes), tty=True)) == [("", line) for line in lines]


def test_a_terminal_is_recognised_by_its_first_bytes() -> None:
    assert list(frames.lines([b"star", b"ted up\r\n"])) == [("", b"started up")]
    assert list(frames.lines([b"up\n"])) == [("", b"up")]
    assert list(frames.lines([])) == []


def test_a_line_in_several_frames_is_one_line() -> None:
    sent = [frame(1, b"half "), frame(2, b"an error\n"), frame(1, b"and half\nlast")]
    assert list(frames.lines(sent)) == [("stderr", b"an error"), ("stdout", b"half and half"), ("stdout", b"last")]


def test_a_line_without_end_is_cut() -> None:
    sent = [frame(1, b"x" * 100_000), frame(1, b"y" * 10 + b"\nnext\n")]
    assert list(frames.lines(sent)) == [("stdout", b"x" * frames.LONGEST), ("stdout", b"next")]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([frame(1, b"one\n"), frame(1, b"two\n")[:-2]], "breaks off"),
        ([frame(1, b"one\n"), b"\1\0\0"], "breaks off"),
        ([frame(1, b"one\n"), b"\7\0\0\0\0\0\0\1x"], "form that is not known"),
        ([frame(1, b"one\n"), b"\1\0\1\0\0\0\0\1x"], "form that is not known"),
        (
            [frame(1, b"one\n"), frame(3, b"error from daemon: password=hunter2hunter2")],
            "to its end: error from daemon",
        ),
    ],
)
def test_what_is_no_whole_log_is_said(sent: list[bytes], said: str) -> None:
    seen = frames.lines(sent)
    assert next(seen) == ("stdout", b"one")
    with pytest.raises(Unseen, match=said) as caught:
        list(seen)
    assert "hunter2" not in caught.value.reason


def test_a_frame_that_claims_to_be_huge_takes_no_memory() -> None:
    with pytest.raises(Unseen, match="breaks off"):
        list(frames.lines([b"\1\0\0\0\xff\xff\xff\xff", b"a"]))
