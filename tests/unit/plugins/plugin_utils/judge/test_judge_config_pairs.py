# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of two environments beside each other."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import config_pairs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_pairs import STATES, pairs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs
from config_environments import Json, compose, config, entry, gathered, inputs, key, secret, service
from hypothesis import given
from hypothesis import strategies as st

RULES = entry({"BOT_TOKEN": "must_differ", "MODE": "may_differ", "AP?_*": "must_match"})


def host(environment: str, *keys: Json, name: str = "", contract: t.Any = RULES, **more: t.Any) -> HostInputs:
    return inputs(environment, contract, [config(*keys, **more)], name)


def pair(*hosts: HostInputs) -> Json:
    (found,) = pairs(gathered(*hosts))
    return found


def states(found: Json) -> dict[str, str]:
    return {one["key"]: one["state"] for one in found["keys"]}


def counted(**counts: int) -> dict[str, int]:
    return {**dict.fromkeys(STATES, 0), **counts}


def test_each_key_is_counted_and_what_is_not_the_same_is_listed() -> None:
    local = [key("MODE", "testnet"), secret("BOT_TOKEN", "one-token"), key("A", "1"), key("OLD", "x")]
    prod = [key("MODE", "live"), secret("BOT_TOKEN", "one-token"), key("A", "1"), secret("API_KEY", "a-secret")]
    found = pair(host("prod", *prod), host("local", *local))
    assert (found["component"], found["a"], found["b"]) == (".env", "local", "prod")
    assert found["counts"] == counted(forbidden_same=1, differs=1, only_a=1, only_b=1, same=1)
    assert [(one["key"], one["state"], one["rule"], one["a"], one["b"]) for one in found["keys"]] == [
        ("BOT_TOKEN", "forbidden_same", "must_differ", None, None),
        ("MODE", "differs", "may_differ", "testnet", "live"),
        ("OLD", "only_a", "unclassified", "x", None),
        ("API_KEY", "only_b", "must_match", None, None),
    ]
    assert (found["missing"], found["unseen"]) == ([], [])


def test_each_two_environments_are_a_pair_and_files_are_paired_by_their_name() -> None:
    other = entry(name="settings", path="deploy/prod.env")
    mine = entry(name="settings", path=".env")
    hosts = [
        inputs("local", [mine, entry()], [config(key("A", "1"), name="settings"), config()]),
        inputs("prod", other, [config(key("A", "2"), name="settings", path="deploy/prod.env")]),
        inputs("staging", mine, [config(key("A", "1"), name="settings")]),
    ]
    found = [(one["component"], one["a"], one["b"], states(one)) for one in pairs(gathered(*hosts))]
    assert found == [
        ("settings", "local", "prod", {"A": "differs"}),
        ("settings", "local", "staging", {}),
        ("settings", "prod", "staging", {"A": "differs"}),
    ]


def test_hosts_of_one_environment_that_disagree_are_named() -> None:
    hosts = [host("prod", key("A", value), name=f"web{number}") for number, value in enumerate("112")]
    found = pair(host("local", key("A", "1")), *hosts)
    assert states(found) == {"A": "unknown"}
    assert found["keys"][0]["reason"] == "hosts of prod disagree: web0, web1; web2"
    lacking = pair(host("local", key("A", "1")), hosts[0], host("prod", name="web9"))
    assert lacking["keys"][0]["reason"] == "hosts of prod disagree: web0 has it, web9 has not"


def test_a_value_that_must_differ_is_the_same_when_one_host_has_it() -> None:
    hosts = [host("prod", key("BOT_TOKEN", value), name=f"web{number}") for number, value in enumerate("12")]
    found = pair(host("local", key("BOT_TOKEN", "2")), *hosts)
    assert states(found) == {"BOT_TOKEN": "forbidden_same"}
    assert "hosts of prod disagree" in found["keys"][0]["reason"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"outcome": "unknown", "reason": "permission denied"}, "prod-1: permission denied"),
        ({"partial": "line 3 is not understood"}, "prod-1: line 3 is not understood"),
        ({"cut": 2}, "prod-1: 2 more keys are not listed"),
    ],
)
def test_a_key_that_may_be_there_unseen_is_unknown(more: Json, reason: str) -> None:
    found = pair(host("local", key("A", "1")), host("prod", **more))
    assert states(found) == {"A": "unknown"}
    assert reason in found["keys"][0]["reason"]
    assert found["unseen"] == [{"host": "prod-1", "reason": reason.removeprefix("prod-1: ")}]


def test_a_section_that_was_not_seen_leaves_its_keys_unknown() -> None:
    found = pair(host("local", key("A", "1")), inputs("prod", RULES, reason="not reached"))
    assert found["counts"] == counted(unknown=1)
    assert found["unseen"] == [{"host": "prod-1", "reason": "not reached"}]


def test_a_key_that_is_seen_in_a_file_that_is_known_in_part_is_compared() -> None:
    found = pair(host("local", key("A", "1")), host("prod", key("A", "1"), cut=1))
    assert found["counts"] == counted(same=1)


