# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Memcached and InfluxDB tell, from answers that real ones gave, and what is said of others."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.streams import influxdb, memcached
from ansible_collections.evenkeel.drift.plugins.module_utils.streams.wire import Place

PLACE = Place("127.0.0.1", 8086)

# Memcached 1.6.18 of Debian 12, shortened.
STATS = (
    b"STAT pid 812\r\nSTAT uptime 7500\r\nSTAT time 1795262000\r\nSTAT version 1.6.18\r\nSTAT curr_connections 2\r\n"
    b"STAT max_connections 1024\r\nSTAT rejected_connections 0\r\nSTAT bytes 1048576\r\n"
    b"STAT limit_maxbytes 67108864\r\n"
    b"STAT curr_items 12\r\nSTAT evictions 3\r\nEND\r\n"
)
SETTINGS = (
    b"STAT maxbytes 67108864\r\nSTAT tcpport 11211\r\nSTAT udpport 0\r\nSTAT inter 0.0.0.0\r\n"
    b"STAT auth_enabled_sasl no\r\nSTAT auth_enabled_ascii no\r\nEND\r\n"
)


class Canned:
    """A wire that answers with what was recorded, in small portions, whatever it is asked."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self._left = b""
        self.asked: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.asked.append(data)
        self._left = self._answers.pop(0)

    def receive(self, size: int) -> bytes:
        if not self._left:
            raise Unseen("it did not answer")
        taken, self._left = self._left[: min(size, 7)], self._left[min(size, 7) :]
        return taken

    def rest(self, limit: int) -> bytes:
        return self._left[:limit]

    def close(self) -> None:
        pass


def test_a_cache_tells_of_itself() -> None:
    wire = Canned(STATS, SETTINGS)
    about = memcached.describe(t.cast(t.Any, wire))
    assert wire.asked == [b"stats\r\n", b"stats settings\r\n"]
    assert about == {
        "version": "1.6.18",
        "uptime_s": 7500,
        "memory": {"used": 1048576, "max": 67108864},
        "clients": {"connected": 2, "max": 1024},
        "keys": 12,
        "evicted": 3,
        "rejected_connections": 0,
        "port": 11211,
        "udp_port": 0,
        "bind": "0.0.0.0",
        "auth_required": False,
    }


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"ERROR\r\n", "refuses"),
        (b"CLIENT_ERROR unauthenticated\r\n", "asks for a password"),
        (b"END\r\n", "tells no version"),
        (b"x" * 400_000, "more than statistics"),
        (b"STAT version", "did not answer"),
    ],
)
def test_what_is_no_memcached_is_said(said: bytes, reason: str) -> None:
    with pytest.raises(Unseen, match=reason):
        memcached.describe(t.cast(t.Any, Canned(said, b"END\r\n")))


# InfluxDB 1.6.7 of Debian 12, shortened.
PING = (
    b"HTTP/1.0 204 No Content\r\nContent-Type: application/json\r\nX-Influxdb-Build: OSS\r\n"
    b"X-Influxdb-Version: 1.6.7~rc0\r\n\r\n"
)
NO_PAGE = b"HTTP/1.0 404 Not Found\r\nX-Influxdb-Version: 1.6.7~rc0\r\nContent-Length: 19\r\n\r\n404 page not found\n"
DATABASES = b'HTTP/1.0 200 OK\r\n\r\n{"results":[{"statement_id":0,"series":[]}]}\n'
CLOSED = b'HTTP/1.0 401 Unauthorized\r\n\r\n{"error":"unable to parse authentication credentials"}\n'
# InfluxDB 2.7, by its documentation.
PING_2 = b"HTTP/1.0 204 No Content\r\nX-Influxdb-Build: OSS\r\nX-Influxdb-Version: v2.7.11\r\n\r\n"
HEALTH_2 = (
    b"HTTP/1.0 200 OK\r\n\r\n"
    b'{"name":"influxdb","message":"ready for queries and writes","status":"pass","checks":[],"version":"v2.7.11"}'
)
METRICS_2 = b'HTTP/1.0 200 OK\r\n\r\n# TYPE influxdb_uptime_seconds gauge\ninfluxdb_uptime_seconds{id="0a"} 7500.5\n'


def influx(*answers: bytes) -> dict[str, t.Any]:
    wire = Canned(*answers)
    return influxdb.describe(lambda: t.cast(t.Any, wire), PLACE)


def test_a_database_of_version_1_tells_of_itself() -> None:
    about = influx(PING, NO_PAGE, DATABASES)
    assert (about["version"], about["ready"], about["health"]) == ("1.6.7~rc0", True, None)
    assert (about["uptime_s"], about["auth_required"]) == (None, False)
    assert influx(PING, NO_PAGE, CLOSED)["auth_required"] is True
    assert influx(PING, NO_PAGE, NO_PAGE)["auth_required"] is None


def test_a_database_of_version_2_tells_of_itself() -> None:
    about = influx(PING_2, HEALTH_2, METRICS_2)
    assert (about["version"], about["health"], about["uptime_s"]) == ("2.7.11", "pass", 7500)
    assert about["auth_required"] is True


@pytest.mark.parametrize(
    "answers",
    [
        (b"+PONG\r\n",),
        (b"",),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"HTTP/1.0 200 OK\r\n\r\nhello"),
        (b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n" + b"[" * 100_000),
        (b"HTTP/1.0 200 OK\r\n" + b"a: b\r\n" * 1000 + b"\r\n",),
        (b"HTTP/1.0 200 OK\r\na: " + b"b" * 100_000 + b"\r\n\r\n",),
    ],
)
def test_what_is_no_influxdb_is_said(answers: tuple[bytes, ...]) -> None:
    with pytest.raises(Unseen):
        influx(*answers)


def test_an_answer_of_influxdb_that_is_cut_says_nothing() -> None:
    for size in range(len(PING)):
        with pytest.raises(Unseen):
            influx(PING[:size], NO_PAGE, DATABASES)
    for size in range(len(NO_PAGE)):
        with pytest.raises(Unseen):
            influx(PING, NO_PAGE[:size], DATABASES)
