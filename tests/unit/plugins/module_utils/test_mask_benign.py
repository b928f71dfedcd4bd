# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is no secret stays readable, and no text can keep the mask busy or make it change its mind."""

from __future__ import annotations

import base64
import hashlib
import random
import typing as t
import uuid
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import (
    LIMIT,
    MARK,
    Masker,
    looks_secret,
    mask,
    mask_value,
)
from hypothesis import given, settings
from hypothesis import strategies as st

CODE = """\
token = get_token()
password: str
password: str,
password: str | None = None
password: Optional[str] = None
    token: t.Optional[str] = None,
def login(user: str, password: str, token: bytes) -> None:
def f(self, password=None, token="", secret=False):
client = Client(token=token, password=password, api_key=settings.api_key)
max_tokens=100
"max_tokens": 4096,
monkey=banana
keyboard: qwerty
author: x
Author: Somebody <somebody@example.org>
self.token = token
self._password = password
if token == other:
if not password:
password = os.environ["DB_PASSWORD"]
password = os.environ.get("DB_PASSWORD")
password = getpass.getpass("Password: ")
answer = input("password: ")
raise ValueError("password: expected a string")
parser.add_argument("--password", help="the password of the user")
parser.add_argument("--token-file", type=Path)
password: "{{ vault_db_password }}"
password: ${DB_PASSWORD}
PASSWORD=$DB_PASSWORD
DB_PASSWORD=
password_file: /run/secrets/db
PASSWORD_FILE=/run/secrets/db
token_url: https://example.org/oauth/token
token_type: bearer
secretName: app-tls
secretKeyRef:
tokenizer: basic
tokens: 512
token_count = 12
password_min_length: 12
pwd = os.getcwd()
PWD=/home/app
bypass: true
first_pass: 12
passed: 12
pass
compass=north
primary_key=True
public_key: /etc/app/key.pub
cache_key = build_key(user, day)
sort_key=lambda row: row.name
key: value
keys: [a, b]
for key, value in items:
secret: true
secret: false
secret: bool
type Secret struct {
const token = await getToken();
const password = req.body.password;
<input type="password" name="password">
<password></password>
password: !vault |
password: null
"password": "",
"password": null,
token: ''
credentials: include
usage: app [--token TOKEN] [--password PASSWORD] [--user USER]
use --token to give a token
mkdir -p src/app
docker run -p 8080:80 app
ssh -p 2222 app@192.0.2.1
git@example.org:team/app.git
ssh://git@example.org/team/app.git
https://example.org/path/@scope/name
http://192.0.2.1:8080/a@b
https://user@example.org/app.git
src/app.py:12:5: error: Missing return statement
2026-11-20T02:45:00Z INFO token refreshed for user 12
12:30:45.123456 main: cycle complete in 12.5 s
drwxr-xr-x 2 root root 4096 Nov 20 02:45 logs
00:1a:2b:3c:4d:5e
fe80:1234:abcd:abcd:abcd:abcd:abcd:abcd
root:x:0:0:root:/root:/bin/bash
import secrets
from app.auth import token_required
class TokenBucket(RateLimiter):
@token_required
return secret_name_regex()
see the token: a string that the bot father gives
basic auth is not configured
Bearer authentication is required
redis://127.0.0.1:6379/0
postgresql://db:5432/app
sk-some-css-class another-long-css-class-name
task-abcdefghijklmnopqrstuvwxyz
npm_config_registry=https://registry.example.org
session: requests.Session
"integrity": "sha512-9f8b7a6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a==",
""".splitlines()

WORDS = [
    "app",
    "audit",
    "base",
    "cache",
    "cell",
    "check",
    "cycle",
    "drift",
    "engine",
    "event",
    "feed",
    "frame",
    "graph",
    "host",
    "index",
    "judge",
    "main",
    "market",
    "model",
    "order",
    "path",
    "queue",
    "report",
    "run",
    "score",
    "signal",
    "state",
    "store",
    "stream",
    "task",
    "trade",
    "tree",
    "unit",
    "value",
    "walk",
]


