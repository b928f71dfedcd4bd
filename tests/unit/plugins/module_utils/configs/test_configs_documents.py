# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of YAML, JSON, TOML and INI: tables, lines, and the usual readers as oracles."""

from __future__ import annotations

import configparser
import json
import time
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.canonical import canonical
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Parsed, Unreadable
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import format_of, read_keys
from hypothesis import given
from hypothesis import strategies as st

BOMB = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + at, 98 + at, b", ".join([b"*%c" % (97 + at)] * 9)) for at in range(8)
)


def told(parsed: Parsed) -> dict[str, t.Any]:
    return {jsonpath.spell(item.path): item.value for item in parsed.keys}


def lines(parsed: Parsed) -> dict[str, int | None]:
    return {jsonpath.spell(item.path): item.line for item in parsed.keys}


def test_yaml_has_paths_and_lines() -> None:
    parsed = read_keys(
        b"a:\n  b:\n  - 1\n  - c: x\n    d: yes\n'e.f': {g: 2.0, h: []}\nbase: &x {i: 1}\nj: {<<: *x, k: 2}\n", "yaml"
    )
    assert told(parsed) == {
        "a.b[0]": 1,
        "a.b[1].c": "x",
        "a.b[1].d": "yes",
        '["e.f"].g': 2.0,
        '["e.f"].h': [],
        "base.i": 1,
        "j.k": 2,
        "j.i": 1,
    }
    assert lines(parsed) == {
        "a.b[0]": 3,
        "a.b[1].c": 4,
        "a.b[1].d": 5,
        '["e.f"].g': 6,
        '["e.f"].h': 6,
        "base.i": 7,
        "j.k": 8,
        "j.i": 7,
    }


def test_json_has_paths_and_lines() -> None:
    parsed = read_keys(b'\xef\xbb\xbf{"a": [1,\n {"b": null},\n "x"],\n\t"c.d": true, "e": {}\n}\r\n', "json")
    assert told(parsed) == {"a[0]": 1, "a[1].b": None, "a[2]": "x", '["c.d"]': True, "e": {}}
    assert lines(parsed) == {"a[0]": 1, "a[1].b": 2, "a[2]": 3, '["c.d"]': 4, "e": 4}


@pytest.mark.parametrize(
    ("form", "said", "found"),
    [
        ("yaml", b"a: 1\nb: {c: 1, c: 2}\na: 2\n", [("a", [1, 3]), ("b.c", [2, 2])]),
        ("yaml", b"1: x\n'1': y\ntrue: z\n", [("1", [1, 2])]),
        ("json", b'{"a": 1,\n "a": {"b": 1,\n"b": 2}}', [("a", [1, 2]), ("a.b", [2, 3])]),
        ("ini", b"[x]\nKey=1\nkey=2\n[y]\nkey=1\n[x]\nother=1\n", [("x.key", [2, 3])]),
    ],
)
def test_a_key_that_is_there_twice_is_told(form: str, said: bytes, found: list[tuple[str, list[int]]]) -> None:
    assert sorted((jsonpath.spell(one.path), one.lines) for one in read_keys(said, form).doubles) == found


@pytest.mark.parametrize(
    ("form", "said", "reason"),
    [
        ("yaml", b"a: hunter2\nb: !!python/object:os.system hunter2\n", "line 2, column 4: this tag is not supported"),
        ("yaml", b"a: hunter2\n\tb: 1\n", "line 2, column 2: a tab in the indentation: YAML takes blanks alone"),
        ("yaml", b"a: 1\n---\nb: 2\n", "line 2, column 1: a second document begins here: one is read"),
        ("yaml", b"a: \xe9\n", "line 1, column 4: not text in UTF-8"),
        ("yaml", BOMB, "line 5, column 16: more than 50000 values, with those that aliases stand for"),
        ("yaml", b"x" * (1 << 21), "it is larger than 1024 KiB: only its whole content is compared"),
        ("yaml", b"[" * 60 + b"]" * 60, "nested deeper than"),
        ("json", b"", "it is empty, which is no JSON"),
        ("json", b'{"a": hunter2}', "line 1, column 7: expecting value"),
        ("json", b'{"a": "NaN",\n"b": -Infinity}', "line 2: -Infinity is no number of JSON"),
        ("json", b"[" * 60 + b"]" * 60, "line 1: it is nested deeper than 50 levels"),
        ("json", b"[" * 100_000, "it is nested deeper than 50 levels"),
        ("json", b'{"a": ' + b"1," * 3_000_000, "it is larger than 4096 KiB: only its whole content is compared"),
        ("json", b"[" + b"1," * 60_000 + b"1]", "it has more than 50000 keys"),
        ("json", b'{"a": "\x00"}', "line 1 holds a NUL, which no text has"),
        ("json", b'{"a": "\xff"}', "line 1: byte 8 of the file is no UTF-8"),
        ("ini", b"[a]\nb\n  hunter2\n", "line 3 goes on with a key that has no value"),
        ("ini", b"[a]\nrequirepass hunter2\n", "line 2 is neither key = value nor a key of one word"),
        ("json", b"[" + b"{}," * 60_000 + b"1]", "it has more than 50000 keys"),
        ("yaml", b"a: hunter2\nb: !vault hunter2\n", "line 2, column 4: this tag is not supported"),
        ("ini", b"[a]\n=hunter2\n", "line 2 has a value and no key"),
    ],
    # Some are megabytes.
    ids=lambda one: one[:60] if isinstance(one, str) else "said",
)
def test_what_cannot_be_read_is_told_by_its_place(form: str, said: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as error:
        read_keys(said, form)
    assert reason in error.value.reason
    assert "hunter" not in error.value.reason


@pytest.mark.parametrize("said", [b"", b"# nothing\n", b"{}"])
def test_nothing_has_no_keys(said: bytes) -> None:
    assert read_keys(said, "yaml").keys == []


def test_a_document_that_is_one_value_has_the_key_of_the_whole() -> None:
    assert told(read_keys(b'"x"', "json")) == {"$": "x"}
    assert told(read_keys(b"[]", "json")) == {"$": []}


def test_numbers_beyond_all_are_not_taken_for_one() -> None:
    parsed = read_keys(b'{"a": 1e400, "b": 1e401, "c": ' + b"9" * 400 + b', "d": ' + b"9" * 401 + b"}", "json")
    assert len({canonical(item.value) for item in parsed.keys}) == 4


def test_odd_lines_take_no_time() -> None:
    begun = time.process_time()
    assert read_keys(b"[a]\nk" + b" " * (1 << 20) + b"= v\n", "ini").keys[0].value == "v"
    assert read_keys(b"[S]\nA=" + b"x\\\n" * 500_000, "systemd").keys[0].line == 2
    assert time.process_time() - begun < 30


names = st.text(st.sampled_from('ab.é"[ 1'), min_size=1, max_size=4)
documents = st.dictionaries(
    names,
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
        max_leaves=10,
    ),
    max_size=4,
)