def test_a_host_that_was_not_seen_is_named_beside_one_that_was() -> None:
    hosts = [host("prod", key("A", "1")), inputs("prod", RULES, host="prod-2", reason="not reached")]
    found = pair(host("local", key("A", "1"), key("B", "1")), *hosts)
    assert found["counts"] == counted(same=1, unknown=1)
    assert found["keys"][0]["reason"] == "it may be in prod unseen, prod-2: not reached"
    assert found["unseen"] == [{"host": "prod-2", "reason": "not reached"}]


def test_a_file_that_is_not_there_has_no_keys() -> None:
    found = pair(host("local", key("A", "1")), host("prod", outcome="missing"))
    assert (states(found), found["missing"]) == ({"A": "only_a"}, ["prod-1"])


def test_without_a_key_of_the_run_secrets_are_not_comparable() -> None:
    found = pair(*(host(name, secret("A", "x", digest=None)) for name in ("local", "prod")))
    assert states(found) == {"A": "unknown"}


def test_what_one_environment_calls_secret_is_shown_of_none() -> None:
    values = {"local": key("A", "old"), "prod": secret("A", "new"), "staging": key("A", "older")}
    found = pairs(gathered(*(host(name, one) for name, one in values.items())))
    assert {(one["keys"][0]["a"], one["keys"][0]["b"]) for one in found} == {(None, None)}


def test_both_rules_are_named_where_they_are_not_the_same() -> None:
    strict = entry({"A": "must_differ"})
    found = pair(host("local", key("A", "1")), host("prod", key("A", "2"), contract=strict))
    assert found["keys"][0]["rule"] == "unclassified or must_differ"


def test_what_either_value_would_break_is_told_with_its_readers() -> None:
    """The case of seeds/001: each environment names the service as its own Compose project calls it."""
    url = "MARKET_DATA_URL"
    hosts = [
        inputs(
            name,
            RULES,
            [config(key(url, f"http://{host}:8001", hosts=[host]))],
            compose=compose(service("telegram-bot", env_files=[".env"]), service(host)),
        )
        for name, host in (("local", "crypto-market-data"), ("prod", "market-data"))
    ]
    (one,) = pair(*hosts)["keys"]
    assert one["breaks"] == [
        "in local, taking over the value of prod would point MARKET_DATA_URL at market-data, which no service of "
        "project bot is called",
        "in prod, taking over the value of local would point MARKET_DATA_URL at crypto-market-data, which no service "
        "of project bot is called",
    ]
    readers = ["service telegram-bot (compose bot)"]
    assert one["read_by"] == {"local": readers, "prod": readers}


@pytest.mark.parametrize(
    ("mine", "theirs", "said"),
    [
        ("http://crypto-market-data:8001", "http://market-data:8001", "the same, as the contract translates it"),
        ("http://crypto-market-data:8001", "http://market-data:8002", ""),
        ("http://elsewhere:8001", "http://market-data:8001", ""),
    ],
)
def test_what_the_contract_translates_is_said(mine: str, theirs: str, said: str) -> None:
    spelled = {**RULES, "translate": {"crypto-market-data": "market-data"}}
    found = pair(host("local", key("URL", mine)), host("prod", key("URL", theirs), contract=spelled))
    assert [(one["state"], one["reason"]) for one in found["keys"]] == [("differs", said)]


def test_what_is_listed_is_bounded_and_all_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_pairs, "_KEYS", 6)
    local = [key(f"K{number}", "local") for number in range(10)]
    prod = [key(f"K{number}", "prod") for number in range(10)]
    found = pair(host("local", *local), host("prod", *prod, secret("BOT_TOKEN", "x")))
    assert len(found["keys"]) == 6
    assert found["counts"] == counted(differs=10, only_b=1)


_KEYS = st.dictionaries(st.sampled_from(["A", "API_KEY", "BOT_TOKEN", "MODE"]), st.sampled_from(["1", "2", ""]))
_HOSTS = st.lists(
    st.tuples(st.sampled_from(["local", "prod", "staging"]), _KEYS, st.sampled_from(["", "cut", "gone"])),
    min_size=1,
    max_size=6,
)


@given(_HOSTS, st.randoms())
def test_the_order_of_the_hosts_does_not_matter_and_every_key_has_one_state(drawn: t.Any, random: t.Any) -> None:
    hosts = []
    for number, (environment, values, seen) in enumerate(drawn):
        keys = [key(name, value) for name, value in values.items()]
        if seen == "gone":
            hosts.append(inputs(environment, RULES, host=f"h{number}", reason="gone"))
        else:
            hosts.append(host(environment, *keys, name=f"h{number}", cut=int(seen == "cut")))
    found = pairs(gathered(*hosts))
    random.shuffle(hosts)
    assert json.dumps(pairs(gathered(*hosts))) == json.dumps(found)
    for one in found:
        names = {
            key["key"]
            for inputs in hosts
            if inputs.environment in (one["a"], one["b"])
            for key in (inputs.sections["configs"]["data"]["configs"] or [{"keys": []}])[0]["keys"]
        }
        assert sum(one["counts"].values()) == len(names)
        assert len(one["keys"]) == len(names) - one["counts"]["same"]
