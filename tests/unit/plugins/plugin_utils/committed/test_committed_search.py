# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one text is searched for: values in use, tokens that show what they are; and what is no secret."""

from __future__ import annotations

import codecs
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed import search
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.detectors import Detectors
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.search import Searcher, Values
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.shapes import is_example
from hypothesis import given
from hypothesis import strategies as st

KEY = b"k" * 32
# Made of parts, so that no scanner takes this file for a leak.
TOKEN = "ghp_" + "Zq4kT9vX2mB7nL5sR8wY3cF6hJ1dP0aG2eUi"
BODY = "\n".join(f"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ{number:012}kZ" for number in range(9))
BLOCK = f"-----BEGIN PRIVATE {'KEY'}-----\n{BODY}\n-----END PRIVATE {'KEY'}-----"
VALUE = "korrekt-Pferd-7-Batterie"


class NoDetectors(Detectors):
    """As where detect-secrets is not installed."""

    def __init__(self) -> None:
        self.version = ""
        self._plugins = []


def searcher(*values: str, detectors: Detectors | None = None) -> Searcher:
    return Searcher(KEY, Values(digests(*values)), detectors or NoDetectors())


def digests(*values: str) -> frozenset[str]:
    return frozenset(str(keyed(KEY, value)) for value in values)


def kinds(content: str | bytes, *values: str) -> list[str]:
    raw = content if isinstance(content, bytes) else content.encode()
    return sorted(mark.kind for mark in searcher(*values).search(raw))


@pytest.mark.parametrize(
    "text",
    [
        "PASSWORD={}",
        "PASSWORD='{}'  # of the database",
        'password: "{}"',
        '{{"password": "{}"}}',
        "connect(user, '{}')",
        "postgres://app:{}@db.example.org/app",
        "--password {} --verbose",
        "a\nb\r\nc {}\nd",
        "{}",
    ],
)
def test_a_value_in_use_is_found_wherever_it_stands(text: str) -> None:
    assert kinds(text.format(VALUE), VALUE) == [""]
    assert "" not in kinds(text.format("korrekt-Pferd-8-Batterie"), VALUE)


@pytest.mark.parametrize("weak", ["changeme", "postgres", "1234567890", "short", "${DB_PASSWORD}"])
def test_a_weak_value_in_use_is_not_looked_for(weak: str) -> None:
    assert kinds(f"PASSWORD={weak}\n", weak) == []


def test_values_of_many_lines_and_tokens_in_use_are_told_as_values() -> None:
    assert kinds(f"KEY='{BLOCK}'\n", BLOCK) == [""]
    assert kinds(f"KEY='{BLOCK}'\n".replace("\n", "\r\n"), BLOCK) == [""]
    assert kinds(f"TOKEN={TOKEN}\n", TOKEN) == [""]
    # The token is part of what is in use.
    assert kinds(f"URL=https://{TOKEN}@example.org/\n", f"https://{TOKEN}@example.org/") == [""]


def test_a_value_without_a_secret_name_counts_by_its_look() -> None:
    plain = [
        "Europe/Berlin",
        "https://api.example.org/v1",
        "db-01.eu.example.org",
        "550e8400-e29b-41d4-a716-446655440000",
    ]
    telling = ["a8f5f167f44f4964e6c998dee827110c", "postgres://app:tr0ub4dor-3@db/app"]
    every = digests(*plain, *telling)
    found = Searcher(KEY, Values(every, doubtful=every), NoDetectors()).search("\n".join([*plain, *telling]).encode())
    assert {mark.digest for mark in found if not mark.kind} == digests(*telling)


def test_a_part_without_a_name_is_told_only_where_it_stands_alone() -> None:
    part, whole = VALUE, f"amqp://app:{VALUE}@192.0.2.1"
    searcher = Searcher(KEY, Values(digests(part, whole), unnamed=digests(part)), NoDetectors())
    assert {mark.digest for mark in searcher.search(f"URL={whole}\n".encode())} == digests(whole)
    assert {mark.digest for mark in searcher.search(f"P={part}\n".encode())} == digests(part)


def test_tokens_that_show_what_they_are() -> None:
    assert kinds(f"x {TOKEN} y") == ["GitHub token"]
    assert kinds(f"a\n{BLOCK}\nb") == ["private key"]
    assert kinds("postgres://app:tr0ub4dor-and-3@192.0.2.1/app") == ["password in a URL"]


@pytest.mark.parametrize(
    "text",
    [
        "ghp_EXAMPLE" + "a1B2c3" * 5,
        "ghp_" + "x" * 36,
        "ghp_your_token",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "postgres://app:${DB_PASSWORD}@db/app",
        "postgres://user:password@db/app",
        "redis://:changeme@127.0.0.1:6379/0",
        f"-----BEGIN PRIVATE {'KEY'}-----\n...\n-----END PRIVATE {'KEY'}-----",
        "Authorization: Bearer <token>",
        "pass-cli read pass://vault1/item2/field",
    ],
)
def test_examples_and_placeholders_are_no_secrets(text: str) -> None:
    assert kinds(text) == []


def test_content_that_is_not_plain_text_is_searched_as_well() -> None:
    assert kinds(b"\x00\x01\x02" + TOKEN.encode() + b"\x00\xff") == ["GitHub token"]
    assert kinds(codecs.BOM_UTF16_LE + f"T={TOKEN}\r\n".encode("utf-16-le")) == ["GitHub token"]
    assert kinds(b"\xef\xbb\xbfT=" + TOKEN.encode()) == ["GitHub token"]
    assert kinds(b"name=\xfcmlaut\nT=" + TOKEN.encode() + b"\n") == ["GitHub token"]
    assert kinds(b"\x00" * 100_000) == []


LINES = st.lists(
    st.sampled_from(["", "a = 1", f"T={TOKEN}", f"P={VALUE}", "x" * 2000, "b", f"{TOKEN} {VALUE}"]), max_size=8
)


@given(st.lists(LINES, max_size=6), st.integers(1, 20))
def test_what_was_searched_before_changes_no_answer(versions: list[list[str]], remembered: int) -> None:
    used = searcher(VALUE)
    before, search._REMEMBERED = search._REMEMBERED, remembered
    try:
        for lines in versions:
            content = "\n".join(lines).encode()
            assert used.search(content) == searcher(VALUE).search(content)
    finally:
        search._REMEMBERED = before


@given(st.binary(max_size=300))
def test_any_bytes_can_be_searched(content: bytes) -> None:
    assert searcher(VALUE).search(content) == frozenset()


def test_detect_secrets_adds_what_it_knows_and_repeats_nothing() -> None:
    pytest.importorskip("detect_secrets", reason="detect-secrets is not on this machine")
    detectors = Detectors()
    assert detectors.version
    mailchimp = "0123f4a6b8c7d5e9" + "f1a3b5c7d9e2f4a6-us12"
    text = f"T={TOKEN}\nM={mailchimp}\npassword = 'hunter2-and-more'\n192.0.2.1\n{'0aF9' * 20}\n"
    found = searcher(detectors=detectors).search(text.encode())
    assert sorted(mark.kind for mark in found) == ["GitHub token", "Mailchimp Access Key"]


def test_without_detect_secrets_nothing_is_missing_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> t.Any:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", refuse)
    detectors = Detectors()
    assert (detectors.version, list(detectors.find(TOKEN))) == ("", [])


@pytest.mark.parametrize(("value", "told"), [("your_token_here", True), ("aaaaaaaaaaaa", True), (VALUE, False)])
def test_examples(value: str, told: bool) -> None:
    assert is_example(value) is told
