# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of .env files: a table of the dialect, and bash as the oracle for what both read alike."""

from __future__ import annotations

import json
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils import dotenv
from ansible_collections.evenkeel.drift.plugins.module_utils.compose import dotenv as compose
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Unreadable
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import read_keys
from hypothesis import given
from hypothesis import strategies as st

COMPOSE = Path(__file__).parents[1] / "compose" / "corpus" / "variables"


def values(said: bytes) -> dict[str, t.Any]:
    return {str(item.path[0]): item.value for item in read_keys(said, "env").keys}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"A=1", {"A": "1"}),
        (b"\xef\xbb\xbfA=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        (b"export A=1\n  B = 2\nC: 3\n", {"A": "1", "B": "2", "C": "3"}),
        (
            b"# A=0\n\n\tA=1 # one\nT=x\t# y\nB=x#y\nC='a # b' # c\n",
            {"A": "1", "T": "x\t# y", "B": "x#y", "C": "a # b"},
        ),
        (b"A=\nB=''\nC=\"\"\n", {"A": "", "B": "", "C": ""}),
        (b"A\nB=1\n", {"A": None, "B": "1"}),
        (b"A='one\ntwo'\nB=\"x\\ny\"\n", {"A": "one\ntwo", "B": "x\ny"}),
        (b"A=\"q\\\"q\"\nB='q\\'q'\n", {"A": 'q"q', "B": "q'q"}),
        (b'A="\\08 \\0777 \\01 \\0z"', {"A": "\\8 \\777 \\1 \\z"}),
        (b"A=\"\\0101\\'\\q\\\\n\"\nB='\\n'\nC=\\n\n", {"A": "A\\'\\q\\n", "B": "\\n", "C": "\\n"}),
        (b"A=1\r\nB='x\r\ny'\r\nC\r\nD=\"z\" # c\r\n", {"A": "1", "B": "x\r\ny", "C": None, "D": "z"}),
        (b"A=$X-${Y:-z}\nB=\"\\$X\"\nC='$X'\n", {"A": "$X-${Y:-z}", "B": "$X", "C": "$X"}),
        (b"a.b=1\nA[0]=2\nx-y=3\n", {"a.b": "1", "A[0]": "2", "x-y": "3"}),
        ("A=größe".encode(), {"A": "größe"}),
        (b"", {}),
        (b"\n# nothing\n", {}),
    ],
)
def test_the_dialect(said: bytes, found: dict[str, str | None]) -> None:
    assert values(said) == found


def test_compose_said_the_same_of_a_recorded_file() -> None:
    said = json.loads((COMPOSE / "config-2.26.1.json").read_text("utf-8"))["services"]["web"]["environment"]
    kept = 0
    for item in read_keys((COMPOSE / "web.env.txt").read_bytes(), "env").keys:
        # What Compose prints has each dollar twice, and variables replaced.
        if "$" not in (item.template or ""):
            assert said[str(item.path[0])].replace("$$", "$") == item.value
            kept += 1
    assert kept > 15


def test_a_later_line_counts_and_both_are_told() -> None:
    parsed = read_keys(b"A=1\nB='x\ny'\nA=2\n", "env")
    assert [(item.path, item.value, item.line) for item in parsed.keys] == [(("B",), "x\ny", 2), (("A",), "2", 4)]
    assert [(one.path, one.lines) for one in parsed.doubles] == [(("A",), [1, 4])]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"A=1\n\nhunter2hunter2\x01 is no name\n", "line 3 is no NAME=value"),
        (b"A=1\nB='hunter2\n\n", "the quotation mark of line 2 is not closed"),
        (b"A='hunter2' hunter3\n", "line 1 goes on after its quoted value"),
        (b"A=1\nB=\xe9\n", "line 2: byte 7 of the file is no UTF-8"),
        (b"A=1\nB=\0\n", "line 2 holds a NUL, which no text has"),
        (b"A=1\n" * 2_000_000, "it is larger than 4096 KiB: only its whole content is compared"),
        (b"A=1\n" * 60_000, "it has more than 50000 keys"),
    ],
    # Some are megabytes.
    ids=lambda one: one[:60] if isinstance(one, str) else "said",
)
def test_what_is_none_is_told_by_line_and_never_quoted(said: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as error:
        read_keys(said, "env")
    assert error.value.reason == reason


def test_after_a_problem_the_next_line_is_read() -> None:
    found = [(one.name, one.value, bool(one.problem)) for one in dotenv.statements("A=1\n!\nB='x\nC=2\nD='x' y\nE=3\n")]
    assert found[0] == ("A", "1", False)
    assert ("E", "3", False) in found


_PLAIN = st.text(st.sampled_from("abzAZ019._/:@%+,-"), max_size=12)
# In quotation marks bash and Compose differ about a backslash before a letter, a dollar and a backtick.
_QUOTED = st.text(st.sampled_from("aZ0 \t#=;&|<>()*?!~'é\n.-"), max_size=20)
_LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "export "]),
        st.from_regex(r"V[A-Z0-9_]{0,5}", fullmatch=True),
        st.one_of(
            _PLAIN,
            _QUOTED.filter(lambda said: "!" not in said).map(lambda said: f'"{said}"'),
            _QUOTED.map(lambda said: f"'{said}'").filter(lambda said: said.count("'") == 2),
        ),
        st.sampled_from(["", " # comment", " \t #"]),
    ),
    max_size=6,
)


@given(_LINES)
def test_bash_reads_the_same(lines: list[tuple[str, str, str, str]]) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash on this machine")
    # Where nothing stands before it, Compose takes a comment for the value.
    said = "".join(f"{export}{name}={value}{end if value else ''}\n" for export, name, value, end in lines)
    script = f"set -a\n{said}\nexec env -0\n"
    plain = {"PATH": "/usr/bin:/bin"}
    ran = subprocess.run([bash, "--norc"], input=script.encode(), env=plain, capture_output=True, check=False)
    assert not ran.stderr
    pairs = dict(pair.partition("=")[::2] for pair in ran.stdout.decode().split("\0") if pair.startswith("V"))
    assert values(said.encode()) == pairs


@given(st.text(st.sampled_from("AB=: '\"\\\n#$x{}[.\texport"), max_size=40))
def test_compose_reads_the_same_file_or_refuses_it_too(said: str) -> None:
    data = said.encode()
    try:
        found = compose.parse(data, {})
    except Unsupported:
        return
    own = values(data)
    assert own.keys() == dict(found).keys()
    assert {name for name, value in found if value is None} >= {name for name, value in own.items() if value is None}


def test_many_lines_take_no_time(tmp_path: Path) -> None:
    said = b"".join(b'K%d="%s"\n' % (number, b"x" * 60) for number in range(40_000))
    assert len(values(said)) == 40_000
