# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of secret x encodings: planted canaries must not come through. Every canary is made when the test runs."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import random
import shlex
import string
import typing as t
import urllib.parse

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK, Masker, mask, mask_argv, mask_tree
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.shapes import find_shapes, mask_shapes

UPPER, LOWER, DIGITS, HEX = string.ascii_uppercase, string.ascii_lowercase, string.digits, "0123456789abcdef"
ALNUM = UPPER + LOWER + DIGITS


def some(rng: random.Random, letters: str, count: int) -> str:
    """Return random letters, digits and both cases among them where the alphabet has them."""
    while True:
        text = "".join(rng.choice(letters) for _number in range(count))
        wanted = [kind for kind in (DIGITS, UPPER, LOWER) if set(kind) <= set(letters)]
        if count < 8 or all(set(kind) & set(text) for kind in wanted):
            return text


def token(*parts: t.Any) -> t.Callable[[random.Random], str]:
    """Return a maker: texts stay, (alphabet, count) pairs become random letters."""
    return lambda rng: "".join(part if isinstance(part, str) else some(rng, *part) for part in parts)


def jwt(rng: random.Random) -> str:
    parts = [
        json.dumps({"alg": "HS256", "typ": "JWT"}),
        json.dumps({"sub": some(rng, ALNUM, 12)}),
        some(rng, ALNUM, 30),
    ]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def key_block(label: str, width: int = 64) -> t.Callable[[random.Random], str]:
    def make(rng: random.Random) -> str:
        lines = [some(rng, ALNUM + "+/", width) for _number in range(4)]
        return "\n".join([f"-----BEGIN {label}-----", *lines, some(rng, ALNUM, 20) + "==", f"-----END {label}-----"])

    return make


