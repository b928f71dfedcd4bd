# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret is found by its keyed digest wherever a text may hold it, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
import time
import typing as t
import urllib.parse

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.fingerprints import Fingerprints
from hypothesis import example, given
from hypothesis import strategies as st

KEY = b"k" * 32
VALUE = "Zr7-kQ_2xVb9"
SIGNS = "p@ss/w0rd=+x:Y&z"
BLANKS = "two words & 1 number"


def found(value: str, text: str) -> bool:
    digest = keyed(KEY, value) or ""
    values = Fingerprints(KEY, [digest]).values(text)
    assert values in ({}, {digest: value})
    return bool(values)


PLACES = (
    "{}",
    "DB_PASSWORD={}",
    'DB_PASSWORD="{}" # note',
    "db_password: {}",
    '{{"a": ["{}", 1]}}',
    "app --token={} --verbose",
    "the value '{}' was refused.",
    "postgresql://app:{}@db:5432/app",
    "redis://:{}@192.0.2.1",
    "Authorization: Bearer {}\r\nHost: x",
    "line one\n  {}\nline three",
    "<code>{}</code>",
    "(see {})",
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [VALUE, SIGNS])
def test_a_value_is_found_in_its_places(value: str, place: str) -> None:
    assert found(value, place.format(value))
    assert not found(value, place.format(value[:-1]))


@pytest.mark.parametrize("place", ["{}", "A={}", 'A="{}"', "a: {}", "said '{}' and ended", "x\n{}\ny"])
def test_a_value_with_blanks_is_found(place: str) -> None:
    assert found(BLANKS, place.format(BLANKS))


@pytest.mark.parametrize("place", ["{}?x=1", "/srv/{}/file", "a,{},b", "GET /?a=b&token={}&page=2", "x.{}.y", "{};"])
def test_a_plain_value_is_found_in_a_path_and_a_query(place: str) -> None:
    assert found(VALUE, place.format(VALUE))


ENCODINGS: dict[str, t.Callable[[str], str]] = {
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 after one byte": lambda s: base64.b64encode(b"=" + s.encode() + b"\n").decode(),
    "base64 after two bytes": lambda s: base64.b64encode(b"a=" + s.encode() + b"\n").decode(),
    "base64 url-safe": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "base64 of a login": lambda s: base64.b64encode(f"app:{s}".encode()).decode(),
    "base64 twice": lambda s: base64.b64encode(base64.b64encode(s.encode())).decode(),
    "hex": lambda s: s.encode().hex(),
    "upper-case hex": lambda s: s.encode().hex().upper(),
    "url": lambda s: urllib.parse.quote(s, safe=""),
    "url, every byte": lambda s: "".join(f"%{byte:02x}" for byte in s.encode()),
    "json": json.dumps,
    "json, every character": lambda s: "".join(f"\\u{ord(char):04x}" for char in s),
    "html": html.escape,
    "html, every character": lambda s: "".join(f"&#{ord(char)};" for char in s),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("value", [VALUE, SIGNS])
def test_a_value_is_found_in_its_encodings(value: str, encoding: str) -> None:
    form = ENCODINGS[encoding](value)
    for place in ("{}", "note {} end", '"{}"', "a: {}\nb: c"):
        assert found(value, place.format(form)), place


def test_it_is_found_in_every_text_that_holds_it() -> None:
    digest = keyed(KEY, VALUE) or ""
    prints = Fingerprints(KEY, [digest])
    text = f"harmless {VALUE} {VALUE}"
    assert [prints.find(text) for _time in range(3)] == [{digest}] * 3
    assert prints.find("harmless words alone") == set()


def test_without_digests_nothing_is_found() -> None:
    assert Fingerprints(KEY, []).find(VALUE) == set()


@given(st.text(), st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40))
@example("\ud800", VALUE)
def test_any_text_can_be_searched(text: str, value: str) -> None:
    quoted = value.replace('"', "q").replace("'", "q")
    assert found(quoted, f'{text}\n"{quoted}"\n')


def test_fifty_megabytes_take_seconds() -> None:
    """A twentieth of it, so that the test takes little: all words are different, which evidence never is."""
    prints = Fingerprints(KEY, [keyed(KEY, f"{VALUE}{number}") or "" for number in range(200)])
    texts = [
        f"src/package/module_{number}.py has other lines than the reference: {number * 7919:064x}"
        for number in range(20_000)
    ]
    begun = time.process_time()
    assert not any(prints.find(text) for text in texts)
    assert sum(map(len, texts)) > 2_000_000 and time.process_time() - begun < 25
