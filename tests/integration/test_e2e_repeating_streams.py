# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end, on a real Redis with TLS, a user and a password: the commands that repeat checks of streams ask it as the
audit did, and show no password and no content.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator
from e2e_redis import installed, redis_server
from e2e_repeated import Repeated, verified
from own_port import own_port
from waiting import wait_until

pytestmark = pytest.mark.skipif(
    not all(map(installed, ("redis-server", "redis-cli", "openssl"))), reason="there is no Redis, or no OpenSSL"
)
SECRET = "hunter2 $(x)'&/"
CERTIFICATE = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=cache.test"]


def certificate(folder: Path) -> None:
    """Make a certificate that is good for a name which is not the server's address."""
    named = ["-addext", "subjectAltName=DNS:cache.test", "-keyout", "key.pem", "-out", "it's ca.pem"]
    subprocess.run(["openssl", "req", "-x509", *CERTIFICATE, *named], check=True, capture_output=True, cwd=folder)


class World:
    """A server, and a client that is not the one under test."""

    def __init__(self, root: Path, port: int, tls_port: int) -> None:
        self.root, self.port, self.tls_port = root, port, tls_port

    def redis(self, *words: str) -> str:
        ask = ["redis-cli", "-p", str(self.port), "--user", "audit", "--no-auth-warning", "--pass", SECRET, "-n", "3"]
        done = subprocess.run([*ask, *words], check=True, capture_output=True, text=True)
        return done.stdout

    def fill(self) -> None:
        for key in ("good", "bad"):
            for number in range(3):
                price = "5" if key == "bad" else str(number)
                more = [] if key == "bad" and number == 1 else ["key", "hunter2secret"]
                self.redis("XADD", key, "*", "price", price, *more)
            self.redis("XGROUP", "CREATE", key, "workers", "0")
        self.redis("XREADGROUP", "GROUP", "workers", "one", "STREAMS", "good", ">")
        entries = re.findall(r"\d+-\d+", self.redis("XRANGE", "good", "-", "+"))
        self.redis("XACK", "good", "workers", *entries)
        self.redis("XREADGROUP", "GROUP", "workers", "one", "COUNT", "2", "STREAMS", "bad", ">")


@pytest.fixture(name="world", scope="module")
def fixture_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("streams") / "it's app"
    root.mkdir()
    certificate(root)
    (root / ".env").write_text(f'OTHER=1\nREDIS_PASSWORD="{SECRET}"\n')
    files = ["--tls-cert-file", str(root / "it's ca.pem"), "--tls-key-file", str(root / "key.pem")]
    acl = root / "users.acl"
    acl.write_text(f"user default off\nuser audit on #{_sha256(SECRET)} ~* &* +@all\n")
    with contextlib.ExitStack() as stack:
        tls_port = stack.enter_context(own_port())
        tls = ["--tls-port", str(tls_port), *files, "--tls-auth-clients", "no"]
        port = stack.enter_context(redis_server(root, *tls, "--aclfile", str(acl)))
        made = World(root, port, tls_port)
        wait_until(lambda: made.redis("PING") == "PONG\n", "Redis lets its user in")
        made.fill()
        yield made


def _sha256(text: str) -> str:
    done = subprocess.run(["sha256sum"], input=text.encode(), check=True, capture_output=True)
    return done.stdout.decode().split()[0]


@pytest.fixture(name="repeated", scope="module")
def fixture_repeated(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repeated]:
    place = {"file": ".env", "key": "REDIS_PASSWORD"}
    tls = {"ca": str(world.root / "it's ca.pem"), "name": "cache.test"}
    server = {
        "redis": f"127.0.0.1:{world.tls_port}",
        "user": "audit",
        "password_from": place,
        "database": 3,
        "tls": tls,
    }
    limits = {
        "group": "workers",
        "fresh_s": 3600,
        "min_length": 1,
        "max_lag": 0,
        "max_pending": 1,
        "required_fields": ["key"],
        "stuck": ["price"],
    }
    wrong = {**server, "redis": f"localhost:{world.tls_port}", "tls": {**tls, "name": "other.test"}}
    with own_port() as silent:
        entries = [
            {**server, "max_memory_percent": 100},
            *({**server, "stream": name, **limits} for name in ("good", "bad")),
            {**server, "stream": "gone"},
            wrong,
            {"redis": f"127.0.0.1:{silent}"},
        ]
        yield verified(Operator(tmp_path_factory.mktemp("operator") / "home"), world.root, {"streams": entries})


GROUP = r"name\nworkers\n(?:.*\n)*"
TABLE = [
    ("stream", "good", "pass", "^3\n"),
    ("stream", "gone", "fail", "^0\n"),
    ("fresh", "good", "pass", r"^last-generated-id\n\d+-\d\n\d+\n$"),
    ("length", "good", "pass", "^3\n"),
    ("group", "good:workers", "pass", GROUP),
    ("consumers", "good:workers", "pass", f"{GROUP}consumers\n1\n"),
    ("lag", "good:workers", "pass", f"{GROUP}lag\n0\n"),
    ("lag", "bad:workers", "fail", f"{GROUP}lag\n1\n"),
    ("pending", "good:workers", "pass", f"{GROUP}pending\n0\n"),
    ("pending", "bad:workers", "fail", f"{GROUP}pending\n2\n"),
    ("fields", "good:key", "pass", "^3\n$"),
    ("fields", "bad:key", "fail", "^2\n$"),
    ("values", "good:price", "pass", "^1\n1\n1\n$"),
    ("values", "bad:price", "fail", "^3\n$"),
]
"""Check, subject, how it ended, and what is printed then."""


@pytest.mark.parametrize(("name", "subject", "outcome", "wanted"), TABLE)
def test_what_is_printed_of_a_stream_is_what_was_judged(
    repeated: Repeated, name: str, subject: str, outcome: str, wanted: str
) -> None:
    one = repeated.one("streams", name, subject)
    assert one["outcome"] == outcome, one["summary"]
    said = repeated.said(one)
    assert re.search(wanted, said), said


def test_a_server_is_asked_as_the_audit_did(world: World, repeated: Repeated) -> None:
    address = f"127.0.0.1:{world.tls_port}"
    answering = repeated.one("streams", "answering", address)
    assert (answering["outcome"], repeated.said(answering)) == ("pass", "PONG\n")
    assert re.search(r"used_memory:\d+", repeated.said(repeated.one("streams", "memory", address)))
    assert repeated.said(repeated.one("streams", "evictions", address)) == "evicted_keys:0\r\n"
    # redis-cli looks at the authorities alone, and not at the name in a certificate.
    wrong = repeated.one("streams", "answering", f"localhost:{world.tls_port}")
    assert wrong["outcome"] == "unknown" and "other.test" in wrong["summary"]
    assert "Hostname mismatch" in repeated.said(wrong) and "PONG" not in repeated.said(wrong)
    (silent,) = [one for one in repeated.checks if (one["check"], one["outcome"]) == ("answering", "fail")]
    assert "Connection refused" in repeated.said(silent)


def test_no_password_and_no_content_is_shown(world: World, repeated: Repeated) -> None:
    """The twin: without the password nobody is let in, and what is in the stream has the secret."""
    said = [(one["command"], repeated.run(one["command"])) for one in repeated.checks if one["command"]]
    assert not [pair for pair in said if "hunter2" in "".join(pair)]
    command = repeated.one("streams", "length", "good")["command"]
    assert "NOAUTH" in repeated.run(command.replace("REDISCLI_AUTH=", "OTHER="))
    assert "hunter2" in world.redis("XRANGE", "good", "-", "+")
