# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large logs: what grep found and what Python finds by itself is the same, whatever grep there is."""

from __future__ import annotations

import errno
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.logs import reading, sieve
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.counting import LineCount
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.lines import Lines
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.parts import NotSought, Part
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.tally import Tally
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from held import children, descriptors
from hypothesis import given
from hypothesis import strategies as st

SPEC: dict[str, t.Any] = {
    "forbid": [
        {"name": "type", "pattern": "TypeError"},
        {"name": "lost", "pattern": r"connection (?:lost|reset) by \S+"},
    ],
    "require": [{"name": "cycle", "pattern": "cycle (?:complete|done)"}],
    "intervals": [{"name": "cycle", "pattern": "cycle complete", "max_s": 15, "min_s": 5}],
    "numbers": [{"name": "took", "pattern": r"took ([\d.,]+)s", "max": 2}],
}
# Of an ordinary line nothing is asked.
SKIMMED = {"forbid": SPEC["forbid"]}
LINES = (
    b"2026-11-21T10:00:00Z INFO cycle complete took 1.5s",
    b"2026-11-21T10:00:40Z ERROR boom TypeError: x",
    b"2026-11-21T10:00:41Z connection lost by peer",
    b"2026-11-21T10:00:42Z [error] 7#7: upstream",
    b"2026-11-21T10:00:43Z [core:Error] x",
    b"2026-11-21T10:00:44Z level=warning msg",
    b'{"time":"2026-11-21T10:00:45Z","level":50}',
    b"Traceback (most recent call last):",
    b'  File "a.py", line 1, in f',
    b"TypeError: x",
    b"app.errors.Timeout: x",
    b"",
    b"[\x1b[31mer\x1b[0mror] x",
    b"WARNING: x\r",
    b"\xff\xfe\x00 panic: \x00",
    b"an ordinary line that nothing is said in",
)
CLOCK = Clock([b"2026-11-21T10:00:00Z x"], 0.0)


def counted(path: Path, start: int = 0, smallest: int = 0, block: int = 1 << 16, **spec: t.Any) -> dict[str, t.Any]:
    tally = Tally(spec or SPEC, CLOCK)
    fd = os.open(path, os.O_RDONLY)
    try:
        part = Part(fd, start, path.stat().st_size, Host("/", 60), block)
        part.count(tally, smallest)
    finally:
        os.close(fd)
    return {**tally.result(), "cut": part.cut, "bytes": part.bytes}


def plain(path: Path, start: int = 0, **spec: t.Any) -> dict[str, t.Any]:
    return counted(path, start, 1 << 40, **spec)


@given(
    st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from((0, 0, 0, 1, 40, 700))), min_size=1, max_size=14),
    st.booleans(),
    st.integers(0, 3),
    st.sampled_from((1 << 10, 1 << 16, 1 << 18)),
    st.sampled_from((SPEC, SKIMMED)),
)
def test_the_sieve_changes_no_count(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[tuple[bytes, int]],
    ended: bool,
    skipped: int,
    block: int,
    spec: dict[str, t.Any],
) -> None:
    # What stands between two lines is up to 70 KB: more than separates two places.
    ordinary = (
        b"an ordinary line, as most of them are, of a hundred bytes or so in an application's log that is written\n"
    )
    content = b"\n".join(line + b"\n" + ordinary * count for line, count in lines) + (
        b"" if ended else b"ERROR at the end"
    )
    path = tmp_path_factory.mktemp("log") / "x.log"
    path.write_bytes(content)
    start = 0
    for _line in range(skipped):
        start = content.find(b"\n", start) + 1
    assert counted(path, start, block=block, **spec) == plain(path, start, **spec)


def big(path: Path, *lines: bytes, between: int = 3000) -> Path:
    path.write_bytes(b"".join(line + b"\n" + b"2026-11-21T10:00:00Z INFO fine\n" * between for line in lines))
    return path


def test_few_lines_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0
    seek = Tally.seek

    def count(self: Tally, block: bytes) -> None:
        nonlocal looked
        looked += len(block)
        seek(self, block)

    monkeypatch.setattr(Tally, "seek", count)
    path = big(tmp_path / "x.log", *[LINES[1]] * 3, between=30_000)
    assert counted(path)["levels"] == {"ERROR": 3}
    assert looked < path.stat().st_size // 10


