# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of secret, the places that make a secret of what stands in them, and encodings. Every canary is made when it
is asked for.
"""

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