@given(documents, st.sampled_from([None, 2]))
def test_json_finds_what_is_at_each_path(document: dict[str, t.Any], indent: int | None) -> None:
    said = json.dumps(document, indent=indent, ensure_ascii=False)
    parsed = read_keys(said.encode("utf-8", "backslashreplace"), "json")
    for item in parsed.keys:
        assert jsonpath.get(json.loads(said), item.path) == item.value
        assert item.line is not None
        if indent and item.path and isinstance(item.path[-1], str):
            assert json.dumps(item.path[-1], ensure_ascii=False) in said.split("\n")[item.line - 1]
    assert len(parsed.keys) == (_leaves(document) if document else 0)


def _leaves(value: t.Any) -> int:
    if isinstance(value, dict) and value:
        return sum(map(_leaves, value.values()))
    return sum(map(_leaves, value)) if isinstance(value, list) and value else 1


_INI = st.lists(
    st.one_of(
        st.sampled_from(["[a]", "[b.c]", "[DEFAULT]", "", "# x", "; y", "  more", "\tmore = 1", "k", "key = v ; w"]),
        st.from_regex(r"[a-z]{1,3} ?[=:] ?[a-z%$ #;]{0,6}", fullmatch=True),
    ),
    max_size=12,
)


@given(_INI)
def test_ini_is_what_configparser_reads(some: list[str]) -> None:
    said = "\n".join(["[first]", *some])
    oracle = configparser.ConfigParser(allow_no_value=True, strict=False, interpolation=None, default_section="\0")
    oracle.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep the case
    try:
        oracle.read_string(said)
    except (configparser.Error, AttributeError):
        # Python before 3.13 stumbles over a line that goes on with a key without a value.
        with pytest.raises(Unreadable):
            read_keys(said.encode(), "ini")
        return
    if any(" " in key and value is None for name in oracle.sections() for key, value in oracle[name].items()):
        return
    wanted = {(name, key): value for name in oracle.sections() for key, value in oracle[name].items()}
    assert {item.path: item.value for item in read_keys(said.encode(), "ini").keys} == wanted


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (".env", "env"),
        ("deploy/prod.env", "env"),
        (".env.example", "env"),
        (".envrc", "env"),
        ("config.yml", "yaml"),
        ("a/B.JSON", "json"),
        ("pyproject.toml", "toml"),
        ("my.cnf", "ini"),
        ("/etc/systemd/system/app.service", "systemd"),
        ("/etc/systemd/system/app.service.d/10-env.conf", "systemd"),
        ("/etc/default/app", "environment_file"),
        ("environment.py", None),
        ("environment", None),
        ("Makefile", None),
        ("redis.conf", None),
    ],
)
def test_the_name_tells_the_format(path: str, form: str | None) -> None:
    assert format_of(path) == form


def test_keys_of_yaml_are_told_as_they_are_written() -> None:
    found = told(read_keys(b"1: a\ntrue: b\n0x10: c\n~: d\n1.0: e\n!!int 7: f\n'': g\n", "yaml"))
    assert found == {"1": "a", "true": "b", "0x10": "c", "~": "d", '["1.0"]': "e", "7": "f", '[""]': "g"}