def test_a_pattern_without_words_is_looked_for_everywhere(tmp_path: Path) -> None:
    path = big(tmp_path / "x.log", b"2026-11-21T10:00:00Z odd", b"!")
    spec = {"forbid": [{"name": "odd", "pattern": r"^\W$"}]}
    assert Tally(spec, CLOCK).sieves is None
    assert counted(path, **spec) == plain(path, **spec)
    assert counted(path, **spec)["forbid"][0]["count"] == 1


@pytest.mark.parametrize("spec", [SPEC, SKIMMED], ids=["counted", "skimmed"])
@pytest.mark.parametrize("last", [b"WARNING b\n", b"TypeError: " + b"y" * (1 << 17), b""], ids=["line", "open", "none"])
def test_a_line_without_an_end_is_one_line(tmp_path: Path, spec: dict[str, t.Any], last: bytes) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(LINES[1] + b"\n" + b"x" * (3 << 20) + b" KeyError\nTypeError: boom\n" + last)
    assert counted(path, **spec) == plain(path, **spec)
    assert counted(path, **spec)["cut"] == 1 + (len(last) > 1 << 16)
    assert counted(path, **spec)["forbid"][0]["samples"][-1]["time"] == "2026-11-21T10:00:40Z"


@given(
    st.lists(
        st.tuples(
            st.sampled_from((0, 1, 65_533, 65_534, 65_535, 65_536, 65_537, 131_071, 131_072)),
            st.sampled_from((b"x", b"\r")),
        ),
        max_size=5,
    ),
    st.booleans(),
    st.sampled_from((1000, 65_535, 65_536)),
)
def test_lines_are_counted_alike_with_and_without_a_look_at_them(
    lines: list[tuple[int, bytes]], ended: bool, block: int
) -> None:
    content = b"\n".join(byte * length for length, byte in lines) + (b"\n" if ended else b"")
    looked, skimmed, blocks = Lines(), LineCount(), []
    for at in range(0, len(content), block):
        blocks.append(looked.feed(content[at : at + block]))
        skimmed.feed(content[at : at + block])
    blocks.append(looked.end())
    assert skimmed.end() == (b"".join(blocks).count(b"\n"), looked.cut)


def test_lines_are_counted_by_wc_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = big(tmp_path / "x.log", *LINES)
    wanted = plain(path, **SKIMMED)
    # As logs are opened.
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOATIME)
    monkeypatch.setattr(LineCount, "feed", None)
    tally = Tally(SKIMMED, CLOCK)
    try:
        Part(fd, 0, path.stat().st_size, Host("/", 60), 1 << 16).count(tally, 0)
    finally:
        os.close(fd)
    assert tally.result()["lines"] == wanted["lines"]


def test_what_came_before_a_part_dates_what_it_begins_with(tmp_path: Path) -> None:
    path = big(tmp_path / "x.log", b"TypeError: of the record before", b"x", between=0)
    tally = Tally(SKIMMED, CLOCK)
    tally.feed(b"2026-11-21T10:00:00Z INFO fine\n")
    with path.open("rb") as file:
        Part(file.fileno(), 0, path.stat().st_size, Host("/", 60), 1 << 16).count(tally, 0)
    assert tally.result()["forbid"][0]["first"] == "2026-11-21T10:00:00Z"


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("echo 'grep: unrecognized option: b' >&2; exit 2", id="does not know the option"),
        pytest.param("cat >/dev/null; printf '1:2026-11-21T10:00:42Z [error] 7#7: upstream\\n'", id="counts lines"),
        pytest.param("kill -9 $$", id="is killed"),
        pytest.param("exit 2", id="does not read what it is fed"),
        pytest.param(None, id="is missing"),
    ],
)
@pytest.mark.parametrize("spec", [SPEC, SKIMMED], ids=["counted", "skimmed"])
@pytest.mark.parametrize("name", ["grep", "wc"])
def test_another_grep_or_wc_is_not_relied_upon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, spec: dict[str, t.Any], program: str | None
) -> None:
    odd = tmp_path / "odd"
    if program is not None:
        odd.write_text(f"#!/bin/sh\n{program}\n")
        odd.chmod(0o755)
    path = big(tmp_path / "x.log", *LINES)
    wanted = plain(path, **spec)
    find = command.find
    monkeypatch.setattr(
        command, "find", lambda asked: find(asked) if asked != name else None if program is None else str(odd)
    )
    assert counted(path, **spec) == wanted


