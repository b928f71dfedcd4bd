# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client: only commands of the list, every error one clear reason, no secret told, no hang."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.client import Access, Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.commands import SETTINGS, allowed, name_of
from ansible_collections.evenkeel.drift.plugins.module_utils.redis.resp import TooMuch
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.wire import Place, Silent
from fake_redis import Fake, bulk, client, fake, friendly

SECRET = "korrekt-Pferd-7-Batterie"

NEVER = [
    "KEYS *",
    "MONITOR",
    "SUBSCRIBE a",
    "XREAD BLOCK 0 STREAMS a $",
    "XREADGROUP GROUP g c STREAMS a >",
    "XACK a g 1-1",
    "XADD a * b c",
    "XGROUP CREATE a g 0",
    "XCLAIM a g c 0 1-1",
    "XINFO STREAM a FULL",
    "XREVRANGE a + - COUNT 1000",
    "XREVRANGE a + -",
    "CONFIG SET bind x",
    "CONFIG GET requirepass",
    "CONFIG GET *",
    "CONFIG REWRITE",
    "CLIENT KILL a",
    "CLIENT PAUSE 1",
    "CLIENT REPLY OFF",
    "CLIENT NO-TOUCH OFF",
    "SLOWLOG RESET",
    "DEBUG SLEEP 1",
    "FLUSHALL",
    "SHUTDOWN",
    "EVAL x 0",
    "SCAN 0 COUNT 10000 TYPE stream",
    "SCAN 0 MATCH * COUNT 10",
    "INFO everything",
    "GET a",
    "SAVE",
    "PING\r\nFLUSHALL",
    "ping",
]


@pytest.mark.parametrize("command", NEVER)
def test_nothing_else_can_be_sent(command: str) -> None:
    words = command.split(" ")
    assert not allowed([word.encode() for word in words])
    with fake() as (server, place):
        redis = client(place)
        redis.open()
        before = len(server.asked)
        with pytest.raises(ValueError, match="not a command"):
            redis.ask(*words)
        redis.close()
    assert len(server.asked) == before


@pytest.mark.parametrize("name", SETTINGS)
def test_the_settings_that_are_read_hold_no_secret(name: str) -> None:
    assert allowed([b"CONFIG", b"GET", name.encode()])
    assert not any(word in name for word in ("pass", "auth", "user", "key"))


def test_a_name_of_a_command_holds_no_argument() -> None:
    assert name_of([b"AUTH", SECRET.encode()]) == "AUTH"
    assert name_of([b"XINFO", b"STREAM", b"orders"]) == "XINFO STREAM"


def replies(said: bytes) -> t.Callable[[list[bytes]], bytes]:
    """Answer as usual, but DBSIZE with this."""
    return lambda words: said if words[0] == b"DBSIZE" else friendly(words)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"-NOAUTH Authentication required.", "it asks for a password"),
        (b"-WRONGPASS invalid username-password pair", "it does not accept"),
        (b"-NOPERM this user has no permissions to run the 'dbsize' command", "its user may not run DBSIZE"),
        (b"-LOADING Redis is loading the dataset in memory", "it still loads its data"),
        (b"-BUSY Redis is busy running a script.", "it runs a script"),
        (b"-DENIED Redis is running in protected mode", "it is in protected mode"),
        (b"-MASTERDOWN Link with MASTER is down", "it is a replica"),
        (b"-CLUSTERDOWN The cluster is down", "it is a node of a cluster that is down"),
        (b"-MOVED 3999 192.0.2.7:6381", "is at another: 192.0.2.7:6381"),
        (b"-ERR max number of clients reached", "it answers DBSIZE with the error: ERR max number of clients reached"),
    ],
)
def test_each_error_is_one_clear_reason(said: bytes, reason: str) -> None:
    with fake(replies(said + b"\r\n")) as (_server, place), pytest.raises(Refused) as caught:
        client(place).ask("DBSIZE")
    assert reason in caught.value.reason


def test_an_error_costs_nothing_but_itself() -> None:
    with fake(replies(b"-NOPERM no\r\n")) as (server, place):
        redis = client(place)
        with pytest.raises(Refused):
            redis.ask("DBSIZE")
        assert redis.ask("PING") == b"PONG"
        redis.close()
    assert [words[0] for words in server.asked] == [b"PING", b"DBSIZE", b"PING"]


