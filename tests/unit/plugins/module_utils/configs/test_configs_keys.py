# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves a host of a key: digests that are equal when values are, and nothing of a secret."""

from __future__ import annotations

import base64
import json
import typing as t
import urllib.parse

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.canonical import canonical
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.keys import MAX_TOLD, describe, secrets_in
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Parsed, Unreadable
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import FORMATS, read_keys
from hypothesis import given
from hypothesis import strategies as st

KEY = b"k" * 32
Json = t.Dict[str, t.Any]


def one(
    said: str, form: str = "json", secret: bool = False, tests: t.Sequence[Json] = (), key: bytes | None = KEY
) -> Json:
    (found,) = describe(read_keys(said.encode("utf-8", "surrogatepass"), form), secret, key, tests)
    return found


def test_a_plain_key() -> None:
    assert one('{"server": {"workers": 4}}') == {
        "key": "server.workers",
        "line": 1,
        "type": "integer",
        "secret": False,
        "value": "4",
        "digest": one("server.workers: '4'", "yaml")["digest"],
        "empty": False,
        "placeholder": False,
        "weak": True,
        "hosts": [],
        "tests": {},
    }


@pytest.mark.parametrize(
    ("said", "form", "value"),
    [
        ('{"db_password": "hunter2hunter2"}', "json", None),
        ("secret: {deep: [hunter2hunter2]}", "yaml", None),
        ("[auth]\napi_key=hunter2hunter2", "ini", None),
        ("[Service]\nEnvironment=DB_PASSWORD=hunter2hunter2", "systemd", None),
        ("URL=postgres://u:hunter2hunter2@db/x", "env", "postgres://u:<masked>@db/x"),
        ("X=ghp_0123456789abcdefghijklmnopqrstuvwxyzAB", "env", "<masked>"),
    ],
)
def test_a_secret_stays(said: str, form: str, value: str | None) -> None:
    found = one(said, form)
    assert (found["secret"], found["value"]) == (True, value)
    assert "hunter2" not in json.dumps(found)


def test_every_value_of_a_file_of_secrets_is_one() -> None:
    found = one("MODE=8fk2-92kd-x", "env", secret=True)
    assert (found["secret"], found["value"], found["weak"]) == (True, None, False)
    assert found["digest"] == one("MODE=8fk2-92kd-x", "env")["digest"]


def test_an_empty_secret_is_told() -> None:
    found = one("TOKEN=", "env")
    assert (found["secret"], found["value"], found["empty"]) == (True, "", True)


def test_without_a_key_there_is_no_digest() -> None:
    assert one("A=1", "env", key=None)["digest"] is None


def test_a_key_that_is_a_secret_itself_is_told_by_its_digest() -> None:
    def names(*endings: str) -> list[str]:
        said = json.dumps({f"ghp_0123456789abcdefghijklmnopqrstuvwxyz{ending}": 1 for ending in endings})
        return [key["key"] for key in describe(read_keys(said.encode(), "json"), False, KEY)]

    both = names("AB", "AC")
    assert all(name.startswith("<masked> (") for name in both)
    assert (len(set(both)), names("AC")) == (2, both[1:])


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20)
)


@given(scalars, scalars)
def test_digests_are_equal_when_values_are(a: t.Any, b: t.Any) -> None:
    first, second = (one(json.dumps({"x": value})) for value in (a, b))
    assert (first["digest"] == second["digest"]) == (canonical(a) == canonical(b))


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (10, "10"), (10.0, "10"), (-0.0, "0"), (0.5, "0.5"), ("10.0", "10.0"), ([], "[]")],
)
def test_values_have_one_text(value: t.Any, text: str) -> None:
    assert canonical(value) == text


@pytest.mark.parametrize(
    ("form", "said", "test", "holds"),
    [
        ("json", '{"x": 5}', {"equals": "5"}, True),
        ("json", '{"x": "5"}', {"type": "integer"}, False),
        ("env", "x=5", {"type": "integer"}, True),
        ("env", "x=yes", {"type": "boolean"}, True),
        ("env", "x=5.5", {"type": "number"}, True),
        ("env", "x=a", {"type": "number"}, False),
        ("env", "x=10", {"min": 10}, True),
        ("env", "x=9.5", {"min": 10}, False),
        ("env", "x=ten", {"max": 10}, False),
        ("json", '{"x": true}', {"max": 10}, False),
        ("json", '{"x": 1e400}', {"min": 10}, True),
        ("env", "x=abc", {"matches": "a.c"}, True),
        ("env", "x=abcd", {"matches": "a.c"}, False),
        ("yaml", "x: no", {"one_of": ["yes", "no"]}, True),
        ("yaml", "x:", {"equals": None}, True),
    ],
)
def test_values_are_held_against_tests_here(form: str, said: str, test: Json, holds: bool) -> None:
    assert one(said, form, tests=[{"id": "t", "key": "x", **test}])["tests"] == {"t": holds}


def test_tests_are_for_keys_and_patterns() -> None:
    tests = [{"id": name, "key": name, "equals": 1} for name in ("a.b", "a.*", "*", "?.b", "a", "[a]*")]
    assert one('{"a": {"b": 1}}', tests=tests)["tests"] == dict.fromkeys(("a.b", "a.*", "*", "?.b"), True)


