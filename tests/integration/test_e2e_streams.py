# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: each fault of a stream is found with its cause, and streams that are worked off are in sync."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator, Outcome
from e2e_redis import Client, answers, installed, redis_server, running, worker
from own_port import own_port
from waiting import wait_until

Json = dict[str, t.Any]

NEEDS_REDIS = pytest.mark.skipif(not installed("redis-server"), reason="no redis-server is installed")
NEEDS_MEMCACHED = pytest.mark.skipif(not installed("memcached"), reason="no memcached is installed")


@pytest.fixture(name="port")
def fixture_port(tmp_path: Path) -> Iterator[int]:
    with redis_server(tmp_path) as port:
        yield port


@pytest.fixture(name="redis")
def fixture_redis(port: int) -> Iterator[Client]:
    client = Client(port)
    yield client
    client.close()


def audit(operator: Operator, root: Path, *entries: Json) -> Outcome:
    return operator.audit_one(root, drift_contract={"streams": list(entries)})


def drift(outcome: Outcome) -> set[tuple[str, str, str | None]]:
    return {
        (one["check"], one["subject"], one["cause"])
        for one in outcome.findings["findings"]
        if one["outcome"] not in ("observation", "not_exercised")
    }


@NEEDS_REDIS
def test_streams_that_are_worked_off_are_in_sync(operator: Operator, tmp_path: Path, redis: Client, port: int) -> None:
    redis("XGROUP", "CREATE", "orders", "billing", "0", "MKSTREAM")
    with worker("produce", port, "orders"), worker("consume", port, "orders", "billing"):
        wait_until(lambda: redis("XLEN", "orders") > 2, "entries are added")
        entry = {
            "redis": f"127.0.0.1:{port}",
            "stream": "orders",
            "group": "billing",
            "max_lag": 1000,
            "max_idle_s": 60,
            "must_progress_within_s": 60,
            "required_fields": ["symbol", "price"],
            "stuck": ["price"],
            "max_memory_percent": 90,
        }
        outcome = audit(operator, tmp_path, entry)
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert drift(outcome) == set()
    assert "progressing" in outcome.report
    # It was over as soon as the group moved.
    assert outcome.evidence("web1", "streams")["data"]["waited_s"] < 30


@NEEDS_REDIS
def test_a_group_that_is_healthy_and_does_not_move_is_found(
    operator: Operator, tmp_path: Path, redis: Client, port: int
) -> None:
    redis("XGROUP", "CREATE", "orders", "billing", "0", "MKSTREAM")
    with worker("produce", port, "orders"):
        wait_until(lambda: redis("XLEN", "orders") > 2, "entries are added")
        redis("XREADGROUP", "GROUP", "billing", "worker-1", "COUNT", 1, "STREAMS", "orders", ">")
        outcome = audit(
            operator,
            tmp_path,
            {"redis": f"127.0.0.1:{port}", "stream": "orders", "group": "billing", "must_progress_within_s": 1},
        )
    assert drift(outcome) == {("progress", "orders:billing", "stalled")}
    (found,) = (one for one in outcome.findings["findings"] if one["cause"] == "stalled")
    assert found["severity"] == "critical"
    assert "it has read 1 entry, and stands at the one of" in found["summary"]
    assert found["observed"]["first"]["last_id"] != found["observed"]["second"]["last_id"]


@NEEDS_REDIS
def test_each_fault_is_found_with_its_cause(operator: Operator, tmp_path: Path, redis: Client, port: int) -> None:
    server = {"redis": f"127.0.0.1:{port}"}
    redis("SET", "text", "x")
    for number in range(5):
        redis("XADD", "orders", "*", "symbol", "BTC", "regime", "unknown", "price", number)
    redis("XGROUP", "CREATE", "orders", "left", "0")
    redis("XGROUP", "CREATE", "orders", "slow", "0")
    redis("XREADGROUP", "GROUP", "slow", "worker-1", "COUNT", 2, "STREAMS", "orders", ">")
    with own_port() as silent:
        outcome = audit(
            operator,
            tmp_path,
            {**server, "stream": "nowhere"},
            {**server, "stream": "text"},
            {**server, "stream": "orders", "group": "gone"},
            {**server, "stream": "orders", "group": "left"},
            {**server, "stream": "orders", "group": "slow", "max_lag": 2, "max_pending": 1},
            {
                **server,
                "name": "content",
                "stream": "orders",
                "min_length": 6,
                "required_fields": ["symbol", "side"],
                "stuck": ["regime", {"field": "price", "values": [0]}, {"field": "symbol", "values": ["BTC", "ETH"]}],
            },
            {"redis": f"127.0.0.1:{silent}", "name": "silent"},
        )
    assert drift(outcome) - {one for one in drift(outcome) if one[0] == "answering"} == {
        ("stream", "nowhere", "no_stream"),
        ("stream", "text", "wrong_type"),
        ("group", "orders:gone", "no_group"),
        ("consumers", "orders:left", "no_consumer"),
        ("lag", "orders:slow", "lagging"),
        ("pending", "orders:slow", "pending_entries"),
        ("length", "orders", "out_of_range"),
        ("fields", "orders:side", "missing_field"),
        ("values", "orders:regime", "stuck_value"),
        ("values", "orders:symbol", "stuck_value"),
    }
    assert [one[2] for one in drift(outcome) if one[0] == "answering"] == ["not_answering"]


