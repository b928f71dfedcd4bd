# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab: an audit finds the stream that stands still and the cache that is open, and sees what redis-cli sees."""

from __future__ import annotations

import json
import typing as t

import pytest
from e2e_lab import Lab
from e2e_operator import AUDIT, Operator, Outcome

pytestmark = pytest.mark.lab

Json = dict[str, t.Any]
ENVIRONMENTS = ("prod", "staging")
# Deaf to the pace of a busy machine: what is planted does not move at all.
STREAM = {"redis": "127.0.0.1:6379", "stream": "trade.intent", "group": "executors", "must_progress_within_s": 20}
ENTRIES = [{**STREAM, "max_lag": 100, "stuck": ["regime"]}, {"memcached": "127.0.0.1:11211"}]


@pytest.fixture(name="audited", scope="module")
def fixture_audited(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    operator = Operator(tmp_path_factory.mktemp("lab") / "operator")
    given = {"drift_output_dir": str(operator.runs), "drift_contract": {"streams": ENTRIES}}
    return operator.play(AUDIT, "-i", str(lab.inventory), "-e", json.dumps(given))


def test_each_planted_fault_is_found_on_its_host_alone(lab: Lab, audited: Outcome) -> None:
    found = {
        (one["host"], one["check"], one["subject"], one["cause"])
        for one in audited.findings["findings"]
        if one["outcome"] != "observation"
    }
    prod = lab.hosts["prod"]
    assert found == {
        (prod, "progress", "trade.intent:executors", "stalled"),
        (prod, "lag", "trade.intent:executors", "lagging"),
        (prod, "values", "trade.intent:regime", "stuck_value"),
        (prod, "exposed", "127.0.0.1:11211", "exposed"),
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_servers_and_groups_are_what_redis_cli_says(lab: Lab, audited: Outcome, environment: str) -> None:
    redis, cache = audited.evidence(lab.hosts[environment], "streams")["data"]["servers"]
    info = lab.run(environment, "redis-cli", "INFO", "server")
    assert f"redis_version:{redis['about']['version']}" in info.split()
    said = lab.run(environment, "redis-cli", "XINFO", "GROUPS", "trade.intent").splitlines()
    names = dict(zip(said[::2], said[1::2], strict=False))
    (group,) = redis["streams"][0]["first"]["groups"]
    assert (names["name"], int(names["consumers"])) == (group["name"], group["consumers"])
    # Both go on from one look to the next, never back.
    assert int(names["entries-read"]) >= group["read"]
    assert cache["about"]["version"] in lab.run(environment, "memcached", "--version")