# Shapes that give themselves away: the canary is the token.
SHAPES: dict[str, t.Callable[[random.Random], str]] = {
    "aws access key id": token("AK", "IA", (UPPER + DIGITS, 16)),
    "aws session key id": token("AS", "IA", (UPPER + DIGITS, 16)),
    "github personal": token("gh", "p_", (ALNUM, 36)),
    "github oauth": token("gh", "o_", (ALNUM, 36)),
    "github server": token("gh", "s_", (ALNUM, 36)),
    "github user": token("gh", "u_", (ALNUM, 36)),
    "github fine-grained": token("github", "_pat_", (ALNUM, 22), "_", (ALNUM, 59)),
    "gitlab": token("gl", "pat-", (ALNUM, 20)),
    "npm": token("np", "m_", (ALNUM, 36)),
    "pypi": token("py", "pi-", "AgEIcHlwaS5vcmc", (ALNUM, 80)),
    "slack bot": token("xo", "xb-", (DIGITS, 12), "-", (ALNUM, 24)),
    "slack user": token("xo", "xp-", (DIGITS, 12), "-", (ALNUM, 32)),
    "discord bot": token("M", (ALNUM, 23), ".", (ALNUM, 6), ".", (ALNUM, 38)),
    "telegram bot": token((DIGITS, 10), ":", "AA", (ALNUM, 33)),
    "stripe secret": token("sk", "_live_", (ALNUM, 24)),
    "stripe restricted": token("rk", "_live_", (ALNUM, 24)),
    "stripe hook": token("wh", "sec_", (ALNUM, 32)),
    "twilio": token("S", "K", (HEX, 32)),
    "sendgrid": token("S", "G.", (ALNUM, 22), ".", (ALNUM, 43)),
    "google api": token("AI", "za", (ALNUM, 35)),
    "jwt": jwt,
    "openai": token("s", "k-", (ALNUM, 48)),
    "openai project": token("s", "k-", "proj-", (ALNUM, 48)),
    "anthropic": token("s", "k-", "ant-", (ALNUM, 48)),
    "vault": token("hv", "s.", (ALNUM, 24)),
    "age": token("AGE-", "SECRET-", "KEY-1", (UPPER + DIGITS, 58)),
    "mailgun": token("ke", "y-", (HEX, 32)),
    "hugging face": token("h", "f_", (ALNUM, 34)),
    "docker hub": token("dckr", "_pat_", (ALNUM, 27)),
    "crypt hash": token("$6$", (ALNUM, 16), "$", (ALNUM, 86)),
}
BLOCKS = {
    "pkcs8 key": key_block("PRIVATE" + " KEY"),
    "rsa key": key_block("RSA PRIVATE" + " KEY"),
    "openssh key": key_block("OPENSSH PRIVATE" + " KEY", 70),
    "pgp key": key_block("PGP PRIVATE" + " KEY BLOCK"),
}
# Places that make a secret of whatever stands in them.
PLACES: dict[str, str] = {
    "aws secret": "aws_secret_access_key = {}",
    "dotenv": "BOT_TOKEN={}",
    "dotenv two words": "DB_PASSWORD={} and more",
    "export": "export API_SECRET={}",
    "env quoted": "API_KEY='{}'",
    "shell assignment": "x; WEBHOOK_URL={} ./run",
    "yaml": "db:\n  password: {}\n  host: db",
    "yaml quoted": 'db:\n  password: "{}"',
    "yaml block": "db:\n  password: |\n    {}\n  host: db",
    "yaml list": "passwords:\n  - {}\n  - {}\nhosts:\n  - a",
    "json": '{{"user": "app", "password": "{}", "port": 1}}',
    "json in json": '{{"body": "{{\\"password\\": \\"{}\\"}}"}}',
    "ini": "[db]\npassword = {}\nport = 1",
    "toml": 'api_key = "{}"',
    "python": 'client = Client(api_key="{}", debug=True)',
    "python default": 'os.environ.get("DB_PASSWORD", "{}")',
    "python index": 'os.environ["DB_PASSWORD"] = "{}"',
    "python annotated": 'password: str = "{}"',
    "javascript": "const apiKey = '{}';",
    "php": "$password = '{}';",
    "xml": "<password>{}</password>",
    "pgpass": "db.example.org:5432:app:app:{}",
    "my.cnf": "[client]\nuser=app\npassword={}",
    "netrc": "machine example.org login app password {}",
    "netrc lines": "machine example.org\nlogin app\npassword {}",
    "npmrc": "//registry.example.org/:_authToken={}",
    "kubernetes": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  user: {}\n",
    "kubernetes json": '{{"kind": "Secret", "data": {{"user": "{}"}}}}',
    "option =": "app --password={} --verbose",
    "option space": "app --db-password {} --verbose",
    "mysql": "mysql -uroot -p{} app",
    "sshpass": "sshpass -p {} ssh app@192.0.2.1",
    "mosquitto": "mosquitto_sub -u app -P {} -t signals",
    "sqlcmd": "sqlcmd -S db -U app -P {} -Q q",
    "memtier": "memtier_benchmark -s h --authenticate {} -c 1",
    "curl": "curl -s -u app:{} http://192.0.2.1/",
    "docker login": "docker login -u app -p {} registry.example.org",
    "redis-cli": "redis-cli -a {} ping",
    "redis auth": "AUTH {}",
    "redis.conf": "port 6379\nrequirepass {}\n",
    "redis url": "redis://:{}@192.0.2.1:6379/0",
    "postgres url": "DATABASE_URL=postgresql+asyncpg://app:{}@db:5432/app",
    "amqp url": "amqp://app:{}@mq:5672/%2f",
    "git remote": "url = https://oauth2:{}@example.org/app.git",
    "query string": "GET http://192.0.2.1/api?user=a&access_token={}&page=2",
    "sas": "https://app.blob.example.org/c/f?sv=2024&sig={}&se=2026",
    "bearer": "Authorization: Bearer {}",
    "basic": 'curl -H "Authorization: Basic {}" http://192.0.2.1/',
    "api header": "X-Api-Key: {}",
    "cookie": "Cookie: session={}; theme=dark",
    "set-cookie": "Set-Cookie: sid={}; HttpOnly",
    "azure": "DefaultEndpointsProtocol=https;AccountName=app;AccountKey={};EndpointSuffix=example.org",
    "sql server": "Server=db;Database=app;User Id=app;Password={};",
    "unit": "[Service]\nEnvironment=API_TOKEN={}\n",
    "unit quoted": '[Service]\nEnvironment="LOG=1" "API_TOKEN={}"\n',
    "compose list": "    environment:\n      - DB_PASSWORD={}\n      - LOG=1",
    "compose list quoted": '      - "DB_PASSWORD={}"',
    "label": 'LABEL org.example.token="{}"',
    "docker run": "docker run -e DB_PASSWORD={} app",
    "sql": "CREATE USER app IDENTIFIED BY '{}';",
    "diff": "@@ -1 +1 @@\n-SECRET_KEY={}x\n+SECRET_KEY={}",
    "commit message": "Rotate the key, api_key={} was in the log",
    "exchange": "BYBIT_API_SECRET: {}",
}
WORDLIKE = ("hex under a name", "uuid under a name")