def benign() -> list[str]:
    """Return more than 2,000 values as reports are full of them."""
    rng = random.Random(3)

    def digest(name: str, number: int) -> str:
        return hashlib.new(name, str(number).encode()).hexdigest()

    def word() -> str:
        return rng.choice(WORDS)

    makers: list[t.Callable[[int], str]] = [
        lambda n: digest("sha1", n),
        lambda n: digest("sha256", n),
        lambda n: digest("sha1", n)[:7],
        lambda n: digest("sha512", n),
        lambda n: f"{digest('sha256', n)}  src/{word()}/{word()}.py",
        lambda n: f"commit {digest('sha1', n)} {word()} the {word()}",
        lambda n: f"image: example.org/{word()}@sha256:{digest('sha256', n)}",
        lambda n: f'"sha256": "{digest("sha256", n)}", "size": {n}',
        lambda n: str(uuid.UUID(int=rng.getrandbits(128))),
        lambda n: f"src/{word()}/{word()}_{word()}.py",
        lambda n: f"/srv/{word()}/{word()}-{n}/{word()}.tar.gz",
        lambda n: f"{n % 9}.{n % 13}.{n % 7}",
        lambda n: f"{word()}=={n % 9}.{n % 13}.{n % 7}",
        lambda n: f"the {word()} of the {word()} was {word()}ed, then a {word()} came",
        lambda n: f"2026-11-{n % 28 + 1:02}T{n % 24:02}:{n % 60:02}:00Z",
        lambda n: f"{word()}{word().title()}{word().title()}{word().title()}",
        lambda n: f"{word()}_{word()}_{word()}_{word()} = {word()}({n})",
        lambda n: f"https://{word()}.example.org/{word()}/{n}?page={n}&sort={word()}",
        lambda n: f"{word().upper()}_{word().upper()}={n}",
        lambda n: f"192.0.2.{n % 255}:{8000 + n % 999}",
        lambda n: base64.b64encode(f"{word()} {word()} {word()} {n}".encode()).decode(),
        lambda n: f"+    {word()}: {word()}  # {word()}",
        lambda n: f"{word()}-{digest('sha1', n)[:12]}",
        lambda n: f"refs/heads/feature/{word()}-{word()}-{n}",
    ]
    return [*CODE, *(make(n) for make in makers for n in range(90))]


def test_at_most_one_of_a_hundred_benign_values_changes() -> None:
    values = benign()
    assert len(values) >= 2000
    changed = [(value, mask(value)) for value in values if mask(value) != value]
    assert len(changed) <= len(values) // 100, changed


def test_no_digest_and_no_line_of_code_changes() -> None:
    changed = [(line, mask(line)) for line in CODE if mask(line) != line]
    assert changed == []
    digests = [hashlib.new(name, str(n).encode()).hexdigest() for name in ("sha1", "sha256") for n in range(2000)]
    assert [digest for digest in digests if mask(digest) != digest] == []


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "db_password",
        "DB_PASSWORD_PROD",
        "PGPASSWORD",
        "MYSQL_PWD",
        "apiKey",
        "API_KEY",
        "x-api-key",
        "BOT_TOKEN",
        "token_v2",
        "SECRET_KEY_BASE",
        "aws_secret_access_key",
        "WEBHOOK_URL",
        "BYBIT_API_SECRET",
        "AccountKey",
        "client_secret",
        "private_key",
        "requirepass",
        "_authToken",
        "Authorization",
        "Set-Cookie",
        "db.password",
        "smtpPass",
        "passphrase",
        "ConnectionString",
        "encryption_key",
        "password1",
        "storepass",
        "sessionid",
    ],
)
def test_names_that_announce_a_secret(key: str) -> None:
    assert looks_secret(key)
    assert mask_value(key, "anything") == MARK
    assert mask_value(key, "") == ""


@pytest.mark.parametrize(
    "key",
    [
        "max_tokens",
        "tokens",
        "key",
        "keys",
        "monkey",
        "public_key",
        "primary_key",
        "cache_key",
        "PWD",
        "OLDPWD",
        "bypass",
        "compass",
        "password_file",
        "token_type",
        "secretName",
        "secretKeyRef",
        "token_url",
        "tokenizer",
        "author",
        "passed",
        "first_pass",
        "has_password",
        "user",
        "url",
        "path",
        "id",
        "name",
    ],
)
def test_names_that_announce_none(key: str) -> None:
    assert not looks_secret(key)
    assert mask_value(key, "plain text") == "plain text"


