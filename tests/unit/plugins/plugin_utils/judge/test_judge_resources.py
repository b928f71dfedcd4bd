# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the section resources: limits, and how far a clock can be judged."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.resources import CHECKS, SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context as Asked
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.resources import Clocks, ResourcesExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import resources
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache

CONTEXT = Context("prod", "web1")

Json = dict[str, t.Any]


def contract(**given: t.Any) -> Json:
    problems = Problems()
    read = SHAPE.read(given, "resources", problems)
    problems.raise_any()
    return read


def disk(**more: t.Any) -> Json:
    made = {
        "path": "/",
        "outcome": "ok",
        "reason": "",
        "total_kb": 1000,
        "used_kb": 100,
        "available_kb": 900,
        "used_percent": 10,
        "inodes": 100,
        "inodes_used_percent": 5,
        "read_only": False,
    }
    return {**made, **more}


def data(**more: t.Any) -> Json:
    clock = {"now_s": 1000.0, "elapsed_s": 0.0, "zone": "Etc/UTC", "synchronized": True}
    made = {
        "clock": {**clock, "skew_s": 0.0, "uncertainty_s": 0.1},
        "memory": {"total_kb": 1000, "available_kb": 900, "used_kb": 100, "used_percent": 10.0},
        "swap": {"total_kb": 100, "free_kb": 50, "used_kb": 50, "used_percent": 50.0},
        "disks": [disk()],
        "load": [9.0, 2.0, 1.0],
        "cores": 2,
        "uptime_s": 100,
        "booted": "2026-11-21T00:00:00Z",
        "os": {"id": "debian", "name": "Debian", "version": "13", "pretty": "Debian 13"},
        "kernel": "6.12",
        "hostname": "web1",
        "addresses": ["192.0.2.2"],
        "consumers": {"memory": [], "cpu": [], "total": 3, "unread": 0},
        "unread": [],
    }
    return {**made, **more}


def judged(evidence: Json, **given: t.Any) -> Judgement:
    return resources.judge(contract(**given), evidence, CONTEXT)


def outcomes(made: Judgement) -> dict[str, tuple[str, str, str | None]]:
    return {check.subject: (check.outcome, check.severity, check.cause) for check in made.checks}


def clock(skew_s: float, uncertainty_s: float) -> Json:
    return data(clock={**data()["clock"], "skew_s": skew_s, "uncertainty_s": uncertainty_s})


def test_a_clean_host_passes_what_is_judged_by_default() -> None:
    made = judged(data())
    assert outcomes(made) == {
        "memory": ("pass", "high", None),
        "disk /": ("pass", "high", None),
        "clock": ("pass", "high", None),
    }
    assert made.cells == {"host": "in_sync"}


@pytest.mark.parametrize(
    ("more", "given", "subject", "wanted"),
    [
        ({"memory": {**data()["memory"], "used_percent": 80.0}}, {}, "memory", ("fail", "medium", "over_threshold")),
        ({"memory": {**data()["memory"], "used_percent": 95.0}}, {}, "memory", ("fail", "high", "over_threshold")),
        ({}, {"swap_percent": {"warn": 50}}, "swap", ("fail", "medium", "over_threshold")),
        ({"disks": [disk(used_percent=96)]}, {}, "disk /", ("fail", "high", "over_threshold")),
        (
            {"disks": [disk(used_percent=96)]},
            {"severity": {"disk": "critical"}},
            "disk /",
            ("fail", "critical", "over_threshold"),
        ),
        (
            {"disks": [disk(used_percent=85)]},
            {"severity": {"disk": "low"}},
            "disk /",
            ("fail", "low", "over_threshold"),
        ),
        ({}, {"inode_percent": {"fail": 5}}, "inodes /", ("fail", "high", "over_threshold")),
        (
            {"disks": [disk(inodes=0, inodes_used_percent=None)]},
            {"inode_percent": {"fail": 5}},
            "inodes /",
            ("pass", "high", None),
        ),
        ({}, {"load_per_core": {"warn": 1}}, "load", ("fail", "medium", "over_threshold")),
        ({}, {"load_per_core": {"warn": 1.1}}, "load", ("pass", "high", None)),
    ],
)
def test_limits(more: Json, given: Json, subject: str, wanted: tuple[str, str, str | None]) -> None:
    assert outcomes(judged(data(**more), **given))[subject] == wanted


