# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers about endpoints and commands: real ones go through, everything else is garbled and never a crash."""

from __future__ import annotations

import copy
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import commands, endpoints
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context, Exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.registry import exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import commands as command_rules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import endpoints as endpoint_rules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context as Judged
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from endpoint_server import Server, answer, answering
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Json = dict[str, t.Any]
BODY = {"b": {"c": [1]}, "a": 2, "at": "2026-11-21T12:00:00Z"}
VALUES = st.sampled_from([None, True, -1, 0, 1 << 70, 1e308, "", "x", "\ud800", [], {}, [None], {"a": 1}])


def half(section: str, entries: list[Json], root: Path, **more: t.Any) -> Exchange:
    contract = resolve({"drift_root": str(root), "drift_contract": {section: entries}}, cwd="/").contract
    context = Context(host="web1", root=str(root), cache=Cache(str(root / "no-cache")), contract=contract, **more)
    return exchange(section, contract[section], context)


def entries(server: Server) -> list[Json]:
    return [
        {"name": "here", "url": f"{server.url}/a", "from": "control", "json": {"a": 2}},
        {
            "name": "there",
            "url": f"{server.url}/a",
            "json": {"b.c[0]": {"min": 1}, "a": {"one_of": [1, 2]}},
            "contains": ["a", "b"],
            "fresh": {"path": "at", "within_s": 60},
            "min_items": {"b.c": 1},
        },
        {"name": "closed", "url": "http://127.0.0.1:1/"},
    ]


@pytest.fixture(name="server")
def fixture_server() -> t.Iterator[Server]:
    with answering({"/a": answer(json.dumps(BODY).encode("ascii"))}) as server:
        yield server


@pytest.fixture(name="asked")
def fixture_asked(server: Server, tmp_path: Path) -> tuple[Exchange, Json]:
    made = half("endpoints", entries(server), tmp_path)
    return made, endpoints.collect(json.loads(json.dumps(made.request(), sort_keys=True)), Host(str(tmp_path), 60))


def test_both_sides_are_joined_in_the_contracts_order(asked: tuple[Exchange, Json]) -> None:
    made, data = asked
    assert [one["name"] for one in data["endpoints"]] == ["there", "closed"]
    joined = made.read(data)
    assert [(one["name"], one["from"]) for one in joined["endpoints"]] == [
        ("here", "control"),
        ("there", "host"),
        ("closed", "host"),
    ]
    json.dumps(joined)


@pytest.mark.parametrize("check_mode", [True, False])
def test_in_check_mode_nothing_is_sent_that_may_change_something(
    check_mode: bool, server: Server, tmp_path: Path
) -> None:
    """Neither by the host nor from here; without check mode each of them is."""
    declared = [
        {"name": f"{side}-{method}", "url": f"{server.url}/a?{side}-{method}", "from": side, "method": method}
        for side in ("host", "control")
        for method in ("GET", "HEAD", "POST", "PUT")
    ]
    made = half("endpoints", declared, tmp_path, check_mode=check_mode)
    data = endpoints.collect(json.loads(json.dumps(made.request())), Host(str(tmp_path), 60))
    joined = made.read(data)
    assert [one["name"] for one in joined["endpoints"]] == [one["name"] for one in declared]
    left = {one["name"] for one in joined["endpoints"] if one["outcome"] == "not_asked"}
    wanted = {one["name"] for one in declared if one["method"] in ("POST", "PUT")} if check_mode else set()
    assert left == wanted
    sent = {request.split(b" ")[0].decode() for request in server.requests}
    assert sent == ({"GET", "HEAD"} if check_mode else {"GET", "HEAD", "POST", "PUT"})
    judged = endpoint_rules.judge(made.contract, joined, Judged("prod", "web1"))
    outcomes = {check.component: check.outcome for check in judged.checks if check.check == "answers"}
    assert {name for name, outcome in outcomes.items() if outcome == "not_exercised"} == wanted
    assert {name for name, cell in judged.cells.items() if cell == "not_asked"} == wanted
    assert {one["name"] for one in judged.facts["endpoints"] if one["outcome"] == "not_exercised"} == wanted


