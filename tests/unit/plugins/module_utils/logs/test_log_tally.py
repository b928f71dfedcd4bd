# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting: blocks of any size give the same, grep agrees, and each level, exception and complaint counts once."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.lines import LONGEST, Lines
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.tally import Tally
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock, stamped
from hypothesis import given
from hypothesis import strategies as st

SPEC: dict[str, t.Any] = {
    "forbid": [{"name": "type", "pattern": "TypeError"}, {"name": "any", "pattern": r"^\S+ ERROR|x$"}],
    "require": [{"name": "cycle", "pattern": "cycle (?:complete|done)"}],
    "intervals": [{"name": "cycle", "pattern": "cycle complete", "max_s": 15, "min_s": 5}],
    "numbers": [{"name": "took", "pattern": r"took ([\d.,]+)s", "max": 2}],
}


def counted(content: bytes, size: int = 1 << 20, clock: Clock | None = None, **spec: t.Any) -> dict[str, t.Any]:
    lines = Lines()
    clock = clock or Clock(content.split(b"\n")[:200], 0.0)
    tally = Tally(spec or SPEC, clock)
    for at in range(0, len(content), size):
        block = lines.feed(content[at : at + size])
        if block:
            tally.feed(block)
    tally.feed(lines.end())
    tally.end()
    return {**tally.result(), "cut": lines.cut}


PARTS = st.sampled_from(
    [
        b"2026-11-21T10:00:00Z INFO cycle complete took 1.5s",
        b"2026-11-21T10:00:10Z INFO cycle complete took 2.5s",
        b"2026-11-21T10:00:40Z ERROR boom TypeError: x",
        b"2026-11-21T10:00:41Z ERROR boom",
        b"Traceback (most recent call last):",
        b'  File "a.py", line 1, in f',
        b"    raise KeyError",
        b"TypeError: x",
        b"app.errors.Timeout: x",
        b"",
        b"\x1b[31mERROR\x1b[0m \xff\xfe\x00",
        b"WARNING: x\r",
        b'{"level":"error","msg":"x"}',
        b"y" * 100,
        b"took 1,234.5s",
    ]
)


@given(st.lists(PARTS, max_size=25), st.booleans(), st.lists(st.integers(1, 300), min_size=1, max_size=3))
def test_the_size_of_blocks_does_not_matter(parts: list[bytes], ended: bool, sizes: list[int]) -> None:
    content = b"\n".join(parts) + (b"\n" if ended else b"")
    clock = Clock([b"2026-11-21T10:00:00Z x"], 0.0)
    whole = counted(content, 1 << 20, clock)
    for size in sizes:
        assert counted(content, size, clock) == whole


@pytest.mark.parametrize("size", [100, 1 << 16, 1 << 20])
def test_a_record_of_thousands_of_lines_has_its_time(size: int) -> None:
    part = b"a line of what was printed\n" * 3000
    content = part + b"2026-11-21T10:00:00Z INFO x\n" + part + b"2026-11-21T10:00:40Z INFO x\n" + part + b"TypeError\n"
    seen = counted(content, size, Clock([b"2026-11-21T10:00:00Z x"], 0.0))
    assert (seen["first"], seen["last"]) == ("2026-11-21T10:00:00Z", "2026-11-21T10:00:40Z")
    assert seen["forbid"][0]["first"] == "2026-11-21T10:00:40Z"


def test_grep_and_wc_agree(tmp_path: Path) -> None:
    content = b"".join(
        b"2026-11-21 10:00:00,000 - %s - n %d took %d.5s\n"
        % (b"ERROR" if number % 7 == 0 else b"INFO", number, number % 4)
        for number in range(20_000)
    )
    path = tmp_path / "x.log"
    path.write_bytes(content)

    def grep(pattern: str) -> int:
        return int(subprocess.run(["grep", "-cE", pattern, path], capture_output=True, check=True).stdout)

    patterns = ["ERROR", "n 1.*took 3", "took (2|3)[.]5s$", "ERROR|took 1"]
    made = counted(content, 4096, forbid=[{"name": one, "pattern": one} for one in patterns])
    assert [hit["count"] for hit in made["forbid"]] == [grep(pattern) for pattern in patterns]
    assert made["lines"] == int(subprocess.run(["wc", "-l"], input=content, capture_output=True, check=True).stdout)
    assert made["levels"] == {"ERROR": grep("ERROR")}