def test_a_file_that_cannot_be_sent_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: int) -> t.NoReturn:
        raise OSError(errno.EINVAL, "Invalid argument")

    path = big(tmp_path / "x.log", *LINES)
    wanted = plain(path)
    monkeypatch.setattr(os, "sendfile", refuse)
    assert counted(path) == wanted


def test_a_log_of_nothing_but_errors_is_read_without_keeping_all_that_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"2026-11-21T10:00:40Z ERROR boom TypeError: x\n" * 30_000)
    monkeypatch.setattr(sieve, "_MOST", 1 << 16)
    monkeypatch.setitem(sieve._LIMITS, sieve.resource.RLIMIT_FSIZE, 1 << 16)
    assert counted(path) == plain(path)
    assert counted(path)["levels"] == {"ERROR": 30_000}


@pytest.mark.parametrize("spec", [SPEC, SKIMMED], ids=["counted", "skimmed"])
def test_a_log_that_grows_is_read_to_where_it_ended(tmp_path: Path, spec: dict[str, t.Any]) -> None:
    path = big(tmp_path / "x.log", *LINES)
    size = path.stat().st_size
    wanted = plain(path, **spec)
    with path.open("ab") as file:
        file.write(b"2026-11-21T10:00:40Z ERROR new\n")
    tally = Tally(spec, CLOCK)
    with path.open("rb") as file:
        part = Part(file.fileno(), 0, size, Host("/", 60), 1 << 16)
        part.count(tally, 0)
    assert {**tally.result(), "cut": part.cut, "bytes": part.bytes} == wanted


@pytest.mark.parametrize("spec", [SPEC, SKIMMED], ids=["counted", "skimmed"])
@pytest.mark.parametrize("missing", [1, 1 << 20], ids=["its end", "its half"])
def test_a_log_that_shrinks_is_unknown_and_not_free_of_errors(
    tmp_path: Path, spec: dict[str, t.Any], missing: int
) -> None:
    path = big(tmp_path / "x.log", *LINES, between=500)
    tally = Tally(spec, CLOCK)
    with path.open("rb") as file:
        part = Part(file.fileno(), 0, path.stat().st_size + missing, Host("/", 60), 1 << 16)
        with pytest.raises(NotSought, match="truncated while it was read"):
            part.count(tally, 0)


@pytest.mark.parametrize("name", ["grep", "wc"])
def test_a_search_that_does_not_end_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    slow, find = tmp_path / "slow", command.find
    slow.write_text("#!/bin/sh\ncat >/dev/null\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setattr(command, "find", lambda asked: str(slow) if asked == name else find(asked))
    path = big(tmp_path / "x.log", *LINES)
    with path.open("rb") as file:
        # Long enough for the other programs, which end.
        part = Part(file.fileno(), 0, path.stat().st_size, Host("/", 3), 1 << 16)
        with pytest.raises(NotSought, match=f"{name} was not done within the time limit of 3 s"):
            part.count(Tally(SKIMMED, CLOCK), 0)


def test_a_whole_log_is_unknown_when_it_was_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = big(tmp_path / "x.log", *LINES)

    def fail(*_args: object) -> t.NoReturn:
        raise NotSought("because")

    monkeypatch.setattr(Part, "count", fail)
    spec = {"path": str(path), "lines": 100_000}
    with pytest.raises(Unseen, match="because"):
        reading.read_file(spec, None, Host("/", 60))


def test_nothing_of_a_search_stays(tmp_path: Path) -> None:
    path = big(tmp_path / "x.log", *LINES)
    counted(path)
    before = descriptors(), children()
    counted(path)
    assert descriptors() <= before[0]
    assert children() <= before[1]