def test_no_terms_of_the_contract_travel(asked: tuple[Exchange, Json]) -> None:
    made, _data = asked
    for entry in made.request()["endpoints"]:
        assert not {"severity", "impact", "owner", "remedy", "risk"} & set(entry)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("now_s"),
        lambda data: data["endpoints"].pop(),
        lambda data: data["endpoints"].reverse(),
        lambda data: data["endpoints"][0].update(answer=None),
        lambda data: data["endpoints"][0].update(failure={"kind": "refused", "stage": "connect", "text": ""}),
        lambda data: data["endpoints"][1]["failure"].update(kind="else"),
        lambda data: data["endpoints"][1]["failure"].update(stage="else"),
        lambda data: data["endpoints"][0]["answer"].update(status="200"),
        lambda data: data["endpoints"][0]["answer"].update(median_ms=float("nan")),
        lambda data: data["endpoints"][0]["answer"].update(at_s=1 << 2000),
        lambda data: data["endpoints"][0]["answer"].update(totals_ms=[]),
        lambda data: data["endpoints"][0]["answer"]["times_ms"].pop("total"),
        lambda data: data["endpoints"][0]["answer"]["content"].pop(),
        lambda data: data["endpoints"][0]["answer"]["content"].append(data["endpoints"][0]["answer"]["content"][0]),
        lambda data: data["endpoints"][0]["answer"]["content"].reverse(),
        lambda data: data["endpoints"][0]["answer"]["content"][2].update(subject="b"),
        lambda data: data["endpoints"][0]["answer"]["content"][2].update(broken=["min"]),
        lambda data: data["endpoints"][0]["answer"]["content"][2].update(broken=["else"], holds=False),
        lambda data: data["endpoints"][0]["answer"]["content"][2].update(holds=None),
        lambda data: data["endpoints"][0]["answer"]["content"][4].update(holds=True),
    ],
)
def test_an_answer_of_another_form_is_garbled(asked: tuple[Exchange, Json], change: t.Callable[[Json], t.Any]) -> None:
    made, data = asked
    change(data)
    with pytest.raises(GarbledAnswer, match="garbled"):
        made.read(data)


def places(value: t.Any, at: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    yield at
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in below:
        yield from places(one, (*at, key))


def changed(data: Json, place: tuple[t.Any, ...], value: t.Any) -> Json:
    made = copy.deepcopy(data)
    at: t.Any = made
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_whatever_a_host_sends_is_judged_or_garbled(asked: tuple[Exchange, Json], data: st.DataObject) -> None:
    made, answered = asked
    # What this node asks itself is no concern here.
    made.contract = [entry for entry in made.contract if entry["from"] == "host"]
    place = data.draw(st.sampled_from([one for one in places(answered) if one]))
    sent = changed(answered, place, data.draw(VALUES))
    try:
        evidence = made.read(sent)
    except GarbledAnswer:
        return
    judged = endpoint_rules.judge(made.contract, evidence, Judged("prod", "web1"))
    json.dumps([check.as_dict() for check in judged.checks]).encode("utf-8")
    json.dumps(judged.facts).encode("utf-8")


COMMANDS: list[Json] = [
    {"name": "says", "run": ["echo", json.dumps(BODY)], "json": {"a": 2, "b.c[0]": 1}, "contains": "a"},
    {"name": "missing", "run": ["no-such-program"]},
]


def test_commands_are_sent_only_with_leave(tmp_path: Path) -> None:
    assert half("commands", COMMANDS, tmp_path).request() == {"commands": []}
    made = half("commands", COMMANDS, tmp_path, allow_commands=True)
    assert [one["name"] for one in made.request()["commands"]] == ["says", "missing"]


def test_a_host_that_was_not_asked_has_nothing_to_say(tmp_path: Path) -> None:
    without = half("commands", COMMANDS, tmp_path)
    data = commands.collect(without.request(), Host(str(tmp_path), 60))
    assert without.read(data)["allowed"] is False
    asked = half("commands", COMMANDS, tmp_path, allow_commands=True)
    with pytest.raises(GarbledAnswer, match="not about what was asked"):
        asked.read(data)
    with pytest.raises(GarbledAnswer, match="not about what was asked"):
        without.read(commands.collect(asked.request(), Host(str(tmp_path), 60)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_whatever_is_sent_about_commands_is_judged_or_garbled(tmp_path: Path, data: st.DataObject) -> None:
    made = half("commands", COMMANDS, tmp_path, allow_commands=True)
    place = data.draw(st.sampled_from([one for one in places(_RAN) if one]))
    try:
        evidence = made.read(changed(_RAN, place, data.draw(VALUES)))
    except GarbledAnswer:
        return
    judged = command_rules.judge(made.contract, evidence, Judged("prod", "web1"))
    json.dumps([check.as_dict() for check in judged.checks]).encode("utf-8")
    json.dumps(judged.facts).encode("utf-8")


_RAN = commands.collect(
    half("commands", COMMANDS, Path("/"), allow_commands=True).request(),
    Host("/", 60),
)
