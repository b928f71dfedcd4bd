# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has learned is in no part of its answer, and the answer keeps its structure."""

from __future__ import annotations

import base64
import json
import random
import string
import time
import typing as t
import urllib.parse

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK, argv_secrets, secrets_of
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.answer import mask_answer, occurring, recognised
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.ordinary import is_ordinary
from hypothesis import example, given
from hypothesis import strategies as st

VALUE = "Zr7-kQ_2xVb9+/é"
Json = t.Dict[str, t.Any]


def base64_at(value: str, before: int) -> str:
    return base64.b64encode(b"." * before + value.encode() + b"..").decode()


SPELLINGS: dict[str, t.Callable[[str], str]] = {
    "plain": str,
    "base64": lambda value: base64_at(value, 0),
    "base64 after one byte": lambda value: base64_at(value, 1),
    "base64 after two bytes": lambda value: base64_at(value, 2),
    "base64 url-safe": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "hex": lambda value: value.encode().hex(),
    "upper-case hex": lambda value: value.encode().hex().upper(),
    "url": lambda value: urllib.parse.quote(value, safe=""),
    "json": lambda value: json.dumps(value)[1:-1],
    "json twice": lambda value: json.dumps(json.dumps(value))[1:-1],
    "reversed": lambda value: value[::-1],
    "upper case": str.upper,
    "lower case": str.lower,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_goes_from_every_place(spelling: str) -> None:
    form = SPELLINGS[spelling](VALUE)
    found = mask_answer(
        {
            "logs": {"outcome": "ok", "data": {"logs": [{"text": f"said {form}."}, form], form: 1}},
            "git": {"outcome": "unknown", "reason": f"{form} cannot be read", "data": {}},
        },
        [VALUE],
    )
    text = json.dumps(found)
    # At the edges of base64 stand letters that belong to what is beside the value.
    assert not any(part in text for part in (form, json.dumps(form)[1:-1], form[4:-4]))
    assert found["logs"]["outcome"] == "ok" and MARK in found["git"]["reason"]


ORDINARY = ["running", "8001", "postgres", "unless-stopped", "signal_engine_dev", "main", "2026-01-01", "ok", "1", ""]


def test_an_ordinary_value_is_no_part_of_the_structure() -> None:
    answer = {
        "containers": {
            "outcome": "ok",
            "data": {
                "state": "running",
                "port": 8001,
                "policy": "unless-stopped",
                "running": ["8001/tcp", "postgres", "/srv/postgres/main.py", "signal_engine_dev-redis-1"],
                "log": ["state running: the password postgres was refused, on 8001"],
            },
        },
        "details": {"outcome": "ok", "data": {"text": "image: postgres 16"}},
    }
    masked = mask_answer(answer, ORDINARY)
    data = masked["containers"]["data"]
    assert data.pop("log") == [f"state {MARK}: the password {MARK} was refused, on {MARK}"]
    assert data == {key: value for key, value in answer["containers"]["data"].items() if key != "log"}
    assert masked["details"] == answer["details"] and masked["containers"]["outcome"] == "ok"


def test_what_the_control_node_names_stays() -> None:
    answer = {"units": {"reason": "evenkeel-signal-engine-api-9 is not the unit postgres", "data": {}}}
    asked = {"units": {"units": ["evenkeel-signal-engine-api-9", "postgres"]}}
    learned = ["evenkeel-signal-engine-api-9", "postgres"]
    assert mask_answer(answer, learned, asked) == answer
    assert recognised(learned, asked) == [] and recognised(learned) == learned[:1]
    assert MARK in mask_answer(answer, learned)["units"]["reason"]


def test_an_address_that_the_contract_names_is_no_secret_and_one_with_a_token_is() -> None:
    named = ["http://192.0.2.7:18080/hooks/telegram", "https://app1.prod.example.org/hooks/telegram"]
    token = "https://hooks.example.org/services/T0AB2/k9Xq2LmVw7Tz"
    asked = {"endpoints": {"endpoints": [{"url": url} for url in (*named, token)]}}
    assert recognised([*named, token], asked) == [token] and recognised(named) == named


def test_a_value_that_a_contract_was_trusted_with_goes_all_the_same() -> None:
    asked = {"commands": {"commands": [{"argv": ["check", "--token", "k9Xq2LmVw7Tz"]}]}}
    assert mask_answer({"commands": {"data": "k9Xq2LmVw7Tz"}}, ["k9Xq2LmVw7Tz"], asked) == {"commands": {"data": MARK}}


def test_what_a_contract_expects_of_a_value_is_no_name() -> None:
    asked = {"configs": {"configs": [{"name": "env", "tests": [{"id": "0", "equals": "correcthorsebatterystap"}]}]}}
    answer = {"logs": {"data": "login with correcthorsebatterystap"}}
    assert mask_answer(answer, ["correcthorsebatterystap"], asked) == {"logs": {"data": f"login with {MARK}"}}


def test_a_value_of_many_lines_goes_line_by_line() -> None:
    lines = ["".join(random.Random(number).choices(string.ascii_letters, k=64)) for number in range(4)]
    answer = {"logs": {"data": [f"+{lines[1]}", lines[2], "a line of its own"]}}
    assert mask_answer(answer, ["\n".join(lines)]) == {"logs": {"data": [f"+{MARK}", MARK, "a line of its own"]}}


def test_keys_that_differ_only_in_secrets_are_all_kept() -> None:
    other = "pQ9-xxTz81kk"
    assert mask_answer({"a": {VALUE: 1, other: 2}}, [VALUE, other]) == {"a": {MARK: 1, f"{MARK} (2)": 2}}


def test_a_digest_is_no_secret() -> None:
    import hashlib

    digest = hashlib.sha256(VALUE.encode()).hexdigest()
    answer = {"trees": {"sha256": digest}}
    assert mask_answer(answer, [VALUE]) == answer


@given(
    st.lists(st.text(max_size=30), max_size=5),
    st.lists(
        st.text(alphabet=string.ascii_letters + string.digits + '+/-_ é\n"\\', min_size=1, max_size=30), max_size=5
    ),
)
@example(["\ud800"], ["x" * 20])
def test_no_recognised_value_is_left_and_the_shape_stays(texts: list[str], learned: list[str]) -> None:
    answer: Json = {
        "logs": {"list": [*texts, *(f"{text}{value}{text}" for text in texts for value in learned)], "n": 1}
    }
    masked = mask_answer(answer, learned)
    known = [value for value in recognised(learned) if value not in MARK]
    assert not any(value in text for value in known for text in masked["logs"]["list"])
    assert len(masked["logs"]["list"]) == len(answer["logs"]["list"]) and masked["logs"]["n"] == 1
    if not learned:
        assert masked == answer


@given(st.binary(max_size=300), st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.integers(0, 300))
def test_what_occurs_is_found(text: bytes, needles: list[bytes], place: int) -> None:
    held = text[:place] + b"".join(needles[:1]) + text[place:]
    assert occurring(held, needles) == sorted({needle for needle in needles if needle in held})


def test_what_lies_across_portions_is_found() -> None:
    needle = b"0123456789abcdef"
    for shift in range(20):
        assert occurring(b"-" * ((1 << 20) - shift) + needle + b"-" * 50, [needle]) == [needle]


def test_hundreds_of_secrets_cost_little() -> None:
    rng = random.Random(1)
    learned = ["".join(rng.choices(string.ascii_letters + string.digits, k=24)) for _number in range(200)]
    entries = [
        {"path": f"src/m{n}.py", "sha256": f"{rng.getrandbits(256):064x}", "text": f"line {n}"} for n in range(8000)
    ]
    answer: Json = {"logs": {"data": entries}}
    begun = time.process_time()
    assert mask_answer(answer, learned) is answer
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    "value",
    [
        *ORDINARY,
        "changeme123",
        "${DB_PASSWORD}",
        "{{ vault_password }}",
        "<token>",
        "aaaaaaaaaaaa",
        "192.0.2.1",
        "/run/secrets/db_key",
        "xyxyxyxyxy",
    ],
)
def test_ordinary_values(value: str) -> None:
    assert is_ordinary(value)


@pytest.mark.parametrize(
    "value", ["tr0ub4dor", "correct-horse-battery-staple", "S3same!x", "k" * 3 + "9" * 5 + "Q", "0123abcd" * 8]
)
def test_values_that_are_recognised(value: str) -> None:
    assert not is_ordinary(value)


def test_the_secrets_of_a_value() -> None:
    assert secrets_of("DB_PASSWORD", "a b") == ["a b"]
    assert secrets_of("DATABASE_URL", "postgres://app:tr0ub4dor@db:5432/app") == ["tr0ub4dor"]
    assert secrets_of("LOG_LEVEL", "info") == []
    assert argv_secrets(["app", "--password=tr0ub4dor", "-v", "--token", "x9"]) == ["tr0ub4dor", "x9"]
    assert argv_secrets([]) == []