def canary(rng: random.Random) -> str:
    return some(rng, ALNUM, 24)


def documents(seed: int) -> t.Iterator[tuple[str, str, str]]:
    """Yield (kind, secret, a text that holds it)."""
    rng = random.Random(seed)
    for kind, make in SHAPES.items():
        secret = make(rng)
        yield kind, secret, rng.choice(["{}", "see {} here", "x={}", "({})", '"{}"', "a: {}, b"]).format(secret)
    for kind, make in BLOCKS.items():
        secret = make(rng)
        yield kind, secret, f"before\n{secret}\nafter"
    for kind, place in PLACES.items():
        secret = canary(rng)
        yield kind, secret, place.format(*[secret] * place.count("{}"))
    for kind, secret in zip(WORDLIKE, (some(rng, HEX, 64), "-".join(some(rng, HEX, n) for n in (8, 4, 4, 4, 12)))):
        yield kind, secret, f"HEROKU_API_KEY={secret}"


def pieces(secret: str) -> list[str]:
    """Return what of a secret must not be readable: its lines, or all of it."""
    return [line for line in secret.splitlines() if not line.startswith("-----")]


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


ENCODINGS: dict[str, t.Callable[[str], str]] = {
    "plain": lambda s: s,
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 after one byte": lambda s: base64.b64encode(b"=" + s.encode() + b"\n").decode(),
    "base64 after two bytes": lambda s: base64.b64encode(b"a=" + s.encode() + b"\n").decode(),
    "base64 url-safe": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "hex": lambda s: s.encode().hex(),
    "upper-case hex": lambda s: s.encode().hex().upper(),
    "url": lambda s: urllib.parse.quote(s, safe=""),
    "url, every byte": lambda s: "".join(f"%{byte:02X}" for byte in s.encode()),
    "json": json.dumps,
    "json, every character": lambda s: "".join(f"\\u{ord(char):04x}" for char in s),
    "html": html.escape,
    "html, every character": lambda s: "".join(f"&#{ord(char)};" for char in s),
    "shell": shlex.quote,
    "upper case": str.upper,
    "lower case": str.lower,
    "reversed": lambda s: s[::-1],
    "wrapped at 64": lambda s: "\n".join(s[at : at + 64] for at in range(0, len(s), 64)),
    "base64 wrapped at 76": lambda s: base64.encodebytes(s.encode()).decode().strip(),
    "first half": lambda s: s[: len(s) // 2],
    "second half": lambda s: s[len(s) // 2 :],
    "sha256": lambda s: hashlib.sha256(s.encode()).hexdigest(),
    "sha1": lambda s: hashlib.sha1(s.encode()).hexdigest(),
    "md5": lambda s: hashlib.md5(s.encode()).hexdigest(),
}


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
