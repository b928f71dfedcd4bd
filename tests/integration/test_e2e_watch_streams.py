# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A watch of a real Redis: what waits for a group, before and after somebody reads it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.watch_look import look
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched import checks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch import asking
from e2e_redis import Client, installed, redis_server
from own_port import own_port
from watch_world import BOOT, context, contract, document

Json = dict[str, t.Any]

pytestmark = pytest.mark.skipif(not installed("redis-server"), reason="no redis-server is installed")


class Watched:
    """Looks at one stream as a host does, by times of its own; each look is checked as an answer is."""

    def __init__(self, folder: Path, port: int, **entry: t.Any) -> None:
        self._contract = contract(streams=[{"redis": f"127.0.0.1:{port}", "stream": "orders", **entry}])
        self._sections = asking.asked(self._contract, context(self._contract))
        self._folder = folder
        self.looks: list[Json] = []

    def look(self) -> None:
        at_s = 30.0 * len(self.looks)
        about = {"due_s": at_s, "at_s": at_s, "wall_s": at_s, "took_s": 0.1, "skipped": 0}
        self.looks.append({**about, "parts": look(self._sections, Host(str(self._folder), 20.0))})
        answer = {"protocol": 1, "window": {"boot": BOOT, "at_s": 0.0, "end_s": at_s}, "now_s": at_s, "last_s": at_s}
        asking.check({**answer, "over": True, "next_in_s": None, "looks": self.looks}, self._sections)

    def lag(self) -> Json:
        for_s = 30.0 * (len(self.looks) - 1)
        made = checks(document(self.looks, for_s, 30, declared=self._contract))
        (found,) = [one for one in made if one["check"] == "lag"]
        return found


def test_a_group_that_falls_behind_fails_and_one_that_catches_up_passes(tmp_path: Path) -> None:
    with redis_server(tmp_path) as port:
        redis = Client(port)
        redis("XGROUP", "CREATE", "orders", "billing", "0", "MKSTREAM")
        behind = Watched(tmp_path, port, group="billing")
        for _number in range(6):
            for _entry in range(10):
                redis("XADD", "orders", "*", "price", 1)
            redis("XREADGROUP", "GROUP", "billing", "worker", "COUNT", 2, "STREAMS", "orders", ">")
            behind.look()
        ahead = Watched(tmp_path, port, group="billing")
        for _number in range(4):
            ahead.look()
            redis("XREADGROUP", "GROUP", "billing", "worker", "COUNT", 20, "STREAMS", "orders", ">")
        redis.close()
    found = behind.lag()
    assert found["outcome"] == "fail"
    assert "orders:billing lagged by 8 at first, 48 at most and 48 at last" in found["summary"]
    assert ahead.lag()["outcome"] == "pass"


def test_a_server_that_is_gone_is_unknown(tmp_path: Path) -> None:
    with own_port() as port:
        watched = Watched(tmp_path, port)
        for _number in range(3):
            watched.look()
    assert watched.lag()["outcome"] == "unknown"


def test_a_stream_that_is_none_is_unknown_and_one_without_its_group_fails(tmp_path: Path) -> None:
    with redis_server(tmp_path) as port:
        redis = Client(port)
        none = Watched(tmp_path, port)
        for _number in range(3):
            none.look()
        redis("XADD", "orders", "*", "price", 1)
        lonely = Watched(tmp_path, port, group="billing")
        for _number in range(3):
            lonely.look()
        redis.close()
    assert none.lag()["outcome"] == "unknown"
    assert lonely.lag()["outcome"] == "fail"
    assert "has no group billing" in lonely.lag()["summary"]