@NEEDS_REDIS
def test_a_group_with_nothing_to_do_is_neither_right_nor_wrong(
    operator: Operator, tmp_path: Path, redis: Client, port: int
) -> None:
    redis("XADD", "orders", "*", "symbol", "BTC")
    redis("XGROUP", "CREATE", "orders", "billing", "$")
    redis("XGROUP", "CREATECONSUMER", "orders", "billing", "worker-1")
    entry = {"redis": f"127.0.0.1:{port}", "stream": "orders", "group": "billing", "must_progress_within_s": 1}
    outcome = audit(operator, tmp_path, entry)
    assert drift(outcome) == set()
    (found,) = (one for one in outcome.findings["findings"] if one["outcome"] == "not_exercised")
    assert "had nothing to do" in found["summary"]


@NEEDS_REDIS
def test_a_server_with_a_password(operator: Operator, tmp_path: Path) -> None:
    secret = "korrekt-Pferd-7-Batterie"
    (tmp_path / ".env").write_text(f"export REDIS_PASSWORD='{secret}'\nWRONG=nope-{secret[:4]}\n")
    with redis_server(tmp_path, "--requirepass", secret) as port:
        address = f"127.0.0.1:{port}"
        right = audit(
            operator, tmp_path, {"redis": address, "password_from": {"file": ".env", "key": "REDIS_PASSWORD"}}
        )
        wrong = audit(operator, tmp_path, {"redis": address, "password_from": {"file": ".env", "key": "WRONG"}})
        none = audit(operator, tmp_path, {"redis": address})
    assert right.state() == (0, "in_sync"), right.text
    for outcome, said in ((wrong, "does not accept"), (none, "asks for a password")):
        (found,) = outcome.findings["findings"]
        assert (found["outcome"], found["check"]) == ("unknown", "answering")
        assert said in found["summary"]
    for outcome in (right, wrong, none):
        assert outcome.run is not None
        texts = [outcome.text, *(path.read_text() for path in outcome.run.rglob("*") if path.is_file())]
        assert not any(secret in text for text in texts)


@NEEDS_REDIS
def test_a_user_with_the_least_rights_sees_the_streams(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('PASSWORD="korrekt-Pferd-7"\n')
    rights = ["on", ">korrekt-Pferd-7", "~*", *["+ping", "+info", "+type", "+xinfo", "+xpending", "+xrevrange"]]
    with redis_server(tmp_path, "--user", "audit", *rights) as port:
        redis = Client(port)
        redis("XADD", "orders", "*", "symbol", "BTC")
        redis("XGROUP", "CREATE", "orders", "billing", "$")
        redis("XGROUP", "CREATECONSUMER", "orders", "billing", "worker-1")
        entry = {
            "redis": f"127.0.0.1:{port}",
            "user": "audit",
            "password_from": {"file": ".env", "key": "PASSWORD"},
            "stream": "orders",
            "group": "billing",
            "max_lag": 0,
            "max_idle_s": 600,
            "required_fields": ["symbol"],
        }
        outcome = audit(operator, tmp_path, entry)
        redis.close()
    assert outcome.state() == (0, "in_sync"), outcome.text
    settings = outcome.evidence("web1", "streams")["data"]["servers"][0]["about"]["settings"]
    assert settings["bind"] == {"value": None, "reason": "its user may not run CONFIG GET"}


@NEEDS_MEMCACHED
def test_a_cache_that_everybody_can_reach_is_found(operator: Operator, tmp_path: Path) -> None:
    options = ["memcached", "-u", "root", "-U", "0", "-p"]
    with own_port() as open_port, own_port() as shut_port, contextlib.ExitStack() as stack:
        for port, address in ((open_port, "0.0.0.0"), (shut_port, "127.0.0.1")):
            stack.enter_context(running([*options, str(port), "-l", address]))
            wait_until(lambda port=port: answers(port, b"version\r\n", b"VERSION"), "Memcached")
        entries = [{"memcached": f"127.0.0.1:{port}", "max_memory_percent": 90} for port in (open_port, shut_port)]
        outcome = audit(operator, tmp_path, *entries)
    assert drift(outcome) == {("exposed", f"127.0.0.1:{open_port}", "exposed")}
