# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's section streams: what it becomes, and what is said about mistakes."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError, Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.streams import SHAPE, server_of, servers

Json = dict[str, t.Any]
REDIS = {"redis": "127.0.0.1:6379"}
STREAM = {**REDIS, "stream": "orders"}


def read(*entries: Json) -> list[Json]:
    problems = Problems()
    made = SHAPE.read(list(entries), "streams", problems)
    problems.raise_any()
    return t.cast("list[Json]", made)


def test_reading_twice_changes_nothing() -> None:
    entries = [
        {**STREAM, "group": "billing", "stuck": ["a", {"field": "b", "values": [0, 1.5, "x"]}], "tls": True},
        {"memcached": "127.0.0.1", "severity": "low"},
        {"influxdb": "https://influx.example.org:8086/", "tls": {"verify": False}},
    ]
    once = read(*entries)
    assert read(*once) == once
    assert [one["name"] for one in once] == [
        "orders:billing",
        "127.0.0.1:11211",
        "https://influx.example.org:8086",
    ]
    assert once[0]["tls"] == {"ca": None, "verify": True, "name": None}
    assert once[0]["stuck"] == [{"field": "a", "values": None}, {"field": "b", "values": ["0", "1.5", "x"]}]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("127.0.0.1", "127.0.0.1:6379"),
        ("cache.example.org:6380", "cache.example.org:6380"),
        ("[::1]:6379", "[::1]:6379"),
        ("unix:/run/redis.sock", "unix:/run/redis.sock"),
        ("container:cache", "container:cache:6379"),
        ("container:bot_cache-1:6380", "container:bot_cache-1:6380"),
    ],
)
def test_addresses_have_one_spelling(given: str, address: str) -> None:
    (entry,) = read({"redis": given})
    assert entry["redis"] == address


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "streams[0]: expected exactly one of redis, memcached, influxdb"),
        ({**REDIS, "memcached": "127.0.0.1"}, "streams[0]: expected exactly one of"),
        ({"redis": ":6379"}, "streams[0].redis: expected host:port"),
        ({"redis": "127.0.0.1:70000"}, "streams[0].redis: expected a port from 1 to 65535"),
        ({"redis": "unix:run/redis.sock"}, "streams[0].redis: expected unix: and the absolute path"),
        ({"influxdb": "127.0.0.1:8086"}, "streams[0].influxdb: expected a URL"),
        ({"influxdb": "http://127.0.0.1:8086/ping"}, "streams[0].influxdb: expected"),
        ({**STREAM, "max_lagg": 1}, 'streams[0].max_lagg: unknown key, did you mean "max_lag"?'),
        ({**REDIS, "max_lag": 1}, "streams[0]: max_lag is about a stream: name it as stream"),
        ({"memcached": "127.0.0.1", "stream": "x"}, "streams[0]: stream belongs to redis, this is memcached"),
        ({"influxdb": "http://a:1", "max_memory_percent": 5}, "InfluxDB does not tell"),
        ({**REDIS, "user": "audit"}, "streams[0]: user needs password_from"),
        ({**REDIS, "password_from": {"file": ".env"}}, "streams[0].password_from.key: is missing"),
        ({"redis": "unix:/run/redis.sock", "tls": True}, "streams[0]: tls belongs to"),
        ({"influxdb": "http://a:1", "tls": True}, "streams[0]: tls belongs to"),
        ({**STREAM, "min_length": 5, "max_length": 4}, "min_length 5 is larger than max_length 4"),
        ({**STREAM, "must_progress_within_s": "2h"}, "an audit waits 3600 s at most"),
        ({**STREAM, "stuck": [{"values": [1]}]}, "streams[0].stuck[0].field: is missing"),
        ({**STREAM, "stuck": [{"field": "a", "values": [True]}]}, "expected text or number"),
        ({**STREAM, "sample": 0}, "streams[0].sample: expected"),
        ({**STREAM, "severity": {"lagg": "low"}}, 'did you mean "lag"'),
    ],
)
def test_each_mistake_is_said_with_its_place(entry: Json, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        read(entry)
    assert said in str(caught.value)
    assert len(caught.value.errors) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"redis": "redis://:korrekt-Pferd@127.0.0.1:6379"},
        {"redis": "default:korrekt-Pferd@127.0.0.1"},
        {"influxdb": "http://admin:korrekt-Pferd@127.0.0.1:8086"},
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(given: Json) -> None:
    with pytest.raises(ContractError, match="password_from") as caught:
        read(given)
    assert "korrekt" not in str(caught.value)


def test_names_are_unique() -> None:
    with pytest.raises(ContractError, match=r"streams\[1\]: \"orders\" is already the name of streams\[0\]"):
        read(STREAM, STREAM)
    assert len(read(STREAM, {**STREAM, "name": "again"})) == 2


def test_one_server_has_one_way_in() -> None:
    source = {"password_from": {"file": ".env", "key": "PW"}}
    with pytest.raises(ContractError, match=r"streams\[1\]: has another password_from or tls than streams\[0\]"):
        read({**STREAM, **source}, REDIS)
    both = read({**STREAM, **source, "user": "audit"}, REDIS, {**STREAM, "name": "x", "database": 2})
    assert [server_of(one) for one in both] == [
        "redis audit@127.0.0.1:6379",
        "redis 127.0.0.1:6379",
        "redis 127.0.0.1:6379/2",
    ]
    assert [len(group) for group in servers(both)] == [1, 1, 1]
    assert [len(group) for group in servers(read(STREAM, REDIS))] == [2]
