# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of secret x encodings: planted canaries must not come through. Every canary is made when the test runs."""

from __future__ import annotations

import json
import random
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK, Masker, mask, mask_argv, mask_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.shapes import find_shapes, mask_shapes
from secret_kinds import (
    BLOCKS,
    ENCODINGS,
    HEX,
    SHAPES,
    canary,
    documents,
    pieces,
    some,
)


@pytest.mark.parametrize("seed", range(3))
def test_every_kind_is_masked(seed: int) -> None:
    leaks = [
        (kind, mask(text))
        for kind, secret, text in documents(seed)
        if any(piece in mask(text) for piece in pieces(secret))
    ]
    assert leaks == [], leaks


@pytest.mark.parametrize("seed", range(2))
def test_what_shows_its_shape_is_found_where_it_is_masked_and_nowhere_else(seed: int) -> None:
    for _kind, text, _secret in documents(seed):
        found = [value for _name, value in find_shapes(text)]
        masked = mask_shapes(text, text.lower())
        assert bool(found) == (masked != text)
        assert all(value in text for value in found)
        assert all(mask(f"{name} in a file") == f"{name} in a file" for name, _value in find_shapes(text))


def test_what_is_not_secret_stays() -> None:
    rng = random.Random(1)
    secret = canary(rng)
    assert mask(f"postgres://app:{secret}@db:5432/app") == f"postgres://app:{MARK}@db:5432/app"
    assert (
        mask(f'{{"user": "app", "password": "{secret}", "port": 1}}')
        == f'{{"user": "app", "password": "{MARK}", "port": 1}}'
    )
    assert mask(f"app --password={secret} --verbose") == f"app --password={MARK} --verbose"
    assert mask(f"AccountName=app;AccountKey={secret};EndpointSuffix=example.org") == (
        f"AccountName=app;AccountKey={MARK};EndpointSuffix=example.org"
    )
    assert mask(f"Authorization: Bearer {secret}") == f"Authorization: Bearer {MARK}"
    assert mask(f"/api?user=a&access_token={secret}&page=2") == f"/api?user=a&access_token={MARK}&page=2"


def planted(masked: t.Callable[[list[str], str], str]) -> tuple[int, list[tuple[str, str]]]:
    """Return how many canaries were planted, and which of them could be read afterwards."""
    count, leaks = 0, []
    for kind, secret, _text in documents(11):
        # Long enough to be split, with all that an encoding can change.
        value = secret if "\n" in secret else secret + "/+ '\"<&é"
        for encoding, encode in ENCODINGS.items():
            count += 1
            form = encode(value)
            shown = masked([value], f"line one\nnote {form} end\nlast")
            if form in shown or any(
                len(line) >= 12 and line in shown for line in form.splitlines() if "-----" not in line
            ):
                leaks.append((kind, encoding))
    return count, leaks


def test_known_values_are_masked_in_every_encoding() -> None:
    count, leaks = planted(lambda known, text: Masker(known).mask(mask(text)))
    assert count >= 40 * 15 and count >= 600
    assert leaks == [], leaks
    count, leaks = planted(lambda known, text: mask(Masker(known).mask(text)))
    assert leaks == [], leaks


def test_a_mask_of_exact_values_leaks() -> None:
    def exact(known: list[str], text: str) -> str:
        for value in known:
            text = text.replace(value, MARK)
        return text

    count, leaks = planted(exact)
    assert len(leaks) > count // 2


DETECTABLE = (
    "plain",
    "base64",
    "base64 url-safe",
    "base64 after one byte",
    "hex",
    "upper-case hex",
    "url",
    "url, every byte",
    "json",
)
DETECTABLE += ("json, every character", "html", "html, every character", "shell", "upper case", "lower case")
# Shapes that a change of case destroys: what is left is no token any more, and says nothing of the case.
CASE_MATTERS = {"twilio", "crypt hash"}


def test_unknown_tokens_are_masked_in_the_encodings_that_show_their_shape() -> None:
    rng = random.Random(5)
    leaks = []
    for kind, make in SHAPES.items():
        for encoding in DETECTABLE:
            if encoding.endswith("case") and kind in CASE_MATTERS:
                continue
            form = ENCODINGS[encoding](make(rng))
            for place in ("{}", "note {} end", "a\n{}\nb", '"{}"', "x={}&y=1"):
                if form in mask(place.format(form)):
                    leaks.append((kind, encoding, place))
    assert leaks == [], leaks


@pytest.mark.parametrize("encoding", [name for name in DETECTABLE if "case" not in name])
def test_settings_are_masked_in_an_encoded_text(encoding: str) -> None:
    rng = random.Random(6)
    for place in ("BOT_TOKEN={}", '{{"password": "{}"}}', "postgres://app:{}@db:5432/app", "Authorization: Bearer {}"):
        secret = canary(rng)
        form = ENCODINGS[encoding](place.format(secret))
        shown = mask(f"body {form}")
        assert form not in shown and secret not in shown