LEVELS = [
    (b"2026-11-21 10:00:00,123 - app - ERROR - x", "ERROR"),
    (b"ERROR:root:x", "ERROR"),
    (b"[2026-11-21 10:00:00] production.CRITICAL: x", "CRITICAL"),
    (b"2026/11/21 10:00:00 [error] 7#7: open() failed", "ERROR"),
    (b"2026/11/21 10:00:00 [emerg] 7#7: bind() failed", "CRITICAL"),
    (b"[Sat Nov 21 10:00:00.123456 2026] [core:error] [pid 7] x", "ERROR"),
    (b"2026-11-21T10:00:00Z 0 [Warning] [MY-1] x", "WARNING"),
    (b'time=2026-11-21T10:00:00Z level=error msg="x"', "ERROR"),
    (b'{"level":"error","msg":"x"}', "ERROR"),
    (b'{"msg":"no ERROR yet","level":"warn"}', "WARNING"),
    (b'{"severity":"ERROR","message":"x"}', "ERROR"),
    (b'{"level":50,"msg":"x"}', "ERROR"),
    (b'{"msg": "x", "level": 50}', "ERROR"),
    (b'{"level":30,"msg":"x"}', None),
    (b"2026-11-21 10:00:00 | WARNING  | app:main:3 - x", "WARNING"),
    (b"2026-11-21T10:00:00Z  WARN app: x", "WARNING"),
    (b"Nov 21 10:00:00 web1 app[7]: FATAL:  the database system is starting up", "FATAL"),
    (b"10:00 INFO handled ERROR of the other side", None),
    (b"10:00 DEBUG level=error was set", None),
    (b"an error occurred", None),
    (b"MIRROR of TERROR", None),
    (b"    raise ERROR", None),
    (b"app.ERROR_CODES loaded", None),
]


@pytest.mark.parametrize(("line", "level"), LEVELS, ids=[repr(line[:40]) for line, _level in LEVELS])
def test_a_line_has_the_first_level_that_it_names(line: bytes, level: str | None) -> None:
    assert counted(line + b"\n")["levels"] == ({level: 1} if level else {})


TRACEBACK = b'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    raise KeyError\n'
EXCEPTIONS: list[tuple[str, bytes, dict[str, int]]] = [
    ("named", b"ERROR x: TypeError: y\n", {"TypeError": 1}),
    ("named twice in a line", b"ERROR TypeError: TypeError: y\n", {"TypeError": 1}),
    ("with its module", b"ERROR asyncio.exceptions.TimeoutError\n", {"TimeoutError": 1}),
    ("a traceback", b"ERROR x\n" + TRACEBACK + b"ValueError: y\nINFO z\n", {"ValueError": 1}),
    (
        "a traceback of what the line before names",
        b"ERROR ValueError: y\n" + TRACEBACK + b"ValueError: y\n",
        {"ValueError": 1},
    ),
    ("of what another line named", b"ERROR ValueError\nINFO\n" + TRACEBACK + b"ValueError\n", {"ValueError": 2}),
    ("of a class that is not called so", TRACEBACK + b"requests.exceptions.ReadTimeout: y\n", {"ReadTimeout": 1}),
    ("socket", TRACEBACK + b"socket.timeout: timed out\n", {"timeout": 1}),
    ("one that breaks off before a word", TRACEBACK + b"started\n", {}),
    ("one that breaks off before another error", TRACEBACK + b"17 ERROR KeyError: 1\n", {"KeyError": 1}),
    ("one that breaks off", TRACEBACK + b"INFO: started\n", {}),
    ("one that breaks off at the end", TRACEBACK, {}),
    (
        "during another",
        TRACEBACK
        + b"KeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\n"
        + TRACEBACK
        + b"TypeError: 2\n",
        {"KeyError": 1, "TypeError": 1},
    ),
    (
        "a group",
        b'  + Exception Group Traceback (most recent call last):\n  |   File "a.py", line 1\n'
        b"  | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n",
        {"ExceptionGroup": 1, "ValueError": 1},
    ),
    (
        "Java",
        b"java.lang.NullPointerException: x\n\tat a.b(c.java:1)\nCaused by: java.io.IOException: y\n",
        {"NullPointerException": 1, "IOException": 1},
    ),
    (
        "in a field",
        b'{"level":"error","exc":"Traceback (most recent call last):\\n  File\\nKeyError: 1"}\n',
        {"KeyError": 1},
    ),
    ("plain", b"Exception: x\n", {"Exception": 1}),
    ("words", b"an Error occurred, an Exception was raised\n", {}),
]


