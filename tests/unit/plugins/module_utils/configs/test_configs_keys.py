# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves a host of a key: digests that are equal when values are, and nothing of a secret."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.canonical import canonical
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.hosts import hosts_of
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.keys import MAX_TOLD, describe
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Parsed, Unreadable
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.placeholder import is_placeholder
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


@pytest.mark.parametrize(
    "value",
    [
        "changeme",
        "change-me!",
        "CHANGE_ME_NOW",
        "changeit",
        "replace_me",
        "please-change-me",
        "your_api_key_here",
        "YOUR-TOKEN",
        "your password here",
        "put your token here",
        "<your token>",
        "<TOKEN>",
        "xxx",
        "XXXXXXXX",
        "sk-xxxx",
        "****",
        "...",
        "TODO",
        "todo: ask Ann",
        "FIXME",
        "tbd",
        "dummy",
        "dummy_key",
        "example",
        "example-token",
        "placeholder",
        "{{ db_password }}",
        "__DB_HOST__",
        "@VERSION@",
        "%%HOST%%",
        "null",
        "undefined",
        "N/A",
        "[insert key]",
        "to-be-replaced",
    ],
)
def test_placeholders(value: str) -> None:
    assert is_placeholder(value, secret=False)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "live",
        "todo-app",
        "my-todo",
        "example.org",
        "examples",
        "xterm",
        "dummy-backend",
        "none",
        "password",
        "secret",
        "{{ $labels.instance }} is down",
        "<b>bold</b> text",
        "* * * * *",
        "*",
        "**",
        "your",
        "exchange",
        "changes",
        "unsettled",
        "django.core.cache.backends.dummy.DummyCache",
        "nullable",
        "nil-service",
        "__init__",
        "user@example.org",
        "0000",
        "set",
        "https://example.org/x",
        "interchange-me-not",
        "x" * 400,
        "we use it here and there",
        "10%",
        "not settled",
    ],
)
def test_words_that_are_no_placeholders(value: str) -> None:
    assert not is_placeholder(value, secret=False)


@pytest.mark.parametrize(
    ("value", "secret"), [("password", True), ("secret", True), ("none", True), ("s3cr3t-8f2k", False)]
)
def test_a_word_is_no_password(value: str, secret: bool) -> None:
    assert is_placeholder(value, secret=True) is secret


@pytest.mark.parametrize(
    ("name", "value", "secret", "hosts"),
    [
        ("URL", "postgres://u:p@db.internal:5432/x", True, ["db.internal"]),
        ("URL", "mongodb://u:p@one:27017,two:27017/x", False, ["one", "two"]),
        ("URL", "http://192.0.2.7:80/ https://[2001:db8::1]/", False, []),
        ("URL", "redis://:pa/ss@cache:6379", False, []),
        ("URL", "https://API.example.org", False, ["api.example.org"]),
        ("ADDR", "cache:6379", False, ["cache"]),
        ("ADDR", "one.example.org:22, two:80", False, ["one.example.org", "two"]),
        ("ADDR", "hunter:1234", True, []),
        ("IMAGE", "redis:6379", False, []),
        ("TIME", "10:30", False, []),
        ("FILE", "file://etc/passwd", False, []),
    ],
)
def test_hosts(name: str, value: str, secret: bool, hosts: list[str]) -> None:
    assert hosts_of(name, value, secret) == hosts


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
        ("A=/srv/app/data-1", True),
        ("A=db-1.internal.example.org", True),
        ("A=Europe/Berlin", True),
        ("A=ops.team@example.org", True),
        ("API_TOKEN=/srv/app/data-1x", False),
    ],
)
def test_what_says_nothing_when_it_is_shared_is_weak(said: str, weak: bool) -> None:
    assert one(said, "env")["weak"] is weak
