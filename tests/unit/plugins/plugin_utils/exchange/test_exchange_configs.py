# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section configs between the control node and a host: what is asked, and no garbled answer gets through."""

from __future__ import annotations

import copy
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.configs import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.configs import ConfigsExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.registry import exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import configs, scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.config_side import Asked, absent
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.side import Side
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from garbling import refusals

Json = dict[str, t.Any]
KEY = b"k" * 32

CONTRACT: Json = {
    "processes": [{"name": "main", "match": "no-such-program-runs-here"}],
    "containers": {"socket": "/run/engine.sock"},
    "configs": [
        {
            "path": "app.yaml",
            "keys": {"a": 1, "b.*": {"min": 1, "type": "integer"}, "c": "may_differ"},
            "read_by": [{"process": "main"}],
            "translate": {"x": "y"},
        },
        {"path": ".env", "reference": ".env.example"},
        {"path": "/etc/hostname.ini", "required": False},
        {"path": "bad.json"},
        {"process": "main", "default": "may_differ"},
        {"path": "own.ini", "reference": False},
    ],
}


class Recorded(Side):
    """A reference that remembers what it was asked, and has nothing."""

    id = "r1"

    def __init__(self, problem: str = "") -> None:
        self.asked: list[Asked] = []
        self._problem = problem

    def configs(self, asked: t.Sequence[Asked], key: bytes) -> list[Json]:
        self.asked = list(asked)
        if self._problem:
            raise ReferenceUnavailable(self._problem)
        return [absent(one, "missing", f"no {one.source}") for one in asked]


def made(root: Path, side: Side | None = None) -> ConfigsExchange:
    read = resolve({"drift_root": str(root), "drift_contract": CONTRACT}, cwd="/").contract
    observed = {"configs": read["configs"]}
    cache = Cache(str(root / "cache"))
    context = Context(host="web1", root=str(root), cache=cache, side=side, key=KEY, contract=observed, declared=read)
    return t.cast(ConfigsExchange, exchange("configs", read["configs"], context))


@pytest.fixture(name="answer")
def fixture_answer(tmp_path: Path) -> Json:
    """Return the true answer of a host."""
    (tmp_path / "app.yaml").write_text("a: 1\nb: {x: 2, y: 0}\nc: z\nd: http://db.example.org/\n")
    (tmp_path / ".env").write_text("A=1\nA=2\n")
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "own.ini").write_text("[a]\nb = c\n")
    return collect(made(tmp_path).request(), Host(str(tmp_path), 60, workers=1, key=KEY))


def judge(exchanged: ConfigsExchange, data: Json) -> scope.Judgement:
    return configs.judge(
        exchanged.contract, data, scope.Context("prod", "web1", {"id": "r1", "kind": "host", "host": "web2"})
    )


def test_a_host_is_asked_what_its_values_are_held_against(tmp_path: Path) -> None:
    request = made(tmp_path).request()
    assert request["socket"] == "/run/engine.sock"
    first, *_others = request["configs"]
    assert first == {
        "name": "app.yaml",
        "kind": "path",
        "path": "app.yaml",
        "format": "auto",
        "secret": None,
        "patterns": [],
        "containers": False,
        "tests": [
            {"id": "0.equals", "key": "a", "equals": 1},
            {"id": "1.min", "key": "b.*", "min": 1},
            {"id": "1.type", "key": "b.*", "type": "integer"},
        ],
        "read_by": [{"kind": "process", "name": "main", "match": "no-such-program-runs-here", "containers": False}],
    }
    assert request["configs"][4]["patterns"] == ["no-such-program-runs-here"]


def test_a_reference_is_asked_about_what_is_there_and_is_to_be_compared(tmp_path: Path, answer: Json) -> None:
    side = Recorded()
    exchanged = made(tmp_path, side)
    data = exchanged.read(copy.deepcopy(answer))
    asked = [(one.kind, one.source, one.inside, one.explicit, one.format, one.secret) for one in side.asked]
    assert asked == [
        ("path", "app.yaml", "app.yaml", False, "yaml", False),
        ("path", ".env.example", ".env.example", True, "env", True),
        ("path", "bad.json", "bad.json", False, "json", False),
    ]
    assert side.asked[0].translate == {"x": "y"}
    reasons = [one["reference"] and one["reference"]["reason"] for one in data["configs"]]
    assert reasons == ["no app.yaml", "no .env.example", None, "no bad.json", None, None]
    made_of_it = judge(exchanged, data)
    found = {(one.check, one.subject, one.outcome) for one in made_of_it.checks if one.outcome != "pass"}
    assert found >= {
        ("value", "app.yaml:b.y", "fail"),
        ("duplicate", ".env:A", "fail"),
        ("file", "bad.json", "unknown"),
        ("running", "app.yaml:process main", "not_exercised"),
    }


def test_a_reference_that_cannot_be_had_leaves_the_rules(tmp_path: Path, answer: Json) -> None:
    exchanged = made(tmp_path, Recorded("the clone is gone"))
    data = exchanged.read(copy.deepcopy(answer))
    assert data["configs"][0]["reference"]["reason"] == "the clone is gone"
    found = {(one.check, one.subject): one for one in judge(exchanged, data).checks}
    assert found[("reference", ".env")].outcome == "unknown"
    assert found[("value", "app.yaml:b.y")].outcome == "fail"
    assert made(tmp_path).read(copy.deepcopy(answer))["configs"][0]["reference"] is None


def test_a_path_above_drift_root_is_not_one_of_the_commit(tmp_path: Path, answer: Json) -> None:
    (answer["configs"][2]).update(outcome="unknown", reason="no format")
    side = Recorded()
    made(tmp_path, side).read(answer)
    assert [one.inside for one in side.asked if one.source == "/etc/hostname.ini"] == [None]


def test_a_host_decides_neither_the_format_nor_the_secrecy_of_the_reference(tmp_path: Path, answer: Json) -> None:
    side = Recorded()
    for one in answer["configs"]:
        one.update(secret=False, format="ini")
    made(tmp_path, side).read(answer)
    assert [(one.source, one.format, one.secret) for one in side.asked] == [
        ("app.yaml", "yaml", False),
        (".env.example", "env", True),
        ("bad.json", "json", False),
    ]


def test_whatever_a_host_sends_is_refused_or_can_be_judged(tmp_path: Path, answer: Json) -> None:
    exchanged = made(tmp_path, Recorded())
    assert refusals(answer, exchanged.read, lambda data: judge(exchanged, data)) > 500


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"kind": "unit"},
        {"readers": []},
        {"cut": -1},
        {"outcome": "missing", "reason": "x"},
        {"keys": [], "outcome": "unknown", "reason": ""},
    ],
)
def test_an_answer_about_something_else_is_refused(tmp_path: Path, answer: Json, change: Json) -> None:
    first, *others = answer["configs"]
    with pytest.raises(GarbledAnswer):
        made(tmp_path).read({**answer, "configs": [{**first, **change}, *others]})
    with pytest.raises(GarbledAnswer):
        made(tmp_path).read({**answer, "configs": others})


def test_an_answer_with_a_key_twice_or_a_test_of_its_own_is_refused(tmp_path: Path, answer: Json) -> None:
    first, *others = answer["configs"]
    key = first["keys"][0]
    for keys in ([key, key], [{**key, "tests": {"9.min": True}}]):
        with pytest.raises(GarbledAnswer):
            made(tmp_path).read({**answer, "configs": [{**first, "keys": keys}, *others]})