def test_the_password_is_sent_to_the_server_and_told_to_nobody() -> None:
    def echo(words: list[bytes]) -> bytes:
        return b"-ERR you said " + b" ".join(words) + b" and " + SECRET.encode() + b"\r\n"

    with fake(lambda words: friendly(words) if words[0] == b"PING" else echo(words)) as (server, place):
        with pytest.raises(Refused) as caught:
            client(place, Access("audit", SECRET)).open()
        text = client(place, Access(None, SECRET)).text(b"left " + SECRET.encode())
    assert server.asked[1] == [b"AUTH", b"audit", SECRET.encode()]
    assert SECRET not in caught.value.reason + repr(caught.value) + text


@pytest.mark.parametrize(
    "said", [b"-ERR Client sent AUTH, but no password is set", b"-ERR AUTH <password> called without any password set"]
)
def test_a_password_that_is_not_needed_does_no_harm(said: bytes) -> None:
    def answer(words: list[bytes]) -> bytes:
        return said + b"\r\n" if words[0] == b"AUTH" else friendly(words)

    with fake(answer) as (_server, place):
        redis = client(place, Access(None, SECRET))
        redis.open()
        redis.close()
    assert redis.auth_required is False


def test_a_server_of_version_5_that_refuses_the_password() -> None:
    def answer(words: list[bytes]) -> bytes:
        return b"-ERR invalid password\r\n" if words[0] == b"AUTH" else b"-NOAUTH Authentication required.\r\n"

    with fake(answer) as (_server, place), pytest.raises(Refused) as caught:
        client(place, Access(None, SECRET)).open()
    assert caught.value.code == "WRONGPASS"


def dripping(words: list[bytes], server: list[Fake]) -> t.Iterable[bytes]:
    """Send one byte after the other for ever, as fast as they are taken, a little apart."""
    if words[0] != b"DBSIZE":
        yield friendly(words)
        return
    yield b"$1000000\r\n"
    while not server[0].over.wait(0.02):
        yield b"x"


def test_an_answer_that_drips_ends_with_the_time_limit() -> None:
    servers: list[Fake] = []
    with fake(lambda words: dripping(words, servers)) as (server, place):
        servers.append(server)
        redis = client(place, limit_s=0.3)
        begun = time.monotonic()
        with pytest.raises(Unseen, match=r"did not answer within 0\.3 s"):
            redis.ask("DBSIZE")
        # It is asked nothing more: each further question would cost the limit again.
        with pytest.raises(Unseen, match="did not answer"):
            redis.ask("PING")
        assert time.monotonic() - begun < 30


def test_the_deadline_of_the_host_holds_too() -> None:
    servers: list[Fake] = []
    with fake(lambda words: dripping(words, servers)) as (server, place):
        servers.append(server)
        begun = time.monotonic()
        with pytest.raises(Unseen):
            client(place, limit_s=60, host=Host("/", 0.5, workers=1)).ask("DBSIZE")
        assert time.monotonic() - begun < 30


def test_an_answer_that_is_too_large_costs_only_itself() -> None:
    with fake(replies(bulk(b"x" * 5000))) as (_server, place):
        redis = client(place)
        with pytest.raises(TooMuch):
            redis.ask("DBSIZE", limit=1000)
        assert redis.ask("PING") == b"PONG"
        redis.close()


def test_a_connection_that_ends_in_an_answer_is_said() -> None:
    def answer(words: list[bytes]) -> bytes | None:
        return None if words[0] == b"DBSIZE" else friendly(words)

    with fake(answer) as (_server, place), pytest.raises(Unseen, match="closed the connection"):
        client(place).ask("DBSIZE")


def test_where_nothing_listens() -> None:
    with TemporaryDirectory(prefix="redis-") as folder:
        with pytest.raises(Silent, match="nothing listens at unix:"):
            client(Place(path=f"{folder}/none.sock")).open()
        Path(folder, "file").write_text("")
        with pytest.raises(Unseen):
            client(Place(path=f"{folder}/file")).open()
