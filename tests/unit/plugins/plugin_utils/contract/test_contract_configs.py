# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's section configs: what it becomes, what a run folder holds of it, and what is said about mistakes."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.globs import glob
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.configs import CHECKS, SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.registry import Contract, stored
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError, Problems
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
FILE = {"path": "config/app.yaml"}


def read(*entries: t.Any) -> list[Json]:
    problems = Problems()
    made = SHAPE.read(list(entries), "configs", problems)
    problems.raise_any()
    return t.cast("list[Json]", made)


def wrong(*entries: t.Any) -> str:
    with pytest.raises(ContractError) as caught:
        read(*entries)
    return str(caught.value)


def keys(**rules: t.Any) -> list[Json]:
    return t.cast("list[Json]", read({**FILE, "keys": rules})[0]["keys"])


def test_reading_twice_changes_nothing() -> None:
    entries = [
        {
            **FILE,
            "keys": {"a.b": 10, "*": "may_differ"},
            "translate": {"api": "api-2"},
            "reference": "deploy/prod.yaml",
        },
        {"path": "./.env", "read_by": [{"container": "web"}, {"unit": "app.service"}], "required": "no"},
        {"process": "main", "keys": {"DEBUG": "must_be_absent"}},
        {"unit": "app.service", "reference": False, "severity": "low"},
        {"container": "web", "name": "web's environment", "default": "may_differ"},
    ]
    once = read(*entries)
    assert read(*once) == once
    assert [one["name"] for one in once] == [
        *("config/app.yaml", ".env", "process main", "unit app.service", "web's environment")
    ]
    assert [one["default"] for one in once] == [None, "must_match", None, "may_differ", "may_differ"]
    assert once[3]["severity"] == dict.fromkeys(CHECKS, "low")


def test_a_rule_is_a_word_a_value_or_a_map_of_rules() -> None:
    made = keys(
        a="must_differ",
        b=10,
        c="text",
        d=None,
        e=False,
        f={"equals": "must_be_calm"},
        g={"rule": "must_match", "min": 1, "max": 2.5},
        h={"matches": "https://.*", "type": "string"},
        i={"one_of": [1, "two", None]},
        j={"equals": None},
    )
    assert made == [
        {"key": "a", "rule": "must_differ"},
        {"key": "b", "rule": None, "equals": 10},
        {"key": "c", "rule": None, "equals": "text"},
        {"key": "d", "rule": None, "equals": None},
        {"key": "e", "rule": None, "equals": False},
        {"key": "f", "rule": None, "equals": "must_be_calm"},
        {"key": "g", "rule": "must_match", "min": 1, "max": 2.5},
        {"key": "h", "rule": None, "matches": "https://.*", "type": "string"},
        {"key": "i", "rule": None, "one_of": [1, "two", None]},
        {"key": "j", "rule": None, "equals": None},
    ]