@pytest.mark.parametrize(
    ("skew_s", "uncertainty_s", "wanted"),
    [
        (4.0, 0.5, ("pass", "high", None)),
        (-7.0, 0.5, ("fail", "medium", "clock_skew")),
        (5.4, 0.5, ("pass", "high", None)),
        (70.0, 5.0, ("fail", "high", "clock_skew")),
        (64.0, 5.0, ("fail", "medium", "clock_skew")),
        (1.0, 90.0, ("unknown", "high", "unseen")),
    ],
)
def test_the_clock_is_judged_as_far_as_it_is_known(
    skew_s: float, uncertainty_s: float, wanted: tuple[str, str, str | None]
) -> None:
    assert outcomes(judged(clock(skew_s, uncertainty_s)))["clock"] == wanted


def test_a_disk_that_calls_itself_endless_is_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    asked = exchange(str(tmp_path_factory.mktemp("cache")), 1000.0, 50.0, 54.0)
    asked.request()
    endless = disk(total_kb=2**66, available_kb=2**66)
    assert asked.read(data(disks=[endless]))["disks"] == [endless]


def test_what_was_not_read_is_unknown() -> None:
    reasons = [{"what": what, "reason": f"{what} cannot be read"} for what in ("memory", "load")]
    gone = disk(outcome="unknown", reason="no such file or directory")
    seen = data(memory=None, swap=None, load=None, disks=[gone], unread=reasons)
    made = judged(seen, swap_percent={"warn": 1}, load_per_core={"warn": 1}, inode_percent={"warn": 1})
    unknown = {subject for subject, wanted in outcomes(made).items() if wanted[0] == "unknown"}
    assert unknown == {"memory", "swap", "load", "disk /", "inodes /"}


def test_an_empty_map_judges_nothing() -> None:
    made = judged(data(), memory_percent={}, disk_percent={}, clock_skew_s={})
    assert made.checks == []
    assert made.cells == {"host": "not_asked"}


def test_each_check_can_be_given_a_severity() -> None:
    assert set(CHECKS) == set(resources.DEFAULTS)


@pytest.mark.parametrize(
    "given",
    [{"memory_percent": {"warn": 90, "fail": 80}}, {"disk_percent": {"warn": 101}}, {"load_per_core": {"warn": "x"}}],
)
def test_mistakes_in_the_contract(given: Json) -> None:
    with pytest.raises(ValueError, match="warn"):
        contract(**given)


def exchange(cache: str, *times: float) -> ResourcesExchange:
    """Return an exchange whose clocks show these times, the wall clock once."""
    steady = iter(times[1:])
    return ResourcesExchange(
        contract(), Asked("web1", "/", Cache(cache)), Clocks(lambda: times[0], lambda: next(steady))
    )


@pytest.mark.parametrize(
    ("now_s", "elapsed_s", "skew_s", "uncertainty_s"),
    [(1002.0, 0.0, 0.0, 2.0), (1063.0, 2.0, 60.0, 1.0), (1004.0, 99.0, 0.0, 0.0), (1002.0, -5.0, 0.0, 2.0)],
)
def test_the_skew_is_known_within_half_the_time_that_it_took(
    tmp_path_factory: pytest.TempPathFactory, now_s: float, elapsed_s: float, skew_s: float, uncertainty_s: float
) -> None:
    asked = exchange(str(tmp_path_factory.mktemp("cache")), 1000.0, 50.0, 54.0)
    assert asked.request() == {"disks": []}
    read = asked.read(data(clock={**data()["clock"], "now_s": now_s, "elapsed_s": elapsed_s}))
    assert (read["clock"]["skew_s"], read["clock"]["uncertainty_s"]) == (skew_s, uncertainty_s)


@pytest.mark.parametrize(
    "more",
    [
        {"cores": 0},
        {"disks": [{"path": "/", "outcome": "ok", "reason": ""}]},
        {"clock": {**data()["clock"], "now_s": float("nan")}},
        {"load": [1.0]},
        {"memory": {}},
        {"memory": {**data()["memory"], "total_kb": 10**400}},
        {"cores": 10**400},
        {"disks": []},
    ],
)
def test_a_garbled_answer_is_refused(tmp_path_factory: pytest.TempPathFactory, more: Json) -> None:
    asked = exchange(str(tmp_path_factory.mktemp("cache")), 1000.0, 50.0, 54.0)
    asked.request()
    with pytest.raises(GarbledAnswer):
        asked.read(data(**more))