@pytest.mark.parametrize(
    ("content", "expected"), [case[1:] for case in EXCEPTIONS], ids=[case[0] for case in EXCEPTIONS]
)
def test_an_exception_counts_once(content: bytes, expected: dict[str, int]) -> None:
    assert counted(content)["exceptions"] == expected
    assert counted(content, 7)["exceptions"] == expected


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"Traceback (most recent call last):", "Traceback"),
        (b"ERROR Task exception was never retrieved", "Task exception was never retrieved"),
        (b"Exception in thread Thread-1:", "Exception in thread"),
        (b"PHP Fatal error:  Uncaught Exception: x", "Unhandled"),
        (b"(node:7) UnhandledPromiseRejectionWarning: x", "Unhandled"),
        (b"panic: runtime error: index out of range", "panic"),
        (b"thread 'main' panicked at src/main.rs:2:5:", "panic"),
        (b"Segmentation fault (core dumped)", "Segmentation fault"),
        (b"kernel: Out of memory: Killed process 7 (java)", "Out of memory"),
        (b"JavaScript heap out of memory", "Out of memory"),
    ],
)
def test_what_nobody_handled_is_counted(line: bytes, name: str) -> None:
    assert counted(line + b"\n")["unhandled"] == {name: 1}


def test_intervals_and_numbers() -> None:
    content = b"".join(
        b"2026-11-21T10:%02d:%02dZ INFO cycle complete took %.1fs\n" % (second // 60, second % 60, second / 10)
        for second in (0, 10, 12, 40)
    )
    made = counted(content)
    interval = made["intervals"][0]
    assert (interval["count"], interval["min_s"], interval["mean_s"], interval["max_s"]) == (4, 2.0, 13.333, 28.0)
    assert (interval["over"], interval["under"]) == (1, 1)
    assert interval["longest"] == ["2026-11-21T10:00:12Z", "2026-11-21T10:00:40Z"]
    number = made["numbers"][0]
    assert (number["count"], number["min"], number["mean"], number["max"], number["last"]) == (4, 0, 1.55, 4, 4)
    assert (number["over"], number["sample"]["text"]) == (1, "2026-11-21T10:00:40Z INFO cycle complete took 4.0s")


def test_a_line_without_a_time_has_that_of_its_record() -> None:
    content = b"2026-11-21T10:00:00Z a\n2026-11-21T10:00:01Z b\n  TypeError\n"
    assert counted(content, 30)["forbid"][0]["first"] == "2026-11-21T10:00:01Z"


def test_samples_are_masked_and_cut() -> None:
    made = counted(b"TypeError password=hunter2hunter2 " + b"y" * 1000 + b"\n")
    (sample,) = made["forbid"][0]["samples"]
    assert "hunter2" not in sample["text"]
    assert len(sample["text"]) <= 303


def test_the_first_and_the_newest_lines_are_shown() -> None:
    made = counted(b"".join(b"TypeError %d\n" % number for number in range(1000)), 100)
    assert [one["text"] for one in made["forbid"][0]["samples"]] == ["TypeError 0", "TypeError 998", "TypeError 999"]


@given(st.integers(1, 100_000))
def test_a_line_without_end_is_cut(size: int) -> None:
    content = b"a\n" + b"y" * (3 * LONGEST) + b" TypeError\nERROR " + b"z" * LONGEST + b"\nb"
    made = counted(content, size)
    assert (made["lines"], made["cut"], made["levels"], made["forbid"][0]["count"]) == (4, 2, {"ERROR": 1}, 0)


def test_stamped_lines_are_searched_without_their_stamp() -> None:
    clock = Clock((), 0.0, stamps=True)
    parts = [b"ERROR x", *TRACEBACK.splitlines(), b"ValueError: y", b"17 cycle complete"]
    content = b"".join(stamped(1795255200 + at, part) + b"\n" for at, part in enumerate(parts))
    made = counted(
        content, 50, clock, forbid=[{"name": "a", "pattern": "^ValueError"}, {"name": "b", "pattern": "^1795"}]
    )
    assert [hit["count"] for hit in made["forbid"]] == [1, 0]
    assert made["exceptions"] == {"ValueError": 1}
    assert (made["first"], made["last"]) == ("2026-11-21T10:00:00Z", "2026-11-21T10:00:05Z")