@pytest.mark.parametrize("kind", sorted(BLOCKS))
def test_a_cut_key_is_masked(kind: str) -> None:
    lines = BLOCKS[kind](random.Random(8)).splitlines()
    for cut in (lines[:-1], lines[1:], lines[:3], lines[2:], lines[2:4], lines[1:-1][:4]):
        for lead in ("", "+", "-", " ", "    "):
            shown = mask("\n".join(["@@ -1,3 +1,3 @@", *(lead + line for line in cut), f"{lead}the end."]))
            assert not any(line in shown for line in cut[:4] if len(line) >= 64), (cut, lead, shown)
            assert "the end." in shown
    escaped = json.dumps({"type": "service_account", "private_key": "\n".join(lines) + "\n", "client_id": "1"})
    assert mask(escaped) == json.dumps({"type": "service_account", "private_key": MARK, "client_id": "1"})
    assert not any(line in mask(escaped[:200]) for line in lines[1:3])


def test_a_process_line_is_masked() -> None:
    secret = canary(random.Random(9))
    cases = [
        (["app", f"--password={secret}"], ["app", f"--password={MARK}"]),
        (["app", "--api-key", secret, "run"], ["app", "--api-key", MARK, "run"]),
        (["/usr/bin/mysql", "-uroot", f"-p{secret}", "app"], ["/usr/bin/mysql", "-uroot", f"-p{MARK}", "app"]),
        (["curl", "-u", f"app:{secret}", "http://192.0.2.1/"], ["curl", "-u", f"app:{MARK}", "http://192.0.2.1/"]),
        (["sshpass", "-p", secret, "ssh", "h"], ["sshpass", "-p", MARK, "ssh", "h"]),
        (["docker", "login", "-u", "a", "-p", secret], ["docker", "login", "-u", "a", "-p", MARK]),
        (["redis-cli", "-a", secret], ["redis-cli", "-a", MARK]),
        (["env", f"DB_PASSWORD={secret} two", "app"], ["env", f"DB_PASSWORD={MARK}", "app"]),
        (["sh", "-c", f"exec app --token {secret}"], ["sh", "-c", f"exec app --token {MARK}"]),
        (["python", "src/main.py", "--port", "8001"], ["python", "src/main.py", "--port", "8001"]),
        (["docker", "run", "-p", "8080:80", "app"], ["docker", "run", "-p", "8080:80", "app"]),
        (["mkdir", "-p", "logs"], ["mkdir", "-p", "logs"]),
        ([], []),
    ]
    for argv, expected in cases:
        assert mask_argv(argv) == expected


def test_a_tree_is_masked_by_its_keys_too() -> None:
    rng = random.Random(10)
    secret, other = canary(rng), SHAPES["github personal"](rng)
    commit = some(rng, HEX, 40)
    tree = {
        "password": secret,
        "port": 5432,
        "pin": True,
        "db": {"credentials": {"user": "app", "key": secret, "codes": [1234, None]}},
        "branches": {"main": commit, "fix-api-token": commit},
        "manifest": {"kind": "Secret", "data": {"user": secret}},
        other: [f"see {other}", 1.5],
    }
    assert mask_tree(tree) == {
        "password": MARK,
        "port": 5432,
        "pin": True,
        "db": {"credentials": {"user": MARK, "key": MARK, "codes": [MARK, None]}},
        "branches": {"main": commit, "fix-api-token": commit},
        "manifest": {"kind": "Secret", "data": {"user": MARK}},
        MARK: [f"see {MARK}", 1.5],
    }


def test_names_that_differ_only_in_their_secrets_are_all_kept() -> None:
    rng = random.Random(12)
    first, second = (SHAPES["gitlab"](rng) for _number in range(2))
    assert mask_tree({first: 1, second: 2}) == {MARK: 1, f"{MARK} (2)": 2}


def test_a_tree_that_is_too_deep_is_cut() -> None:
    tree: t.Any = "leaf"
    for _number in range(400):
        tree = [tree]
    assert "leaf" not in json.dumps(mask_tree(tree))


# A line of .pgpass has no name beside its password, and is one from the first column alone.
@pytest.mark.parametrize("seed", range(3))
def test_every_kind_is_masked_as_a_text_in_json(seed: int) -> None:
    found = [(kind, secret, text) for kind, secret, text in documents(seed) if kind != "pgpass"]
    whole = mask(json.dumps({"count": len(found), "items": [text for _kind, _secret, text in found]}))
    leaks = [kind for kind, secret, _text in found if any(piece in whole for piece in pieces(secret))]
    assert leaks == [] and whole.startswith(f'{{"count": {len(found)}, "items": [')


def test_a_line_without_secrets_keeps_its_escapes() -> None:
    text = 'C:\\new\\name and {"text": "one\\ntwo"}'
    assert mask(text) == text
