# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that search by hand count what an audit counts, of every kind of log."""

from __future__ import annotations

import json
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.lines import Lines
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.tally import Tally
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.times import Clock, stamped
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.similar import share
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.log_shapes import LEVELS, UNHANDLED
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import searching

LINES = [
    "INFO handled ERROR of before",
    'level=error msg="WARN"',
    '{"msg": "INFO", "level": 50}',
    "\x1b[31mCRITICAL\x1b[0m gone",
    "[pool:warning] full",
    "  ERROR in a record that goes on",
    "ERRORS: 0, Error: 1",
    "Task exception was never retrieved",
    "java.lang.IllegalStateException: odd",
    "+ Exception Group Traceback (most recent call last):",
    "  | ExceptionGroup: two",
    "ERROR shop.PriceError: told before",
    "Traceback (most recent call last):",
    '  File "a.py", line 1',
    "shop.PriceError: told before",
    "Traceback (most recent call last):",
    '  File "a.py", line 1',
    "",
    "KeyboardInterrupt",
    "Traceback (most recent call last):",
    '  File "a.py", line 1',
    "OwnWay: last",
    "thread 'main' panicked at src/main.rs",
    "price 1,250.5 für 3",
    "price x für 4",
    "one\r",
    "",
]
PATTERNS = [
    "^one$",
    r"price (?P<n>[\d,.]+)",
    "für",
    r"(?i)error(?!s)",
    r"^\s*$",
    "a\\b|'\"",
    "\\u00fc",
    r"x\nERROR",
    "(?s)one.INFO",
]
CLASSES = ["IllegalStateException", "PriceError", "KeyboardInterrupt", "OwnWay", "Error", "ValueError"]
NUMBERS = r"price ([\d,.]+|x)"


def counted(lines: t.Iterable[bytes], stamps: bool) -> dict[str, t.Any]:
    spec = {
        "classes": CLASSES,
        "forbid": [{"name": pattern, "pattern": pattern} for pattern in PATTERNS],
        "numbers": [{"name": "n", "pattern": NUMBERS}],
    }
    tally = Tally(spec, Clock((), 0.0, stamps=stamps))
    tally.feed(Lines().feed(b"".join(line + b"\n" for line in lines)))
    tally.end()
    return tally.result()


def sources() -> dict[str, tuple[bytes, dict[str, t.Any]]]:
    """What each kind of log prints, and what an audit counts of the same."""
    raw = [line.encode() for line in LINES]
    entries = [
        {"__REALTIME_TIMESTAMP": "1795343874000000", "MESSAGE": line, "PRIORITY": str(number % 8)}
        for number, line in enumerate(LINES)
    ]
    entries.append({**entries[0], "MESSAGE": [255, 10, *b"ERROR"]})
    # A field that an entry has several times.
    entries.append({**entries[0], "MESSAGE": ["ERROR one", "für"]})
    given = [stamped(1.0, line, b"%d" % (number % 8)) for number, line in enumerate(raw)]
    given += [stamped(1.0, b"\xff", b"0"), stamped(1.0, b"ERROR")]
    given += [stamped(1.0, b"ERROR one", b"0"), stamped(1.0, "für".encode())]
    return {
        "path": (b"".join(line + b"\n" for line in raw), counted(raw, False)),
        "container": (
            b"".join(b"2026-11-22T10:00:00.5Z " + line + b"\n" for line in raw),
            counted([stamped(1.0, line) for line in raw], True),
        ),
        "journal": ("".join(f"{json.dumps(one)}\n" for one in entries).encode(), counted(given, True)),
    }


SOURCES = sources()


def said(command: str, text: bytes = b"", folder: Path | None = None) -> str:
    done = subprocess.run(["sh", "-c", command], input=text, capture_output=True, check=True, cwd=folder)
    assert not done.stderr
    return done.stdout.decode()


def count(command: str, text: bytes) -> int:
    return int(said(command, text).partition(" ")[0])


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_each_level_class_and_word_is_counted_as_an_audit_does(kind: str) -> None:
    text, wanted = SOURCES[kind]
    levels = {name: count(searching.level(kind, [name]), text) for name in LEVELS}
    assert {name: many for name, many in levels.items() if many} == wanted["levels"]
    words = {name: count(searching.said(kind, name), text) for name in UNHANDLED}
    assert {name: many for name, many in words.items() if many} == wanted["unhandled"]
    classes = {name: count(searching.exception(kind, name), text) for name in CLASSES}
    assert {name: many for name, many in classes.items() if many} == {
        name: many for name, many in wanted["exceptions"].items() if name in CLASSES
    }


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_each_expression_is_found_as_an_audit_does(kind: str) -> None:
    text, wanted = SOURCES[kind]
    found = {pattern: count(searching.in_log(kind, pattern), text) for pattern in PATTERNS}
    assert found == {one["name"]: one["count"] for one in wanted["forbid"]}
    (numbers,) = wanted["numbers"]
    assert said(searching.numbers(kind, NUMBERS), text) == (
        f"{numbers['count']} numbers: least {numbers['min']} mean {numbers['mean']} most {numbers['max']} "
        f"last {numbers['last']}\n"
    )


def test_lines_are_told_with_their_times() -> None:
    assert (
        said(searching.in_log("container", "^one$"), SOURCES["container"][0]) == "1 line: 26 2026-11-22T10:00:00.5Z,\n"
    )
    assert said(searching.in_log("journal", "^one$"), SOURCES["journal"][0]) == "1 line: 26 1795343874.000,\n"


@pytest.mark.parametrize(
    "pattern", [r"a\n  b", "(?s)a.*d", "(?m)^ {2}b$", "(?x) a \n # what\n \\n", "$(touch x)'\"`", "ü|\\N{BULLET}"]
)
def test_an_expression_may_span_the_lines_of_a_file_and_hold_anything(pattern: str, tmp_path: Path) -> None:
    content = "x\na\n  b\nd\nü $(touch x)'\"` •\n"
    (tmp_path / "-it's $x").write_text(content, encoding="utf-8")
    (tmp_path / "re.py").write_text("raise SystemExit('a module of the application was imported')")
    command = searching.in_file(pattern, "-it's $x")
    assert "\n" not in command
    lines = [content.count("\n", 0, match.start()) + 1 for match in re.finditer(pattern, content, re.MULTILINE)]
    told = f"{len(lines)} found{':' if lines else ''} {' '.join(map(str, lines))}".strip()
    assert said(command, folder=tmp_path) == f"{told}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["-it's $x", "re.py"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("abcdefgh", "abcdefgh"),
        ("abcdxefgh", "abcdyefgh"),
        ("abc", "zabcz"),
        ("", "abc"),
        ("abcdabcd", "abcd#///x"),
        ("abab", "ba"),
    ],
)
def test_the_share_of_two_files_is_that_of_an_audit(one: str, two: str, tmp_path: Path) -> None:
    first, second = ([char.encode() for char in text if char not in "#/"] for text in (one, two))
    for name, text in (("one", one), ("two", two)):
        (tmp_path / name).write_text("".join(f"  {char}{char if char == '/' else ''} \n\n" for char in text))
    shorter, longer = sorted((len(first), len(second)))
    told, _of, lines = said(searching.shared("one", "two"), folder=tmp_path).partition(" of ")
    assert (float(told), lines) == (share(first, second), f"{shorter} and {longer} lines\n")