def test_a_pattern_that_this_python_does_not_know_is_not_answered() -> None:
    assert one("x=1", "env", tests=[{"id": "t", "key": "x", "matches": "("}])["tests"] == {}


def test_keys_with_tests_are_not_cut() -> None:
    parsed = read_keys(json.dumps([*range(MAX_TOLD + 5)]).encode(), "json")
    found = describe(parsed, False, None, [{"id": "t", "key": "[999]", "equals": 999}])
    assert len(found) == MAX_TOLD
    assert next(key for key in found if key["key"] == "[999]")["tests"] == {"t": True}


@given(st.binary(max_size=60) | st.text(st.sampled_from("ab=:[]{}\"'\\\n#- \t&*!|>%$"), max_size=40).map(str.encode))
def test_nothing_but_unreadable_is_raised(data: bytes) -> None:
    for form in FORMATS:
        try:
            parsed: Parsed = read_keys(data, form)
        except Unreadable:
            continue
        json.dumps(describe(parsed, False, KEY)).encode("ascii")


@given(
    st.sampled_from(FORMATS),
    st.sampled_from(["A=%s\n%s", "a: %s\n%s", '{"a": "%s", %s}', "[%s]\n%s", "%s", "x\n\n'%s %s"]),
)
def test_no_message_holds_a_value(form: str, shape: str) -> None:
    for broken in ("\0", "'", '"', "]", "\t:", "!!x"):
        said = shape.replace("%s", f"hunter2{broken}")
        try:
            read_keys(said.encode(), form)
        except Unreadable as error:
            assert "hunter2" not in error.reason


@pytest.mark.parametrize(
    ("said", "weak"),
    [
        ("A=8fk2-92kd-x", False),
        ("A=short", True),
        ("A=production-eu", True),
        ("A=https://example.org:8443/path", True),
        ("A=https://u:8fk2-92kd-x@example.org/", False),
        ("A=/srv/app/Data-1", True),
        ("A=db-1.internal.example.org", True),
        ("A=Europe/Berlin", True),
        ("A=ops.team@example.org", True),
        ("A_TOKEN=https://example.org:8443/path", False),
    ],
)
def test_what_says_nothing_when_it_is_shared_is_weak(said: str, weak: bool) -> None:
    assert one(said, "env")["weak"] is weak


_SHAPES = {
    "env": "DB_PASSWORD='%s'",
    "yaml": "db:\n  password: '%s'\n",
    "json": '{"api": {"token": "%s"}}',
    "ini": "[db]\npassword = %s",
    "systemd": "[Service]\nEnvironment='DB_PASSWORD=%s'",
    "environment_file": "DB_PASSWORD='%s'",
}


@given(
    st.sampled_from(sorted(_SHAPES)),
    st.text(st.sampled_from("abcxyzABCXYZ0123456789+=-_!.:,"), min_size=8, max_size=60),
    st.booleans(),
)
def test_no_secret_is_in_what_leaves_the_host(form: str, secret: str, whole: bool) -> None:
    keys = describe(read_keys((_SHAPES[form] % secret).encode(), form), whole, KEY)
    told = json.dumps([{**key, "digest": None} for key in keys])
    coded = (base64.b64encode(secret.encode()).decode(), secret.encode().hex(), urllib.parse.quote(secret))
    assert not [one for one in (secret, *coded) if one in told]


def test_below_the_name_of_a_secret_an_address_or_a_word_is_none_that_is_looked_for_everywhere() -> None:
    data = b"""
jwt: {issuer: "https://auth1.example.org/realms/app", algorithm: RS256, private_key: /etc/App/key.pem, k: Zr7-kQ_2xVb9}
webhook_url: https://chat1.example.org/hooks/abc
credentials:
  - {name: app1.prod.example.org, value: tr0ub4dor-and-3}
"""
    read = read_keys(data, "yaml")
    found = {"/etc/App/key.pem", "Zr7-kQ_2xVb9", "https://chat1.example.org/hooks/abc", "tr0ub4dor-and-3"}
    assert set(secrets_in(read, whole=False)) == found
    assert all(key["secret"] for key in describe(read, False, b"k"))


def test_a_key_that_ini_has_several_times_is_compared_with_all_of_its_values() -> None:
    texts = (b"extension=a\nextension=b", b"extension=z\nextension=b", b"extension=b", b"extension=b\nextension=b")
    first, other, single, twice = (describe(read_keys(text, "ini"), False, b"k")[0]["digest"] for text in texts)
    assert len({first, other, single}) == 3 and single == twice
    one, two = (describe(read_keys(text, "env"), False, b"k")[0]["digest"] for text in (b"A=1\nA=2", b"A=2"))
    assert one == two


def test_a_secret_that_a_later_line_replaces_is_known_too() -> None:
    read = read_keys(b"DB_PASSWORD=Zr7-kQ_2xVb9\nDB_PASSWORD=tr0ub4dor-and-3\n", "env")
    assert set(secrets_in(read, whole=False)) == {"Zr7-kQ_2xVb9", "tr0ub4dor-and-3"}
