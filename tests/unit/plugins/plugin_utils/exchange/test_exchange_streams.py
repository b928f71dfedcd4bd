# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section streams between the control node and a host: one question a server, and no garbled answer gets through."""

from __future__ import annotations

import copy
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.streams import collect
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.registry import exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.streams import StreamsExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import scope, streams
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from fake_redis import fake, recorded, replay
from garbling import refusals

Json = dict[str, t.Any]


def made(path: str, root: Path) -> StreamsExchange:
    entries = [
        {"redis": f"unix:{path}", "stream": "orders", "stuck": ["regime"], "must_progress_within_s": 1},
        {"redis": f"unix:{path}", "stream": "orders", "group": "gone", "max_lag": 1},
        {"redis": f"unix:{path}"},
    ]
    read = resolve({"drift_root": str(root), "drift_contract": {"streams": entries}}, cwd="/").contract
    context = Context(host="web1", root=str(root), cache=Cache(str(root / "cache")), contract=read)
    return t.cast(StreamsExchange, exchange("streams", read["streams"], context))


@pytest.fixture(name="asked")
def fixture_asked(tmp_path: Path) -> tuple[StreamsExchange, Json]:
    """Return an exchange and the true answer to it."""
    answers = recorded("7.0.15")
    for name in ("SCAN 0 COUNT 500 TYPE stream", "XREVRANGE orders + - COUNT 20"):
        assert name in answers
    with fake(replay(answers)) as (_server, place):
        exchanged = made(place.path, tmp_path)
        return exchanged, collect(exchanged.request(), Host(str(tmp_path), 60, workers=1))


def judge(exchanged: StreamsExchange, data: Json) -> None:
    streams.judge(exchanged.contract, data, scope.Context("prod", "web1"))


def test_a_server_is_asked_once(asked: tuple[StreamsExchange, Json]) -> None:
    exchanged, answer = asked
    (server,) = exchanged.request()["servers"]
    assert [one["stream"] for one in server["streams"]] == ["orders", "orders"]
    assert server["discover"]
    data = exchanged.read(copy.deepcopy(answer))
    assert [one["entry"] for one in data["servers"][0]["streams"]] == ["orders", "orders:gone"]
    judge(exchanged, data)


def test_whatever_a_host_sends_is_refused_or_can_be_judged(asked: tuple[StreamsExchange, Json]) -> None:
    exchanged, answer = asked
    assert refusals(answer, exchanged.read, lambda data: judge(exchanged, data)) > 500


@pytest.mark.parametrize(
    "change", [{"address": "unix:/other"}, {"kind": "memcached"}, {"streams": []}, {"about": None}]
)
def test_an_answer_about_something_else_is_refused(asked: tuple[StreamsExchange, Json], change: Json) -> None:
    exchanged, answer = asked
    with pytest.raises(GarbledAnswer):
        exchanged.read({**answer, "servers": [{**answer["servers"][0], **change}]})
    with pytest.raises(GarbledAnswer):
        exchanged.read({**answer, "servers": []})
