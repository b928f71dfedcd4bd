# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pipelines and the catalogue: the matrix, seen through what the contract names."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.overviews import Overviews


def row(section: str, component: str, state: str, worst: str | None = None, column: str = "prod") -> dict[str, t.Any]:
    return {"section": section, "component": component, "cells": {column: {"state": state, "worst": worst, "count": 1}}}


def finding(name: str, section: str, component: str, outcome: str = "fail") -> dict[str, t.Any]:
    place = {"environment": "prod", "section": section, "component": component}
    return {"id": name, "outcome": outcome, "severity": "high", **place}


ROWS = [
    row("processes", "producer", "in_sync"),
    row("processes", "executor", "missing", "critical"),
    row("streams", "trade.intent", "differs", "medium"),
    row("units", "nginx.service", "unknown", "high"),
    row("endpoints", "health", "not_asked"),
    row("logs", "main", "in_sync", "high"),
]
FINDINGS = [
    finding("1" * 16, "processes", "executor"),
    finding("2" * 16, "streams", "trade.intent"),
    finding("3" * 16, "units", "nginx.service", "unknown"),
    finding("4" * 16, "processes", "producer", "observation"),
    finding("5" * 16, "logs", "main", "not_exercised"),
]


def seen(**overviews: t.Any) -> dict[str, t.Any]:
    gathered = Overviews()
    gathered.add("prod", "web1", overviews)
    return gathered.result(ROWS, FINDINGS)


@pytest.mark.parametrize(
    ("of", "state", "findings"),
    [
        (["processes:producer"], "works", []),
        (["streams:trade.intent"], "impaired", ["2" * 16]),
        (["units:nginx.service"], "unknown", ["3" * 16]),
        (["processes:executor"], "broken", ["1" * 16]),
        (["processes:*"], "broken", ["1" * 16]),
        (["logs:main", "processes:producer"], "idle", ["5" * 16]),
        (["processes:producer", "streams:trade.*"], "impaired", ["2" * 16]),
        (["units:nginx.service", "streams:trade.intent"], "unknown", ["2" * 16, "3" * 16]),
        (["processes:nobody"], "unknown", []),
        (["streams:producer"], "unknown", []),
        (["endpoints:health"], "unknown", []),
    ],
)
def test_a_stage_is_as_bad_as_its_worst_component(of: list[str], state: str, findings: list[str]) -> None:
    ((stage,),) = ([*one["stages"]] for one in seen(pipeline=[{"stage": "one", "of": of}])["pipelines"])
    assert stage == {"stage": "one", "of": of, "state": state, "findings": findings}


def test_the_first_broken_stage_is_named() -> None:
    names = ("processes:producer", "streams:trade.intent", "processes:executor", "processes:nobody")
    stages = [{"stage": name.partition(":")[2], "of": [name]} for name in names]
    (pipeline,) = seen(pipeline=stages)["pipelines"]
    assert (pipeline["environment"], pipeline["hosts"], pipeline["broken"]) == ("prod", ["web1"], "executor")
    assert seen(pipeline=stages[:2])["pipelines"][0]["broken"] is None


def test_hosts_with_the_same_pipeline_share_it() -> None:
    gathered = Overviews()
    one, other = ([{"stage": "a", "of": [f"processes:{name}"]}] for name in ("producer", "executor"))
    for host, pipeline in (("web2", one), ("web1", one), ("web3", other), ("web4", None)):
        gathered.add("prod", host, {"pipeline": pipeline} if pipeline else {})
    made = gathered.result(ROWS, FINDINGS)["pipelines"]
    assert sorted(one["hosts"] for one in made) == [["web1", "web2"], ["web3"]]


def test_the_catalogue_keeps_its_order_and_shows_what_it_leaves_out() -> None:
    services = seen(catalogue={"infra": ["units:nginx.service"], "core": ["processes:exec*", "streams:none"]})[
        "services"
    ]
    told = [(one["category"], f"{one['section']}:{one['component']}", one["state"]) for one in services]
    assert told == [
        ("infra", "units:nginx.service", "unknown"),
        ("core", "processes:executor", "broken"),
        ("core", "streams:none", "unknown"),
        ("", "processes:producer", "works"),
    ]


def test_the_order_of_the_hosts_does_not_matter() -> None:
    hosts = [
        ("prod", "web1", {"catalogue": {"core": ["processes:producer"], "infra": ["units:*"]}}),
        ("prod", "web2", {"catalogue": {"infra": ["units:*"], "more": ["processes:executor"]}}),
    ]
    made = []
    for order in (hosts, hosts[::-1]):
        gathered = Overviews()
        for host in order:
            gathered.add(*host)
        made.append(gathered.result(ROWS, FINDINGS))
    assert made[0] == made[1]
