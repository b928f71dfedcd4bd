# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where windows begin: what halving finds is what reading everything finds, and `tail` and `wc` agree."""

from __future__ import annotations

import os
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.logs import window
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from hypothesis import given, settings
from hypothesis import strategies as st


def host() -> Host:
    """A host whose time begins now: tests of this file may run long after it was imported."""
    return Host("/", 60)


START = 1795255200


def opened(folder: Path, content: bytes) -> int:
    path = folder / "x.log"
    path.write_bytes(content)
    return os.open(path, os.O_RDONLY)


@pytest.fixture(name="folder", scope="module")
def fixture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("window")


LINES = st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=40)


@given(LINES, st.booleans(), st.integers(1, 45), st.integers(1, 50))
def test_the_last_lines_are_those_of_tail(
    folder: Path, lines: list[bytes], ended: bool, count: int, block: int
) -> None:
    content = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    fd = opened(folder, content)
    try:
        at = window.last_lines(fd, len(content), count, block)
    finally:
        os.close(fd)
    whole = content.split(b"\n")
    if not whole[-1]:
        whole.pop()
    kept = content[at:].split(b"\n")
    assert kept[: len(whole[-count:])] == whole[-count:]
    assert kept[len(whole[-count:]) :] in ([], [b""])


def test_tail_itself_agrees(folder: Path) -> None:
    content = b"".join(b"line %d\n" % number for number in range(5000))
    fd = opened(folder, content)
    try:
        at = window.last_lines(fd, len(content), 1234, 4096)
    finally:
        os.close(fd)
    assert (
        content[at:] == subprocess.run(["tail", "-n", "1234", folder / "x.log"], capture_output=True, check=True).stdout
    )


def test_the_last_bytes_begin_with_a_whole_line(folder: Path) -> None:
    content = b"one\ntwo\nthree\n"
    fd = opened(folder, content)
    try:
        assert [content[window.last_bytes(fd, len(content), count) :] for count in (100, 14, 13, 10, 9, 6, 5, 1)] == [
            *(content, content, b"two\nthree\n", b"two\nthree\n", b"three\n", b"three\n", b"", b""),
        ]
    finally:
        os.close(fd)


def log(times: t.Sequence[float | None], width: int) -> bytes:
    lines = []
    for number, seconds in enumerate(times):
        stamp = b"" if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime(seconds)).encode()
        lines.append(stamp + b"%d " % number + b"x" * width + b"\n")
    return b"".join(lines)


def whole_scan(content: bytes, wanted: float, clock: Clock) -> int:
    at = 0
    for line in content.splitlines(keepends=True):
        seconds = clock.of(line)
        if seconds is not None and seconds >= wanted:
            return at
        at += len(line)
    return len(content)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(0, 300), st.integers(0, 3)), min_size=1, max_size=300),
    st.integers(-100, 40_000),
    st.integers(0, 2000),
    st.data(),
)
def test_halving_finds_what_a_whole_scan_finds(
    folder: Path, steps: list[int | None], wanted: int, width: int, data: st.DataObject
) -> None:
    now, times = START, []
    for step in steps:
        if step is None:
            times.append(None)
            continue
        now += step
        # Lines may be written a little out of order.
        times.append(now - data.draw(st.integers(0, 50)))
    content = log(times, width)
    clock = Clock(content.splitlines(), START)
    fd = opened(folder, content)
    try:
        found = window.since(fd, len(content), START + wanted, clock, host())
    finally:
        os.close(fd)
    assert found.at == whole_scan(content, START + wanted, clock)


def test_a_log_whose_times_jump_back_is_read_from_the_first_line_that_counts(folder: Path) -> None:
    times = [START + number for number in range(4000)]
    content = log([*times, *times], 100)
    clock = Clock(content.splitlines()[:100], START)
    fd = opened(folder, content)
    try:
        found = window.since(fd, len(content), START + 3000, clock, host())
    finally:
        os.close(fd)
    assert found == (whole_scan(content, START + 3000, clock), True)


def test_a_sparse_gigabyte_costs_no_time(folder: Path) -> None:
    """As copytruncate leaves it: the program goes on writing where it was, and all before is a hole."""
    path = folder / "sparse.log"
    with path.open("wb") as file:
        file.truncate(1 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + log([START + number for number in range(100)], 20))
    fd = os.open(path, os.O_RDONLY)
    size = os.fstat(fd).st_size
    try:
        clock = Clock([b"2026-11-21T10:00:00Z x"], START)
        begun = time.process_time()
        assert size - window.last_lines(fd, size, 10) < 1000
        assert size - window.since(fd, size, START + 90, clock, host()).at < 1000
        assert time.process_time() - begun < 60
    finally:
        os.close(fd)


def test_the_time_limit_holds(folder: Path) -> None:
    content = log([START] * 100, 10)
    fd = opened(folder, content)
    try:
        with pytest.raises(Unseen, match="time limit"):
            window.since(fd, len(content), START + 5, Clock(content.splitlines(), START), Host("/", -1))
    finally:
        os.close(fd)