def test_keys_have_one_spelling_and_patterns_keep_their_order() -> None:
    made = keys(**{"$.a[ 0 ].b": 1, "['x.y']": 1, "*.z": 1, "a*": 1, "[0]": 1})
    assert [one["key"] for one in made] == ["a[0].b", '["x.y"]', "*.z", "a*", "[0]"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "configs[0]: expected exactly one of path, process, unit, container, found none"),
        ({**FILE, "unit": "a"}, "configs[0]: expected exactly one of path, process, unit, container, found path, unit"),
        ({"pth": "a"}, 'configs[0].pth: unknown key, did you mean "path"?'),
        ({"path": "../a"}, 'configs[0].path: expected a path below drift_root without ".."'),
        ({**FILE, "format": "yml"}, "configs[0].format: expected one of auto, env, yaml, json, toml, ini, systemd"),
        ({**FILE, "format": "jsn"}, 'found the text "jsn", did you mean "json"?'),
        ({"unit": "a", "format": "env"}, "configs[0]: format is about a file, and the environment of a unit is none"),
        ({"container": "a", "read_by": [{"unit": "b"}]}, "configs[0]: read_by is about a file"),
        (
            {**FILE, "read_by": [{}]},
            "configs[0].read_by[0]: expected exactly one of process, container, unit, found none",
        ),
        ({**FILE, "read_by": "web"}, 'configs[0].read_by: expected a list of map, found the text "web", write ["web"]'),
        ({**FILE, "reference": 3}, "configs[0].reference: expected true, false, or path on the reference's side"),
        (
            {**FILE, "reference": False, "default": "must_match"},
            "default: must_match is about a reference, and reference",
        ),
        ({**FILE, "reference": False, "keys": {"a": "must_match"}}, "configs[0]: a: must_match is about a reference"),
        ({**FILE, "reference": False, "translate": {"a": "b"}}, "translate is about the reference's values"),
        ({**FILE, "translate": ["a"]}, 'configs[0].translate: expected a map of text to text, found the list ["a"]'),
        ({**FILE, "translate": {"a": 1}}, "configs[0].translate.a: expected text, found the number 1"),
        ({**FILE, "translate": {"": "b"}}, "configs[0].translate: empty text is in every value"),
        ({**FILE, "default": "must_mach"}, "configs[0].default: expected one of must_match, may_differ"),
        ({**FILE, "default": "must_mach"}, 'did you mean "must_match"?'),
        (
            {**FILE, "keys": "must_match"},
            "configs[0].keys: expected a map of key, or pattern of keys, to rule, found the",
        ),
        (
            {**FILE, "keys": {"a": "must_mach"}},
            'configs[0].keys.a: no rule is called "must_mach", did you mean "must_match"?',
        ),
        ({**FILE, "keys": {"a": "must_mach"}}, "For a value of that text write {equals: …}"),
        ({**FILE, "keys": {"a": "may_x"}}, 'no rule is called "may_x", the rules are must_match, may_differ'),
        ({**FILE, "keys": {"a": [1]}}, "a list has the keys [0], [1] and so on"),
        ({**FILE, "keys": {"a": {}}}, "configs[0].keys.a: names no rule: expected one of rule, equals, matches"),
        ({**FILE, "keys": {"a": {"mathces": "x"}}}, 'configs[0].keys.a.mathces: unknown rule, did you mean "matches"?'),
        ({**FILE, "keys": {"a": {"rule": "must_mtch"}}}, "configs[0].keys.a.rule: expected one of must_match"),
        (
            {**FILE, "keys": {"a": {"equals": {}}}},
            "configs[0].keys.a.equals: expected text, number, true, false or null",
        ),
        ({**FILE, "keys": {"a": {"matches": "("}}}, "configs[0].keys.a.matches: expected a regular expression"),
        ({**FILE, "keys": {"a": {"min": "1"}}}, "configs[0].keys.a.min: expected a number"),
        ({**FILE, "keys": {"a": {"min": 2, "max": 1}}}, "configs[0].keys.a: min is above max: 2 and 1"),
        ({**FILE, "keys": {"a": {"one_of": []}}}, "configs[0].keys.a.one_of: expected a list of values"),
        ({**FILE, "keys": {"a": {"one_of": [[1]]}}}, "configs[0].keys.a.one_of[0]: expected text, number"),
        ({**FILE, "keys": {"a": {"type": "int"}}}, "configs[0].keys.a.type: expected one of string, integer"),
        (
            {**FILE, "keys": {"a": {"rule": "must_be_absent", "min": 1}}},
            "must_be_absent says that there is no value, so min",
        ),
        ({**FILE, "keys": {"a": {"rule": "may_differ", "equals": 1}}}, "so it may not differ"),
        ({**FILE, "keys": {"a..b": 1}}, 'configs[0].keys["a..b"]: expected a key, such as a.b[0].c'),
        ({**FILE, "keys": {"a[-1]": 1}}, "items are counted from 0"),
        ({**FILE, "keys": {"a": 1, "$.a": 2}}, 'configs[0].keys["$.a"]: "a" has a rule already'),
        ({**FILE, "keys": [{"rule": "must_match"}]}, "configs[0].keys[0]: expected a map with key"),
        ({**FILE, "severity": {"valu": "low"}}, 'configs[0].severity.valu: unknown key, did you mean "value"?'),
    ],
)
def test_each_mistake_is_named_with_its_place(entry: Json, said: str) -> None:
    assert said in wrong(entry)


def test_two_entries_of_one_name_are_a_mistake() -> None:
    assert 'configs[1]: "config/app.yaml" is already the name of configs[0]' in wrong(FILE, FILE)


def whole(contract: Json) -> tuple[Json, list[str]]:
    problems = Problems()
    made = Contract().read(contract, "contract", problems)
    return made, list(problems._found)


def test_processes_that_are_named_must_be_in_the_contract() -> None:
    processes = [{"name": "main", "match": "main"}]
    entries = [{"process": "mian"}, {**FILE, "read_by": [{"process": "main"}, {"process": "other"}]}]
    assert whole({"processes": processes, "configs": entries})[1] == [
        'contract.configs[0].process: no process of the contract is called "mian", did you mean "main"? it has main',
        'contract.configs[1].read_by[1].process: no process of the contract is called "other"; it has main',
    ]
    assert whole({"configs": entries[:1]})[1] == [
        'contract.configs[0].process: no process of the contract is called "mian"; it has none, and the section says '
        "how to find them"
    ]


def test_a_run_folder_holds_no_literal_of_a_secret() -> None:
    literal = {"equals": "hunter2-a", "one_of": ["hunter2-b"], "matches": "hunter2-c"}
    entries = [
        {"path": ".env", "keys": {"PORT": literal}},
        {
            "path": "app.yaml",
            "keys": {"db.password": literal, "*_TOKEN": literal, "*.api_key.*": literal, "port": 8001},
        },
        {"path": "b.yaml", "secret": True, "keys": {"a": literal}},
        {"process": "main", "keys": {"API_TOKEN": literal}},
    ]
    made, problems = whole({"processes": [{"name": "main", "match": "main"}], "configs": entries})
    assert problems == []
    kept = json.dumps(stored(made))
    assert "hunter2" not in kept
    assert "8001" in kept


@given(st.text("ab.[]*?", max_size=8), st.text("ab.[]", max_size=8))
def test_patterns_mean_what_a_plain_search_finds(pattern: str, key: str) -> None:
    def matches(wanted: str, said: str) -> bool:
        if not wanted:
            return not said
        if wanted[0] == "*":
            return any(matches(wanted[1:], said[at:]) for at in range(len(said) + 1))
        return bool(said) and wanted[0] in ("?", said[0]) and matches(wanted[1:], said[1:])

    assert (glob(pattern).fullmatch(key) is not None) == matches(pattern, key)
