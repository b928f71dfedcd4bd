# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit files and environment files: tables, and systemd's own library as the oracle where this machine has it."""

from __future__ import annotations

import ctypes
import glob
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Unreadable
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import read_keys
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.environment import parse
from ansible_collections.evenkeel.drift.plugins.module_utils.systemd.words import BadWords, shown_words, split_words
from hypothesis import example, given, settings
from hypothesis import strategies as st

# EXTRACT_CUNESCAPE and EXTRACT_UNQUOTE, with which systemd 252 splits Environment=.
_FLAGS = 2 | 32


@pytest.fixture(name="systemd", scope="module")
def fixture_systemd() -> ctypes.CDLL:
    found = sorted(glob.glob("/usr/lib/*/systemd/libsystemd-shared-252.so"))
    if not found:
        pytest.skip("no library of systemd 252 on this machine")
    return ctypes.CDLL(found[0])


def told(said: bytes, form: str) -> dict[str, t.Any]:
    return {jsonpath.spell(item.path): item.value for item in read_keys(said, form).keys}


def test_a_unit_file() -> None:
    parsed = read_keys(
        b"# one\n[Unit]\nDescription = Shop \\\n; between\n  and more\n"
        b"[Service]\nExecStart=/bin/a\nExecStart=/bin/b %h\n"
        b"Environment=A=1 \"B=x y\" 'C=\\x41' D=a%%b\nEnvironment=A=2\nUser=\n",
        "systemd",
    )
    assert {jsonpath.spell(item.path): (item.value, item.line) for item in parsed.keys} == {
        "Unit.Description": ("Shop  and more", 3),
        "Service.ExecStart[0]": ("/bin/a", 7),
        "Service.ExecStart[1]": ("/bin/b %h", 8),
        "Service.Environment.A": ("2", 10),
        "Service.Environment.B": ("x y", 9),
        "Service.Environment.C": ("A", 9),
        "Service.Environment.D": ("a%b", 9),
        "Service.User": ("", 11),
    }
    assert [(one.path[-1], one.lines) for one in parsed.doubles] == [("A", [9, 10])]
    assert parsed.partial == ""


def test_an_empty_assignment_forgets_those_before() -> None:
    assert told(b"[Service]\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\n", "systemd") == {
        "Service.Environment.B": "2"
    }


def test_what_systemd_leaves_out_is_told() -> None:
    parsed = read_keys(b'X=1\n[Service]\nRestart\nEnvironment="A=hunter2\nEnvironment=1A=2 B=1\n', "systemd")
    assert [item.path[-1] for item in parsed.keys] == ["B"]
    assert parsed.partial == (
        "systemd leaves out what it does not understand: line 1 stands before all sections; line 3 is no setting; "
        "line 4: a quotation mark is not closed; line 5 assigns to what is no name of a variable"
    )


def test_a_section_that_is_not_closed_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="line 1: the name of a section is not closed"):
        read_keys(b"[Service\nA=1\n", "systemd")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"A=1\nB = 2 \nC=x y # no comment\n", {"A": "1", "B": "2", "C": "x y # no comment"}),
        (b"A='x'y\nB=\"a\\\"b\\$c\\n\"\nC='a\\'\n", {"A": "xy", "B": 'a"b$c\\n', "C": "a\\"}),
        (b"A=one\\\n two\r\nB=$A ${A}\n", {"A": "one two", "B": "$A ${A}"}),
        (b"# A=1\n;B=2\nC='x\ny'\n", {"C": "x\ny"}),
        (b"A=\nA=2", {"A": "2"}),
        (b"export A=1\nB=2\n", {"B": "2"}),
        (b"=\\\nA=1\n", {"A": "1"}),
    ],
)
def test_an_environment_file(said: bytes, found: dict[str, str]) -> None:
    assert told(said, "environment_file") == found


def test_what_is_no_assignment_is_told() -> None:
    parsed = read_keys(b"A=1\nexport B=hunter2\nhunter2\nC=\x01\n", "environment_file")
    assert parsed.partial == "systemd leaves out what is no NAME=value: line 2, 3, 4"


@settings(max_examples=400)
@example(said="=\\\rA=")
@example(said='A="\\')
@example(said='A=\rA="\r')
@given(said=st.text(st.sampled_from("AB=='\"\\\n\r #;$xé\t"), max_size=30))
def test_systemd_reads_the_same_environment_file(
    systemd: ctypes.CDLL, tmp_path_factory: pytest.TempPathFactory, said: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "environment"
    path.write_bytes(said.encode())
    found = ctypes.POINTER(ctypes.c_char_p)()
    assert systemd.load_env_file(None, str(path).encode(), ctypes.byref(found)) >= 0
    pairs: list[tuple[str, str]] = []
    while found and found[len(pairs)] is not None:
        name, _sign, value = t.cast(bytes, found[len(pairs)]).decode().partition("=")
        pairs.append((name, value))
    # The library leaves the check of names to its caller.
    wanted = {name: value for name, value in pairs if name and name.isascii() and name.isalnum() and "\r" not in value}
    assert told(said.encode(), "environment_file") == wanted


@settings(max_examples=400)
@given(said=st.text(st.sampled_from("ab='\" \t\\xn041sué"), max_size=24))
def test_systemd_splits_the_same_words(systemd: ctypes.CDLL, said: str) -> None:
    held = ctypes.create_string_buffer(said.encode())
    at, word = ctypes.c_char_p(ctypes.addressof(held)), ctypes.c_char_p()
    wanted: list[str] = []
    result = 1
    while result > 0:
        result = systemd.extract_first_word(ctypes.byref(at), ctypes.byref(word), None, _FLAGS)
        if result > 0:
            wanted.append((word.value or b"").decode("utf-8", "surrogateescape"))
    if result < 0:
        with pytest.raises(BadWords):
            split_words(said)
    else:
        assert split_words(said) == wanted


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", []),
        ("A=1 B=x", ["A=1", "B=x"]),
        ('A=1 "B=x \\"y\\" \\$z" C=', ["A=1", 'B=x "y" $z', "C="]),
        ("$'A=x\\ny\\'z' B=1", ["A=x\ny'z", "B=1"]),
    ],
)
def test_what_systemctl_shows_is_read_back(said: str, words: list[str]) -> None:
    assert shown_words(said) == words


def test_the_environment_of_a_unit() -> None:
    about = parse(
        b'MainPID=42\nLoadState=loaded\nEnvironment=A=1 "B=x\ny"\nUnsetEnvironment=C\n'
        b"EnvironmentFiles=/etc/default/a b (ignore_errors=yes)\nEnvironmentFiles=/etc/c (ignore_errors=no)\n"
    )
    assert about == (True, 42, ["A=1", "B=x\ny"], [("/etc/default/a b", True), ("/etc/c", False)], ["C"])


@pytest.mark.parametrize("out", [b"", b"Environment=A\n", b"LoadState=loaded\nEnvironmentFiles=/etc/x\n"])
def test_an_answer_of_another_form_is_unseen(out: bytes) -> None:
    with pytest.raises(Unseen):
        parse(out)


def test_a_unit_that_is_not_there() -> None:
    assert not parse(Path("/dev/null").read_bytes() + b"LoadState=not-found\nMainPID=0\n").loaded