HOSTILE = {
    "one letter": "a",
    "open urls": "://a:",
    "urls": "http://a:b@",
    "at signs": "://@",
    "keys": "token=",
    "keys with spaces": "token = ",
    "quoted keys": "token='",
    "quoted keys, both": "token='\"",
    "escaped quotes": 'password=\\"',
    "backslashes": "\\",
    "blocks without end": "-----BEGIN PRIVATE " + "KEY-----\n",
    "ends without begin": "-----END PRIVATE " + "KEY-----\n",
    "options": "--password ",
    "dashes": "-",
    "prefixes": "gh" + "p_",
    "dots": "m.",
    "digits and colons": "12345678:",
    "percent": "%41",
    "percent of percent": "%25",
    "entities": "&#65;",
    "ampersands": "&",
    "hex": "61",
    "base64": "QUFB",
    "base64 of base64": base64.b64encode(base64.b64encode(b"AAAA" * 64)).decode(),
    "json escapes": "\\u0061",
    "colons": "a:",
    "pgpass": "a:1234:",
    "mysql": "mysql ",
    "redis": "redis-cli AUTH ",
    "curl": "curl -u ",
    "login": "login a password ",
    "sql": "identified with a ",
    "acl": "user a on ",
    "yaml": "password:\n",
    "yaml blocks": "  password: |\n",
    "yaml data": "kind: Secret\ndata:\n",
    "json secret": '"kind":"Secret","data":{',
    "bearer": "bearer ",
    "bearer run": "bearer aaaaaaaaaaaaaaaaaaaaaaa",
    "tags": "<password>",
    "calls": 'get("password", ',
    "types": "password: Optional[",
    "paths": "password=/etc/a/",
    "spaces": " ",
    "newlines": "\n",
    "tabs": "password\t",
    "eyj": "ey" + "J.",
    "dollars": "$6$",
    "aws": "AK" + "IA",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_text_is_masked_in_bounded_time(name: str) -> None:
    # A pattern that is not linear needs minutes or years for one of these; the last letter makes it fail late.
    unit = HOSTILE[name]
    text = (unit * (LIMIT // len(unit) + 1))[:LIMIT]
    for hostile in (text, text + "\0", text[:-1] + "!", "x" + text):
        masked = mask(hostile)
        assert mask(masked) == masked


def test_a_long_line_is_cut_where_it_was_not_searched() -> None:
    secret = "gh" + "p_" + "A1b2" * 9
    shown = mask("first\n" + "word " * LIMIT + secret + "\nlast")
    assert secret not in shown and shown.startswith("first\nword ") and shown.endswith(f"{MARK}\nlast")
    assert mask("a" * (LIMIT + 1)) == MARK
    assert mask(shown) == shown


def test_a_long_text_is_searched_to_its_end() -> None:
    lines = "".join(f"line {n} of many\n" for n in range(20_000))
    assert mask(f"{lines}password=hunter22\n{lines}") == f"{lines}password={MARK}\n{lines}"


PARTS = st.sampled_from(
    [
        "password",
        "token",
        "=",
        ": ",
        " ",
        '"',
        "'",
        "\n",
        "\\",
        "--",
        "-p",
        "mysql ",
        "curl -u a:",
        "://",
        "@",
        "a:b",
        "<",
        ">",
        MARK,
        "{",
        "}",
        ",",
        "&",
        "%3D",
        "&quot;",
        "|",
        "- ",
        "  ",
        "Bearer ",
        "Authorization",
        "x9",
        "hunter22",
        "export ",
        "#",
        ";",
        "kind: Secret\ndata:\n",
        "AUTH ",
        "login a ",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(PARTS, max_size=14).map("".join)))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    masked = mask(text)
    assert mask(masked) == masked


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=6, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_a_known_value_is_never_left(value: str, before: str, after: str) -> None:
    masker = Masker([value])
    text = before + value + after
    if masker.contains(value):
        assert not masker.contains(masker.mask(text)) or value in before + MARK + after
        assert masker.contains(text) or value.isalpha() or value.isdigit()


def test_short_and_ordinary_values_are_masked_as_whole_words_only() -> None:
    masker = Masker(["root", "abc1", "42", "", "x", "true"])
    assert (
        masker.mask("root rooted abc1 abc12 42 421 x true, (root)")
        == f"{MARK} rooted {MARK} abc12 {MARK} 421 x true, ({MARK})"
    )
    assert not masker.contains("rooted abc12 421 x true")
    assert masker.contains("the root of it")
    assert masker.contains(base64.b64encode(b"root").decode())


def test_no_known_value_breaks_the_marker() -> None:
    masker = Masker(["masked", "asked>", "<masked>"])
    assert masker.mask(f"a {MARK} b") == f"a {MARK} b"


def test_the_examples_of_the_documentation_are_true() -> None:
    page = Path(__file__).resolve().parents[4] / "docs" / "secrets.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    examples = [(before[8:], after[8:]) for before, after in zip(lines, lines[1:]) if before.startswith("before  ")]
    assert len(examples) >= 6
    assert [mask(before) for before, _after in examples] == [after for _before, after in examples]
