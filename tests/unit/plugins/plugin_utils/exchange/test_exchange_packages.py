# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section packages of a contract, and whatever a host answers about it."""

from __future__ import annotations

import contextlib
import copy
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import packages
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.packages import PackagesExchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import scope as judge_scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.packages import judge
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache

Json = dict[str, t.Any]


def contract(section: t.Any, name: str = "packages") -> t.Any:
    values = {"drift_root": "/srv/app", "drift_contract": {name: section}}
    return resolve(values, cwd="/home/me").contract[name]


def test_the_defaults() -> None:
    (entry,) = contract([{"venv": "venv/"}])
    assert entry == {
        "venv": "venv",
        "requirements": [],
        "only_declared": False,
        "system": None,
        "names": None,
        "severity": {},
        "impact": None,
        "owner": None,
        "remedy": None,
        "risk": "operational",
    }
    read = contract([{"venv": "/opt/v", "requirements": "r.txt"}, {"system": "rpm", "names": {"b": "*", "a": "1"}}])
    assert read[0]["requirements"] == ["r.txt"]
    assert contract(read) == read


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ([], "expected a list of map, found an empty list"),
        ([{}], "expected exactly one of venv and system"),
        ([{"venv": "a", "system": "dpkg", "names": {"a": "*"}}], "expected exactly one of venv and system"),
        ([{"venv": "a", "names": {"a": "*"}}], "names belong to system"),
        ([{"system": "dpkg"}], "system needs names"),
        ([{"system": "apk", "names": {"a": "*"}}], "expected one of dpkg, rpm"),
        ([{"system": "dpkg", "names": {}}], "expected a map of package name to version pattern"),
        ([{"system": "dpkg", "names": {"a": 1.1}}], "packages[0].names.a: expected text, found the number 1.1"),
        ([{"venv": "../a"}], 'without ".."'),
        ([{"venv": "a", "only_declared": True}], "only_declared needs requirements"),
        ([{"venv": "a"}, {"venv": "a/"}], '"a" is already the one of'),
        ([{"system": "dpkg", "names": {"a": "*"}}] * 2, '"dpkg" is already the one of'),
        ([{"venv": "a", "severity": {"versions": "low"}}], 'did you mean "version"?'),
    ],
)
def test_mistakes_are_named(section: t.Any, message: str) -> None:
    with pytest.raises(ContractError) as error:
        contract(section)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"imports": "perhaps"}, "expected true or false"),
        ({"imports": {"env": "x"}}, "imports.env: unknown key"),
        ({"similar": [{"a": "a", "b": "b", "max": 1.5}]}, "expected a number, 0 to 1"),
        ({"similar": [{"a": "a", "b": "b"}]}, "similar[0].max: is missing"),
        ({"path": "src", "similar": [{"a": "src/a", "b": "b", "max": 0}]}, 'similar[0].b "b" is not in the tree'),
    ],
)
def test_mistakes_about_code_are_named(tree: Json, message: str) -> None:
    with pytest.raises(ContractError) as error:
        contract([{"name": "source", **tree}], "trees")
    assert message in str(error.value)


def test_imports_have_one_form() -> None:
    given = (True, False, "yes", {"venv": "v", "ignore": ["a"]})
    read = [contract([{"name": "source", "imports": one}], "trees") for one in given]
    wanted = [{"venv": None, "ignore": []}, None, {"venv": None, "ignore": []}, {"venv": "v", "ignore": ["a"]}]
    assert [tree[0]["imports"] for tree in read] == wanted
    assert [contract(tree, "trees") for tree in read] == read


def _places(value: t.Any, at: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    yield at
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in below:
        yield from _places(inner, (*at, key))


def test_an_answer_of_another_form_is_garbled(tmp_path: Path) -> None:
    site = tmp_path / "venv/lib/python3.11/site-packages/a-1.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Name: a\nVersion: 1\n")
    (tmp_path / "r.txt").write_text("a\n")
    entries = contract([{"venv": "venv", "requirements": "r.txt"}, {"system": "dpkg", "names": {"a": "*"}}])
    exchange = PackagesExchange(entries, Context("h", str(tmp_path), Cache(str(tmp_path / "cache"))))
    answer = packages.collect(exchange.request(), Host(str(tmp_path), 60))
    assert exchange.read(copy.deepcopy(answer)) == answer
    for place in _places(answer):
        for bad in (None, 1.5, [None], {"a": None}):
            broken = {"": copy.deepcopy(answer)}
            target: t.Any = broken
            *way, last = ("", *place)
            for key in way:
                target = target[key]
            target[last] = bad
            with contextlib.suppress(GarbledAnswer):
                # What is let through can be judged.
                judge(entries, exchange.read(broken[""]), judge_scope.Context("prod", "h"))


def test_an_answer_about_others_is_garbled(tmp_path: Path) -> None:
    entries = contract([{"venv": "venv"}])
    exchange = PackagesExchange(entries, Context("h", str(tmp_path), Cache(str(tmp_path / "cache"))))
    with pytest.raises(GarbledAnswer, match="others than were asked about"):
        exchange.read({"environments": [], "systems": []})
